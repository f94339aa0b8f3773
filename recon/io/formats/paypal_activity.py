"""PayPal activity download of the web site, with English column names.

The order of day and month follows the account's language, so the source must declare it
(`date_patterns`); each row states its time zone. Amounts are signed, a fee is negative; net =
gross + fee. Downloads in other languages are read as `delimited`.

| Type                              | kind                  |
|-----------------------------------|-----------------------|
| ...Withdrawal...                  | PAYOUT                |
| ...Refund...                      | REFUND                |
| ...Chargeback..., ...Dispute...   | CHARGEBACK            |
| ...Hold...                        | FREEZE, in: UNFREEZE  |
| ...Conversion..., ...Deposit...   | ADJUSTMENT            |
| others                            | in: PAYMENT, out: ADJUSTMENT |
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.formats.contract import Choice, Fields, Format, Money, Options, Text, Time
from recon.io.formats.table import Table, filled, negated, reader
from recon.io.formats.zones import in_stated_zone

TABLE = Table(
    "a PayPal activity download",
    ("Date", "Time", "TimeZone", "Type", "Currency", "Gross", "Fee", "Net", "Transaction ID"),
    ("Status", "Name", "Reference Txn ID", "Invoice", "Subject", "Note", "Bank Account", "Balance"),
    aliases={
        "Time Zone": "TimeZone",
        "Description": "Type",
        "Invoice Number": "Invoice",
        "Invoice ID": "Invoice",
    },
)
_STATES = {
    "": State.SUCCESS,
    "completed": State.SUCCESS,
    "cleared": State.SUCCESS,
    "paid": State.SUCCESS,
    "refunded": State.SUCCESS,
    "partially refunded": State.SUCCESS,
    "pending": State.PENDING,
    "processing": State.PENDING,
    "uncleared": State.PENDING,
    "unclaimed": State.PENDING,
    "held": State.PENDING,
    "placed": State.PENDING,
    "on hold": State.PENDING,
    "denied": State.FAILED,
    "failed": State.FAILED,
    "returned": State.FAILED,
    "canceled": State.CLOSED,
    "cancelled": State.CLOSED,
    "expired": State.CLOSED,
    "removed": State.CLOSED,
    "reversed": State.REVERSED,
}


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the kind, the fee as a cost, and the words."""
    kind = pl.col("Type").str.to_lowercase()
    leaves = pl.col("Gross").str.strip_chars().str.starts_with("-")
    by_sign = pl.when(leaves).then(pl.lit("ADJUSTMENT")).otherwise(pl.lit("PAYMENT"))
    held = pl.when(leaves).then(pl.lit("FREEZE")).otherwise(pl.lit("UNFREEZE"))
    parts = [filled(name) for name in ("Type", "Name", "Subject", "Note", "Bank Account")]
    return frame.with_columns(
        pl.when(kind.str.contains("withdrawal"))
        .then(pl.lit("PAYOUT"))
        .when(kind.str.contains("conversion|deposit"))
        .then(pl.lit("ADJUSTMENT"))
        .when(kind.str.contains("chargeback|dispute"))
        .then(pl.lit("CHARGEBACK"))
        .when(kind.str.contains("refund"))
        .then(pl.lit("REFUND"))
        .when(kind.str.contains(r"\bhold\b"))
        .then(held)
        .otherwise(by_sign)
        .alias("kind"),
        pl.col("Status").str.strip_chars().str.to_lowercase().alias("state"),
        negated(pl.col("Fee")).alias("cost"),
        pl.concat_str(parts, separator=" / ", ignore_nulls=True).alias("memo"),
    )


def _money(column: str) -> Money:
    """Return how an amount is written."""
    return Money(column, thousands=",", extra_zero_decimals=True)


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    clock = tuple(f"{pattern} hh:mm:ss" for pattern in options.date_patterns)
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice("state", _STATES),
        "order_id": Text("Invoice", optional=True),
        "channel_ref": Text("Transaction ID"),
        "original_ref": Text("Reference Txn ID", optional=True),
        "product": Text("Type"),
        "amount_minor": _money("Gross"),
        "fee_minor": _money("cost"),
        "net_minor": _money("Net"),
        "currency": Text("Currency"),
        "occurred_at": Time(("Date", "Time"), clock, zone="UTC"),
        "memo": Text("memo"),
    }


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make the times UTC by the zone that each row states."""
    return in_stated_zone(frame, raw["TimeZone"])


FORMAT = Format(
    name="paypal_activity",
    title_en="PayPal activity download",
    title_zh="PayPal 账户活动明细",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    read=reader(TABLE, _derive),
    fields=fields,
    refine=refine,
    net_is_exact=True,
)
