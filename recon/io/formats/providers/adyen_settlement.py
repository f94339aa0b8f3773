"""Adyen settlement detail report.

Source: the vendor's page "Settlement details report". Amounts are unsigned, debit and credit in
columns of their own. A row is in its net currency; where the gross currency is another, the amount
is net + fees, and the gross stands in the memo. Fee = commission + markup + scheme fees +
interchange.

| Type                                             | kind       |
|--------------------------------------------------|------------|
| Settled                                          | PAYMENT    |
| Refunded                                         | REFUND     |
| Chargeback, SecondChargeback                     | CHARGEBACK |
| Fee, MiscCosts, PaymentCost, InvoiceDeduction    | FEE        |
| MerchantPayout                                   | PAYOUT     |
| all others (Balancetransfer, ...Reversed, ...)   | ADJUSTMENT |

A payment's own number is its Psp Reference. Any other row that has one belongs to that payment: its
own number is the Modification Reference, and the Merchant Reference leads to the original. Rows
without one (fees, transfers, payouts) have no number; a payout's `bank_ref` is the `TX...XT` that
the bank line carries. Proof: a batch that shows its payout or balance transfer adds up to zero in
each currency; a row whose gross, in its net currency, less its fees is not its net is a reject.
"Payment Fees (NC)" is the sum of the four fees and not read; a row with a markup of currency choice
or an advance, which move the net as well, is not judged. Times are in the zone of their row; BST,
CST and IST, which several zones bear, need the source's `time_zone`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.core.schema import words
from recon.io.reading.contract import (
    Constant,
    ControlTotal,
    Day,
    Fields,
    Format,
    Money,
    Options,
    Proof,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.table import Table
from recon.io.reading.zones import home, in_stated_zone

_FEES = ("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)")
_BESIDE_FEES = ("DCC Markup (NC)", "Advanced (NC)")
TABLE = Table(
    "an Adyen settlement detail report",
    (
        "Merchant Account",
        "Psp Reference",
        "Merchant Reference",
        "Payment Method",
        "Creation Date",
        "TimeZone",
        "Type",
        "Modification Reference",
        "Gross Currency",
        "Gross Debit (GC)",
        "Gross Credit (GC)",
        "Net Currency",
        "Net Debit (NC)",
        "Net Credit (NC)",
        "Batch Number",
        *_FEES,
    ),
    ("Modification Merchant Reference", "Booking Date", *_BESIDE_FEES),
)
_KINDS = {
    "settled": Kind.PAYMENT,
    "refunded": Kind.REFUND,
    "chargeback": Kind.CHARGEBACK,
    "secondchargeback": Kind.CHARGEBACK,
    "fee": Kind.FEE,
    "misccosts": Kind.FEE,
    "paymentcost": Kind.FEE,
    "invoicededuction": Kind.FEE,
    "merchantpayout": Kind.PAYOUT,
}
_CLOSING = ("merchantpayout", "balancetransfer")


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the rows with their type in small letters; declare zero where a batch is closed."""
    for rows in TABLE.read(staged, options, reading):
        frame = frame_of(rows)
        kinds = pl.col("Type").str.strip_chars().str.to_lowercase()
        currency = pl.col("Net Currency").str.strip_chars()
        same = pl.col("Gross Currency").str.strip_chars() == currency
        derived = frame.with_columns(
            kinds.alias("type"),
            currency.alias("currency"),
            pl.when(same).then("Gross Credit (GC)").otherwise(pl.lit("")).alias("gross_credit"),
            pl.when(same).then("Gross Debit (GC)").otherwise(pl.lit("")).alias("gross_debit"),
        )
        yield rows_of(derived, rows)


def _money(column: str) -> Money:
    """Return how an amount of a column is written; empty is no amount."""
    return Money(column, extra_zero_decimals=True)


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table; `refine` signs and adds them up."""
    return {
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("Merchant Account"),
        "order_id": Text("Merchant Reference"),
        "channel_ref": Text("Psp Reference"),
        "batch_id": Text("Batch Number"),
        "product": Text("Payment Method"),
        "currency": Text("currency"),
        "occurred_at": Time(("Creation Date",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        **home(options),
        "clearing_date": Day("Booking Date", ("YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD"), optional=True),
        "credit_minor": _money("Net Credit (NC)"),
        "debit_minor": _money("Net Debit (NC)"),
        "_gross_credit": _money("gross_credit"),
        "_gross_debit": _money("gross_debit"),
        **{f"_fee_{number}": _money(column) for number, column in enumerate(_FEES)},
    }


_NAMED = {
    "type": "_type",
    "Modification Reference": "_modification",
    "Modification Merchant Reference": "_modification_order",
    "Gross Currency": "_gross_currency",
    "Gross Debit (GC)": "_debit_text",
    "Gross Credit (GC)": "_credit_text",
}


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Give each row its kind, numbers, amount, fee and UTC time."""
    empty = pl.Series([""] * frame.height)
    texts = [
        raw.get(name, empty).fill_null("").str.strip_chars().alias(alias)
        for name, alias in _NAMED.items()
    ]
    frame = frame.with_columns(texts)
    beside = [raw.get(name, empty).fill_null("").str.contains("[1-9]") for name in _BESIDE_FEES]
    frame = frame.with_columns((beside[0] | beside[1]).alias("_beside"))
    closes = pl.col("_type").is_in(_CLOSING).alias("_closes")
    frame = frame.with_columns(*_amounts(), *_numbers(), _memo().alias("memo"), closes)
    frame = in_stated_zone(frame.drop(_NAMED.values()), raw["TimeZone"])
    return frame.with_columns(
        pl.concat_str("reject_reason", _wrong_net(), separator="; ", ignore_nulls=True)
        .replace("", None)
        .alias("reject_reason")
    ).drop("_beside")


def _amounts() -> tuple[pl.Expr, ...]:
    """Return net, fee and amount; the net was read as the amount."""
    fees = [pl.col(f"_fee_{number}") for number in range(len(_FEES))]
    has_fee = pl.any_horizontal(fee.is_not_null() for fee in fees)
    fee = pl.when(has_fee).then(pl.sum_horizontal(fees))
    gross_parts = ("_gross_credit", "_gross_debit")
    has_gross = pl.any_horizontal(pl.col(name).is_not_null() for name in gross_parts)
    gross = pl.col("_gross_credit").fill_null(0) - pl.col("_gross_debit").fill_null(0)
    net = pl.col("amount_minor")
    return (
        net.alias("net_minor"),
        fee.alias("fee_minor"),
        pl.when(has_gross).then(gross).otherwise(net + fee.fill_null(0)).alias("amount_minor"),
    )


def _wrong_net() -> pl.Expr:
    """Return why a row is refused whose stated gross less its fees is not its net; else null."""
    fee = pl.col("fee_minor").fill_null(0)
    left = pl.col("amount_minor") - fee
    told = "gross {} less fees {} is {}, the stated net is {}"
    return pl.when((left != pl.col("net_minor")) & ~pl.col("_beside")).then(
        pl.format(told, "amount_minor", fee, left, "net_minor")
    )


def _numbers() -> tuple[pl.Expr, ...]:
    """Return kind, own numbers, the way to the original, and a payout's bank reference."""
    kinds = {name: kind.name for name, kind in _KINDS.items()}
    payment = pl.col("_type") == "settled"
    modification = pl.when(pl.col("_modification") != "").then("_modification")
    own_order = pl.when(pl.col("_modification_order") != "").then("_modification_order")
    linked = pl.when(~payment & pl.col("channel_ref").is_not_null())
    payout = pl.when(pl.col("_type") == "merchantpayout")
    return (
        pl.col("_type")
        .replace_strict(kinds, default=Kind.ADJUSTMENT.name, return_dtype=pl.String)
        .cast(words(Kind))
        .alias("kind"),
        linked.then(pl.coalesce("order_id", "channel_ref")).alias("original_ref"),
        pl.when(payment)
        .then("channel_ref")
        .when(pl.col("channel_ref").is_not_null())
        .then(pl.coalesce(modification, "channel_ref"))
        .alias("channel_ref"),
        pl.when(payment)
        .then("order_id")
        .when(pl.col("channel_ref").is_not_null())
        .then(pl.coalesce(own_order, "order_id"))
        .alias("order_id"),
        payout.then(pl.col("_modification").str.extract(r"(TX[0-9A-Z]+XT)")).alias("bank_ref"),
    )


def _memo() -> pl.Expr:
    """Return the gross in another currency, and what a row without a payment says of itself."""
    gross = pl.when(pl.col("_credit_text") != "").then("_credit_text").otherwise("_debit_text")
    abroad = (pl.col("_gross_currency") != "") & (gross != "")
    abroad &= pl.col("_gross_currency") != pl.col("currency")
    told = pl.concat_str(["_type", "_modification", "_modification_order"], separator=" ")
    return (
        pl.when(abroad)
        .then(pl.format("gross {} {}", "_gross_currency", gross))
        .when(pl.col("channel_ref").is_null())
        .then(told.str.strip_chars())
    )


def _sums(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the net of each batch and currency, whether it is closed, and where it ends."""
    return frame.group_by("batch_id", "currency", maintain_order=True).agg(
        pl.col("net_minor").cast(pl.Int128).sum(),
        pl.col("_closes").any(),
        pl.col("record_no").max(),
    )


def _totals(sums: pl.DataFrame) -> list[ControlTotal]:
    """Return the proof of each closed batch: its rows and its payout add up to zero."""
    batches = sums.group_by("batch_id", "currency", maintain_order=True).agg(
        pl.col("net_minor").sum(), pl.col("_closes").any(), pl.col("record_no").max()
    )
    return [
        ControlTotal(
            f"batch {batch or 'without number'}, to record {last}: rows and payout add up to zero",
            0,
            int(net),
            currency,
        )
        for batch, currency, net, closes, last in batches.iter_rows()
        if closes
    ]


FORMAT = Format(
    name="adyen_settlement",
    title_en="Adyen settlement detail report",
    title_zh="Adyen 结算明细报表",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=read,
    fields=fields,
    refine=refine,
    proofs=(
        Proof(
            "each closed batch adds up to zero",
            _sums,
            _totals,
            "no batch is closed by its payout: nothing proves that the report is whole",
        ),
    ),
)
