"""What a file that no format knows is most like: a column lost or renamed, a title cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from recon.io.formats import FORMATS
from recon.io.reading.contract import Format, Probe
from recon.io.reading.marks import MARKS
from recon.io.reading.sheet import TITLE_LINES, column_name

_LEAST: Final = 4  # columns in common; fewer stand in many files by accident
_SHARE: Final = 60  # percent of a format's columns
_SWIFT: Final = re.compile(
    r"(?:\{[^:]*:[^\n]*\n?)*:20:[^\n]*\n(?::2[15]:[^\n]*\n|[^:\n][^\n]*\n)*?:25P?:"
)


def near_miss(probe: Probe) -> str:
    """Return in words which one format a file is most like, and what it lacks; else empty."""
    if _SWIFT.match(probe.text().replace("\r", "")):
        return (
            "; it begins as a SWIFT statement (mt940, mt942) and is cut before its balance or limit"
        )
    fits = [fit for form in FORMATS if form.header and (fit := _fit(form, probe)) is not None]
    best = max((fit[0] for fit in fits), default=0)
    closest = [(form, missing) for likeness, form, missing in fits if likeness == best]
    if len(closest) != 1:
        return ""
    form, missing = closest[0]
    lack = (
        f"without {', '.join(missing)}"
        if missing
        else "with all of its columns, but not its titles"
    )
    return f"; it is most like {form.name} ({form.title_en}), {lack}"


def _fit(form: Format, probe: Probe) -> tuple[int, Format, tuple[str, ...]] | None:
    """Return how like a format the likest line is, and which columns are missing there.

    Each column that is there counts for it, each that is missing against it.
    """
    name = form.column_name or column_name
    wanted = set(form.header)
    shared = max(
        (wanted & {name(cell) for cell in cells} for cells in _lines(probe)),
        key=len,
        default=set[str](),
    )
    share = 100 * len(shared) // len(wanted)
    if len(shared) < _LEAST or share < _SHARE:
        return None
    missing = tuple(column for column in form.header if column not in shared)
    return len(shared) - len(missing), form, missing


def _lines(probe: Probe) -> Iterator[list[str]]:
    """Yield the cells of the first lines, cut at each of the usual marks, or of a sheet's rows."""
    if probe.cells:
        yield from (list(row) for row in probe.cells)
        return
    for line in probe.text().splitlines()[:TITLE_LINES]:
        yield from (line.split(mark) for mark in MARKS if line.count(mark) >= _LEAST - 1)
