"""Mastercard IPM clearing file: ASCII or EBCDIC, 1014-byte blocks or none.

Source: "IPM Clearing Formats" as public decoders know it. Each record has a 4-byte length; length 0
ends the file, so a cut is always seen. A record is a message type (1644 file header, trailer and
addenda, 1240 presentment, 1442 chargeback, 1740 fee), a bitmap of 128 bits, data elements (DE), and
private subelements (PDS) in DE 48, 62 and 123 to 125. Amounts are the minor units of DE 49.

| message                               | kind       | sign               |
|---------------------------------------|------------|--------------------|
| 1240; a credit                        | PAYMENT    | + ; REFUND, -      |
| 1240 again (DE 24 is 205, 282)        | ADJUSTMENT | + ; a credit: -    |
| 1442                                  | CHARGEBACK | - ; a credit: +    |
| 1740                                  | FEE        | whose money it is  |
| 1644, DE 24 is 603 (asks for a slip)  | RETRIEVAL  | +                  |

DE 3 begins 00, 01, 09, 12, 17 or 18 where the cardholder pays, 20 or 28 where a credit pays him;
others are rejects. A fee is paid to (19) or by (29) who sent the message: the scheme's member on
the other side in files that PDS 0105 calls 001 (from the scheme), we in those of 002 (to it). What
PDS 0025 beginning R undoes has the other sign, and is a REVERSAL of a presentment, an ADJUSTMENT
after a chargeback or a second presentment, or a FEE given back.

`channel_ref` is the acquirer's reference number (DE 31); a reversal bears that of its original. The
clearing day is the file's (PDS 0105). Proof: PDS 0306 (messages) and PDS 0301 (sum of DE 4) of the
trailer that follows each header. Records count as lines; record_no is the record's number. Messages
of other types are rejects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER, exponent
from recon.errors import InputError
from recon.io.formats.schemes.ipm_messages import (
    FIX,
    RECORD_LIMIT,
    Message,
    Records,
    decoded,
    refused,
)
from recon.io.reading.contract import (
    Choice,
    Constant,
    ControlTotal,
    Day,
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
    "cleared",
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
_HEADER, _TRAILER, _REQUEST = "697", "695", "603"
_FIRST, _AGAIN = "200", frozenset({"205", "282"})  # function codes of presentments
_DEBITS = frozenset({"00", "01", "09", "12", "17", "18"})  # DE 3: the cardholder pays
_CREDITS = frozenset({"20", "28"})  # the cardholder is paid
_FEES = {"19": 1, "29": -1}  # to, and by, who sent the message
_SENDERS = {"001": -1, "002": 1}  # PDS 0105: a file from the scheme, or to it
_WITH_REASON = frozenset({"CHARGEBACK", "RETRIEVAL"})


class _Reader:
    """Takes the messages of a file and adds up what the trailer declares."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.file_id = ""
        self.open = False  # a header waits for its trailer
        self.messages = 0
        self.whole = 0  # messages that could be read
        self.amounts = 0

    def take(self, place: tuple[int, int, int], message: Message) -> None:
        """Take the next message."""
        function = message.elements.get(24, "")
        if message.mti == _ADMINISTRATIVE and function == _HEADER:
            self.end()
            self.open, self.messages, self.amounts = True, 0, 0
        self.messages += 1
        self.whole += not message.fault
        amount = message.elements.get(4, "")
        self.amounts += whole_number(amount) or 0
        if message.mti == _ADMINISTRATIVE and not message.fault and function != _REQUEST:
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
        reasons = _faults(message, self.file_id)
        if reasons:
            told = f"message {message.mti}, number {message.elements.get(71, 'unknown')}"
            refuse_row(self.reading, place, told, reasons)
        else:
            self.rows.add(place, self.cells(message))

    def end(self) -> None:
        """Note that the trailer of a header is missing."""
        if self.open:
            self.reading.controls.append(ControlTotal(f"{self.file_id}: it has a trailer", 1, 0))

    def close(self, message: Message) -> None:
        """Compare the trailer's totals."""
        self.open = False
        for tag, what, computed in (
            ("0306", "messages", self.messages),
            ("0301", "sum of DE 4 (checksum)", self.amounts % 10**16),
        ):
            text = message.private.get(tag, "").strip()
            declared = whole_number(text)
            if text and declared is None:
                problem = f"expected digits in PDS {tag} of the trailer ({what}), found {text!r}"
                raise InputError(problem, where=self.name, fix=FIX, code="FILE_TOTAL")
            if declared is not None:
                self.reading.controls.append(ControlTotal(what, declared, computed))

    def cells(self, message: Message) -> tuple[str | None, ...]:
        """Return the cells of a row."""
        elements = message.elements
        amount, currency = _money(message)
        kind, sign = _kind(message, self.file_id)
        function, place = elements.get(24, ""), elements.get(43, "").split("\\")[0]
        number = f"number {told}" if (told := elements.get(71)) else ""
        words = [_MESSAGES.get(message.mti, "request"), function, place, number]
        arn = elements.get(31, "").strip() or None
        return (
            kind,
            elements.get(2, "") or None,
            str(sign * int(amount)),
            CURRENCY_OF_NUMBER[currency],
            elements.get(12, ""),
            _file_day(self.file_id),
            arn,
            arn if kind == "REVERSAL" else None,
            elements.get(37, "").strip() or None,
            elements.get(38, "").strip() or None,
            elements.get(41, "").strip() or None,
            elements.get(42, "").strip() or None,
            self.file_id or None,
            elements.get(26, "") or None,
            " ".join(word.strip() for word in words if word.strip()),
            _entry_mode(elements.get(22, "")) or None,
            (elements.get(25, "").strip() or None) if kind in _WITH_REASON else None,
        )


def _kind(message: Message, file_id: str) -> tuple[str, int]:
    """Return what a message means and its sign, 0 when the message does not tell it."""
    processing, function = message.elements.get(3, "")[:2], message.elements.get(24, "")
    paid = 1 if processing in _DEBITS else -1 if processing in _CREDITS else 0
    undoes = message.private.get("0025", "").startswith("R")
    way = -1 if undoes else 1
    if message.mti == _ADMINISTRATIVE:
        return "RETRIEVAL", 1
    if message.mti == "1740":
        return "FEE", way * _FEES.get(processing, 0) * _SENDERS.get(file_id[:3], 0)
    if message.mti == "1442":
        return "ADJUSTMENT" if undoes else "CHARGEBACK", -way * paid
    if function in _AGAIN:
        return "ADJUSTMENT", way * paid
    paid *= function == _FIRST
    return "REVERSAL" if undoes else "PAYMENT" if paid > 0 else "REFUND", way * paid


def _money(message: Message) -> tuple[str, str]:
    """Return the amount and the number of its currency; a request repeats those of the original."""
    elements = message.elements
    amount, number = elements.get(4, ""), elements.get(49, "")
    if message.mti != _ADMINISTRATIVE:
        return amount, number
    return amount or elements.get(30, "")[:12], number or message.private.get("0149", "")[:3]


def _file_day(file_id: str) -> str | None:
    """Return the day (YYMMDD) of a file's identifier, None when it has none."""
    try:
        datetime.strptime(file_id[3:9], "%y%m%d")  # noqa: DTZ007  a day
    except ValueError:
        return None
    return file_id[3:9]


def _entry_mode(points: str) -> str:
    """Return position 7 of DE 22 (how the card was read) in words; unknown ones as they stand."""
    mode = points[6:7].strip()
    return ENTRY_MODES.get(mode, mode)


def _faults(message: Message, file_id: str) -> list[str]:
    """Return why a message cannot be a row."""
    reasons = [message.fault] if message.fault else []
    if message.mti not in _MESSAGES and message.mti != _ADMINISTRATIVE:
        known = ", ".join([*_MESSAGES, _ADMINISTRATIVE])
        reasons.append(f"message type {message.mti!r} is none of {known}")
        return reasons
    if not message.fault and not _kind(message, file_id)[1]:
        reasons.append(_unknown_sign(message, file_id))
    amount, number = _money(message)
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
    if stated and all(one[:3] != number for one in stated):
        reasons.append(f"PDS 0148 {exponents!r} does not name the currency of DE 49, {number!r}")
    return reasons


def _unknown_sign(message: Message, file_id: str) -> str:
    """Return why nobody can say whether the money comes in or goes out."""
    processing, function = message.elements.get(3, ""), message.elements.get(24, "")
    if message.mti == "1740" and processing[:2] in _FEES:
        return (
            "expected the file's PDS 0105 to begin 001 (from the scheme) or 002 (to it), found "
            f"{file_id!r}: whose money the fee is, is not told"
        )
    if message.mti == "1240" and function not in {_FIRST, *_AGAIN}:
        return f"DE 24 {function!r} of a presentment is none of 200, 205, 282"
    wanted = sorted(_FEES if message.mti == "1740" else _DEBITS | _CREDITS)
    return f"DE 3 {processing!r} begins with none of {', '.join(wanted)}"


def read(staged: StagedFile, _options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a clearing file into rows; raises InputError when it is cut or no IPM."""
    reader = _Reader(staged.name, reading)
    with staged.path.open("rb") as stream:
        for number, (begin, end, raw) in enumerate(Records(staged, stream), start=1):
            reader.take((number, begin, end), decoded(raw))
            reading.lines += 1
            yield from reader.rows.ripe()
    reader.end()
    if not reader.whole:
        found = "no record" if not reader.messages else "records that are no messages"
        raise refused(f"expected clearing messages (1240, 1442, ...), found {found}", staged.name)
    reading.facts["file"] = reader.file_id
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head is a length and a message, by its type or whole, of two bitmaps."""
    head = probe.head
    length = int.from_bytes(head[:4], "big")
    if len(head) < 24 or not 24 <= length <= RECORD_LIMIT or not head[8] & 0x80:  # noqa: PLR2004  the least record
        return False
    message = decoded(head[4 : 4 + length])
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
        "clearing_date": Day("cleared", ("YYMMDD",)),
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
