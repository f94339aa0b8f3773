"""Mastercard IPM clearing file: ASCII or EBCDIC, 1014-byte blocks or none.

Source: "IPM Clearing Formats" as public decoders know it. Each record has a 4-byte length; length 0
ends the file, so a cut is always seen. A record is a message type (1644 file header, trailer and
addenda, 1240 presentment, 1442 chargeback, 1740 fee), a bitmap of 128 bits, data elements (DE), and
private subelements (PDS) in DE 48, 62 and 123 to 125. Amounts are the minor units of DE 49.

| message                               | kind       | sign                  |
|---------------------------------------|------------|-----------------------|
| 1240, DE 3 begins 20 (credit)         | REFUND     | -                     |
| 1240, others                          | PAYMENT    | +                     |
| 1442                                  | CHARGEBACK | -                     |
| 1740, DE 3 begins 29 (to the sender)  | FEE        | - ; begins 19: +      |
| any with PDS 0025 beginning R         | REVERSAL   | the other             |

`channel_ref` is the acquirer's reference number (DE 31). Proof: PDS 0306 (messages) and PDS 0301
(sum of DE 4) of the trailer. Records count as lines; record_no is the record's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER, exponent
from recon.errors import InputError
from recon.io.formats.contract import (
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
from recon.io.formats.currency_numbers import CURRENCY_OF_NUMBER
from recon.io.formats.records import RowBuilder, refuse_row, whole_number

COLUMNS = (
    "kind",
    "card",
    "amount",
    "currency",
    "moment",
    "arn",
    "rrn",
    "auth_code",
    "terminal",
    "merchant",
    "batch",
    "product",
    "memo",
)
BLOCK, PAYLOAD = 1014, 1012
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
_MESSAGES = {"1240": "presentment", "1442": "chargeback", "1740": "fee"}
_ADMINISTRATIVE = "1644"
_HEADER, _TRAILER = "697", "695"
_FIX = "transfer the file again, in binary"


@dataclass(slots=True)
class _Message:
    """A decoded record: message type, data elements, private subelements."""

    mti: str
    elements: dict[int, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    fault: str = ""


def _unblocked(data: bytes) -> tuple[bytes, bool]:
    """Return the records without block ends, and whether there were any."""
    blocked = len(data) >= BLOCK and data[PAYLOAD:BLOCK] == b"\x40\x40"
    if not blocked:
        return data, False
    return b"".join(data[at : at + PAYLOAD] for at in range(0, len(data), BLOCK)), True


def _records(data: bytes, name: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each record in the unblocked data; the file must end with length 0."""
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 0:
            return
        if length > RECORD_LIMIT or at + 4 + length > len(data):
            raise _refused(f"a record of {length} bytes begins at byte {at}, too long here", name)
        yield at + 4, at + 4 + length
        at += 4 + length
    raise _refused("the file does not end with a record length of 0: it is cut", name)


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
        self.messages = 0
        self.known = 0  # messages of a type that a clearing file has
        self.amounts = 0

    def take(self, place: tuple[int, int, int], message: _Message) -> None:
        """Take the next message."""
        self.messages += 1
        self.known += message.mti in _MESSAGES or message.mti == _ADMINISTRATIVE
        amount = message.elements.get(4, "")
        self.amounts += whole_number(amount) or 0
        function = message.elements.get(24, "")
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

    def close(self, message: _Message) -> None:
        """Compare the trailer's totals."""
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
            elements.get(37, "").strip() or None,
            elements.get(38, "").strip() or None,
            elements.get(41, "").strip() or None,
            elements.get(42, "").strip() or None,
            self.file_id or None,
            elements.get(26, "") or None,
            " ".join(word.strip() for word in words if word.strip()),
        )


def _kind(message: _Message) -> tuple[str, int]:
    """Return what a message means and its sign."""
    processing = message.elements.get(3, "")[:2]
    if message.mti == "1442":
        return "CHARGEBACK", -1
    if message.mti == "1740":
        return "FEE", -1 if processing == "29" else 1
    return ("REFUND", -1) if processing == "20" else ("PAYMENT", 1)


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
    whole = staged.path.read_bytes()
    data, blocked = _unblocked(whole)
    reader = _Reader(reading)

    def place_of(position: int) -> int:
        """Return where a byte of the unblocked data stands in the file."""
        return position + 2 * (position // PAYLOAD) if blocked else position

    for number, (begin, end) in enumerate(_records(data, staged.name), start=1):
        place = (number, place_of(begin), place_of(end - 1) + 1)
        reader.take(place, _decoded(data[begin:end]))
        reading.lines += 1
    if not reader.known:
        found = "no record" if not reader.messages else "records of other types"
        raise _refused(f"expected clearing messages (1240, 1442, ...), found {found}", staged.name)
    reading.facts["file"] = reader.file_id
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head is a length and a clearing message with a second bitmap."""
    head = probe.head
    if len(head) < 24 or not 24 <= int.from_bytes(head[:4], "big") <= RECORD_LIMIT:  # noqa: PLR2004  the least record
        return False
    mti = head[4:8].decode("cp500" if head[4:5] == b"\xf1" else "latin-1")
    return (mti in _MESSAGES or mti == _ADMINISTRATIVE) and bool(head[8] & 0x80)


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant"),
        "terminal_id": Text("terminal"),
        "channel_ref": Text("arn"),
        "rrn": Text("rrn"),
        "auth_code": Text("auth_code"),
        "card": Text("card"),
        "batch_id": Text("batch"),
        "product": Text("product"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Text("currency"),
        "occurred_at": Time(("moment",), ("YYMMDDhhmmss",)),
        "memo": Text("memo"),
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
