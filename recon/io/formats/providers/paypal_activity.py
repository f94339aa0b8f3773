"""PayPal activity download of the web site, in English, German, Spanish, French, Italian or Dutch.

The order of day and month and the decimal mark follow the account, not the language, so the source
must declare them (`date_patterns`; `decimal_mark` where it is a comma); each row states its time
zone (BST, CST and IST need the source's `time_zone`). Amounts are signed, a fee is negative; net =
gross + fee.

| Type (in English)                 | kind                  |
|-----------------------------------|-----------------------|
| ...Withdrawal...                  | PAYOUT                |
| ...Conversion..., ...Deposit...   | ADJUSTMENT            |
| ...Chargeback..., ...Dispute...   | CHARGEBACK            |
| ...Refund...                      | REFUND                |
| ...Hold...                        | FREEZE, in: UNFREEZE  |
| others                            | in: PAYMENT, out: ADJUSTMENT |
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.core.codes import Kind, Side
from recon.io.formats.providers.paypal_words import (
    ALIASES,
    CHARGEBACK,
    CONVERSION,
    HOLD,
    REFUND,
    STATES,
    WITHDRAWAL,
)
from recon.io.reading.contract import Choice, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, filled, negated, reader
from recon.io.reading.zones import home, in_stated_zone

TABLE = Table(
    "a PayPal activity download",
    ("Date", "Time", "TimeZone", "Type", "Currency", "Gross", "Fee", "Net", "Transaction ID"),
    ("Status", "Name", "Reference Txn ID", "Invoice", "Subject", "Note", "Bank Account", "Balance"),
    aliases=ALIASES,
)


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the kind, the fee as a cost, and the words."""
    kind = pl.col("Type").str.to_lowercase()
    leaves = pl.col("Gross").str.strip_chars().str.starts_with("-")
    by_sign = pl.when(leaves).then(pl.lit("ADJUSTMENT")).otherwise(pl.lit("PAYMENT"))
    held = pl.when(leaves).then(pl.lit("FREEZE")).otherwise(pl.lit("UNFREEZE"))
    parts = [filled(name) for name in ("Type", "Name", "Subject", "Note", "Bank Account")]
    return frame.with_columns(
        pl.when(kind.str.contains(WITHDRAWAL))
        .then(pl.lit("PAYOUT"))
        .when(kind.str.contains(CONVERSION))
        .then(pl.lit("ADJUSTMENT"))
        .when(kind.str.contains(CHARGEBACK))
        .then(pl.lit("CHARGEBACK"))
        .when(kind.str.contains(REFUND))
        .then(pl.lit("REFUND"))
        .when(kind.str.contains(HOLD))
        .then(held)
        .otherwise(by_sign)
        .alias("kind"),
        pl.col("Status").str.strip_chars().str.to_lowercase().alias("state"),
        negated(pl.col("Fee")).alias("cost"),
        pl.concat_str(parts, separator=" / ", ignore_nulls=True).alias("memo"),
    )


def _money(column: str, options: Options) -> Money:
    """Return how an amount is written."""
    mark = options.decimal_mark
    thousands = options.thousands or ("," if mark == "." else ".")
    return Money(column, decimal_mark=mark, thousands=thousands, extra_zero_decimals=True)


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    clock = tuple(f"{pattern} hh:mm:ss" for pattern in options.date_patterns)
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice("state", STATES),
        "order_id": Text("Invoice", optional=True),
        "channel_ref": Text("Transaction ID"),
        "original_ref": Text("Reference Txn ID", optional=True),
        "product": Text("Type"),
        "amount_minor": _money("Gross", options),
        "fee_minor": _money("cost", options),
        "net_minor": _money("Net", options),
        "currency": Text("Currency"),
        "occurred_at": Time(("Date", "Time"), clock, zone="UTC", declared="date_patterns"),
        **home(options),
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
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
    refine=refine,
    net_is_exact=True,
)
