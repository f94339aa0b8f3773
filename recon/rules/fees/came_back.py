"""Fees told as too much that came back as rows of their own, naming what they were charged on."""

from __future__ import annotations

import polars as pl

from recon.core.codes import Code, Kind, State

KEPT = (Code.FEE_NOT_RETURNED,)  # less came back than was due
CODES = (
    Code.FEE_ON_FAILED,
    *KEPT,
    Code.FEE_CAP_MISSED,
    Code.FEE_CARD_TYPE,
    Code.FEE_CLASS,
    Code.FEE_SURCHARGE,
    Code.FEE_ROUNDING,
    Code.FEE_RATE,
    Code.FEE_UNLISTED,
)
_NAMES = ("channel_ref", "order_id", "original_ref")


def returned_rows(channel: pl.DataFrame) -> pl.DataFrame:
    """Return tonight's fees (TRANSACTIONS) that are money to the merchant and name something.

    `amount_minor` is what each gave back, in whichever column it stands.
    """
    own = pl.col("amount_minor") != 0
    given = pl.when(own).then("amount_minor").otherwise(-pl.col("fee_minor"))
    return channel.with_columns(amount_minor=given).filter(
        (pl.col("kind").cast(pl.String) == Kind.FEE.name)
        & (pl.col("state").cast(pl.String) == State.SUCCESS.name)
        & (pl.col("amount_minor") > 0)
        & pl.col("original_ref").is_not_null()
    )


def put_right(told: pl.DataFrame, at_fault: pl.DataFrame, back: pl.DataFrame) -> pl.Series:
    """Return which of the fees told (column `key`) came back to the last unit.

    A row that may be meant for several of them is taken for none; what an earlier night told and
    tonight's rows tell again is one.
    `told` has columns key, txn_id, code (a number), expected_minor and actual_minor; `at_fault`
    holds their whole rows, `back` those of `returned_rows`.
    """
    kept = pl.col("code").is_in([int(code) for code in KEPT])
    excess = pl.col("actual_minor") - pl.col("expected_minor")
    owed = told.filter(pl.col("code").is_in([int(code) for code in CODES])).select(
        "key", "txn_id", "code", amount_minor=pl.when(kept).then(-excess).otherwise(excess)
    )
    rows = owed.join(at_fault.select("txn_id", "currency", *_NAMES), on="txn_id")
    given = back.select("currency", "amount_minor", fee="txn_id", name="original_ref")
    called = pl.concat([rows.with_columns(name=pl.col(name)) for name in _NAMES])
    met = called.join(given, on=["name", "currency", "amount_minor"]).unique(["key", "fee"])
    return met.filter(pl.struct("txn_id", "code").n_unique().over("fee") == 1)["key"].unique()
