"""Adyen payments accounting report.

Source: the vendor's page "Payments accounting report". It is a ledger: one payment has several
records (Received, Authorised, SentForSettle, Settled, ...), each moving money between its stages.
Only records that change what Adyen owes the merchant (a filled Payable cell, or fees) are money
here; the others are rows of kind OTHER with amount 0, state by their record type. Amounts are
signed, in the settlement currency; payable is net of fees, so amount = payable + fees.

It tells the same money as the settlement detail report: declare one of the two, not both.
Times are in the zone of their row; BST, CST and IST need the source's `time_zone`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.core.schema import words
from recon.io.reading.contract import (
    Choice,
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
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.table import Table
from recon.io.reading.zones import home, in_stated_zone

_FEES = ("Commission (SC)", "Markup (SC)", "Scheme Fees (SC)", "Interchange (SC)")
TABLE = Table(
    "an Adyen payments accounting report",
    (
        "Merchant Account",
        "Psp Reference",
        "Merchant Reference",
        "Payment Method",
        "Booking Date",
        "TimeZone",
        "Record Type",
        "Main Currency",
        "Main Amount",
        "Settlement Currency",
        "Payable (SC)",
        *_FEES,
    ),
    ("Modification Psp Reference", "Modification Merchant Reference", "Payable Batch"),
)
_KINDS = {
    "settled": Kind.PAYMENT,
    "refunded": Kind.REFUND,
    "chargeback": Kind.CHARGEBACK,
    "secondchargeback": Kind.CHARGEBACK,
    "fee": Kind.FEE,
    "misccosts": Kind.FEE,
    "merchantpayout": Kind.PAYOUT,
}
_STATES = {
    "received": State.PENDING,
    "authorised": State.PENDING,
    "sentforsettle": State.PENDING,
    "sentforrefund": State.PENDING,
    "refused": State.FAILED,
    "error": State.FAILED,
    "settledexternally": State.SUCCESS,
    "cancelled": State.CLOSED,
    "expired": State.CLOSED,
}


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the rows; a record that moves nothing of ours gets amount 0 in its main currency."""
    for rows in TABLE.read(staged, options, reading):
        frame = frame_of(rows)
        kinds = pl.col("Record Type").str.strip_chars().str.to_lowercase()
        cells = [pl.col(name) != "" for name in ("Payable (SC)", *_FEES)]
        moves = pl.any_horizontal(cells)
        derived = frame.with_columns(
            kinds.alias("type"),
            pl.when(moves).then("Payable (SC)").otherwise(pl.lit("0")).alias("payable"),
            pl.when(moves)
            .then("Settlement Currency")
            .otherwise("Main Currency")
            .str.strip_chars()
            .alias("currency"),
        )
        yield rows_of(derived, rows)


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table; `refine` adds them up."""
    return {
        "state": Choice("type", _STATES, State.SUCCESS),
        "merchant_id": Text("Merchant Account"),
        "order_id": Text("Merchant Reference"),
        "channel_ref": Text("Psp Reference"),
        "batch_id": Text("Payable Batch", optional=True),
        "product": Text("Payment Method"),
        "currency": Text("currency"),
        "occurred_at": Time(("Booking Date",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        **home(options),
        "net_minor": Money("payable", extra_zero_decimals=True),
        "_modification": Text("Modification Psp Reference", optional=True),
        "_modification_order": Text("Modification Merchant Reference", optional=True),
        **{
            f"_fee_{number}": Money(column, extra_zero_decimals=True)
            for number, column in enumerate(_FEES)
        },
    }


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Give each row its kind, numbers, amount, fee and UTC time."""
    fees = [pl.col(f"_fee_{number}") for number in range(len(_FEES))]
    has_fee = pl.any_horizontal(fee.is_not_null() for fee in fees)
    fee = pl.when(has_fee).then(pl.sum_horizontal(fees))
    net = pl.col("net_minor").fill_null(-fee)
    kinds = {name: kind.name for name, kind in _KINDS.items()} | dict.fromkeys(
        _STATES, Kind.OTHER.name
    )
    payment = raw["type"].is_in(["settled", *_STATES])
    frame = frame.with_columns(
        net.alias("net_minor"),
        fee.alias("fee_minor"),
        (net + fee.fill_null(0)).alias("amount_minor"),
        raw["type"]
        .replace_strict(kinds, default=Kind.ADJUSTMENT.name, return_dtype=pl.String)
        .cast(words(Kind))
        .alias("kind"),
        pl.when(~payment).then(pl.coalesce("order_id", "channel_ref")).alias("original_ref"),
        pl.when(payment)
        .then("channel_ref")
        .otherwise(pl.coalesce("_modification", "channel_ref"))
        .alias("channel_ref"),
        pl.when(payment)
        .then("order_id")
        .otherwise(pl.coalesce("_modification_order", "order_id"))
        .alias("order_id"),
    )
    return in_stated_zone(frame, raw["TimeZone"])


FORMAT = Format(
    name="adyen_accounting",
    title_en="Adyen payments accounting report",
    title_zh="Adyen 支付账务报表",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=read,
    fields=fields,
    refine=refine,
)
