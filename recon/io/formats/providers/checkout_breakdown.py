"""Checkout.com settlement breakdown: one row for each action that a payout pays.

Source: the vendor's pages "Settlement Breakdown Report" and "Breakdown types". Amounts are signed
decimals in the holding currency; net = gross + deduction, so the fee is minus the deduction. They
may be finer than a cent: gross and net are rounded half away from zero then, the fee is what lies
between, and the memo has the exact net; so a payout may differ from the sum of its rows by cents.
`Processed On` is in the row's `Timezone` (UTC where it has none); `Processed On UTC` counts before
it. `batch_id` is the payout. What was charged in another currency stands in the memo.

| Type                                     | kind       |
|------------------------------------------|------------|
| Charge, Capture, also Partial            | PAYMENT    |
| Refund, also Partial                     | REFUND     |
| Chargeback                               | CHARGEBACK |
| Payout                                   | PAYOUT     |
| ...Fee; any type of gross 0 that costs   | FEE        |
| all others                               | ADJUSTMENT |
"""

from __future__ import annotations

from collections.abc import Mapping

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
from recon.io.reading.finer import FINEST, exacts, payables
from recon.io.reading.statement import exponent_of, plain_texts
from recon.io.reading.table import Table, filled, negated, reader
from recon.io.reading.zones import home, in_stated_zone

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
        *("Processed On UTC", "Timezone"),
        *("Processing Currency", "Gross In Processing Currency"),
    ),
)
_KINDS = {
    "charge": Kind.PAYMENT,
    "partial charge": Kind.PAYMENT,
    "capture": Kind.PAYMENT,
    "partial capture": Kind.PAYMENT,
    "refund": Kind.REFUND,
    "partial refund": Kind.REFUND,
    "chargeback": Kind.CHARGEBACK,
    "payout": Kind.PAYOUT,
    "fee": Kind.FEE,
}
_CLOCK = ("YYYY-MM-DDThh:mm:ss", "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD")


def _clock(name: str) -> pl.Expr:
    """Return a time without fraction and `Z`."""
    return pl.col(name).str.strip_chars().str.replace(r"(\.[0-9]+)?Z?$", "")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add kind and amounts, the row's own and original number, plain times and the words."""
    currency = pl.coalesce(filled("Holding Currency"), "Holding Currency Code")
    made = _settled(frame, frame.select(currency.str.strip_chars()).to_series())
    named = pl.col("Type").str.strip_chars().str.to_lowercase()
    costs = pl.col("costs") | named.str.contains(r"\bfees?\b")
    kind = pl.when(costs).then(pl.lit("fee")).otherwise(named)
    abroad = pl.col("Processing Currency").str.strip_chars() != currency.str.strip_chars()
    charged = pl.when(filled("Processing Currency").is_not_null() & abroad).then(
        pl.format("charged {} {}", "Processing Currency", "Gross In Processing Currency")
    )
    payment = kind.is_in([word for word, what in _KINDS.items() if what is Kind.PAYMENT])
    known = filled("Processed On UTC")
    return frame.hstack(made).with_columns(
        kind.alias("type"),
        currency.alias("currency"),
        pl.when(payment)
        .then("Payment ID")
        .otherwise(pl.coalesce(filled("Action ID"), "Payment ID"))
        .alias("own"),
        pl.when(payment).then(pl.lit("")).otherwise("Payment ID").alias("original"),
        pl.coalesce(_clock("Processed On UTC").replace("", None), _clock("Processed On")).alias(
            "processed"
        ),
        pl.when(known.is_null()).then(filled("Timezone")).fill_null("UTC").alias("zone"),
        _clock("Available On").str.slice(0, 10).alias("available"),
        pl.concat_str([filled("exact"), charged], separator=", ", ignore_nulls=True).alias("memo"),
    )


def _settled(frame: pl.DataFrame, currency: pl.Series) -> pl.DataFrame:
    """Return gross, fee and net as the currency can hold them, words, and whether a row only costs.

    Amounts that do not add up stay as they are, for their row to be refused.
    """
    known = {one: exponent_of(one) for one in currency.drop_nulls().unique()}
    decimals = currency.replace_strict(known, default=2, return_dtype=pl.Int64)
    sums = _sums(frame, pl.lit(10 ** (FINEST - decimals)))
    gross, fee, net = (plain_texts(sums[name], decimals) for name in ("gross", "fee", "net"))
    is_finer = pl.when(sums["is_finer"])
    return frame.select(
        is_finer.then(gross).otherwise(_GROSS).alias("gross"),
        is_finer.then(fee).otherwise(negated(pl.col(_DEDUCTION))).alias("fee"),
        is_finer.then(net).otherwise(_NET).alias("net"),
        is_finer.then(pl.format("net {} rounded", pl.col(_NET).str.strip_chars())).alias("exact"),
        sums["costs"],
    )


def _sums(frame: pl.DataFrame, unit: pl.Expr) -> pl.DataFrame:
    """Return whole minor units of the amounts, and what they say of their row.

    unit: how many of the finest decimal one minor unit has.
    """
    names = {"whole": _GROSS, "less": _DEDUCTION, "left": _NET}
    whole, less, left, gross, net = map(pl.col, (*names, "gross", "net"))
    return (
        frame.select(
            exacts(pl.col(name).str.strip_chars()).alias(short) for short, name in names.items()
        )
        .with_columns(gross=payables(whole, unit), net=payables(left, unit))
        .select(
            "gross",
            "net",
            fee=gross - net,
            is_finer=(whole + less == left) & ((gross * unit != whole) | (net * unit != left)),
            costs=((whole == 0) & (less != 0) & left.is_not_null()).fill_null(value=False),
        )
    )


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make the times UTC by the zone that each row states."""
    return in_stated_zone(frame, raw["zone"])


def fields(options: Options) -> Fields:
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
        "amount_minor": Money("gross", extra_zero_decimals=True),
        "fee_minor": Money("fee", extra_zero_decimals=True),
        "net_minor": Money("net", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("processed",), _CLOCK, zone="UTC"),
        **home(options),
        "clearing_date": Day("available", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
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
    refine=refine,
    net_is_exact=True,
)
