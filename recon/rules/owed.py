"""Batches that come to nothing or less: what the merchant owes is taken from the next payout.

A batch whose net is zero is closed on its day: nothing is due. A batch whose net is negative (more
was refunded than sold) waits; the next batch of the merchant is paid less by just that sum. While
all that a merchant has outstanding comes to nothing or less, no payout of it is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Side, State
from recon.core.plan import Leg
from recon.rules.batch_keys import EVIDENCE_ROWS, batch_anchors
from recon.rules.night import Matched, Night, Verdict

_ALIVE = [int(State.SUCCESS), int(State.PENDING), int(State.REVERSED)]
_CAUSE = "the next payout of the merchant was less by what this batch owed"
_NO_ROWS = np.empty(0, np.int64)
OUTSTANDING: dict[str, pl.DataType | type[pl.DataType]] = {
    "batch": pl.String,
    "currency": pl.UInt16,
    "total": pl.Int128,
    "rows": pl.List(pl.Int64),
    "merchant": pl.String,
}


@dataclass(frozen=True, slots=True)
class Owed:
    """What a leg's negative batches come to."""

    quiet: NDArray[np.int64] = field(default_factory=lambda: _NO_ROWS)
    # past due without a credit, and rightly so: less than nothing is outstanding
    paid_less: tuple[int, ...] = ()  # groups whose credit is less by what was owed
    verdict: Verdict = field(default_factory=Verdict.of)


def outstanding(matched: Matched, leg: Leg, night: Night) -> pl.DataFrame:
    """Return the batches past due without a credit (columns OUTSTANDING), if one is negative."""
    nothing = pl.DataFrame(schema=OUTSTANDING)
    if leg.right is not Side.BANK:
        return nothing
    slim = matched.ledger.slim
    lone = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
    due = pl.coalesce("due_date", "clearing_date", "value_date") <= pl.lit(night.business_date)
    alive = (pl.col("side") == int(leg.left)) & pl.col("state").is_in(_ALIVE) & due
    chosen = slim.select(alive.fill_null(value=False)).to_series().to_numpy()
    rows = np.flatnonzero(lone & chosen)
    amount = slim[leg.passes[0].left_amount].gather(rows)
    if len(rows) == 0 or not bool((amount < 0).any()):
        return nothing
    batches = (
        pl.DataFrame(
            {
                "batch": batch_anchors(matched, leg, rows, is_left=True),
                "currency": slim["currency"].gather(rows),
                "total": amount.cast(pl.Int128),
                "row": rows,
            }
        )
        .group_by("batch", "currency")
        .agg(pl.col("total").sum(), pl.col("row").sort().alias("rows"))
        .sort("batch", "currency")
    )
    if not bool((batches["total"] < 0).any()):
        return nothing
    first = batches["rows"].list.first().to_numpy()
    return batches.with_columns(merchant=merchants(matched, first)).filter(
        pl.col("merchant").is_not_null()
    )


def merchants(matched: Matched, rows: NDArray[np.int64]) -> pl.Series:
    """Return the merchant of each row, null where the sender names none."""
    ids = matched.ledger.slim["txn_id"].gather(rows)
    wide = matched.archive.rows(ids.to_numpy()).select("txn_id", "merchant_id")
    known = pl.DataFrame({"txn_id": ids}).join(wide, on="txn_id", how="left", maintain_order="left")
    return known["merchant_id"].alias("merchant")


def settle(matched: Matched, leg: Leg, night: Night, wrong: pl.DataFrame) -> Owed:
    """Return which batches are quiet and which of the `wrong` sums were paid less on purpose.

    `wrong` has columns group, currency, difference, credit (a bank row) and member (a left row).
    """
    open_batches = outstanding(matched, leg, night)
    if open_batches.height == 0:
        return Owed()
    short = wrong.filter(pl.col("difference") < 0)
    short = short.with_columns(merchant=merchants(matched, short["member"].to_numpy()))
    groups: list[int] = []
    findings: list[pl.DataFrame] = []
    rows: list[int] = []
    for line in short.sort("group").iter_rows(named=True):
        mine = open_batches.filter(
            (pl.col("merchant") == line["merchant"]) & (pl.col("currency") == line["currency"])
        )
        taken = _taken(mine, line["difference"])
        if taken.height:
            open_batches = open_batches.join(taken, on=["batch", "currency"], how="anti")
            groups.append(line["group"])
            gone = taken["rows"].explode().to_list()
            rows += gone
            findings.append(_netted(matched, leg, line["credit"], gone))
    verdict = Verdict.of(
        pl.concat(findings) if findings else None, settled=np.array(rows, np.int64)
    )
    return Owed(_quiet(open_batches), tuple(groups), verdict)


def _taken(mine: pl.DataFrame, difference: int) -> pl.DataFrame:
    """Return the outstanding batches that explain a payout's difference: all, or one alone."""
    negative = mine.filter(pl.col("total") < 0)
    for chosen in (mine, negative):
        if chosen.height and chosen["total"].sum() == difference:
            return chosen
    alone = negative.filter(pl.col("total") == difference)
    return alone if alone.height == 1 else mine.clear()


def _quiet(open_batches: pl.DataFrame) -> NDArray[np.int64]:
    """Return the rows of merchants who have nothing, or less, outstanding."""
    pool = pl.col("total").sum().over("merchant", "currency")
    return open_batches.filter(pool <= 0)["rows"].explode().drop_nulls().to_numpy()


def _netted(matched: Matched, leg: Leg, credit: int, rows: list[int]) -> pl.DataFrame:
    slim = matched.ledger.slim
    return pl.DataFrame(
        {
            "code": [int(Code.NETTED)],
            "leg": [leg.name],
            "rows": [[*rows[:EVIDENCE_ROWS], credit]],
            "faulty": [0],
            "anchor": [f"{slim['fingerprint'][rows[0]]}.owed"],
            "expected_minor": [0],
            "actual_minor": [0],
            "currency": [slim["currency"][rows[0]]],
            "cause": [_CAUSE],
        },
        schema_overrides={"rows": pl.List(pl.Int64), "currency": pl.UInt16},
    )
