"""Pictures as inline SVG, drawn by us: no script, no font, no file but the page itself.

Lengths are whole pixels computed from integers; a share is parts per ten thousand. Text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

SHARE = 10_000
INK, GREY, LINE = "#1d2939", "#667085", "#e4e7ec"
BLUE, GREEN, AMBER, RED = "#2e90fa", "#12b76a", "#f79009", "#f04438"
_LINE_COLOURS = ("#2e90fa", "#12b76a", "#f79009", "#7a5af8", "#ee46bc", "#0e9384", "#f04438")


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled bar: its length is `value`, `shown` is written behind it."""

    label: str
    value: int
    shown: str
    colour: str = BLUE


def bars(items: Sequence[Bar], width: int = 560) -> str:
    """Return horizontal bars, longest at full width."""
    if not items:
        return ""
    label_width = _label_width([item.label for item in items])
    largest = max(item.value for item in items) or 1
    behind = max(_text_width(item.shown) for item in items) + 12
    room = max(width - label_width - behind, 40)
    rows = []
    for position, item in enumerate(items):
        top = position * 26
        length = max(item.value * room // largest, 1 if item.value else 0)
        rows.append(
            _text(label_width - 8, top + 16, item.label, anchor="end")
            + f'<rect x="{label_width}" y="{top + 4}" width="{length}" height="16" rx="2" '
            f'fill="{item.colour}"><title>{escape(item.label)}: {escape(item.shown)}</title></rect>'
            + _text(label_width + length + 6, top + 16, item.shown, colour=GREY)
        )
    return _svg(width, len(items) * 26 + 4, "".join(rows))


def stacked(
    rows: Sequence[tuple[str, Sequence[int]]],
    names: Sequence[str],
    colours: Sequence[str],
    width: int = 560,
) -> str:
    """Return stacked horizontal bars with a legend."""
    if not rows:
        return ""
    label_width = _label_width([label for label, _ in rows])
    largest = max(sum(parts) for _, parts in rows) or 1
    room = width - label_width - 60
    legend_width = sum(24 + _text_width(name) for name in names)
    shapes = [_legend(names, colours, max(4, min(label_width, width - legend_width)))]
    for position, (label, parts) in enumerate(rows):
        top = 26 + position * 26
        shapes.append(_text(label_width - 8, top + 16, label, anchor="end"))
        left = label_width
        for part, name, colour in zip(parts, names, colours, strict=True):
            length = part * room // largest
            if part:
                shapes.append(
                    f'<rect x="{left}" y="{top + 4}" width="{max(length, 1)}" height="16" '
                    f'fill="{colour}"><title>{escape(name)}: {part:,}</title></rect>'
                )
            left += length
        shapes.append(_text(left + 6, top + 16, f"{sum(parts):,}", colour=GREY))
    return _svg(width, 30 + len(rows) * 26, "".join(shapes))


def _legend(names: Sequence[str], colours: Sequence[str], left: int) -> str:
    shapes = []
    for name, colour in zip(names, colours, strict=True):
        shapes.append(f'<rect x="{left}" y="6" width="10" height="10" rx="2" fill="{colour}"/>')
        shapes.append(_text(left + 14, 15, name, colour=GREY))
        left += 24 + _text_width(name)
    return "".join(shapes)


def lines(
    days: Sequence[str],
    series: Sequence[tuple[str, Sequence[int | None]]],
    width: int = 560,
    height: int = 220,
) -> str:
    """Return shares (0 to SHARE) over days, one line a series; a missing day leaves a gap."""
    left, top, bottom = 48, 26, 24
    room, tall = width - left - 20, height - top - bottom
    known = [value for _, values in series for value in values if value is not None]
    floor = max(0, min(known, default=0) - 500) // 1000 * 1000
    span = max(SHARE - floor, 1)

    def place(position: int, value: int) -> tuple[int, int]:
        across = left + (position * room // (len(days) - 1) if len(days) > 1 else room // 2)
        return across, top + tall - (value - floor) * tall // span

    shapes = [_legend([n for n, _ in series], _colours(len(series)), left)]
    for mark in (floor, floor + span // 2, SHARE):
        across, down = left, place(0, mark)[1]
        shapes.append(
            f'<line x1="{across}" x2="{left + room}" y1="{down}" y2="{down}" stroke="{LINE}"/>'
        )
        shapes.append(_text(left - 6, down + 4, f"{mark // 100} %", anchor="end", colour=GREY))
    for position in sorted({0, len(days) // 2, len(days) - 1}):
        across, _ = place(position, floor)
        shapes.append(_text(across, height - 6, days[position], anchor="middle", colour=GREY))
    for (name, values), colour in zip(series, _colours(len(series)), strict=True):
        shapes.append(_line_of(name, values, colour, days, place))
    return _svg(width, height, "".join(shapes))


def _line_of(
    name: str,
    values: Sequence[int | None],
    colour: str,
    days: Sequence[str],
    place: Callable[[int, int], tuple[int, int]],
) -> str:
    points: list[str] = []
    dots: list[str] = []
    pieces: list[list[str]] = []
    for position, value in enumerate(values):
        if value is None:
            pieces.append(points)
            points = []
            continue
        across, down = place(position, value)
        points.append(f"{across},{down}")
        title = f"{escape(name)} {days[position]}: {value // 100}.{value % 100:02d} %"
        dots.append(
            f'<circle cx="{across}" cy="{down}" r="3" fill="{colour}"><title>{title}</title>'
            "</circle>"
        )
    pieces.append(points)
    drawn = [
        f'<polyline points="{" ".join(piece)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for piece in pieces
        if len(piece) > 1
    ]
    return "".join([*drawn, *dots])


def _colours(count: int) -> list[str]:
    return [_LINE_COLOURS[position % len(_LINE_COLOURS)] for position in range(count)]


@dataclass(frozen=True, slots=True)
class Stream:
    """A band of a flow: from which column's bar, to what, how much, and whether it is a leak."""

    column: int  # 0 merchant, 1 channel, 2 bank
    label: str
    value: int
    shown: str
    colour: str
    onward: bool  # goes on to the next column; otherwise it ends here


def flow(heads: Sequence[tuple[str, str]], streams: Sequence[Stream], width: int = 1120) -> str:
    """Return where the money is: a bar a party, bands between them, and what leaks at each."""
    largest = max((_column_sum(streams, column) for column in range(len(heads))), default=0) or 1
    tall, top, bar = 260, 48, 22
    step = (width - 300) // max(len(heads) - 1, 1)
    shapes: list[str] = []
    for column, (head, shown) in enumerate(heads):
        left = 8 + column * step
        down = top
        shapes.append(_text(left, 18, head, weight=True))
        shapes.append(_text(left, 36, shown, colour=GREY))
        for stream in (item for item in streams if item.column == column):
            high = max(stream.value * tall // largest, 3 if stream.value else 0)
            shapes.append(_band(stream, left, down, high, bar, step))
            down += max(high, 17) + 5
    deep = max(
        (
            sum(max(s.value * tall // largest, 17) + 5 for s in streams if s.column == column)
            for column in range(len(heads))
        ),
        default=0,
    )
    return _svg(width, top + deep + 10, "".join(shapes))


def _column_sum(streams: Sequence[Stream], column: int) -> int:
    return sum(stream.value for stream in streams if stream.column == column)


def _band(stream: Stream, left: int, down: int, high: int, bar: int, step: int) -> str:
    title = f"<title>{escape(stream.label)}: {escape(stream.shown)}</title>"
    shape = (
        f'<rect x="{left}" y="{down}" width="{bar}" height="{high}" fill="{stream.colour}">'
        f"{title}</rect>"
    )
    if stream.onward:
        near, far = left + bar, left + step
        shape += (
            f'<path d="M{near},{down} C{near + 90},{down} {far - 90},{down} {far},{down} '
            f"L{far},{down + high} C{far - 90},{down + high} {near + 90},{down + high} "
            f'{near},{down + high} Z" fill="{stream.colour}" opacity="0.22">{title}</path>'
        )
    text = f"{stream.label}  {stream.shown}"
    return shape + _text(left + bar + 8, down + max(high // 2, 6) + 4, text)


def _text(
    across: int,
    down: int,
    text: str,
    *,
    anchor: str = "start",
    colour: str = INK,
    weight: bool = False,
) -> str:
    bold = ' font-weight="600"' if weight else ""
    return (
        f'<text x="{across}" y="{down}" text-anchor="{anchor}" fill="{colour}"{bold}>'
        f"{escape(text)}</text>"
    )


def _label_width(labels: Sequence[str]) -> int:
    return min(max(max(map(_text_width, labels)) + 14, 60), 260)


def _text_width(text: str) -> int:
    return sum(12 if ord(part) > 0x2E80 else 8 for part in text)  # noqa: PLR2004 - where CJK begins


def _svg(width: int, height: int, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-size="12">{body}</svg>'
    )
