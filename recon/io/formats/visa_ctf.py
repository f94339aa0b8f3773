"""Visa Base II clearing file (CTF): 168 characters a record, ASCII, one record a line.

Source: the positions that public decoders use; no public file was found, so the layout of the batch
and file trailers (91, 92) is not known here and nothing proves the file. A transaction is a record
with TCR 0 and the records with higher TCRs that follow it. Amounts are source amounts, minor units
of the source currency. The clearing date is the central processing date (YDDD, nearest before the
night); the purchase date has no year and no time, it stands in the memo.

| transaction code    | kind                  | sign    |
|---------------------|-----------------------|---------|
| 05, 07              | PAYMENT               | +       |
| 06                  | REFUND                | -       |
| 25, 27 (26)         | REVERSAL              | - (+)   |
| 15, 17 (16)         | CHARGEBACK            | - (+)   |
| 35, 37 (36)         | ADJUSTMENT            | + (-)   |
| 90, 91, 92          | header and trailers   |         |
| others              | reject: layout unknown |        |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER
from recon.errors import InputError
from recon.io.formats.contract import (
    Choice,
    Constant,
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
from recon.io.formats.currency_numbers import CURRENCY_OF_NUMBER
from recon.io.formats.records import Line, RowBuilder, cut_lines, refuse_row

COLUMNS = (
    "kind",
    "card",
    "amount",
    "currency",
    "cleared",
    "arn",
    "auth_code",
    "terminal",
    "merchant",
    "category",
    "memo",
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
_FRAME = {"90": "header", "91": "trailer", "92": "trailer"}
_FIX = "ask the processor for the file in ASCII, one record of 168 characters a line"


@dataclass(slots=True)
class _Transaction:
    """The records of one transaction, by TCR."""

    lines: list[Line]
    records: dict[str, str] = field(default_factory=dict)

    def cell(self, tcr: str, first: int, width: int) -> str:
        """Return a field by its 1-based position, '' when the record is not there."""
        return self.records.get(tcr, "")[first - 1 : first - 1 + width].strip()


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


def _take(transaction: _Transaction, night: date, rows: RowBuilder, reading: Reading) -> None:
    """Take a transaction: a row, or a reject with every reason."""
    first, last = transaction.lines[0], transaction.lines[-1]
    place = (first.number, first.start, last.end)
    code = first.text[:2]
    amount, number = transaction.cell("0", 77, 12), transaction.cell("0", 89, 3)
    currency = CURRENCY_OF_NUMBER.get(number, "")
    cleared = _clearing_day(transaction.cell("0", 164, 4), night)
    reasons = []
    if code not in _KINDS:
        reasons.append(f"transaction code {code}: its layout is not known")
    if "0" not in transaction.records:
        reasons.append("the transaction has no record with TCR 0")
    elif not (amount.isascii() and amount.isdigit()):
        reasons.append(f"source amount {amount!r} is not twelve digits")
    elif currency not in CURRENCY_NUMBER:
        reasons.append(f"source currency {number!r} is no currency number of ISO 4217")
    if not cleared:
        reasons.append(f"processing date {transaction.cell('0', 164, 4)!r} is no day (YDDD)")
    if reasons:
        refuse_row(reading, place, f"transaction code {code}", reasons)
        return
    kind, sign = _KINDS[code]
    words = [
        transaction.cell("0", 92, 25),
        transaction.cell("0", 117, 13),
        f"purchase {transaction.cell('0', 58, 4)}",
        f"usage {transaction.cell('0', 147, 1)}",
        f"reason {transaction.cell('0', 148, 2)}",
        f"identifier {transaction.cell('5', 5, 15)}" if "5" in transaction.records else "",
    ]
    cells = [transaction.cell("0", 27, 23), transaction.cell("0", 152, 6)]
    cells += [transaction.cell("1", 96, 8), transaction.cell("1", 81, 15)]
    cells += [transaction.cell("0", 133, 4), " ".join(word for word in words if word)]
    card = transaction.cell("0", 5, 16)
    amount_text = str(sign * int(amount))
    rows.add(place, (kind, card, amount_text, currency, cleared, *(cell or None for cell in cells)))


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a clearing file into rows; raises InputError for records of another width."""
    encodings = (options.encoding,) if options.encoding else ("ascii", "latin-1")
    lines = cut_lines(staged.path.read_bytes(), encodings, staged.name)
    reading.lines = len(lines)
    rows, current, ended = RowBuilder(COLUMNS), None, False
    for line in lines:
        if not line.text.strip():
            reading.blank_lines += 1
            continue
        code, tcr = line.text[:2], line.text[3:4]
        if len(line.text) > WIDTH or not re.match(r"[0-9]{3}[0-9A-Z]", line.text) or ended:
            raise _refused("expected a record of 168 characters before the trailer", staged, line)
        starts = tcr == "0" or current is None or current.lines[0].text[:2] != code
        if starts and current is not None:
            _take(current, staged.business_date, rows, reading)
            current = None
        if code in _FRAME:
            reading.header_lines += _FRAME[code] == "header"
            reading.trailer_lines += _FRAME[code] == "trailer"
            ended = code == "92"
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
    """Return whether the file begins with a header record (90) and a first transaction."""
    lines = probe.text().splitlines()[:3]
    enough = len(lines) > 1 and all(len(line) == WIDTH for line in lines[:2])
    return (
        enough and re.match(r"90[0-9 ]{2}[0-9]{6}", lines[0]) is not None and lines[1][:2] in _KINDS
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant"),
        "terminal_id": Text("terminal"),
        "channel_ref": Text("arn"),
        "auth_code": Text("auth_code"),
        "card": Text("card"),
        "product": Text("category"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Text("currency"),
        "clearing_date": Day("cleared", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
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
