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
from decimal import Decimal

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
from recon.io.reading.finer import exact, payable
from recon.io.reading.table import Table, filled, reader
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
    texts = frame.select(_GROSS, _DEDUCTION, _NET, currency.str.strip_chars()).rows()
    settled = [_settled(*map(str, row)) for row in texts]
    names = ("gross", "fee", "net", "exact", "costs")
    made = pl.DataFrame(settled, schema=dict.fromkeys(names, pl.String), orient="row")
    named = pl.col("Type").str.strip_chars().str.to_lowercase()
    costs = (pl.col("costs") != "") | named.str.contains(r"\bfees?\b")
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


def _settled(gross: str, deduction: str, net: str, currency: str) -> tuple[str, ...]:
    """Return gross, fee and net as the currency can hold them, words, and whether it only costs.

    Amounts that do not add up stay as they are, for their row to be refused.
    """
    stated = [exact(text.strip()) for text in (gross, deduction, net)]
    if None in stated:
        return gross, deduction, net, "", ""
    whole, less, left = (amount or Decimal(0) for amount in stated)
    costs = "costs" if less and not whole else ""
    paid, kept = payable(whole, currency), payable(left, currency)
    if whole + less != left or (paid, kept) == (whole, left):
        return gross, f"{-less:f}", net, "", costs
    return f"{paid:f}", f"{paid - kept:f}", f"{kept:f}", f"net {net.strip()} rounded", costs


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
