"""Mastercard IPM clearing file: ASCII or EBCDIC, 1014-byte blocks or none.

Source: "IPM Clearing Formats" as public decoders know it. Each record has a 4-byte length; length 0
ends the file, so a cut is always seen. A record is a message type (1644 file header, trailer and
addenda, 1240 presentment, 1442 chargeback, 1740 fee), a bitmap of 128 bits, data elements (DE), and
private subelements (PDS) in DE 48, 62 and 123 to 125. Amounts are the minor units of DE 49.

| message                               | kind       | sign                  |
|---------------------------------------|------------|-----------------------|
| 1240, DE 3 begins 20 (credit)         | REFUND     | -                     |
| 1240 again (DE 24 is 205, 282)        | ADJUSTMENT | + ; a credit: -       |
| 1240, others                          | PAYMENT    | +                     |
| 1442                                  | CHARGEBACK | - ; a credit: +       |
| 1740, DE 3 begins 29 (to the sender)  | FEE        | - ; begins 19: +      |
| any with PDS 0025 beginning R         | REVERSAL   | the other             |

`channel_ref` is the acquirer's reference number (DE 31); a reversal bears that of its original.
Proof: PDS 0306 (messages) and PDS 0301 (sum of DE 4) of the trailer that follows each header.
Records count as lines; record_no is the record's number. Messages of other types are rejects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER, exponent
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Constant,
    ControlTotal,
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
from recon.io.reading.records import RowBuilder, refuse_row, whole_number

COLUMNS = (
    "kind",
    "card",
    "amount",
    "currency",
    "moment",
    "arn",
    "original",
    "rrn",
    "auth_code",
    "terminal",
    "merchant",
    "batch",
    "product",
    "memo",
    "entry_mode",
    "reason",
)
BLOCK, PAYLOAD = 1014, 1012
_BLOCK_END = b"\x40\x40"
_LOOKED_AT, _READ = 16, 64  # blocks
RECORD_LIMIT = 1 << 16
_FIXED = {
    3: 6,
    4: 12,
    5: 12,
    6: 12,
    9: 8,
    10: 8,
    12: 12,
    14: 4,
    22: 12,
    23: 3,
    24: 3,
    25: 4,
    26: 4,
    30: 24,
    37: 12,
    38: 6,
    40: 3,
    41: 8,
    42: 15,
    49: 3,
    50: 3,
    51: 3,
    71: 8,
    73: 6,
}
_TWO_DIGITS = frozenset({2, 31, 32, 33, 43, 93, 94, 95, 97, 100})
_THREE_DIGITS = frozenset({48, 54, 55, 62, 63, 72, 111, 123, 124, 125, 127})
_BINARY = 55
_PRIVATE = (48, 62, 123, 124, 125)
ENTRY_MODES = {  # DE 22 position 7; 0 and 1 say nothing
    "0": "",
    "1": "",
    "6": "typed",
    "7": "on file",
    "2": "swiped",
    "B": "swiped",
    "C": "inserted",
    "F": "inserted",
    "A": "tapped",
    "M": "tapped",
    "N": "tapped",
    "R": "online",
    "S": "online",
    "T": "online",
}
_MESSAGES = {"1240": "presentment", "1442": "chargeback", "1740": "fee"}
_ADMINISTRATIVE = "1644"
_HEADER, _TRAILER = "697", "695"
_AGAIN = frozenset({"205", "282"})  # function codes of a second presentment
_FIX = "transfer the file again, in binary"


@dataclass(slots=True)
class _Message:
    """A decoded record: message type, data elements, private subelements."""

    mti: str
    elements: dict[int, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    fault: str = ""


class _Records:
    """The records of a file, read some blocks at a time; where each stands in the file."""

    def __init__(self, staged: StagedFile, stream: BinaryIO) -> None:
        self.name = staged.name
        self.stream = stream
        self.blocked = _is_blocked(stream.read(BLOCK * _LOOKED_AT), staged.size)
        stream.seek(0)
        self.waiting = b""  # unblocked bytes; those before `at` are taken
        self.at = 0
        self.position = 0  # of the next byte in the unblocked file

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield begin, end and bytes of each record; the file must end with length 0."""
        while True:
            begin = self.position
            size = self.take(4)
            length = int.from_bytes(size, "big")
            if len(size) < 4:  # noqa: PLR2004  a record length
                raise _refused("the file does not end with a length of 0: it is cut", self.name)
            if not length:
                break
            if length > RECORD_LIMIT:
                problem = (
                    f"at byte {begin} stands no length of a record but {length}: a block is cut"
                )
                raise _refused(problem, self.name)
            raw = self.take(length)
            if len(raw) < length:
                problem = (
                    f"the file is cut: a record of {length} bytes begins at byte {begin},"
                    f" {len(raw)} of them are here"
                )
                raise _refused(problem, self.name)
            yield self.place(begin + 4), self.place(self.position - 1) + 1, raw
        while piece := self.take(BLOCK):
            if piece.strip(b"\x40\x00"):
                problem = f"more records stand behind the end of the file at byte {begin}"
                raise _refused(problem, self.name)

    def take(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end of the file."""
        while len(self.waiting) - self.at < count and (piece := self.stream.read(BLOCK * _READ)):
            if self.blocked:
                ends = [piece[at : at + 2] for at in range(PAYLOAD, len(piece), BLOCK)]
                if len(piece) % BLOCK or any(end != _BLOCK_END for end in ends):
                    raise _refused("a block of 1014 bytes does not end as others do", self.name)
                piece = b"".join(piece[at : at + PAYLOAD] for at in range(0, len(piece), BLOCK))
            self.waiting, self.at = self.waiting[self.at :] + piece, 0
        taken = self.waiting[self.at : self.at + count]
        self.at += len(taken)
        self.position += len(taken)
        return taken

    def place(self, position: int) -> int:
        """Return where an unblocked byte stands in the file."""
        return position + 2 * (position // PAYLOAD) if self.blocked else position


def _is_blocked(head: bytes, size: int) -> bool:
    """Return whether the file is of whole blocks and each of the first ends as a block does.

    The end of a block is two blanks in EBCDIC, which stand in messages too.
    """
    ends = {head[at : at + 2] for at in range(PAYLOAD, len(head), BLOCK)}
    return size > 0 and size % BLOCK == 0 and ends == {_BLOCK_END}


def _refused(problem: str, name: str) -> InputError:
    """Return the refusal of the file."""
    return InputError(problem, where=name, fix=_FIX, code="FILE_SCHEMA")


def _decoded(raw: bytes) -> _Message:
    """Return the message of a record; what cannot be read is its fault."""
    encoding = "cp500" if raw[:1] == b"\xf1" else "latin-1"
    message = _Message(raw[:4].decode(encoding))
    bits = int.from_bytes(raw[4:20], "big")
    at = 20
    for number in range(2, 129):
        if not bits >> (128 - number) & 1:
            continue
        width = _FIXED.get(number)
        digits = 2 if number in _TWO_DIGITS else 3 if number in _THREE_DIGITS else 0
        if width is None:
            text = raw[at : at + digits].decode(encoding)
            if not digits or not (text.isascii() and text.isdigit()):
                message.fault = f"DE {number} cannot be read at byte {at} of the record"
                return message
            width, at = int(text), at + digits
        piece = raw[at : at + width]
        if len(piece) < width:
            message.fault = f"DE {number} needs {width} bytes, the record has {len(piece)}"
            return message
        message.elements[number] = piece.hex() if number == _BINARY else piece.decode(encoding)
        at += width
    if at != len(raw):
        message.fault = f"{len(raw) - at} bytes stand behind the last data element"
    _take_private(message)
    return message


def _take_private(message: _Message) -> None:
    """Cut the private subelements: tag of 4, length of 3, data."""
    for number in _PRIVATE:
        text, at = message.elements.get(number, ""), 0
        while at + 7 <= len(text) and re.fullmatch("[0-9]{7}", text[at : at + 7]):
            width = int(text[at + 4 : at + 7])
            message.private.setdefault(text[at : at + 4], text[at + 7 : at + 7 + width])
            at += 7 + width


class _Reader:
    """Takes the messages of a file and adds up what the trailer declares."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.file_id = ""
        self.open = False  # a header waits for its trailer
        self.messages = 0
        self.whole = 0  # messages that could be read
        self.amounts = 0

    def take(self, place: tuple[int, int, int], message: _Message) -> None:
        """Take the next message."""
        function = message.elements.get(24, "")
        if message.mti == _ADMINISTRATIVE and function == _HEADER:
            self.end()
            self.open, self.messages, self.amounts = True, 0, 0
        self.messages += 1
        self.whole += not message.fault
        amount = message.elements.get(4, "")
        self.amounts += whole_number(amount) or 0
        if message.mti == _ADMINISTRATIVE and not message.fault:
            if function == _TRAILER:
                self.close(message)
            elif function == _HEADER:
                self.file_id = message.private.get("0105", "").strip()
            header = function == _HEADER
            self.reading.header_lines += header
            self.reading.trailer_lines += function == _TRAILER
            self.reading.comment_lines += function not in {_HEADER, _TRAILER}
            return
        self.reading.record_lines += 1
        reasons = _faults(message)
        if reasons:
            told = f"message {message.mti}, number {message.elements.get(71, 'unknown')}"
            refuse_row(self.reading, place, told, reasons)
        else:
            self.rows.add(place, self.cells(message))

    def end(self) -> None:
        """Note that the trailer of a header is missing."""
        if self.open:
            self.reading.controls.append(ControlTotal(f"{self.file_id}: it has a trailer", 1, 0))

    def close(self, message: _Message) -> None:
        """Compare the trailer's totals."""
        self.open = False
        for tag, what, computed in (
            ("0306", "messages", self.messages),
            ("0301", "sum of DE 4 (checksum)", self.amounts % 10**16),
        ):
            text = message.private.get(tag, "").strip()
            declared = whole_number(text)
            if declared is not None:
                self.reading.controls.append(ControlTotal(what, declared, computed))

    def cells(self, message: _Message) -> tuple[str | None, ...]:
        """Return the cells of a row."""
        elements = message.elements
        currency = CURRENCY_OF_NUMBER[elements[49]]
        kind, sign = _kind(message)
        reversed_ = message.private.get("0025", "").startswith("R")
        sign = -sign if reversed_ else sign
        words = [_MESSAGES[message.mti], elements.get(24, ""), elements.get(43, "").split("\\")[0]]
        return (
            "REVERSAL" if reversed_ else kind,
            elements.get(2, "") or None,
            str(sign * int(elements[4])),
            currency,
            elements.get(12, ""),
            elements.get(31, "").strip() or None,
            (elements.get(31, "").strip() or None) if reversed_ else None,
            elements.get(37, "").strip() or None,
            elements.get(38, "").strip() or None,
            elements.get(41, "").strip() or None,
            elements.get(42, "").strip() or None,
            self.file_id or None,
            elements.get(26, "") or None,
            " ".join(word.strip() for word in words if word.strip()),
            _entry_mode(elements.get(22, "")) or None,
            (elements.get(25, "").strip() or None) if kind == "CHARGEBACK" else None,
        )


def _kind(message: _Message) -> tuple[str, int]:
    """Return what a message means and its sign."""
    processing = message.elements.get(3, "")[:2]
    sign = -1 if processing == "20" else 1
    if message.mti == "1442":
        return "CHARGEBACK", -sign
    if message.mti == "1740":
        return "FEE", -1 if processing == "29" else 1
    if message.elements.get(24) in _AGAIN:
        return "ADJUSTMENT", sign
    return ("REFUND", -1) if processing == "20" else ("PAYMENT", 1)


def _entry_mode(points: str) -> str:
    """Return position 7 of DE 22 (how the card was read) in words; unknown ones as they stand."""
    mode = points[6:7].strip()
    return ENTRY_MODES.get(mode, mode)


def _faults(message: _Message) -> list[str]:
    """Return why a message cannot be a row."""
    reasons = [message.fault] if message.fault else []
    if message.mti not in _MESSAGES:
        known = ", ".join([*_MESSAGES, _ADMINISTRATIVE])
        reasons.append(f"message type {message.mti!r} is none of {known}")
        return reasons
    amount, number = message.elements.get(4, ""), message.elements.get(49, "")
    if not (amount.isascii() and amount.isdigit()):
        reasons.append(f"DE 4 {amount!r} is no amount")
    currency = CURRENCY_OF_NUMBER.get(number, "")
    if currency not in CURRENCY_NUMBER:
        reasons.append(f"DE 49 {number!r} is no currency number of ISO 4217")
        return reasons
    exponents = message.private.get("0148", "")
    stated = [exponents[at : at + 4] for at in range(0, len(exponents) - 3, 4)]
    wanted = f"{number}{exponent(currency)}"
    wrong = [one for one in stated if one[:3] == number and one != wanted]
    reasons.extend(f"PDS 0148 gives {currency} {one[3]} decimals" for one in wrong)
    return reasons


def read(staged: StagedFile, _options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a clearing file into rows; raises InputError when it is cut or no IPM."""
    reader = _Reader(reading)
    with staged.path.open("rb") as stream:
        for number, (begin, end, raw) in enumerate(_Records(staged, stream), start=1):
            reader.take((number, begin, end), _decoded(raw))
            reading.lines += 1
            yield from reader.rows.ripe()
    reader.end()
    if not reader.whole:
        found = "no record" if not reader.messages else "records that are no messages"
        raise _refused(f"expected clearing messages (1240, 1442, ...), found {found}", staged.name)
    reading.facts["file"] = reader.file_id
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head is a length and a message, by its type or whole, of two bitmaps."""
    head = probe.head
    length = int.from_bytes(head[:4], "big")
    if len(head) < 24 or not 24 <= length <= RECORD_LIMIT or not head[8] & 0x80:  # noqa: PLR2004  the least record
        return False
    message = _decoded(head[4 : 4 + length])
    known = message.mti in _MESSAGES or message.mti == _ADMINISTRATIVE
    return known or (re.fullmatch("1[0-9]{3}", message.mti) is not None and not message.fault)


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant"),
        "terminal_id": Text("terminal"),
        "channel_ref": Text("arn"),
        "original_ref": Text("original"),
        "rrn": Text("rrn"),
        "auth_code": Text("auth_code"),
        "card": Text("card"),
        "batch_id": Text("batch"),
        "product": Text("product"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Text("currency"),
        "occurred_at": Time(("moment",), ("YYMMDDhhmmss",)),
        "memo": Text("memo"),
        "attributes.entry_mode": Text("entry_mode"),
        "attributes.reason": Text("reason"),
    }


FORMAT = Format(
    name="mastercard_ipm",
    title_en="Mastercard IPM clearing file",
    title_zh="万事达 IPM 清算文件",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
