"""Settlement batches, many rows and one net credit: is the sum right, did it come in time."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, MatchKind
from recon.core.plan import Leg, Method
from recon.rules.night import Matched, Verdict

_SUM_KINDS = [int(MatchKind.GROUP), int(MatchKind.SUBSET)]
_SUMMED = (Method.GROUP, Method.SUBSET)
EVIDENCE_ROWS = 50  # rows of a batch that a break lists; its group holds them all


def find(matched: Matched, leg: Leg, leg_no: int) -> Verdict:
    """Return the breaks of batches that met their credit: net differs, or it came late."""
    if not any(item.method in _SUMMED for item in leg.passes):
        return Verdict.of()
    members = _members(matched, leg, leg_no)
    if members.height == 0:
        return Verdict.of()
    sums = _sums(members)
    wrong = sums.filter(pl.col("difference").abs() > pl.col("tolerance"))
    rounded = sums.filter(
        (pl.col("difference") != 0) & (pl.col("difference").abs() <= pl.col("tolerance"))
    )
    late = sums.filter(
        (pl.col("difference").abs() <= pl.col("tolerance"))
        & (pl.col("paid") > pl.col("due"))
        & (pl.col("expected") > 0)  # money that the merchant owes is nobody's delay
    )
    faulty = [*wrong["group"].to_list(), *late["group"].to_list()]
    broken = members.filter(pl.col("group").is_in(faulty))["row"].to_numpy()
    return Verdict.joined(
        [
            Verdict.of(_report(wrong, members, Code.NET_MISMATCH, leg), broken=broken),
            Verdict.of(_report(rounded, members, Code.ROUNDING, leg)),
            Verdict.of(_report(late, members, Code.LATE_SETTLEMENT, leg)),
        ]
    )


def _members(matched: Matched, leg: Leg, leg_no: int) -> pl.DataFrame:
    """Return every row of every batch on the leg: group, side, amount and days."""
    links = matched.matches.links.filter(
        (pl.col("leg") == leg_no) & pl.col("match_kind").is_in(_SUM_KINDS)
    )
    if links.height == 0:
        return pl.DataFrame(schema={"row": pl.Int64})
    rows = np.unique(np.concatenate([links["left"].to_numpy(), links["right"].to_numpy()]))
    slim = matched.ledger.slim
    plan = next(item for item in leg.passes if item.method in _SUMMED)
    is_left = slim["side"].gather(rows) == int(leg.left)
    return pl.DataFrame(
        {
            "row": rows,
            "group": matched.matches.key_group[leg.name][rows],
            "is_left": is_left,
            "left_amount": slim[plan.left_amount].gather(rows),
            "right_amount": slim[plan.right_amount].gather(rows),
            "due_date": slim["due_date"].gather(rows),
            "value_date": slim["value_date"].gather(rows),
            "currency": slim["currency"].gather(rows),
            "fingerprint": slim["fingerprint"].gather(rows),
        }
    ).with_columns(pl.lit(plan.tolerance_minor).alias("tolerance"))


def _sums(members: pl.DataFrame) -> pl.DataFrame:
    """Return one row a batch: both sums (128-bit), their difference, due and paid days."""
    left, right = pl.col("is_left"), ~pl.col("is_left")
    return (
        members.group_by("group")
        .agg(
            pl.col("left_amount").filter(left).cast(pl.Int128).sum().alias("expected"),
            pl.col("right_amount").filter(right).cast(pl.Int128).sum().alias("actual"),
            pl.col("due_date").filter(left).max().alias("due"),
            pl.col("value_date").filter(right).max().alias("paid"),
            pl.col("tolerance").first(),
            pl.col("currency").first(),
            pl.col("fingerprint").filter(right).min().alias("anchor"),
        )
        .with_columns(difference=pl.col("actual") - pl.col("expected"))
        .sort("group")
    )


def _report(sums: pl.DataFrame, members: pl.DataFrame, code: Code, leg: Leg) -> pl.DataFrame | None:
    """Return one finding a batch: the credit first, then its largest rows."""
    if sums.height == 0:
        return None
    shown = (
        members.filter(pl.col("group").is_in(sums["group"].to_list()))
        .sort(
            "group",
            "is_left",
            pl.col("left_amount").abs(),
            "row",
            descending=[False, False, True, False],
        )
        .group_by("group", maintain_order=True)
        .agg(pl.col("row").head(EVIDENCE_ROWS).alias("rows"))
    )
    return sums.join(shown, on="group", how="left", maintain_order="left").select(
        pl.lit(int(code)).alias("code"),
        pl.lit(leg.name).alias("leg"),
        "rows",
        pl.lit(0 if code is Code.ROUNDING else EVIDENCE_ROWS).alias("faulty"),
        anchor=pl.col("anchor").cast(pl.String),
        expected_minor=pl.col("expected"),
        actual_minor=pl.col("actual"),
        currency="currency",
        due_date="due",
    )


def batch_anchors(
    matched: Matched, leg: Leg, rows: NDArray[np.int64], *, is_left: bool
) -> pl.Series:
    """Return for each row the batch that it belongs to: its group key, or else itself."""
    plans = [item for item in leg.passes if item.method is Method.GROUP]
    slim = matched.ledger.slim
    own = slim["fingerprint"].gather(rows).cast(pl.String)
    if not plans:
        return own
    key = plans[-1].left_key if is_left else plans[-1].right_key
    digests = matched.ledger.digests["+".join(key)][rows]
    batch = pl.DataFrame(
        {
            "hi": np.ascontiguousarray(digests[:, 0]),
            "lo": np.ascontiguousarray(digests[:, 1]),
            "currency": slim["currency"].gather(rows),
            "own": own,
        }
    )
    known = (pl.col("hi") != 0) | (pl.col("lo") != 0)
    name = pl.format("{}.{}.{}", "hi", "lo", "currency")
    return batch.select(pl.when(known).then(name).otherwise("own")).to_series()
