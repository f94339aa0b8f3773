"""PayPal activity download of the web site, in English, German, Spanish, French, Italian or Dutch.

The order of day and month and the decimal mark follow the account, not the language, so the source
must declare them (`date_patterns`; `decimal_mark` where it is a comma); each row states its time
zone (BST, CST and IST need the source's `time_zone`). Amounts are signed, a fee is negative; net =
gross + fee.

A row with a T-code (`Transaction Event Code`) is what `paypal_report` reads of that code; another
row is what the words of its type say. What moved no balance (`Balance Impact` Memo) is OTHER.

| Type (in English)                                 | kind                         |
|---------------------------------------------------|------------------------------|
| ...Hold..., ...Release, Funds Available           | FREEZE, in: UNFREEZE         |
| ...Fee...                                         | FEE                          |
| ...Authorization..., Order, Shopping Cart Item    | OTHER                        |
| ...Withdrawal...                                  | PAYOUT, in: ADJUSTMENT       |
| ...Conversion..., ...Deposit...                   | ADJUSTMENT                   |
| ...Chargeback..., ...Dispute..., Payment Reversal | CHARGEBACK, in: ADJUSTMENT   |
| ...Refund...                                      | REFUND, in: ADJUSTMENT       |
| ...Reversal..., ...Adjustment..., ...Bonus...     | ADJUSTMENT                   |
| others                                            | in: PAYMENT, out: ADJUSTMENT |
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.core.codes import Kind, Side
from recon.io.formats.providers.paypal_kinds import kind_of_code, kind_of_type
from recon.io.formats.providers.paypal_words import ALIASES, IMPACTS, STATES
from recon.io.reading.contract import Choice, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, filled, negated, reader
from recon.io.reading.zones import home, in_stated_zone

TABLE = Table(
    "a PayPal activity download",
    ("Date", "Time", "TimeZone", "Type", "Currency", "Gross", "Fee", "Net", "Transaction ID"),
    (
        *("Status", "Name", "Reference Txn ID", "Invoice", "Subject", "Note", "Bank Account"),
        *("Balance", "Balance Impact", "Transaction Event Code"),
    ),
    aliases=ALIASES,
)


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the kind, the fee as a cost, and the words."""
    impact = pl.col("Balance Impact").str.strip_chars().str.to_lowercase()
    memo = impact.replace_strict(IMPACTS, default=None) == Kind.OTHER
    parts = [filled(name) for name in ("Type", "Name", "Subject", "Note", "Bank Account")]
    return frame.with_columns(
        pl.when(memo).then(pl.lit(Kind.OTHER.name)).otherwise(_kind(frame)).alias("kind"),
        impact.alias("impact"),
        pl.col("Status").str.strip_chars().str.to_lowercase().alias("state"),
        negated(pl.col("Fee")).alias("cost"),
        pl.concat_str(parts, separator=" / ", ignore_nulls=True).alias("memo"),
    )


def _kind(frame: pl.DataFrame) -> pl.Expr:
    """Return the name of each row's kind: by its T-code, else by its type."""
    leaves = pl.col("Gross").str.strip_chars().str.starts_with("-")
    codes = frame["Transaction Event Code"].str.strip_chars().unique()
    known = codes.filter(codes.str.contains(r"^T[0-9]{4}$")).to_list()

    def of_code(*, out: bool) -> pl.Expr:
        """Return the kind that a code means of money of one side, null where there is none."""
        names = {code: kind_of_code(code, leaves=out).name for code in known}
        code = pl.col("Transaction Event Code").str.strip_chars()
        return code.replace_strict(names, default=None, return_dtype=pl.String)

    by_code = pl.when(leaves).then(of_code(out=True)).otherwise(of_code(out=False))
    return pl.coalesce(by_code, kind_of_type(pl.col("Type"), leaves))


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
        "_impact": Choice("impact", IMPACTS),
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
