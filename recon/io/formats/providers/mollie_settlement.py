"""Mollie settlement export (CSV). Mollie also delivers settlements as MT940.

No public sample was found: the columns are those of the vendor's export. A row is in its settlement
currency with its settlement amount; what was charged in another currency stands in the memo. A row
that no settlement holds (open, failed, expired) is what was asked for. Kinds go by the sign; money
that leaves with the status `charged back` is a chargeback. Mollie bills its fees apart, so rows
have none. `batch_id` is the settlement reference, which the bank line carries.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import Choice, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, filled, reader

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
_KINDS = {"payment": Kind.PAYMENT, "refund": Kind.REFUND, "chargeback": Kind.CHARGEBACK}
_STATES = {
    "paid": State.SUCCESS,
    "paidout": State.SUCCESS,
    "settled": State.SUCCESS,
    "refunded": State.SUCCESS,
    "charged back": State.SUCCESS,
    "open": State.PENDING,
    "pending": State.PENDING,
    "authorized": State.PENDING,
    "failed": State.FAILED,
    "canceled": State.CLOSED,
    "expired": State.CLOSED,
}
_CLOCK = ("YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD", "DD-MM-YYYY hh:mm:ss", "DD-MM-YYYY")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add kind, amount, and the words: also the amount charged in another currency."""
    told = [pl.col(f"Settlement {name}").str.strip_chars() for name in ("amount", "reference")]
    is_settled = (told[0] != "") | (told[1] != "")
    amount = pl.when(is_settled).then("Settlement amount").otherwise("Amount")
    currency = pl.when(is_settled).then("Settlement currency").otherwise("Currency")
    state = pl.col("Status").str.strip_chars().str.to_lowercase()
    leaves = amount.str.strip_chars().str.starts_with("-")
    out = pl.when(state == "charged back").then(pl.lit("chargeback")).otherwise(pl.lit("refund"))
    abroad = pl.col("Currency").str.strip_chars() != pl.col("Settlement currency").str.strip_chars()
    charged = pl.when(abroad & is_settled).then(pl.format("charged {} {}", "Currency", "Amount"))
    parts = [filled("Description"), filled("Consumer name"), charged]
    return frame.with_columns(
        state.alias("state"),
        pl.when(leaves).then(out).otherwise(pl.lit("payment")).alias("kind"),
        amount.alias("amount"),
        currency.alias("currency"),
        pl.concat_str(parts, separator=" / ", ignore_nulls=True).alias("memo"),
    )


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    mark, thousands = options.decimal_mark, options.thousands
    return {
        "kind": Choice("kind", _KINDS),
        "state": Choice("state", _STATES),
        "order_id": Text("Description"),
        "channel_ref": Text("ID"),
        "bank_ref": Text("Settlement reference"),
        "batch_id": Text("Settlement reference"),
        "product": Text("Payment method"),
        "amount_minor": Money("amount", decimal_mark=mark, thousands=thousands),
        "currency": Text("currency"),
        "occurred_at": Time(("Date",), _CLOCK),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="mollie_settlement",
    title_en="Mollie settlement export",
    title_zh="Mollie 结算导出",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
)
