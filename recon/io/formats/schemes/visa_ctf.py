"""Visa Base II clearing file (CTF): 168 characters a record, ASCII, one record a line.

Source: the positions that public decoders and writers use; no public file was found. A transaction
is a record with TCR 0 and the records with higher TCRs that follow it. Amounts are source amounts,
hundredths whatever the currency's own decimals: 100 yen are 10000, 1.230 dinars are 123. The
clearing date is the central processing date (YDDD, nearest before the night), absent (0000) in
files on their way to the scheme; the purchase date has no year and no time, it is in the memo.

Proof: each batch trailer (91) and the file trailer (92) state the numbers of monetary transactions,
of transactions and of records, the sums of source and destination amounts without their signs, the
file trailer also the number of batches. Writers count the trailers themselves or do not: both
agree. A trailer of zeros or blanks states nothing; a destination sum of zero, or the source sum
again, states nothing either.

| transaction code                         | kind                   | sign  |
|------------------------------------------|------------------------|-------|
| 05, 07                                   | PAYMENT                | +     |
| 06                                       | REFUND                 | -     |
| 25, 27 (26)                              | REVERSAL               | - (+) |
| 05, 07, 26 (06, 25, 27) of usage 2, 9    | ADJUSTMENT             | + (-) |
| 15, 17 (16)                              | CHARGEBACK             | - (+) |
| 35, 37 (36)                              | ADJUSTMENT             | + (-) |
| 10 (20): the sender collects (pays)      | FEE                    |       |
| 51, 52                                   | RETRIEVAL              | +     |
| 33, 40, 45, 46, 50, 56: reports, notices | passed over            |       |
| 90, 91, 92                               | header and trailers    |       |
| others                                   | reject: layout unknown |       |

Usage code 2 is a presentment after a chargeback, 9 one of a dispute: neither is a second sale.
Whose money a fee is, is told by the BIN of the file's header. A reversal bears the acquirer's
reference number (ARN) of what it undoes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from recon.core.attributes import ENTRY_MODES
from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER, exponent
from recon.errors import InputError
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
)
from recon.io.reading.currency_numbers import CURRENCY_OF_NUMBER
from recon.io.reading.records import Line, RowBuilder, file_lines, refuse_row

COLUMNS = (
    "kind",
    "card",
    "amount",
    "currency",
    "cleared",
    "arn",
    "original",
    "auth_code",
    "terminal",
    "merchant",
    "category",
    "memo",
    "entry_mode",
    "reason",
)
WIDTH = 168
_KINDS = {
    "05": ("PAYMENT", 1),
    "07": ("PAYMENT", 1),
    "06": ("REFUND", -1),
    "25": ("REVERSAL", -1),
    "26": ("REVERSAL", 1),
    "27": ("REVERSAL", -1),
    "15": ("CHARGEBACK", -1),
    "16": ("CHARGEBACK", 1),
    "17": ("CHARGEBACK", -1),
    "35": ("ADJUSTMENT", 1),
    "36": ("ADJUSTMENT", -1),
    "37": ("ADJUSTMENT", 1),
}
_FEES = {"10": 1, "20": -1}  # collected, or paid, by the sender of the record
_REQUESTS = frozenset({"51", "52"})  # for the slip
_PASSED = frozenset({"33", "40", "45", "46", "50", "56"})  # reports, notices, rates
_NO_MONEY = _PASSED | _REQUESTS | {"44", "53"}
_FIRST, _AGAIN = frozenset({"", "1"}), frozenset({"2", "9"})  # usage codes of a presentment
_DRAFT = {  # where the fields of TCR 0 stand: first position, width
    "card": (5, 19),
    "arn": (27, 23),
    "purchase": (58, 4),
    "destination": (62, 12),
    "amount": (77, 12),
    "currency": (89, 3),
    "name": (92, 25),
    "city": (117, 13),
    "category": (133, 4),
    "usage": (147, 1),
    "reason": (148, 2),
    "auth_code": (152, 6),
    "entry_mode": (162, 2),
    "day": (164, 4),
}
_FEE = {
    "receiver": (5, 6),
    "sender": (11, 6),
    "reason": (17, 4),
    "purchase": (24, 4),
    "card": (28, 19),
    "destination": (47, 12),
    "amount": (62, 12),
    "currency": (74, 3),
    "name": (77, 70),
    "day": (164, 4),
}
_REQUEST = {
    "card": (5, 19),
    "arn": (24, 23),
    "purchase": (55, 4),
    "amount": (59, 12),
    "currency": (71, 3),
    "name": (74, 25),
    "city": (99, 13),
    "category": (115, 4),
    "reason": (136, 2),
    "day": (164, 4),
}
_AMOUNTS = ("amount", "destination")
_PRESENTED = frozenset({"PAYMENT", "REFUND", "REVERSAL"})
_WITH_REASON = frozenset({"CHARGEBACK", "FEE", "RETRIEVAL"})
_FRAME = {"90": "header", "91": "trailer", "92": "trailer"}
_FIX = "ask the processor for the file in ASCII, one record of 168 characters a line"


@dataclass(slots=True)
class _Transaction:
    """The records of one transaction, by TCR."""

    lines: list[Line]
    records: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Return the transaction code."""
        return self.lines[0].text[:2]

    def cell(self, tcr: str, first: int, width: int) -> str:
        """Return a field by its 1-based position, '' when the record is not there."""
        return self.records.get(tcr, "")[first - 1 : first - 1 + width].strip()

    def told(self, name: str) -> str:
        """Return a field of TCR 0 by its name, '' where its layout has none."""
        return self.cell("0", *_layout(self.code).get(name, (1, 0)))


def _layout(code: str) -> dict[str, tuple[int, int]]:
    """Return where the fields of TCR 0 stand."""
    return _FEE if code in _FEES else _REQUEST if code in _REQUESTS else _DRAFT


@dataclass(slots=True)
class _Totals:
    """What was counted since the last trailer; amounts as their digits stand, without signs."""

    transactions: int = 0
    monetary: int = 0
    records: int = 0
    source: int = 0
    destination: int = 0
    trailers: int = 0
    batches: int = 0

    def count(self, text: str) -> None:
        """Count one record, and its amounts when it begins a transaction."""
        self.records += 1
        code = text[:2]
        if text[3:4] != "0":
            return
        self.transactions += 1
        if code not in _NO_MONEY:
            self.monetary += 1
            (source, width), (destination, _) = (_layout(code)[name] for name in _AMOUNTS)
            self.source += _number(text[source - 1 : source - 1 + width])
            self.destination += _number(text[destination - 1 : destination - 1 + width])

    def add(self, batch: _Totals) -> None:
        """Add a batch to the file."""
        self.transactions += batch.transactions
        self.monetary += batch.monetary
        self.records += batch.records
        self.source += batch.source
        self.destination += batch.destination
        self.trailers += batch.trailers


def _number(digits: str) -> int:
    """Return a field of digits as a number, 0 when it is not one: its row is refused elsewhere."""
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _compare(line: Line, found: _Totals, reading: Reading) -> None:
    """Compare what a trailer states with what was counted; the trailer itself may count too."""
    text = line.text.ljust(WIDTH)
    is_file = text[:2] == "92"
    fields = {
        "monetary transactions": (text[30:42], (found.monetary,)),
        "records": (text[48:60], (found.records, found.records + found.trailers + 1)),
        "transactions": (
            text[74:83],
            (found.transactions, found.transactions + found.trailers + 1),
        ),
        "source amounts": (text[101:116], (found.source,)),
        "destination amounts": (text[15:30], (found.destination or found.source, found.source, 0)),
    }
    if is_file:
        fields["batches"] = (text[42:48], (found.batches,))
    if not any(_number(cell) for name, (cell, _) in fields.items() if name != "batches"):
        return
    for name, (cell, allowed) in fields.items():
        declared = _number(cell)
        computed = declared if declared in allowed else allowed[0]
        part = "file" if is_file else "batch"
        reading.controls.append(
            ControlTotal(f"line {line.number}: {name} of the {part}", declared, computed)
        )


def _clearing_day(text: str, night: date) -> str:
    """Return the day of YDDD in the decade that ends after the night, '' when it is none."""
    if not re.fullmatch(r"[0-9]{4}", text):
        return ""
    latest = night + timedelta(days=1)
    for year in range(latest.year, latest.year - 10, -1):
        if year % 10 == int(text[0]):
            day = date(year, 1, 1) + timedelta(days=int(text[1:]) - 1)
            return day.isoformat() if day.year == year and day <= latest else ""
    return ""


def _kind(transaction: _Transaction, own: str) -> tuple[str, int]:
    """Return what a transaction of a known code means and its sign, 0 when it is not told.

    own: the BIN of the file's header.
    """
    code, usage = transaction.code, transaction.told("usage")
    if code in _REQUESTS:
        return "RETRIEVAL", 1
    if code in _FEES:
        sides = {transaction.told("sender"): 1, transaction.told("receiver"): -1}
        return "FEE", _FEES[code] * sides.get(own, 0) if len(sides) > 1 else 0
    kind, sign = _KINDS[code]
    if kind not in _PRESENTED or usage in _FIRST:
        return kind, sign
    return "ADJUSTMENT", sign if usage in _AGAIN else 0


def _minor(amount: str, currency: str) -> tuple[int, int]:
    """Return hundredths as minor units of the currency, and what is too fine for one of them."""
    scale: int = 10 ** exponent(currency)
    return divmod(int(amount) * scale, 100)


def _card(digits: str) -> str | None:
    """Return a card's number: sixteen digits and an extension of three, zeros where none is."""
    number, extension = digits[:16], digits[16:]
    return number + extension.replace("000", "") if number.strip("0") else None


def _faults(transaction: _Transaction, cleared: str, own: str) -> list[str]:
    """Return why a transaction cannot be a row."""
    code, reasons = transaction.code, []
    amount, number = transaction.told("amount"), transaction.told("currency")
    currency = CURRENCY_OF_NUMBER.get(number, "")
    if code not in _KINDS and code not in _FEES and code not in _REQUESTS:
        reasons.append(f"transaction code {code}: its layout is not known")
    elif "0" in transaction.records and not _kind(transaction, own)[1]:
        reasons.append(_unknown_sign(transaction, own))
    if "0" not in transaction.records:
        reasons.append("the transaction has no record with TCR 0")
    elif not (amount.isascii() and amount.isdigit()):
        reasons.append(f"source amount {amount!r} is not twelve digits")
    elif currency not in CURRENCY_NUMBER:
        reasons.append(f"source currency {number!r} is no currency number of ISO 4217")
    elif _minor(amount, currency)[1]:
        reasons.append(f"source amount {amount} has a part of one {currency}")
    stated = transaction.told("day")
    if not cleared and stated.strip("0"):
        reasons.append(f"processing date {stated!r} is no day (YDDD)")
    return reasons


def _unknown_sign(transaction: _Transaction, own: str) -> str:
    """Return why nobody can say whether the money comes in or goes out."""
    if transaction.code in _FEES:
        sender, receiver = transaction.told("sender"), transaction.told("receiver")
        return (
            f"expected one of the fee's BINs (sender {sender}, receiver {receiver}) to be the "
            f"file's own, {own!r}: whose money it is, is not told"
        )
    return f"usage code {transaction.told('usage')!r} is none of 1, 2, 9"


def _take(
    transaction: _Transaction, night: date, own: str, rows: RowBuilder, reading: Reading
) -> None:
    """Take a transaction: a row, or a reject with every reason."""
    first, last = transaction.lines[0], transaction.lines[-1]
    place, code = (first.number, first.start, last.end), transaction.code
    cleared = _clearing_day(transaction.told("day"), night)
    reasons = _faults(transaction, cleared, own)
    if reasons:
        refuse_row(reading, place, f"transaction code {code}", reasons)
        return
    kind, sign = _kind(transaction, own)
    currency = CURRENCY_OF_NUMBER[transaction.told("currency")]
    minor = sign * _minor(transaction.told("amount"), currency)[0]
    words = [
        transaction.told("name"),
        transaction.told("city"),
        f"purchase {transaction.told('purchase')}",
        f"usage {usage}" if (usage := transaction.told("usage")) else "",
        f"reason {transaction.told('reason')}",
        f"identifier {transaction.cell('5', 5, 15)}" if "5" in transaction.records else "",
    ]
    arn, mode = transaction.told("arn"), transaction.told("entry_mode")
    known = (kind, _card(transaction.told("card")), str(minor), currency, cleared or None)
    cells = [arn, arn if kind == "REVERSAL" else "", transaction.told("auth_code")]
    cells += [transaction.cell("1", 96, 8), transaction.cell("1", 81, 15)]
    cells += [transaction.told("category"), " ".join(word for word in words if word)]
    cells += [ENTRY_MODES.get(mode, mode.strip("0"))]
    cells += [transaction.told("reason") if kind in _WITH_REASON else ""]
    rows.add(place, (*known, *(cell or None for cell in cells)))


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a clearing file into rows; raises InputError for records of another width."""
    rows, current, ended, own = RowBuilder(COLUMNS), None, False, ""
    batch, whole = _Totals(), _Totals()
    for line in file_lines(staged, options, reading, ("ascii", "latin-1")):
        if not line.text.strip():
            reading.blank_lines += 1
            continue
        code, tcr = line.text[:2], line.text[3:4]
        if len(line.text) > WIDTH or not re.match(r"[0-9]{3}[0-9A-Z]", line.text) or ended:
            raise _refused("expected a record of 168 characters before the trailer", staged, line)
        starts = tcr == "0" or current is None or current.lines[0].text[:2] != code
        if starts and current is not None:
            _take(current, staged.business_date, own, rows, reading)
            current = None
            yield from rows.ripe()
        if code in _FRAME:
            reading.header_lines += _FRAME[code] == "header"
            reading.trailer_lines += _FRAME[code] == "trailer"
            ended = code == "92"
            own = line.text[4:10] if code == "90" else own
            if code == "91":
                _compare(line, batch, reading)
                batch.trailers += 1
                whole.batches += 1
                whole.add(batch)
                batch = _Totals()
            elif ended:
                whole.add(batch)  # transactions that stand in no batch
                _compare(line, whole, reading)
            continue
        batch.count(line.text)
        if code in _PASSED:
            reading.comment_lines += 1
            continue
        reading.record_lines += 1
        current = current or _Transaction([])
        current.lines.append(line)
        current.records[tcr] = line.text.ljust(WIDTH)
    if current is not None or not ended:
        raise _refused("the file does not end with its trailer (92): it is cut", staged, None)
    yield from rows.batches()


def _refused(problem: str, staged: StagedFile, line: Line | None) -> InputError:
    """Return the refusal of the file."""
    where = f"{staged.name}, line {line.number}" if line else staged.name
    return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")


def recognise(probe: Probe) -> bool:
    """Return whether the file begins with a header record (90) and another record with TCR 0."""
    lines = probe.text().splitlines()[:3]
    enough = len(lines) > 1 and len(lines[0]) <= WIDTH == len(lines[1])  # blanks may be cut
    return (
        enough
        and re.match(r"90[0-9 ]{2}[0-9]{6}", lines[0]) is not None
        and re.match("[0-9]{3}0", lines[1]) is not None
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant"),
        "terminal_id": Text("terminal"),
        "channel_ref": Text("arn"),
        "original_ref": Text("original"),
        "auth_code": Text("auth_code"),
        "card": Text("card"),
        "product": Text("category"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Text("currency"),
        "clearing_date": Day("cleared", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
        "attributes.entry_mode": Text("entry_mode"),
        "attributes.reason": Text("reason"),
    }


FORMAT = Format(
    name="visa_ctf",
    title_en="Visa Base II clearing file (CTF)",
    title_zh="Visa Base II 清算文件（CTF）",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
