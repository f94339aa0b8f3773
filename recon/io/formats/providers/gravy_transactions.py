"""Gr4vy (payment orchestrator): the transactions report.

The orchestrator works for the merchant, so the report is on the merchant's side; it settles
nothing. `channel_ref` is the provider's number, the orchestrator's own id stands in the memo.
Amounts are whole minor units; times are ISO with an offset. A captured transaction counts with
what was captured; refunds are told in the memo only, because the report gives them no number.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import Choice, Constant, Fields, Format, Money, Options, Text, Time
from recon.io.reading.table import Table, filled, reader, refuse_negative_payments, utc_text

TABLE = Table(
    "a Gr4vy transactions report",
    (
        "id",
        "external_identifier",
        "status",
        "created_at",
        "amount",
        "currency",
        "captured_amount",
        "refunded_amount",
        "payment_service_transaction_id",
    ),
    (
        *("captured_at", "scheme", "method", "payment_service_display_name"),
        *("raw_response_code", "raw_response_description", "auth_response_code"),
    ),
)
_STATES = {
    "capture_succeeded": State.SUCCESS,
    "authorization_succeeded": State.PENDING,
    "authorization_void_pending": State.PENDING,
    "authorization_void_declined": State.PENDING,  # the authorisation stands
    "authorization_void_failed": State.PENDING,
    "buyer_approval_pending": State.PENDING,
    "buyer_approval_succeeded": State.PENDING,
    "capture_pending": State.PENDING,
    "processing": State.PENDING,
    "authorization_failed": State.FAILED,
    "authorization_declined": State.FAILED,
    "capture_failed": State.FAILED,
    "capture_declined": State.FAILED,
    "buyer_approval_declined": State.FAILED,
    "buyer_approval_failed": State.FAILED,
    "buyer_approval_timedout": State.CLOSED,
    "authorization_voided": State.CLOSED,
    "authorization_expired": State.CLOSED,
}


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the amount that counts, the time in UTC and the words."""
    captured = pl.col("status").str.strip_chars() == "capture_succeeded"
    refunded = ~pl.col("refunded_amount").str.strip_chars().is_in(["", "0"])
    told = pl.when(refunded).then(pl.format("refunded {} (minor units)", "refunded_amount"))
    return frame.with_columns(
        pl.when(captured).then("captured_amount").otherwise("amount").alias("counted"),
        utc_text(pl.coalesce(filled("captured_at"), "created_at")).alias("moment"),
        pl.coalesce(filled("scheme"), "method").alias("product"),
        pl.coalesce(filled("raw_response_code"), filled("auth_response_code")).alias(
            "response_code"
        ),
        pl.concat_str(
            ["payment_service_display_name", "id", told], separator=" ", ignore_nulls=True
        )
        .str.strip_chars()
        .alias("memo"),
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Constant(Kind.PAYMENT),
        "state": Choice("status", _STATES),
        "order_id": Text("external_identifier"),
        "channel_ref": Text("payment_service_transaction_id"),
        "product": Text("product"),
        "amount_minor": Money("counted", unit="minor"),
        "currency": Text("currency"),
        "occurred_at": Time(("moment",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        "memo": Text("memo"),
        "attributes.response_code": Text("response_code"),
        "attributes.reason": Text("raw_response_description", optional=True),
    }


FORMAT = Format(
    name="gravy_transactions",
    title_en="Gr4vy transactions report",
    title_zh="Gr4vy 交易报表",
    side=Side.MERCHANT,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
    refine=refuse_negative_payments,
)
