"""Mollie settlement export (CSV). Mollie also delivers settlements as MT940.

No public sample was found: the columns are those of the vendor's export. A row is in its settlement
currency with its settlement amount; what was charged in another currency stands in the memo. Mollie
bills its fees apart, so rows have none. `batch_id` is the settlement reference, which the bank line
carries.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Side, State
from recon.io.formats.contract import Choice, Fields, Format, Money, Options, Text, Time
from recon.io.formats.table import Table, filled, reader

TABLE = Table(
    "a Mollie settlement export",
    (
        "Date",
        "Payment method",
        "Currency",
        "Amount",
        "Status",
        "ID",
        "Description",
        "Settlement currency",
        "Settlement amount",
        "Settlement reference",
    ),
    ("Consumer name",),
)
_STATES = {
    "paid": State.SUCCESS,
    "paidout": State.SUCCESS,
    "settled": State.SUCCESS,
    "refunded": State.SUCCESS,
    "charged back": State.SUCCESS,
    "open": State.PENDING,
    "pending": State.PENDING,
    "failed": State.FAILED,
    "canceled": State.CLOSED,
    "expired": State.CLOSED,
}
_CLOCK = ("YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD", "DD-MM-YYYY hh:mm:ss", "DD-MM-YYYY")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the words: description, consumer, and the amount charged in another currency."""
    abroad = pl.col("Currency").str.strip_chars() != pl.col("Settlement currency").str.strip_chars()
    charged = pl.when(abroad).then(pl.format("charged {} {}", "Currency", "Amount"))
    parts = [filled("Description"), filled("Consumer name"), charged]
    return frame.with_columns(
        pl.col("Status").str.strip_chars().str.to_lowercase().alias("state"),
        pl.concat_str(parts, separator=" / ", ignore_nulls=True).alias("memo"),
    )


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table; kinds go by the sign."""
    mark, thousands = options.decimal_mark, options.thousands
    return {
        "state": Choice("state", _STATES),
        "order_id": Text("Description"),
        "channel_ref": Text("ID"),
        "bank_ref": Text("Settlement reference"),
        "batch_id": Text("Settlement reference"),
        "product": Text("Payment method"),
        "amount_minor": Money("Settlement amount", decimal_mark=mark, thousands=thousands),
        "currency": Text("Settlement currency"),
        "occurred_at": Time(("Date",), _CLOCK),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="mollie_settlement",
    title_en="Mollie settlement export",
    title_zh="Mollie 结算导出",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    read=reader(TABLE, _derive),
    fields=fields,
)
