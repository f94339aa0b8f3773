"""Checkout.com settlement breakdown: one row for each action that a payout pays.

Amounts are signed decimals in the holding currency; net = gross + deduction, so the fee is minus
the deduction. Times without an offset are UTC. `batch_id` is the payout.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
    Constant,
    Day,
    Fields,
    Format,
    Money,
    Options,
    Text,
    Time,
)
from recon.io.reading.table import Table, filled, negated, reader

_GROSS = "Gross In Holding Currency"
_DEDUCTION = "Deduction In Holding Currency"
_NET = "Net In Holding Currency"
TABLE = Table(
    "a Checkout.com settlement breakdown",
    ("Type", "Payment ID", "Reference", "Processed On", "Payout ID", _GROSS, _DEDUCTION, _NET),
    (
        "Holding Currency",
        "Holding Currency Code",
        "Available On",
        "Action ID",
        "Payment Method",
        "Client Entity Name",
    ),
)
_KINDS = {
    "charge": Kind.PAYMENT,
    "capture": Kind.PAYMENT,
    "refund": Kind.REFUND,
    "chargeback": Kind.CHARGEBACK,
    "payout": Kind.PAYOUT,
    "fee": Kind.FEE,
}
_CLOCK = ("YYYY-MM-DDThh:mm:ss", "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD")


def _clock(name: str) -> pl.Expr:
    """Return a time without fraction and `Z`."""
    return pl.col(name).str.strip_chars().str.replace(r"(\.[0-9]+)?Z?$", "")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the fee, the row's own and original number, and plain times."""
    kind = pl.col("Type").str.strip_chars().str.to_lowercase()
    payment = kind.is_in(["charge", "capture"])
    return frame.with_columns(
        kind.alias("type"),
        negated(pl.col(_DEDUCTION)).alias("fee"),
        pl.coalesce(filled("Holding Currency"), "Holding Currency Code").alias("currency"),
        pl.when(payment)
        .then("Payment ID")
        .otherwise(pl.coalesce(filled("Action ID"), "Payment ID"))
        .alias("own"),
        pl.when(payment).then(pl.lit("")).otherwise("Payment ID").alias("original"),
        _clock("Processed On").alias("processed"),
        _clock("Available On").str.slice(0, 10).alias("available"),
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("type", _KINDS, Kind.ADJUSTMENT),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("Client Entity Name", optional=True),
        "order_id": Text("Reference"),
        "channel_ref": Text("own"),
        "original_ref": Text("original"),
        "batch_id": Text("Payout ID"),
        "product": Text("Payment Method", optional=True),
        "amount_minor": Money(_GROSS, extra_zero_decimals=True),
        "fee_minor": Money("fee", extra_zero_decimals=True),
        "net_minor": Money(_NET, extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("processed",), _CLOCK, zone="UTC"),
        "clearing_date": Day("available", ("YYYY-MM-DD",)),
    }


FORMAT = Format(
    name="checkout_breakdown",
    title_en="Checkout.com settlement breakdown",
    title_zh="Checkout.com 结算明细",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
    net_is_exact=True,
)
