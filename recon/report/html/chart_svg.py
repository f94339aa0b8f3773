"""Pictures as inline SVG, drawn by us: no script, no font, no file but the page itself.

Lengths are whole pixels computed from integers; a share is parts per ten thousand. Text is escaped.
Its colour comes from the page's style (`.g` is the quiet one), so that it follows the dark one too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

SHARE = 10_000
BLUE, GREEN, AMBER, RED = "#2e90fa", "#12b76a", "#f79009", "#f04438"
VIOLET, QUIET = "#7a5af8", "#98a2b3"
_LINE_COLOURS = ("#2e90fa", "#12b76a", "#f79009", "#7a5af8", "#ee46bc", "#0e9384", "#f04438")


def percent(share: int) -> str:
    """Return a share of SHARE as percent with two decimals, cut off."""
    return f"{share // 100}.{share % 100:02d} %"


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
            + _text(label_width + length + 6, top + 16, item.shown, quiet=True)
        )
    return _svg(width, len(items) * 26 + 4, "".join(rows))


@dataclass(frozen=True, slots=True)
class Stack:
    """A labelled bar of several parts; `shown` is written behind it."""

    label: str
    parts: Sequence[int]
    shown: str


def stacked(
    rows: Sequence[Stack], names: Sequence[str], colours: Sequence[str], width: int = 560
) -> str:
    """Return stacked horizontal bars below a legend of the parts that occur."""
    if not rows:
        return ""
    label_width = _label_width([row.label for row in rows])
    largest = max(sum(row.parts) for row in rows) or 1
    room = max(width - label_width - max(_text_width(row.shown) for row in rows) - 12, 40)
    used = [part for part in range(len(names)) if any(row.parts[part] for row in rows)]
    legend, top = _legend([names[part] for part in used], [colours[part] for part in used], width)
    shapes = [legend]
    for row in rows:
        shapes.append(_text(label_width - 8, top + 16, row.label, anchor="end"))
        left, before = label_width, 0
        for part in used:
            before += row.parts[part]
            right = label_width + before * room // largest
            if row.parts[part]:
                right = max(right, left + 1)
                shapes.append(
                    f'<rect x="{left}" y="{top + 4}" width="{right - left}" height="16" '
                    f'fill="{colours[part]}"><title>{escape(row.label)}, {escape(names[part])}: '
                    f"{row.parts[part]:,}</title></rect>"
                )
            left = right
        shapes.append(_text(left + 6, top + 16, row.shown, quiet=True))
        top += 26
    return _svg(width, top + 4, "".join(shapes))


def _legend(names: Sequence[str], colours: Sequence[str], width: int) -> tuple[str, int]:
    """Return the names beside their colours, on as many lines as they need, and where they end."""
    shapes, left, top = [], 8, 0
    for name, colour in zip(names, colours, strict=True):
        long = 26 + _text_width(name)
        if left > 8 and left + long > width:  # noqa: PLR2004 - not the first of its line
            left, top = 8, top + 20
        shapes.append(
            f'<rect x="{left}" y="{top + 6}" width="10" height="10" rx="2" fill="{colour}"/>'
        )
        shapes.append(_text(left + 14, top + 15, name, quiet=True))
        left += long
    return "".join(shapes), top + 26


def lines(
    days: Sequence[str],
    series: Sequence[tuple[str, Sequence[int | None]]],
    width: int = 560,
    height: int = 220,
) -> str:
    """Return shares (0 to SHARE) over days, one line a series; a missing day leaves a gap."""
    colours = _colours(len(series))
    legend, top = _legend([name for name, _ in series], colours, width)
    left, bottom = 48, 24
    top += 6
    room, tall = width - left - 20, height - bottom - 32
    height = top + tall + bottom
    known = [value for _, values in series for value in values if value is not None]
    floor = max(0, min(known, default=0) - 500) // 1000 * 1000
    span = max(SHARE - floor, 1)

    def place(position: int, value: int) -> tuple[int, int]:
        across = left + (position * room // (len(days) - 1) if len(days) > 1 else room // 2)
        return across, top + tall - (value - floor) * tall // span

    shapes = [legend]
    for mark in (floor, floor + span // 2, SHARE):
        across, down = left, place(0, mark)[1]
        shapes.append(
            f'<line x1="{across}" x2="{left + room}" y1="{down}" y2="{down}" class="line"/>'
        )
        shapes.append(_text(left - 6, down + 4, f"{mark // 100} %", anchor="end", quiet=True))
    for position in sorted({0, len(days) // 2, len(days) - 1}):
        across, _ = place(position, floor)
        shapes.append(_text(across, height - 6, days[position], anchor="middle", quiet=True))
    for (name, values), colour in zip(series, colours, strict=True):
        shapes.append(_line_of(name, values, colour, days, place))
    return _svg(width, height, "".join(shapes))


def _line_of(
    name: str,
    values: Sequence[int | None],
    colour: str,
    days: Sequence[str],
    place: Callable[[int, int], tuple[int, int]],
) -> str:
    """Return one series as SVG: a dot a value, a line through those without a gap between them."""
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
        title = f"{escape(name)}, {days[position]}: {percent(value)}"
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
    """A band of a flow: under which head, to what, how much, and whether it goes on."""

    column: int
    label: str
    value: int
    shown: str
    colour: str
    onward: bool  # goes on to the next column; otherwise it ends here


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a column of a flow: the party, its sum, and a remark or ""."""

    name: str
    shown: str
    remark: str = ""


_FLOW_TALL, _FLOW_TOP, _FLOW_BAR = 240, 66, 22
_FLOW_LOW = 60  # where nothing goes on, a bar needs no room for a band


def flow(heads: Sequence[Head], streams: Sequence[Stream], width: int = 1120) -> str:
    """Return where the money is: a bar a party, bands between them, and what leaks at each."""
    columns = [[item for item in streams if item.column == at] for at in range(len(heads))]
    largest = max((sum(item.value for item in items) for items in columns), default=0) or 1
    step = (width - 320) // max(len(heads) - 1, 1)
    tall = _FLOW_TALL if any(item.onward for item in streams) else _FLOW_LOW
    shapes: list[str] = []
    deep = _FLOW_TOP
    for column, (head, items) in enumerate(zip(heads, columns, strict=True)):
        left = 8 + column * step
        down = _FLOW_TOP
        shapes.append(_text(left, 18, head.name, weight=True))
        shapes.append(_text(left, 36, head.shown))
        shapes.append(_text(left, 53, head.remark, quiet=True))
        for item in items:
            high = max(item.value * tall // largest, 3)
            shapes.append(_band(item, left, down, high, step))
            down += max(high, 17) + 4
        deep = max(deep, down)
    return _svg(width, deep + 6, "".join(shapes))


def _band(stream: Stream, left: int, down: int, high: int, step: int) -> str:
    """Return one stream of the flow as SVG: its bar, the way onward if it has one, its label."""
    title = f"<title>{escape(stream.label)}: {escape(stream.shown)}</title>"
    middle = down + max(high // 2, 8)
    shape = (
        f'<rect x="{left}" y="{middle - high // 2}" width="{_FLOW_BAR}" height="{high}" '
        f'fill="{stream.colour}">{title}</rect>'
    )
    if stream.onward:
        near, far = left + _FLOW_BAR, left + step
        shape += (
            f'<rect x="{near}" y="{middle - high // 2}" width="{far - near}" height="{high}" '
            f'fill="{stream.colour}" opacity="0.22">{title}</rect>'
        )
    return shape + _text(left + _FLOW_BAR + 8, middle + 4, f"{stream.label}  {stream.shown}")


def _text(
    across: int,
    down: int,
    text: str,
    *,
    anchor: str = "start",
    quiet: bool = False,
    weight: bool = False,
) -> str:
    kind = ' class="g"' if quiet else ' font-weight="600"' if weight else ""
    turned = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{across}" y="{down}"{turned}{kind}>{escape(text)}</text>' if text else ""


def _label_width(labels: Sequence[str]) -> int:
    return min(max(max(map(_text_width, labels)) + 14, 60), 260)


def _text_width(text: str) -> int:
    return sum(12 if ord(part) > 0x2E80 else 8 for part in text)  # noqa: PLR2004 - where CJK begins


def _svg(width: int, height: int, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-size="12">{body}</svg>'
    )
