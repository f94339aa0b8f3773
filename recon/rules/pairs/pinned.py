"""Several rows that a person pinned together: their two sides' stories and sums, held together.

A person's word makes rows one story. It does not make their money equal: what is left of the
sums is told, a line a currency, as it is of a pinned pair.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Kind, MatchKind, Side, State
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict
from recon.rules.pairs.stories import story_table

_PAIR = 2  # rows that are no group: a pinned pair is judged as every pair is


def find(matched: Matched, leg: Leg, leg_no: int) -> Verdict:
    """Return the breaks of pinned groups of three rows and more on a leg."""
    rows = group_rows(matched, leg, leg_no)
    if rows.size == 0:
        return Verdict.of()
    told = Verdict.of(_findings(_judged(_members(matched, leg, rows), leg), leg))
    carried = standing.carried(matched, leg, told.findings, standing.PAIRS | standing.BATCHES)
    once = carried.waiting.unique(["row", "leg"], keep="first", maintain_order=True)
    return Verdict.joined([told, Verdict.of(waiting=once)])


def group_rows(matched: Matched, leg: Leg, leg_no: int) -> NDArray[np.int64]:
    """Return the rows of pinned groups of three rows and more on a leg, ascending."""
    links = matched.matches.of_leg(leg_no).filter(pl.col("match_kind") == int(MatchKind.PINNED))
    rows = np.unique(np.concatenate([links["left"].to_numpy(), links["right"].to_numpy()]))
    if rows.size <= _PAIR:
        return rows[:0].astype(np.int64)
    group = matched.matches.key_group[leg.name][rows]
    _, place, count = np.unique(group, return_inverse=True, return_counts=True)
    several: NDArray[np.int64] = rows[count[place] > _PAIR].astype(np.int64)
    return several


def _members(matched: Matched, leg: Leg, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return the rows with their group, side, and the money that they moved.

    At the bank every row moved its money; between the others only a successful one did.
    """
    slim, plan = matched.ledger.slim, leg.passes[0]
    names = ("state", "kind", "currency", "fingerprint", "due_date")
    frame = slim[rows].select(
        *names, "side", left=pl.col(plan.left_amount), right=pl.col(plan.right_amount)
    )
    is_left = pl.col("side") == int(leg.left)
    moved = pl.lit(leg.right is Side.BANK) | (pl.col("state") == int(State.SUCCESS))
    amount = pl.when(is_left).then("left").otherwise("right")
    return frame.with_columns(
        is_left=is_left,
        amount=pl.when(moved).then(amount).otherwise(0).fill_null(0),
        row=pl.Series(rows),
        group=pl.Series(matched.matches.key_group[leg.name][rows]),
    )


def _judged(members: pl.DataFrame, leg: Leg) -> pl.DataFrame:
    """Return a line for each group and currency whose story or sums do not agree, with its code.

    The side's best state is its story: an order that failed once and then succeeded is paid.
    """
    left = pl.col("is_left")
    members = members.sort("group", "is_left", "row", descending=[False, True, False])
    lines = members.group_by("group", "currency", maintain_order=True).agg(
        pl.col("amount").filter(left).cast(pl.Int128).sum().alias("expected"),
        pl.col("amount").filter(~left).cast(pl.Int128).sum().alias("actual"),
        pl.col("due_date").filter(left).max(),
    )
    stories = members.group_by("group", maintain_order=True).agg(
        pl.col("state").filter(left).min().alias("ours"),
        pl.col("state").filter(~left).min().alias("theirs"),
        (pl.col("kind").filter(left) == int(Kind.REFUND)).all().alias("refund"),
        pl.col("row"),
        pl.col("fingerprint").filter(left).min().alias("anchor"),
    )
    lines = lines.join(stories, on="group", maintain_order="left").filter(
        pl.col("expected") != pl.col("actual")
    )
    ours, theirs = lines["ours"].to_numpy(), lines["theirs"].to_numpy()
    refund = lines["refund"].to_numpy().astype(np.int64)
    if leg.right is Side.BANK:
        code = np.full(lines.height, int(Code.NET_MISMATCH), np.uint16)
    else:
        story = story_table()[ours, theirs, refund]
        amount = np.where(refund == 1, int(Code.REFUND_AMOUNT), int(Code.AMOUNT_MISMATCH))
        code = np.where(story == 0, amount, story)
    return lines.with_columns(code=pl.Series(code))


def _findings(lines: pl.DataFrame, leg: Leg) -> pl.DataFrame:
    """Return one finding a line; all rows of the group are at fault together."""
    currency = pl.col("currency").cast(pl.String)
    several = pl.col("group").is_duplicated()
    return lines.select(
        "code",
        pl.lit(leg.name).alias("leg"),
        pl.col("row").alias("rows"),
        faulty=pl.col("row").list.len(),
        anchor=pl.concat_str(
            pl.col("anchor").cast(pl.String),
            pl.when(several).then(pl.format(".{}", currency)).otherwise(pl.lit("")),
        ),
        expected_minor="expected",
        actual_minor="actual",
        currency="currency",
        due_date="due_date",
    )
