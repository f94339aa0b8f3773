"""Checkout.com payouts file: one row for each payout to the bank.

A payout is money that leaves the channel account: its amount is minus the payout amount. The fee
columns sum up what the settlement breakdown tells row by row; they are not added here.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import Constant, Day, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, negated, reader

TABLE = Table(
    "a Checkout.com payouts file",
    (
        "Client Entity ID",
        "Currency Account ID",
        "Holding Currency",
        "Payout ID",
        "Payout Date",
        "Payout Amount",
        "Merchant Payout Fees",
    ),
    ("Currency Account Name",),
)
_CLOCK = ("YYYY-MM-DDThh:mm:ss", "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the amount as money that leaves, and the plain time."""
    plain = pl.col("Payout Date").str.strip_chars().str.replace(r"(\.[0-9]+)?Z?$", "")
    return frame.with_columns(
        negated(pl.col("Payout Amount")).alias("amount"),
        plain.alias("paid_at"),
        plain.str.slice(0, 10).alias("day"),
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Constant(Kind.PAYOUT),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("Client Entity ID"),
        "channel_ref": Text("Payout ID"),
        "bank_ref": Text("Payout ID"),
        "batch_id": Text("Payout ID"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("Holding Currency"),
        "occurred_at": Time(("paid_at",), _CLOCK, zone="UTC"),
        "clearing_date": Day("day", ("YYYY-MM-DD",)),
        "memo": Text("Currency Account Name", optional=True),
    }


FORMAT = Format(
    name="checkout_payouts",
    title_en="Checkout.com payouts file",
    title_zh="Checkout.com 出款文件",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
)
