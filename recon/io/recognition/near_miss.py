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
_SWIFT: Final = re.compile(  # an envelope or a reference, each alone or before more of a head
    r"^(?:\{[^\n]*\{4:)?:20:[^\n]*\n?(?:\Z|[^:\n]|:2[158])|^\{1:[A-Z][0-9]{2}[A-Z]{6}", re.MULTILINE
)
_SWIFT_BODY: Final = re.compile(r"^:(?:34F|6[0-5][FM]?):", re.MULTILINE)
_PAYPAL: Final = re.compile(r'\ufeff?"?RH"?,"?[0-9]{4}/[0-9]{2}/[0-9]{2} ')
_ISO: Final = re.compile(
    r"urn:(?:swift:xsd:|iso:std:iso:20022:tech:xsd:)(?:\$ahV10|head\.001)|<(?:\w+:)?Document\b[^>]*\Z"
)
_ICBC: Final = re.compile(r"\ufeff?\s*商城代码[:：]")


def near_miss(probe: Probe) -> str:
    """Return in words which one format a file is most like, and what it lacks; else empty."""
    return _cut_head(probe.text().replace("\r\n", "\n").replace("\r", "\n")) or _likest(probe)


def _cut_head(text: str) -> str:
    """Return which formats share the head that a text begins with and is cut behind; else empty."""
    if _SWIFT.search(text) and not _SWIFT_BODY.search(text):
        return (
            "; it begins as a SWIFT statement and is cut before its opening balance (:60F:, mt940)"
            " or floor limit (:34F:, mt942), which tell the two apart: ask for the whole file"
        )
    if _PAYPAL.match(text) and "CH" not in _line_marks(text):
        return (
            "; it begins as a PayPal report and is cut before the names of its columns, by which"
            " paypal_report and paypal_subscriptions are told apart: ask for the whole file"
        )
    if _ISO.search(text) and "camt." not in text:
        return (
            "; it begins as an ISO 20022 message and is cut before the name of its document"
            " (camt052, camt053, camt054): ask for the whole file"
        )
    if _ICBC.match(text) and "商城账号" not in text:
        return (
            "; it begins as ICBC's report of a merchant's transactions and is cut before the names"
            " of its columns, by which settlement_icbc_b2b and settlement_icbc_b2c are told apart:"
            " ask for the whole file"
        )
    return ""


def _line_marks(text: str) -> set[str]:
    """Return what the first cells of the lines are."""
    return {line.split(",", 1)[0].strip('"') for line in text.splitlines()}


def _likest(probe: Probe) -> str:
    """Return in words which one format's columns the file is most like; else empty."""
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
