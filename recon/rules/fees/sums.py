"""Fees that a contract prices by the sum of a batch or of a month.

The rows given are whole batches or months: a part of one costs what nobody agreed to. Payments are
summed by merchant and contract line, and so are the refunds that give a fee back.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import pricing
from recon.core.codes import Code, Kind, State
from recon.core.pricing import CAP, FLOOR, ROUNDINGS, price_lines
from recon.rules.batch_keys import EVIDENCE_ROWS
from recon.rules.breaks.facts import FACTS, facts
from recon.rules.fees import returned as fee_returned
from recon.rules.fees.fees import judged
from recon.rules.prices.contract import Level
from recon.rules.prices.policy import FeePolicy
from recon.rules.prices.price import plain


def find(rows: pl.DataFrame, policy: FeePolicy, level: Level) -> pl.DataFrame:
    """Return the batches or months whose summed fee is not the price of their sum, as FACTS.

    Needs what `recon.rules.fees.fees.find` needs; a row without a batch or a day is in no sum.
    """
    done = judged(rows, policy).filter(pl.col("state") == State.SUCCESS.name)
    paid = _sums(done.filter(pl.col("kind") == Kind.PAYMENT.name), policy, level)
    back = _sums(done.filter(pl.col("kind") == Kind.REFUND.name), policy, level)
    return facts(_payments(paid, policy, level), _refunds(back, policy))


def _sums(rows: pl.DataFrame, policy: FeePolicy, level: Level) -> pl.DataFrame:
    """Return one row a sum: txn_id (list), line, period, amount_minor, fee_minor, by_row.

    `by_row` is what the rows would cost one by one.
    """
    period, where = pl.col("clearing_date").dt.strftime("%Y-%m"), ["merchant_id"]
    if level == "batch":
        period, where = (
            pl.col("batch_id"),
            ["merchant_id", "source"],
        )  # two senders may number alike
    fee, line = policy.contract.price_rows(rows)
    keys = [name for name in where if name in rows.columns]
    return (
        rows.with_columns(line=pl.Series(line), by_row=pl.Series(fee), period=period)
        .filter(pl.Series(policy.contract.on_level(line, level)))
        .drop_nulls("period")
        .sort("txn_id")
        .group_by(*keys, "line", "period", maintain_order=True)
        .agg(
            pl.col("txn_id"),
            pl.col("amount_minor").abs().cast(pl.Int128).sum(),
            pl.col("fee_minor", "by_row").cast(pl.Int128).sum(),
        )
        .filter(pl.col("amount_minor") <= pricing.MAX_AMOUNT)
        .with_columns(pl.col("amount_minor", "fee_minor", "by_row").cast(pl.Int64))
    )


def _payments(sums: pl.DataFrame, policy: FeePolicy, level: Level) -> pl.DataFrame:
    """Report sums at another price, with the ways of pricing that give exactly that."""
    amount, line = sums["amount_minor"].to_numpy(), sums["line"].to_numpy()
    expected = price_lines(policy.contract.tariff, amount, line)
    far = np.abs(sums["fee_minor"].to_numpy() - expected) > policy.tolerance_minor
    wrong = sums.with_columns(expected_minor=pl.Series(expected)).filter(pl.Series(far))
    codes, causes = _causes(wrong, policy)
    return wrong.select(
        pl.col("txn_id").list.first(),
        "expected_minor",
        pl.Series("code", codes, dtype=pl.UInt16),
        other_txn_ids=_others(),
        actual_minor="fee_minor",
        cause=pl.format(f"the contract prices the sum of a {level}: {{}}", "period")
        + pl.Series(causes, dtype=pl.String),
    )


def _causes(sums: pl.DataFrame, policy: FeePolicy) -> tuple[list[int], list[str]]:
    """Return the code of each wrong sum, and every way of pricing that gives its fee, in words."""
    tariff = policy.contract.tariff
    amount, line = sums["amount_minor"].to_numpy(), sums["line"].to_numpy()
    expected, actual = sums["expected_minor"].to_numpy(), sums["fee_minor"].to_numpy()
    by_row = sums["by_row"].to_numpy()
    few = np.abs(actual - expected) <= sums["txn_id"].list.len().cast(pl.Int64).to_numpy()

    def other(column: int, value: int) -> NDArray[np.bool_]:
        fits: NDArray[np.bool_] = price_lines(tariff.altered(column, value), amount, line) == actual
        return fits

    ways = [
        (Code.FEE_CAP_MISSED, "cap not applied", other(CAP, -1)),
        (Code.FEE_FLOOR_MISSED, "floor not applied", other(FLOOR, -1)),
        (Code.FEE_ROUNDING, "each payment was rounded by itself", few & (by_row == actual)),
        (Code.FEE_RATE, "each payment was priced by itself", ~few & (by_row == actual)),
    ]
    near = np.abs(actual - expected) == 1
    for name, mode in ROUNDINGS.items():
        if not name.startswith("digit"):
            words = f"rounded {plain(name)}"
            ways.append((Code.FEE_ROUNDING, words, near & other(pricing.ROUNDING, mode)))
    codes, causes = [], []
    for row in range(sums.height):
        found = [(code, words) for code, words, fits in ways if fits[row]]
        codes.append(int(found[0][0] if found else Code.FEE_RATE))
        also = ", ".join(words for _, words in found[1:])
        first = f"; {found[0][1]}" if found else ""
        causes.append(first + (f"; also fits: {also}" if also else ""))
    return codes, causes


def _refunds(sums: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report sums of refunds that gave back less or more fee than agreed."""
    if sums.height == 0:
        return pl.DataFrame(schema=FACTS)
    lined = sums.with_columns(priced_minor="amount_minor")
    expected, mode = fee_returned.returned(lined, policy)
    both = lined.with_columns(
        expected_minor=pl.Series(expected), actual_minor=-pl.col("fee_minor"), mode=pl.Series(mode)
    )
    return fee_returned.verdict(both, policy.tolerance_minor).select(
        pl.col("txn_id").list.first(),
        "expected_minor",
        "actual_minor",
        "code",
        "cause",
        other_txn_ids=_others(),
    )


def _others() -> pl.Expr:
    return pl.col("txn_id").list.slice(1, EVIDENCE_ROWS - 1)
