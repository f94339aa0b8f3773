"""Fees on refunds: what came back, against what the contract says comes back.

A refund is priced as the payment that it names, where that payment is known: by the line that was
valid when it was paid, and at the rate of its whole amount's band. Otherwise by its own day and
amount.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code
from recon.core.pricing import price_lines
from recon.core.schema import OWN_REFERENCES
from recon.rules.breaks.facts import FACTS
from recon.rules.prices.policy import FeePolicy

_KEY = ["source", "merchant_id", "original_ref"]


def find(refunds: pl.DataFrame, payments: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Return the refunds that gave back less or more fee than agreed, as FACTS.

    `refunds` and `payments` are rows of the contract's currency with its attributes.
    """
    if refunds.height == 0:
        return pl.DataFrame(schema=FACTS)
    lined = with_lines(refunds, payments, policy)
    lined = lined.filter(
        pl.Series(policy.contract.on_level(lined["line"].to_numpy(), "transaction"))
    )
    expected, mode = returned(lined, policy)
    judged = lined.with_columns(
        expected_minor=pl.Series(expected), actual_minor=-pl.col("fee_minor"), mode=pl.Series(mode)
    )
    return verdict(judged, policy.tolerance_minor).select(
        "txn_id", "expected_minor", "actual_minor", "code", "cause"
    )


def returned(
    refunds: pl.DataFrame, policy: FeePolicy
) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return the fee that each refund gives back, and by which rule (`on_refund`).

    Needs `amount_minor`, `line` and `priced_minor`, the amount whose band counts.
    """
    contract, tariff = policy.contract.contract, policy.contract.tariff
    amount = refunds["amount_minor"].abs().to_numpy()
    line, priced = refunds["line"].to_numpy(), refunds["priced_minor"].to_numpy()
    modes = np.array([item.on_refund or contract.on_refund for item in policy.contract.lines])
    mode = modes[np.maximum(line, 0)]
    band = tariff.band_of(priced, line)
    rate = price_lines(tariff.rates_alone(), amount, band)
    whole = price_lines(tariff, amount, line)
    return np.where(mode == "formula", whole, np.where(mode == "rate", rate, 0)), mode


def verdict(judged: pl.DataFrame, tolerance_minor: int) -> pl.DataFrame:
    """Return the rows that gave back another fee than expected, with `code` and `cause`.

    Needs expected_minor, actual_minor and `mode`.
    """
    less = pl.col("actual_minor") < pl.col("expected_minor")
    far = (pl.col("actual_minor") - pl.col("expected_minor")).abs() > tolerance_minor
    return judged.filter(far).with_columns(
        code=pl.when(less)
        .then(pl.lit(int(Code.FEE_NOT_RETURNED)))
        .otherwise(pl.lit(int(Code.FEE_OVER_RETURNED))),
        cause=pl.when(pl.col("actual_minor") < 0)
        .then(pl.lit("a fee was charged on the refund"))
        .when(pl.col("actual_minor") == 0)
        .then(pl.lit("no fee returned"))
        .when(pl.col("mode") == "kept")
        .then(pl.lit("the contract keeps the fee on refunds"))
        .when(less)
        .then(pl.lit("part of the fee returned"))
        .otherwise(pl.lit("more than the fee returned")),
    )


def with_lines(refunds: pl.DataFrame, payments: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Return refunds with the `line` that prices them and `priced_minor`, whose band counts."""
    own = _priced(refunds, policy)
    if payments.height == 0 or "original_ref" not in refunds.columns:
        return own
    paid = _priced(payments, policy).filter(pl.col("line") >= 0)
    names = [
        paid.select(*_KEY[:-1], "txn_id", "line", "priced_minor", original_ref=name)
        for name in OWN_REFERENCES
        if name in paid.columns
    ]
    originals = (
        pl.concat(names)
        .drop_nulls("original_ref")
        .unique(["txn_id", "original_ref"])
        .filter(pl.len().over(_KEY) == 1)  # among several payments none is picked
        .select(*_KEY, first_line="line", first_minor="priced_minor")
    )
    known = own.join(originals, on=_KEY, how="left", nulls_equal=True, maintain_order="left")
    return known.with_columns(
        line=pl.coalesce("first_line", "line"),
        priced_minor=pl.coalesce("first_minor", "priced_minor"),
    ).drop("first_line", "first_minor")


def _priced(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    _, line = policy.contract.price_rows(rows)
    return rows.with_columns(line=pl.Series(line), priced_minor=pl.col("amount_minor").abs())
