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

from collections.abc import Iterator

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER
from recon.io.formats.providers.paypal_envelope import Envelope, names_column, utc_time
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
)
from recon.io.reading.records import Line, walk, whole_number
from recon.io.reading.statement import plain_text

COLUMNS = ("account", "agreement", "action", "amount", "currency", "created", "order", "memo")
_ID, _ACTION = "Subscription ID", "Subscription Action Type"
_CURRENCY, _CREATED = "Subscription Currency", "Subscription Creation Date"
_AMOUNTS = ("Period 3 Amount", "Period 2 Amount", "Period 1 Amount")
_ORDER, _MEMO = "Subscription Custom Field", ("Subscription Description", "Subscription Memo")
_REQUIRED = (_ID, _ACTION, _CURRENCY, _CREATED, _AMOUNTS[0])


class _Reader(Envelope):
    """Takes one agreement a row."""

    def cell(self, cells: list[str], name: str) -> str:
        """Return a cell by its column's name, '' when the report has no such column."""
        place = self.columns.get(name, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    def take_row(self, line: Line, cells: list[str]) -> None:
        """Take one agreement."""
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
    reader = _Reader(staged.name, reading, COLUMNS, _REQUIRED)
    yield from walk(staged, options, reading, reader)
    reader.close()
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
