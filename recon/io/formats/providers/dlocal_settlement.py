"""dLocal cross-border settlement report.

Two headings: that of the transfer (one HEADER line with its totals), then that of the rows. Rows
settle in fractions of a cent (six decimals), which no minor unit holds; so a row that has a local
amount is in its local currency with the sign of its gross, and its settled amount stands in the
memo. Rows without one (fees, adjustments) are in the settlement currency. The transfer is a PAYOUT
row. A net in the settlement currency that is finer than a cent is rounded half away from zero, and
its memo says so. Proof: net = gross + fee on each row (a fee is negative); the number of items; the
sums of gross, fee and net, each rounded to the cent. The names of both headings are compared with
earlier nights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from recon.core.codes import Kind, Side, State
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
    named_columns,
)
from recon.io.reading.finer import exact, payable, unit_of
from recon.io.reading.records import (
    Line,
    RowBuilder,
    compare_count,
    csv_cells,
    file_lines,
    refuse_row,
)

COLUMNS = (
    "merchant",
    "kind",
    "order",
    "transaction",
    "batch",
    "amount",
    "currency",
    "approved",
    "product",
    "memo",
)
_TOTALS = ("GROSS_TOTAL_AMOUNT", "FEE_TOTAL_AMOUNT", "NET_TOTAL_AMOUNT")
_AMOUNTS = ("GROSS_AMOUNT", "FEE_AMOUNT", "NET_AMOUNT")
TOP = (
    "ROW_TYPE",
    "SETTLEMENT_CURRENCY",
    "NUMBER_OF_ITEMS",
    *_TOTALS,
    "TRANSFER_DATE",
    "TRANSFER_ID",
)
_BELOW = ("ROW_TYPE", "MID", "APPROVED_DATE", "TRANSACTION_ID", "LOCAL_AMOUNT", *_AMOUNTS)
_KINDS = {
    "TRANSACTION": "PAYMENT",
    "PAYMENT": "PAYMENT",
    "CAPTURE": "PAYMENT",
    "REFUND": "REFUND",
    "CHARGEBACK": "CHARGEBACK",
    "SETTLEMENT_FEE": "FEE",
    "FEE": "FEE",
}


@dataclass(slots=True)
class _State:
    """What is known while the lines are read."""

    names: list[str] = field(default_factory=list)
    transfer: dict[str, str] = field(default_factory=dict)
    sums: list[Decimal] = field(default_factory=lambda: [Decimal(0)] * 3)
    items: int = 0


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a report into rows; raises InputError when it lacks its headings or its transfer."""
    rows, state = RowBuilder(COLUMNS), _State()
    for line in file_lines(staged, options, reading):
        cells = csv_cells(line.text)
        if not line.text.strip(", \t"):
            reading.blank_lines += 1
        elif cells is not None and cells[0] == "ROW_TYPE":
            reading.header_lines += 1
            state.names = cells
            reading.columns = named_columns(dict.fromkeys((*dict(reading.columns), *cells)))
        elif not state.names:
            raise _refused("a row stands before its heading (ROW_TYPE)", staged.name, line)
        else:
            reading.record_lines += 1
            _take(line, cells, state, rows, reading)
            yield from rows.ripe()
    if not state.transfer:
        raise _refused("the report has no HEADER line with the transfer", staged.name, None)
    if "TRANSFER_ID" in state.names:
        raise _refused("the report is cut before the heading of its rows", staged.name, None)
    _close(state, reading)
    yield from rows.batches()


def _refused(problem: str, name: str, line: Line | None) -> InputError:
    """Return the refusal of the file."""
    where = f"{name}, line {line.number}" if line else name
    return InputError(problem, where=where, fix="download the report again", code="FILE_SCHEMA")


def _take(
    line: Line, cells: list[str] | None, state: _State, rows: RowBuilder, reading: Reading
) -> None:
    """Take a line of the transfer or of a transaction: a row, or a reject."""
    place = (line.number, line.start, line.end)
    if cells is None or len(cells) > len(state.names):
        refuse_row(reading, place, line.text, ["the line is not CSV of as many cells as names"])
        return
    values = dict(zip(state.names, cells, strict=False))
    if values["ROW_TYPE"] == "HEADER":
        if state.transfer:
            _close(state, reading)
        state.transfer, state.sums, state.items = values, [Decimal(0)] * 3, 0
        rows.add(place, _transfer_cells(values))
        return
    state.items += 1
    gross, fee, net = (exact(values.get(name, "")) for name in _AMOUNTS)
    if gross is None or fee is None or net is None:
        reasons = [f"{' or '.join(_AMOUNTS)} is not a decimal amount"]
        refuse_row(reading, place, line.text, reasons)
        return
    state.sums = [
        total + amount for total, amount in zip(state.sums, (gross, fee, net), strict=True)
    ]
    if gross + fee != net:
        reasons = [f"gross {gross} and fee {fee} are {gross + fee}, the stated net is {net}"]
        refuse_row(reading, place, line.text, reasons)
        return
    rows.add(place, _row_cells(values, state.transfer))


def _transfer_cells(values: dict[str, str]) -> tuple[str | None, ...]:
    """Return the cells of the transfer's own row: money that leaves for the bank."""
    net, currency = values.get("NET_TOTAL_AMOUNT", ""), values.get("SETTLEMENT_CURRENCY", "")
    paid, told = _payable(net, currency)
    return (
        None,
        "PAYOUT",
        None,
        None,
        values.get("TRANSFER_ID"),
        paid[1:] if paid.startswith("-") else f"-{paid}",
        currency or None,
        f"{values.get('TRANSFER_DATE', '')} 00:00:00",
        None,
        " ".join(filter(None, (f"{values.get('NUMBER_OF_ITEMS')} items", told))),
    )


def _payable(net: str, currency: str) -> tuple[str, str]:
    """Return a net as a bank can pay it, and in words what was stated where that is finer."""
    stated = exact(net)
    if stated is None:
        return net, ""
    paid = payable(stated, currency)
    return str(paid), f"net {net} rounded" if paid != stated else ""


def _row_cells(values: dict[str, str], transfer: dict[str, str]) -> tuple[str | None, ...]:
    """Return the cells of a transaction's row."""
    kind = _KINDS.get(values["ROW_TYPE"], "ADJUSTMENT")
    local, currency = values.get("LOCAL_AMOUNT", ""), values.get("LOCAL_CURRENCY", "")
    settled = f"{transfer.get('SETTLEMENT_CURRENCY', '')} {values['NET_AMOUNT']}"
    if currency and exact(local) != 0:
        moved = exact(values["GROSS_AMOUNT"]) or exact(values["NET_AMOUNT"])  # a fee may exceed it
        leaves = moved is not None and moved < 0 and not local.startswith("-")
        amount = f"-{local}" if leaves else local
        told = f"settled {settled}, fee {values['FEE_AMOUNT']}"
    else:
        currency = transfer.get("SETTLEMENT_CURRENCY", "")
        amount, told = _payable(values["NET_AMOUNT"], currency)
    words = [told, values.get("STATUS_DETAILS", ""), values.get("DESCRIPTION", "")]
    return (
        values.get("MID"),
        kind,
        values.get("TRANSACTION_ID") or None,
        values.get("DLOCAL_TRANSACTION_ID") or None,
        transfer.get("TRANSFER_ID"),
        amount,
        currency or None,
        values.get("APPROVED_DATE") or values.get("CREATION_DATE") or None,
        values.get("PAYMENT_METHOD_CODE") or None,
        " ".join(word for word in words if word) or None,
    )


def _close(state: _State, reading: Reading) -> None:
    """Compare the number of items and the three sums, rounded to the cent."""
    currency = state.transfer.get("SETTLEMENT_CURRENCY", "")
    items = state.transfer.get("NUMBER_OF_ITEMS", "")
    compare_count(reading, "items of the transfer", items, state.items)
    for name, computed in zip(_TOTALS, state.sums, strict=True):
        declared = exact(state.transfer.get(name, ""))
        if declared is not None:
            unit = unit_of(currency)
            pair = [int(payable(value, currency) / unit) for value in (declared, computed)]
            reading.controls.append(ControlTotal(name.lower(), pair[0], pair[1], currency))
        elif state.transfer.get(name):
            reading.controls.append(ControlTotal(f"{name.lower()} is a readable amount", 1, 0))


def recognise(probe: Probe) -> bool:
    """Return whether the headings are those of the report, or the first one where it is cut."""
    lines = probe.text().lstrip("\ufeff").splitlines()[:3:2]  # heading, transfer, heading
    return bool(lines) and all(
        set(names) <= set(csv_cells(line) or [])
        for names, line in zip((TOP, _BELOW), lines, strict=False)
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant"),
        "order_id": Text("order"),
        "channel_ref": Text("transaction"),
        "batch_id": Text("batch"),
        "product": Text("product"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("approved",), ("YYYY-MM-DD hh:mm:ss",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="dlocal_settlement",
    title_en="dLocal cross-border settlement report",
    title_zh="dLocal 跨境结算报表",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
