"""ISO 8583 message log: one message a line, ASCII, bitmap in hexadecimal.

Source: ISO 8583:1987, data elements 2 to 128 in their ASCII form. A log is what a switch wrote
down, not a clearing file: it settles nothing. Messages 02xx and 04xx are rows, 08xx and others are
passed over (they move no money).

A request is a row in state PENDING, an answer is SUCCESS when DE 39 is a yes (00, 08, 10, 11, 16,
UnionPay's A2, A4, A5, A6, Y1, Y3) and FAILED otherwise. A transaction is told by DE 11 and DE 7
(`000042-1231235959`), what it undoes by the same two of DE 90. The day of DE 7 has no year: it is
the one nearest before the night. DE 4 is minor units of DE 49, else of the source's currency; a
reversal leaves the amount that DE 95 begins with, so that it undoes the rest.

| message; DE 3 begins               | kind       | sign  |
|------------------------------------|------------|-------|
| 02xx; 00 to 19 (debits)            | PAYMENT    | +     |
| 02xx; 20 to 29 (credits)           | REFUND     | -     |
| 02xx; 02 (22), adjustments         | ADJUSTMENT | + (-) |
| 02xx; 30 to 49, inquiries, moves   | OTHER      | 0     |
| 04xx; 00 to 19 (20 to 29)          | REVERSAL   | - (+) |
| 04xx of an authorisation (DE 90)   | OTHER      | 0     |
| others                             | reject     |       |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from recon.core.attributes import APPROVALS, ENTRY_MODES
from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.currency_numbers import CURRENCY_OF_NUMBER
from recon.io.reading.records import Line, RowBuilder, file_lines, refuse_row

COLUMNS = (
    "kind",
    "state",
    "card",
    "amount",
    "currency",
    "moment",
    "reference",
    "original",
    "stan",
    "rrn",
    "auth_code",
    "terminal",
    "merchant",
    "memo",
    "answer",
    "entry_mode",
)
_SHAPE = re.compile(r"0[1-8][0-9]{2}[0-9A-Fa-f]{16}")
_SHORT, _USUAL = 28, 37  # characters of a message to the network, and of one about money
_LEAST = 3  # data elements of a message about anything
_ENOUGH = 3  # whole messages beside which one damaged line is an accident
_FIXED_TEXT = (
    "3:6 4:12 5:12 6:12 7:10 8:8 9:8 10:8 11:6 12:6 13:4 14:4 15:4 16:4 17:4 18:4 19:3 20:3 21:3 "
    "22:3 23:3 24:3 25:2 26:2 27:1 28:9 29:9 30:9 31:9 37:12 38:6 39:2 40:3 41:8 42:15 43:40 "
    "49:3 50:3 51:3 52:16 53:16 64:16 66:1 67:2 68:3 69:3 70:3 71:4 72:4 73:6 74:10 75:10 76:10 "
    "77:10 78:10 79:10 80:10 81:10 82:12 83:12 84:12 85:12 86:16 87:16 88:16 89:16 90:42 91:1 "
    "92:2 93:5 94:7 95:42 96:16 97:17 98:25 128:16"
)
_FIXED = {int(pair.split(":")[0]): int(pair.split(":")[1]) for pair in _FIXED_TEXT.split()}
_TWO_DIGITS = frozenset({2, 32, 33, 34, 35, 44, 45, 99, 100, 101, 102, 103})
_SIGNS = {"0": 1, "1": 1, "2": -1, "3": 0, "4": 0}  # DE 3: debits, credits, inquiries, transfers
_ADJUSTMENTS = frozenset({"02", "22"})
_KEPT = 95  # the data element of what a reversal leaves standing
_NIGHT_AHEAD = timedelta(days=1)


@dataclass(slots=True)
class _Message:
    """A decoded line."""

    mti: str
    elements: dict[int, str] = field(default_factory=dict)
    fault: str = ""


def _decoded(text: str) -> _Message:
    """Return the message of a line; what cannot be read is its fault."""
    message = _Message(text[:4])
    bits, at, last = int(text[4:20], 16), 20, 64
    if bits >> 63:
        second = text[20:36]
        if not re.fullmatch(r"[0-9A-Fa-f]{16}", second):
            message.fault = "the second bitmap is not 16 hexadecimal digits"
            return message
        bits, at, last = (bits << 64) | int(second, 16), 36, 128
    for number in range(2, last + 1):
        if not bits >> (last - number) & 1:
            continue
        width = _FIXED.get(number)
        if width is None:
            digits = 2 if number in _TWO_DIGITS else 3
            size = text[at : at + digits]
            if not (len(size) == digits and size.isascii() and size.isdigit()):
                message.fault = f"DE {number} has no length at column {at + 1}"
                return message
            width, at = int(size), at + digits
        if at + width > len(text):
            message.fault = f"DE {number} needs {width} characters, the line has {len(text) - at}"
            return message
        message.elements[number] = text[at : at + width]
        at += width
    if at != len(text):
        message.fault = f"{len(text) - at} characters stand behind the last data element"
    return message


def _moment(text: str, night: date) -> str:
    """Return DE 7 (MMDDhhmmss) with the year nearest before the night, '' when it is no time."""
    for year in (night.year, night.year - 1):
        try:
            moment = datetime.strptime(f"{year}{text}", "%Y%m%d%H%M%S")  # noqa: DTZ007  zone later
        except ValueError:
            continue
        if moment.date() <= night + _NIGHT_AHEAD:
            return moment.strftime("%Y-%m-%d %H:%M:%S")
    return ""


def _kind(message: _Message) -> tuple[str, int]:
    """Return what a message means and its sign; no kind when DE 3 does not tell it."""
    code = message.elements.get(3, "")[:2]
    sign = _SIGNS.get(code[:1], 0)
    if not (code.isascii() and code.isdigit()) or code[:1] not in _SIGNS:
        return "", 0
    if message.mti[1] == "4":
        original = message.elements.get(90, "")
        return ("OTHER", 0) if not sign or original.startswith("01") else ("REVERSAL", -sign)
    if not sign:
        return "OTHER", 0
    if code in _ADJUSTMENTS:
        return "ADJUSTMENT", sign
    return ("PAYMENT" if sign > 0 else "REFUND"), sign


def _state(message: _Message) -> str:
    """Return what became of a message."""
    answer = message.elements.get(39, "").strip()
    if not answer:
        return "PENDING"
    return "SUCCESS" if answer in APPROVALS else "FAILED"


def _amount(message: _Message) -> str:
    """Return the digits of what a message moves; a reversal keeps what DE 95 begins with."""
    amount, kept = message.elements.get(4, ""), message.elements.get(_KEPT, "")[:12]
    digits = amount + kept
    if message.mti[1] != "4" or not kept or not (digits.isascii() and digits.isdigit()):
        return amount
    return str(int(amount) - int(kept))


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a log into rows; a line that is no whole message is a reject."""
    rows = RowBuilder(COLUMNS)
    if not any(_SHAPE.match(line.text) for line in _log_lines(staged, options, Reading())):
        raise InputError(
            "expected lines that begin with a message type and a hexadecimal bitmap, found none",
            where=staged.name,
            fix="export the log as one ASCII message a line, or declare the file's own format",
            code="FILE_SCHEMA",
        )
    for line in _log_lines(staged, options, reading):
        text = line.text
        if not text.strip():
            reading.blank_lines += 1
        elif _SHAPE.match(text) and text[1] not in "24":
            reading.comment_lines += 1
        else:
            reading.record_lines += 1
            _take(line, text, staged.business_date, options, rows, reading)
            yield from rows.ripe()
    yield from rows.batches()


def _log_lines(staged: StagedFile, options: Options, reading: Reading) -> Iterator[Line]:
    """Yield the lines of the log."""
    return file_lines(staged, options, reading, ("ascii", "latin-1"))


def _take(
    line: Line, text: str, night: date, options: Options, rows: RowBuilder, reading: Reading
) -> None:
    """Take a line: a row, or a reject with every reason."""
    place = (line.number, line.start, line.end)
    if not _SHAPE.match(text):
        refuse_row(reading, place, text[:4], ["the line does not begin with a type and a bitmap"])
        return
    message = _decoded(text)
    reasons = [message.fault] if message.fault else []
    elements = message.elements
    kind, sign = _kind(message)
    amount, moment = _amount(message), _moment(elements.get(7, ""), night)
    number = elements.get(49, "")
    currency = CURRENCY_OF_NUMBER.get(number, "") if number else options.currency
    if not message.fault and not kind:
        reasons.append(f"DE 3 {elements.get(3, '')!r} does not begin with a code of 00 to 49")
    if not (amount.isascii() and amount.isdigit()):
        kept = elements.get(_KEPT, "")[:12]
        less = f", or less than DE 95 keeps of it, {kept!r}" if kept else ""
        reasons.append(f"DE 4 {elements.get(4, '')!r} is no amount{less}")
    if not moment:
        reasons.append(f"DE 7 {elements.get(7, '')!r} is no time (MMDDhhmmss)")
    if currency not in CURRENCY_NUMBER:
        reasons.append(f"DE 49 {number!r} is no currency number of ISO 4217")
    if reasons:
        refuse_row(reading, place, f"message {message.mti}", reasons)
        return
    cells = [elements.get(number, "").strip() or None for number in (11, 37, 38, 41, 42)]
    told = [elements.get(39, "").strip() or None, _entry_mode(elements.get(22, "")) or None]
    words = f"{message.mti} {elements.get(3, '')} answer {elements.get(39, 'none')}"
    card = elements.get(2) or None
    undone = elements.get(90, "")
    own = _reference(elements.get(11, ""), elements.get(7, ""))
    rows.add(
        place,
        (
            *(kind, _state(message), card, str(sign * int(amount)), currency, moment),
            *(own, _reference(undone[4:10], undone[10:20]), *cells, words, *told),
        ),
    )


def _reference(trace: str, time: str) -> str | None:
    """Return what the network tells a transaction by: DE 11 and DE 7, as DE 90 repeats them."""
    return f"{trace}-{time}" if trace.strip("0 ") and time.strip("0 ") else None


def _entry_mode(digits: str) -> str:
    """Return the first two digits of DE 22 in words; what is unknown stays as it stands."""
    return ENTRY_MODES.get(digits[:2], "" if not digits.strip("0 ") else digits)


def recognise(probe: Probe) -> bool:
    """Return whether the first lines, one aside, begin with a message type and a bitmap."""
    if b"\x00" in probe.head:
        return False
    lines = [line for line in probe.text().splitlines()[:20] if line.strip()]
    whole = [line for line in lines if _SHAPE.match(line) and len(line) >= _SHORT]
    damaged = len(lines) - len(whole)
    if damaged > (len(whole) >= _ENOUGH) or whole[:1] != lines[:1]:
        return False
    return any(len(line) >= _USUAL and len(_decoded(line).elements) >= _LEAST for line in whole)


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice("state", {state.name: state for state in State}),
        "merchant_id": Text("merchant"),
        "terminal_id": Text("terminal"),
        "channel_ref": Text("reference"),
        "original_ref": Text("original"),
        "rrn": Text("rrn"),
        "stan": Text("stan"),
        "auth_code": Text("auth_code"),
        "card": Text("card"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Text("currency"),
        "occurred_at": Time(("moment",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        "memo": Text("memo"),
        "attributes.response_code": Text("answer"),
        "attributes.entry_mode": Text("entry_mode"),
    }


FORMAT = Format(
    name="iso8583_log",
    title_en="ISO 8583 message log",
    title_zh="ISO 8583 报文日志",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
