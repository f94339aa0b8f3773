"""dLocal transaction report: `;` between cells, one row for each payment, refund or chargeback.

Amounts are decimals; the type says which way they go, and a payment below zero is a reject. A row
is in its local currency, because refunds and chargebacks are told in nothing else; what the payment
was in dollars, its fee and its tax stand in the memo. The day of `Settlement date`, where a payment
has one, is its clearing day.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import Choice, Day, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, filled, money_out, reader, refuse_negative_payments

_LOCAL = "Net Amount (local)"
TABLE = Table(
    "a dLocal transaction report",
    (
        "Type",
        "Creation date",
        "Settlement date",
        "Reference",
        "Invoice",
        _LOCAL,
        "currency",
        "Status",
    ),
    (
        "Amount (USD)",
        "Transaction Reference",
        "Transaction Invoice",
        "Payment Method",
        "Fee",
        "IOF",
    ),
    delimiter=";",
)
_KINDS = {
    "payment": Kind.PAYMENT,
    "refund": Kind.REFUND,
    "chargebacks": Kind.CHARGEBACK,
    "chargeback": Kind.CHARGEBACK,
    "chargeback reversal": Kind.ADJUSTMENT,
    "credit note": Kind.ADJUSTMENT,
    "debit note": Kind.ADJUSTMENT,
    "refund processing fee": Kind.FEE,
    "chargeback processing fee": Kind.FEE,
}
_IN = ("payment", "chargeback reversal", "credit note")
_STATES = {
    "cleared": State.SUCCESS,
    "completed": State.SUCCESS,
    "settled": State.SUCCESS,
    "paid": State.SUCCESS,
    "pending": State.PENDING,
    "in process": State.PENDING,
    "waiting details": State.PENDING,
    "reimbursed": State.REVERSED,  # a chargeback that was given back
    "rejected": State.FAILED,
    "cancelled": State.CLOSED,
    "expired": State.CLOSED,
}


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Sign the amount by the type, and tell the dollars in words."""
    kind = pl.col("Type").str.strip_chars().str.to_lowercase()
    told = [
        pl.when(pl.col(name) != "").then(pl.format(f"{label} {{}}", name))
        for label, name in (("USD", "Amount (USD)"), ("fee", "Fee"), ("tax", "IOF"))
    ]
    return frame.with_columns(
        kind.alias("kind"),
        pl.col("Status").str.strip_chars().str.to_lowercase().alias("state"),
        money_out(pl.col(_LOCAL), ~kind.is_in(_IN)).alias("amount"),
        filled("Settlement date").str.slice(0, 10).alias("day"),
        pl.coalesce(filled("Transaction Invoice"), "Transaction Reference").alias("original"),
        pl.concat_str(told, separator=", ", ignore_nulls=True).alias("memo"),
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", _KINDS),
        "state": Choice("state", _STATES),
        "order_id": Text("Invoice"),
        "channel_ref": Text("Reference"),
        "original_ref": Text("original"),
        "product": Text("Payment Method", optional=True),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("Creation date",), ("YYYY-MM-DD hh:mm:ss",)),
        "clearing_date": Day("day", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="dlocal_transactions",
    title_en="dLocal transaction report",
    title_zh="dLocal 交易报表",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
    refine=refuse_negative_payments,
)
