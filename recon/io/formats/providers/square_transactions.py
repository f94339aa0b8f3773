"""Square transactions export.

Source: the vendor's help page on exported reports; no public sample was found, so a new column
order is taken and an unknown event type is a reject. Amounts are written `$1,234.00`, `-$5.00` or
`($5.00)`; fees are negative. The sign of the total names the currency of its row: pounds, euros or
yen; dollars are the source's `currency` where that is a dollar (AUD, CAD), else USD. Times are in
the zone that the row names, in words or as an IANA name; without one, in the source's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
    Constant,
    Fields,
    Format,
    Money,
    Options,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.table import Table, filled, negated, reader
from recon.io.reading.zones import home, in_stated_zone

TABLE = Table(
    "a Square transactions export",
    ("Date", "Time", "Total Collected", "Fees", "Net Total", "Transaction ID", "Payment ID"),
    ("Time Zone", "Event Type", "Location", "Deposit ID", "Card Brand", "Source", "Description"),
)
_ZONES = {  # as Square's settings of a location name them, countries in parentheses left out
    "Eastern Time": "America/New_York",
    "Central Time": "America/Chicago",
    "Mountain Time": "America/Denver",
    "Pacific Time": "America/Los_Angeles",
    "Atlantic Time": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "Arizona": "America/Phoenix",
    "Alaska": "America/Anchorage",
    "Hawaii": "Pacific/Honolulu",
    "London": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Tokyo": "Asia/Tokyo",
    "Osaka": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Brisbane": "Australia/Brisbane",
    "Adelaide": "Australia/Adelaide",
    "Darwin": "Australia/Darwin",
    "Perth": "Australia/Perth",
    "Hobart": "Australia/Hobart",
}
_KINDS = {"payment": Kind.PAYMENT, "refund": Kind.REFUND}
_CURRENCIES = {"£": "GBP", "€": "EUR", "¥": "JPY", "￥": "JPY"}
_ANY_SIGN = r"[$£€¥￥]"
_DOLLARS = ("USD", "AUD", "CAD")
_CLOCK = ("YYYY-MM-DD hh:mm:ss", "MM/DD/YYYY hh:mm:ss", "MM/DD/YY hh:mm:ss")


def _amount(name: str) -> pl.Expr:
    """Return `($5.00)` and `-$5.00` as `-5.00`, `$1,234.00` as `1,234.00`.

    Only the sign of the row's currency is taken away: two currencies in a row are no amounts.
    """
    text = pl.col(name).str.strip_chars().str.replace(r"^\((.*)\)$", "-$1")
    bears = text.str.contains(pl.col("sign"), literal=True)
    return pl.when(bears).then(text.str.replace(_ANY_SIGN, "")).otherwise(text)


def _read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Read the table; dollars are those of the source."""
    dollar = options.currency if options.currency in _DOLLARS else "USD"
    yield from reader(TABLE, partial(_derive, dollar))(staged, options, reading)


def _derive(dollar: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the currency by its sign, plain amounts, the fee as a cost, and the kind."""
    sign = pl.col("Total Collected").str.extract(f"({_ANY_SIGN})", 1).fill_null("$")
    frame = frame.with_columns(sign.alias("sign"))
    total = _amount("Total Collected")
    event = pl.col("Event Type").str.strip_chars().str.to_lowercase()
    by_sign = pl.when(total.str.starts_with("-")).then(pl.lit("refund"))
    return frame.with_columns(
        pl.col("sign").replace_strict({"$": dollar, **_CURRENCIES}).alias("currency"),
        total.alias("total"),
        negated(_amount("Fees")).alias("cost"),
        _amount("Net Total").alias("net"),
        pl.when(event == "")
        .then(by_sign.otherwise(pl.lit("payment")))
        .otherwise(event)
        .alias("event"),
        pl.coalesce(filled("Card Brand"), "Source").alias("product"),
    )


def _money(column: str) -> Money:
    """Return how an amount is written once the sign of its currency is gone."""
    return Money(column, thousands=",")


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("event", _KINDS),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("Location", optional=True),
        "order_id": Text("Transaction ID"),
        "channel_ref": Text("Payment ID"),
        "batch_id": Text("Deposit ID", optional=True),
        "product": Text("product"),
        "amount_minor": _money("total"),
        "fee_minor": _money("cost"),
        "net_minor": _money("net"),
        "currency": Text("currency"),
        "occurred_at": Time(("Date", "Time"), _CLOCK),
        "_local": Time(("Date", "Time"), _CLOCK, zone="UTC"),
        **home(options),
        "memo": Text("Description", optional=True),
    }


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make times UTC by the zone of their row; those of a row without one are in the source's."""
    zones = raw["Time Zone"].str.replace(r"\s*\(.*\)", "").str.strip_chars().replace(_ZONES)
    is_stated = zones.fill_null("") != ""
    placed = in_stated_zone(frame.with_columns(pl.col("_local").alias("occurred_at")), zones)
    return placed.with_columns(
        pl.when(is_stated).then("occurred_at").otherwise(frame["occurred_at"]).alias("occurred_at"),
        pl.when(is_stated).then("reject_reason").alias("reject_reason"),
    )


FORMAT = Format(
    name="square_transactions",
    title_en="Square transactions export",
    title_zh="Square 交易导出",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=_read,
    fields=fields,
    refine=refine,
    net_is_exact=True,
)
