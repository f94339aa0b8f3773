"""Where the columns of fixed-width text lie, when spaces part them in every line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DAY = re.compile(rb"[0-9]{4}([-/.]?)[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{4}")
_CLOCK = re.compile(rb"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
_FEWEST = 3  # lines, and columns: fewer stand below each other by chance

Aligned = tuple[tuple[str, ...], list[tuple[bytes, ...]]]


def cells_of(lines: Sequence[bytes]) -> Aligned | None:
    """Return the columns as ranges of bytes from 1 (`1-8`), and the cells of every line.

    The lines behind the first, which may be a header, have one length. None where no columns show.
    """
    if len(lines) < _FEWEST or len({len(line) for line in lines[1:]}) != 1:
        return None
    width = len(lines[1])
    found = _widened(_with_clocks(_filled(lines), lines), lines[1:], width)
    if len(found) < _FEWEST or any(first >= end for first, end in found):
        return None
    cells = [
        (*(line[first:end] for first, end in found[:-1]), line[found[-1][0] :]) for line in lines
    ]
    return tuple(f"{first + 1}-{end}" for first, end in found), cells


def _filled(lines: Sequence[bytes]) -> list[tuple[int, int]]:
    """Return where something stands in any line, as runs `[first, end)`."""
    longest = max(map(len, lines))
    is_filled = [any(line[at : at + 1].strip() for line in lines) for at in range(longest)]
    edges = [at for at in range(longest + 1) if [*is_filled, False][at] != [False, *is_filled][at]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _with_clocks(
    columns: Sequence[tuple[int, int]], lines: Sequence[bytes]
) -> list[tuple[int, int]]:
    """Join a day and the clock one space behind it, where no heading stands over the clock."""
    joined = list(columns[:1])
    for first, end in columns[1:]:
        day, until = joined[-1]
        is_moment = (
            first == until + 1
            and not lines[0][first:end].strip()
            and all(_DAY.fullmatch(line[day:until].strip()) for line in lines[1:])
            and all(_CLOCK.fullmatch(line[first:end].strip()) for line in lines[1:])
        )
        if is_moment:
            joined[-1] = (day, end)
        else:
            joined.append((first, end))
    return joined


def _widened(
    columns: Sequence[tuple[int, int]], lines: Sequence[bytes], width: int
) -> list[tuple[int, int]]:
    """Give the spaces between to the right-aligned column behind them, else to the one before.

    A later value may be longer than those seen.
    """
    starts = [first for first, _ in columns]
    for at in range(1, len(columns)):
        first, end = columns[at]
        begins = {len(line[:end]) - len(line[first:end].lstrip()) for line in lines}
        if begins != {first} and all(line[first:end].strip() for line in lines):
            starts[at] = columns[at - 1][1]
    return list(zip(starts, [*starts[1:], width], strict=True))
