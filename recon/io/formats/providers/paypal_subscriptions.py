"""PayPal subscription agreement report (SAR): agreements made, changed and ended, no money moved.

Source: the vendor's page "Subscription Agreement Report". The envelope of the settlement report:
the first cell is the kind of line (RH FH SH headers, CH column names, SB a row, SF SC RF RC FF
footers). Period amounts are unsigned hundredths, of yen too.

Every row is of kind OTHER: it says what will be charged, not what was. The amount is that of the
regular period (3, else 2, else 1). `channel_ref` is the agreement, `order_id` the custom field,
`product` the action: S0000 created, S0100 modified, S0200 cancelled, S0300 ended. Proof: the row
counts of section and report.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER
from recon.errors import InputError
from recon.io.formats.providers.paypal_report import names_column, utc_time
from recon.io.reading.contract import (
    Constant,
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
    named_columns,
)
from recon.io.reading.records import Line, RowBuilder, compare_count, refuse_row, walk, whole_number
from recon.io.reading.statement import plain_text

COLUMNS = ("account", "agreement", "action", "amount", "currency", "created", "order", "memo")
_ID, _ACTION = "Subscription ID", "Subscription Action Type"
_CURRENCY, _CREATED = "Subscription Currency", "Subscription Creation Date"
_AMOUNTS = ("Period 3 Amount", "Period 2 Amount", "Period 1 Amount")
_ORDER, _MEMO = "Subscription Custom Field", ("Subscription Description", "Subscription Memo")
_REQUIRED = (_ID, _ACTION, _CURRENCY, _CREATED, _AMOUNTS[0])
_HEADERS = frozenset({"RH", "FH", "SH", "CH"})
_FOOTERS = frozenset({"SF", "SC", "RF", "RC", "FF", "FC"})
_COUNTS = {"SC": "section", "RC": "report", "FF": "file"}
_ACCOUNT = 3  # its place in an SH line
_FIX = "download the report again from the secure file server"


class _Reader:
    """Walks over the lines; keeps the account, the column names and the counts."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.columns: dict[str, int] = {}
        self.width = 0  # cells of a whole row
        self.account = ""
        self.counts = dict.fromkeys(_COUNTS, 0)

    def refused(self, problem: str, line: Line | None = None) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {line.number}" if line else self.name
        return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")

    def take(self, line: Line) -> None:
        """Take the next line."""
        try:
            cells = [cell.strip() for cell in next(csv.reader([line.text], strict=True))]
        except csv.Error as error:
            self.reading.record_lines += 1
            self.refuse(line, [f"the line is not CSV: {error}"])
            return
        kind = cells[0].upper()
        if kind == "SB":
            self.reading.record_lines += 1
            self.take_row(line, cells)
        elif kind in _HEADERS:
            self.reading.header_lines += 1
            self.take_header(kind, cells, line)
        elif kind in _FOOTERS:
            self.reading.trailer_lines += 1
            self.take_footer(kind, cells, line)
        else:
            raise self.refused(
                f"a line begins with {cells[0][:20]!r}, not with a PayPal code", line
            )

    def take_header(self, kind: str, cells: list[str], line: Line) -> None:
        """Take the account of a section, or the column names."""
        if kind == "SH":
            self.account = cells[_ACCOUNT] if len(cells) > _ACCOUNT else ""
            self.counts["SC"] = 0
        elif kind == "CH":
            names = [" ".join(cell.split()) for cell in cells]
            self.reading.columns = named_columns(names[1:])
            self.columns = {name: place for place, name in enumerate(names)}
            self.width = len(names)
            missing = [name for name in _REQUIRED if name not in self.columns]
            if missing:
                raise self.refused(f"the column names lack {', '.join(missing)}", line)

    def take_footer(self, kind: str, cells: list[str], line: Line) -> None:
        """Compare a count with the rows that were taken."""
        if kind in _COUNTS and len(cells) > 1:
            name = f"line {line.number} rows of the {_COUNTS[kind]}"
            compare_count(self.reading, name, cells[1], self.counts[kind])

    def cell(self, cells: list[str], name: str) -> str:
        """Return a cell by its column's name, '' when the report has no such column."""
        place = self.columns.get(name, len(cells))
        return cells[place] if place < len(cells) else ""

    def refuse(self, line: Line, reasons: list[str]) -> None:
        """Put a line among the rejects."""
        refuse_row(self.reading, (line.number, line.start, line.end), line.text, reasons)

    def take_row(self, line: Line, cells: list[str]) -> None:
        """Take one agreement."""
        if not self.columns:
            raise self.refused("a row stands before the column names (CH)", line)
        for kind in self.counts:
            self.counts[kind] += 1
        currency, created = self.cell(cells, _CURRENCY), self.cell(cells, _CREATED)
        amount = next((text for name in _AMOUNTS if (text := self.cell(cells, name))), "0")
        moment = utc_time(created)
        reasons = []
        if len(cells) != self.width:
            reasons.append(f"expected {self.width} fields, found {len(cells)}")
        if currency not in CURRENCY_NUMBER:
            reasons.append(f"currency {currency!r} is not an active ISO 4217 code")
        value = whole_number(amount)
        if value is None:
            reasons.append(f"period amount {amount[:40]!r} is not unsigned hundredths")
        if moment is None:
            reasons.append(f"{_CREATED} {created!r} is not YYYY/MM/DD hh:mm:ss with an offset")
        if reasons or value is None:
            self.refuse(line, reasons)
            return
        words = [self.cell(cells, name) for name in _MEMO]
        self.rows.add(
            (line.number, line.start, line.end),
            (
                self.account or None,
                self.cell(cells, _ID),
                self.cell(cells, _ACTION),
                plain_text(value, 2),
                currency,
                moment,
                self.cell(cells, _ORDER) or None,
                " ".join(word for word in words if word) or None,
            ),
        )


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a report into rows; raises InputError when it is another report."""
    reader = _Reader(staged.name, reading)
    yield from walk(staged, options, reading, reader)
    if not reader.columns:
        raise reader.refused("there is no line of column names (CH)")
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the first lines are PayPal headers and one names columns of agreements."""
    return names_column(probe, _ACTION)


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Constant(Kind.OTHER),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("account"),
        "order_id": Text("order"),
        "channel_ref": Text("agreement"),
        "product": Text("action"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("created",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="paypal_subscriptions",
    title_en="PayPal subscription agreement report (SAR)",
    title_zh="PayPal 订阅协议报表（SAR）",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
