"""What becomes of a file that was read to its end: accepted, unverified, or held and why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recon.core.codes import InputState
from recon.io.loading.control import disagreement
from recon.io.loading.whose import Whose
from recon.io.reading.contract import Columns, ControlTotal, Format, Options, Reject

REJECT_LIMIT_PPM = 50_000  # of a file's rows, where the source declares no limit of its own
REJECTS_ALLOWED = 5  # so many never hold a file, where the source declares no limit of its own
_PPM = 1_000_000

_COUNTED = re.compile(r"expected (?:a line of (?:at least )?)?(\d+) (fields|bytes), found (\d+)")
_CHARACTER = re.compile(r"bytes [0-9a-f ]+ at column (\d+) are not ")
_CHARACTER_BYTES = 4  # at most, in UTF-8 and in GB18030
_SPACES = re.compile(r"[\s\"]+")
_PARTS = (  # what a reason says of a last line, and what the line should have and has
    (
        re.compile("not a row of JSON: (?:Expecting|Unterminated)"),
        "a whole object",
        "a part of one",
    ),
    (
        re.compile(r"DE [0-9]+ needs [0-9]+ characters, the line has"),
        "a whole message",
        "a part of one",
    ),
    (re.compile("a quote is opened and not closed"), "a closed quote", "an open one"),
    (
        re.compile("expected a row, a title or a total of the report"),
        "a whole row",
        "a part of one",
    ),
)
Verdict = tuple[InputState, str]


def verdict(
    fmt: Format,
    options: Options,
    accepted: int,
    rejects: Sequence[Reject],
    totals: Sequence[ControlTotal],
    size: int,
    columns: Columns = (),
    whose: Whose | None = None,
) -> Verdict:
    """Return whether a file of `size` bytes proved itself, and why not."""
    wrong = (
        _cut_short(rejects, size)
        or _joined(rejects, columns)
        or _nothing_accepted(accepted, rejects)
        or _too_many_refused(options, accepted, rejects)
        or disagreement(totals, len(rejects))
        or (whose.objection(accepted) if whose else "")
    )
    if wrong:
        return InputState.HELD, wrong
    if totals:
        return InputState.ACCEPTED, ""
    if fmt.has_controls:
        return InputState.HELD, (
            f"FILE_TOTAL: expected the control totals that every {fmt.name} file declares, found "
            "none\n  fix: ask the sender for a whole file; it is held and none of its rows is "
            "matched"
        )
    return InputState.UNVERIFIED, ""


def _cut_short(rejects: Sequence[Reject], size: int) -> str:
    """Return the sentence about a file that ends inside a row; else empty.

    Its last line lacks fields, bytes, a closing quote, the end of its JSON or of a character, or is
    no whole line of a report, and has no line end. Every row after the cut would show as missing.
    """
    last = max(rejects, key=lambda reject: reject.byte_end, default=None)
    lacking = _lacking(last) if last is not None else None
    if last is None or lacking is None or last.byte_end != size:
        return ""
    wanted, found = lacking
    return (
        f"FILE_SCHEMA: expected {wanted} and a line end in the last line, found {found} and "
        f"the end of the file (record {last.record_no}, byte {size})\n  fix: the file was cut on "
        "its way: ask for it whole; if that line belongs to the file, have the sender end it with "
        "a line feed; it is held and none of its rows is matched"
    )


def _joined(rejects: Sequence[Reject], columns: Columns) -> str:
    """Return the sentence about a file in which the header stands again; else empty.

    Files were joined: nobody knows whether they overlap, or which of them is whole.
    """
    names = [name for name, _ in columns]
    again = next((one for one in rejects if len(names) > 1 and _names(one.text, names)), None)
    if again is None:
        return ""
    return (
        f"FILE_SCHEMA: expected one header, found it again in record {again.record_no}: several "
        "files were joined\n  fix: deliver them one by one; it is held and none of its rows is "
        "matched"
    )


def _names(text: str, names: Sequence[str]) -> bool:
    """Return whether a line tells the names of all columns, in their order, or of most of its own.

    Of a layout that reads only some of the columns, the refused line shows those alone.
    """
    known = {_SPACES.sub("", name) for name in names}
    cells = [_SPACES.sub("", cell) for cell in text.split(",")]
    if 2 * sum(cell in known for cell in cells if cell) > len(cells) > 1:
        return True
    at = 0
    for name in names:
        at = text.find(name, at)
        if not name or at < 0:
            return False
        at += len(name)
    return True


def _lacking(last: Reject) -> tuple[str, str] | None:
    """Return what a row should have and what it has, where it is refused for being too short."""
    reason = last.reasons[0]
    character = _CHARACTER.match(reason)
    if character is not None:
        left = last.byte_end - last.byte_start - int(character[1]) + 1
        return ("a whole character", "a part of one") if left < _CHARACTER_BYTES else None
    counted = _COUNTED.match(reason)
    if counted is not None and int(counted[3]) < int(counted[1]):
        return f"{counted[1]} {counted[2]}", counted[3]
    fits = ((wanted, found) for pattern, wanted, found in _PARTS if pattern.match(reason))
    return next(fits, None)


def _nothing_accepted(accepted: int, rejects: Sequence[Reject]) -> str:
    """Return the sentence about a file of which every row was refused; else empty.

    Such a file is not an empty day: taken as one, it would make every row of the other side a
    break.
    """
    if accepted or not rejects:
        return ""
    return (
        f"FILE_SCHEMA: expected rows that can be read, found all {len(rejects)} refused; "
        f"{_first(rejects)}\n  fix: correct the source's declaration in the rule file if it "
        "describes the file wrongly, else ask the sender"
    )


def _too_many_refused(options: Options, accepted: int, rejects: Sequence[Reject]) -> str:
    """Return the sentence about a file with more refused rows than its source allows; else empty.

    Each refused row is a hole that would show as a break of the other side.
    """
    refused, rows = len(rejects), accepted + len(rejects)
    limit = options.reject_limit_ppm
    if limit is None:
        limit = REJECT_LIMIT_PPM
        refused = refused if refused > REJECTS_ALLOWED else 0
    if refused * _PPM <= limit * rows:
        return ""
    return (
        f"FILE_SCHEMA: expected at most {_percent(limit)} of the rows refused, found {refused} of "
        f"{rows} ({_percent(refused * _PPM // rows)}); {_first(rejects)}\n  fix: see the rejects; "
        "correct the source's declaration if it describes the file wrongly, ask the sender for a "
        "whole file, or raise reject_limit_percent; it is held and none of its rows is matched"
    )


def _first(rejects: Sequence[Reject]) -> str:
    """Return where the first refused row stands and why it was refused."""
    first = min(rejects, key=lambda reject: reject.record_no)
    return f"the first (record {first.record_no}): {first.reasons[0]}"


def _percent(ppm: int) -> str:
    """Return parts per million as a percentage without needless zeros."""
    whole, rest = divmod(ppm, 10_000)
    digits = f"{rest:04d}".rstrip("0")
    return f"{whole}.{digits} %" if digits else f"{whole} %"
