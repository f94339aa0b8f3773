"""Stripe reports, itemised: balance change from activity, payout reconciliation, ending balance.

Source: the vendor's pages "Balance report", "Payout reconciliation report", "Reporting
categories". Columns are chosen by the user and stand in any order. Amounts are signed decimals of
the major unit; net = gross - fee. `_utc` columns are UTC, the others in the source's zone.

| reporting category                        | kind       |
|-------------------------------------------|------------|
| charge                                    | PAYMENT    |
| refund, partial_capture_reversal          | REFUND     |
| dispute                                   | CHARGEBACK |
| fee, network_cost, tax                    | FEE        |
| payout                                    | PAYOUT     |
| all others                                | ADJUSTMENT |

`channel_ref` is the source id (ch_, re_, dp_, po_), else the balance transaction; `original_ref`
of a row that is not a charge is the charge; `batch_id` is the payout. `order_id` is the metadata
column that the source maps to it (`columns.order_id`), else one of the usual names.

Proof: net = gross - fee on each row, and a payout is the sum of its items. A report by day of
activity shows items without a payout yet, or payouts without items, because a payout may pay items
of an earlier report; in such a report a payout that does not add up proves nothing, and the batch
against the bank's credit is what proves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
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

_ORDER_KEYS = ("order_id", "order", "merchant_reference", "external_identifier")
_METADATA = tuple(f"payment_metadata[{key}]" for key in _ORDER_KEYS)
_TEXTS = (
    "source_id",
    "payout_id",
    "charge_id",
    "payment_intent_id",
    "automatic_payout_id",
    "payment_method_type",
    "card_brand",
    "description",
    "trace_id",
    "gateway_account",
    "connected_account",
)
TABLE = Table(
    "an itemised Stripe report",
    ("balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category"),
    (
        *_TEXTS,
        *_METADATA,
        "created_utc",
        "created",
        "effective_at_utc",
        "effective_at",
        "available_on_utc",
        "available_on",
    ),
)
_KINDS = {
    "charge": Kind.PAYMENT,
    "refund": Kind.REFUND,
    "partial_capture_reversal": Kind.REFUND,
    "dispute": Kind.CHARGEBACK,
    "fee": Kind.FEE,
    "network_cost": Kind.FEE,
    "tax": Kind.FEE,
    "payout": Kind.PAYOUT,
}
_CLOCK = ("YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD")


def _table(options: Options) -> Table:
    """Return the table, with the order column that the source maps."""
    mapped = options.columns.get("order_id")
    if not mapped or mapped in TABLE.optional:
        return TABLE
    return Table(TABLE.title, TABLE.required, (*TABLE.optional, mapped))


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the rows with currency in capitals, own and original numbers, and the order number."""
    for rows in _table(options).read(staged, options, reading):
        frame = frame_of(rows)
        absent = [name for name in _TEXTS if name not in frame.columns]
        frame = frame.with_columns(pl.lit("").alias(name) for name in absent)
        orders = [options.columns.get("order_id", ""), *_METADATA]
        found = [_filled(name) for name in dict.fromkeys(orders) if name in frame.columns]
        category = pl.col("reporting_category").str.strip_chars()
        payout = category == "payout"
        derived = frame.with_columns(
            pl.col("currency").str.strip_chars().str.to_uppercase(),
            category.alias("category"),
            pl.coalesce(*found, pl.lit("")).alias("order"),
            pl.coalesce(
                _filled("source_id"), _filled("payout_id"), pl.col("balance_transaction_id")
            ).alias("own"),
            pl.when(category.is_in(["charge", "payout"]))
            .then(pl.lit(""))
            .otherwise(pl.coalesce(_filled("charge_id"), pl.col("payment_intent_id")))
            .alias("original"),
            pl.when(payout)
            .then(pl.coalesce(_filled("source_id"), pl.col("payout_id")))
            .otherwise(pl.col("automatic_payout_id"))
            .alias("batch"),
            pl.coalesce(_filled("card_brand"), pl.col("payment_method_type")).alias("product"),
        )
        yield rows_of(derived, rows)


def _filled(name: str) -> pl.Expr:
    """Return a column with its empty cells null."""
    return pl.when(pl.col(name) != "").then(pl.col(name))


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table; `refine` picks the clock."""
    return {
        "kind": Choice("category", _KINDS, Kind.ADJUSTMENT),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("gateway_account"),
        "order_id": Text("order"),
        "channel_ref": Text("own"),
        "original_ref": Text("original"),
        "bank_ref": Text("trace_id"),
        "batch_id": Text("batch"),
        "product": Text("product"),
        "amount_minor": Money("gross", extra_zero_decimals=True),
        "fee_minor": Money("fee", extra_zero_decimals=True),
        "net_minor": Money("net", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("created",), _CLOCK, optional=True),
        "_effective_at": Time(("effective_at",), _CLOCK, optional=True),
        "_effective_utc": Time(("effective_at_utc",), _CLOCK, zone="UTC", optional=True),
        "_created_utc": Time(("created_utc",), _CLOCK, zone="UTC", optional=True),
        "clearing_date": Day("available_on", _CLOCK, optional=True),
        "_available_utc": Day("available_on_utc", _CLOCK, optional=True),
        "memo": Text("description"),
    }


def refine(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Take the UTC clock where the report has one."""
    return frame.with_columns(
        pl.coalesce("_created_utc", "occurred_at", "_effective_utc", "_effective_at").alias(
            "occurred_at"
        ),
        pl.coalesce("clearing_date", "_available_utc").alias("clearing_date"),
    )


def _payouts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what each payout pays and what its items of a batch come to."""
    is_payout = pl.col("kind") == Kind.PAYOUT.name
    net = pl.col("net_minor").cast(pl.Int128)
    return frame.group_by("batch_id", "currency", maintain_order=True).agg(
        net.filter(is_payout).sum().alias("paid"),
        net.filter(~is_payout).sum().alias("items"),
        is_payout.sum().alias("payouts"),
        (~is_payout).sum().alias("rows"),
        pl.col("record_no").filter(is_payout).max().alias("record"),
    )


def _totals(parts: pl.DataFrame) -> list[ControlTotal]:
    """Return the proof of each payout whose items are in the report."""
    whole = parts.group_by("batch_id", "currency", maintain_order=True).agg(
        pl.col("paid", "items", "payouts", "rows").sum(), pl.col("record").max()
    )
    by_payout = whole.filter(
        pl.col("batch_id").is_null() | (pl.col("payouts") == 0) | (pl.col("rows") == 0)
    ).is_empty()
    totals = [
        ControlTotal(
            f"payout {row['batch_id']} at record {row['record']} is the sum of its items",
            -int(row["paid"]),
            int(row["items"]),
            row["currency"],
        )
        for row in whole.iter_rows(named=True)
        if row["batch_id"] is not None and row["payouts"] and row["rows"]
    ]
    return totals if by_payout else [total for total in totals if total.agrees]


FORMAT = Format(
    name="stripe_report",
    title_en="Stripe itemised report",
    title_zh="Stripe 明细报表",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=read,
    fields=fields,
    refine=refine,
    proofs=(
        Proof(
            "a payout is the sum of its items",
            _payouts,
            _totals,
            "no payout stands beside its items: nothing proves that the report is whole",
        ),
    ),
    net_is_exact=True,
)
