"""Razorpay settlement reconciliation report (dashboard CSV).

Source: the vendor's page "Settlement recon". Amounts are unsigned rupees with decimals, times
`dd/mm/yyyy hh:mm:ss` Indian time. Rows whose time is seconds since 1970 come from the interface:
their amounts are whole paise, and one with a decimal point is a reject. Where the column is
`fee (exclusive tax)`, tax comes on top of it; where it is `fee`, tax is in it. Net = credit -
debit, and amount - fee on each row. `bank_ref` is the settlement's UTR.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import Choice, Constant, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, filled, negated, reader

TABLE = Table(
    "a Razorpay settlement report",
    ("entity_id", "type", "debit", "credit", "amount", "currency", "tax", "settlement_id"),
    (
        "fee",
        "fee (exclusive tax)",
        "created_at",
        "settled_at",
        "payment_id",
        "order_id",
        "order_receipt",
        "settlement_utr",
        "method",
        "description",
    ),
)
_KINDS = {
    "payment": Kind.PAYMENT,
    "refund": Kind.REFUND,
    "adjustment": Kind.ADJUSTMENT,
    "transfer": Kind.ADJUSTMENT,
    "settlement": Kind.PAYOUT,
    "dispute": Kind.CHARGEBACK,
}
_INDIA = 330  # minutes ahead of UTC, all year
_AMOUNTS = ("debit", "credit", "amount", "tax", "fee", "fee (exclusive tax)")
_CLOCK = ("DD/MM/YYYY hh:mm:ss", "YYYY-MM-DD hh:mm:ss")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Sign the amount by its side, and split the fee from its tax."""
    leaves = ~pl.col("debit").str.strip_chars().str.contains(r"^[0.]*$")
    kind = pl.col("type").str.strip_chars().str.to_lowercase()
    exclusive = filled("fee (exclusive tax)")
    frame = frame.with_columns(*(_rupees(name).alias(name) for name in _AMOUNTS))
    seconds = pl.col("created_at").str.strip_chars().cast(pl.Int64, strict=False)
    made = pl.from_epoch(seconds) + pl.duration(minutes=_INDIA)
    return frame.with_columns(
        pl.when(_from_interface())
        .then(made.dt.strftime("%Y-%m-%d %H:%M:%S"))
        .otherwise("created_at")
        .alias("created_at"),
        kind.alias("kind"),
        pl.when(leaves).then(negated(pl.col("amount"))).otherwise("amount").alias("signed"),
        pl.coalesce(exclusive, "fee").alias("charge"),
        pl.when(exclusive.is_not_null()).then("tax").otherwise(pl.lit("0")).alias("on_top"),
        pl.when(kind == "payment").then(pl.lit("")).otherwise("payment_id").alias("original"),
        pl.coalesce(filled("order_receipt"), "order_id").alias("order"),
    )


def _from_interface() -> pl.Expr:
    """Return whether a row is one of the interface, by its time in seconds."""
    return pl.col("created_at").str.contains(r"^\s*[0-9]{9,10}\s*$")


def _rupees(name: str) -> pl.Expr:
    """Return an amount in rupees; paise of the interface get their decimal point."""
    cell = pl.col(name).str.strip_chars()
    padded = cell.str.zfill(3)
    rupees = pl.concat_str(padded.str.head(-2), pl.lit("."), padded.str.tail(2))
    spoilt = pl.concat_str(cell, pl.lit(" is no whole number of paise"))
    paise = pl.when(cell.str.contains(r"^[0-9]+$")).then(rupees).otherwise(spoilt)
    return pl.when(_from_interface() & (cell != "")).then(paise).otherwise(pl.col(name))


def _money(column: str) -> Money:
    """Return how an amount is written."""
    return Money(column, extra_zero_decimals=True)


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table; `refine` adds fee and tax, net."""
    return {
        "kind": Choice("kind", _KINDS),
        "state": Constant(State.SUCCESS),
        "order_id": Text("order"),
        "channel_ref": Text("entity_id"),
        "original_ref": Text("original"),
        "bank_ref": Text("settlement_utr", optional=True),
        "batch_id": Text("settlement_id"),
        "product": Text("method", optional=True),
        "amount_minor": _money("signed"),
        "fee_minor": _money("charge"),
        "currency": Text("currency"),
        "occurred_at": Time(("created_at",), _CLOCK, zone="Asia/Kolkata", optional=True),
        "memo": Text("description", optional=True),
        "_tax": _money("on_top"),
        "_credit": _money("credit"),
        "_debit": _money("debit"),
    }


def refine(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add the tax to the fee, and take net from credit and debit."""
    return frame.with_columns(
        (pl.col("fee_minor").fill_null(0) + pl.col("_tax").fill_null(0)).alias("fee_minor"),
        (pl.col("_credit").fill_null(0) - pl.col("_debit").fill_null(0)).alias("net_minor"),
    )


FORMAT = Format(
    name="razorpay_settlement",
    title_en="Razorpay settlement report",
    title_zh="Razorpay 结算报表",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
    refine=refine,
    net_is_exact=True,
)
