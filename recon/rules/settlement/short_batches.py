"""Batches whose credit was wrong on an earlier night, and what tonight brought of the rest.

The credit is carried. A later credit of the batch may pay what was short; a late row of the
channel may be what was paid too much. Rows that make the difference smaller are taken in; the
break is over when nothing is left of it.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Code, Side
from recon.core.plan import Leg
from recon.rules.batch_keys import batch_anchors
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict


def find(matched: Matched, leg: Leg) -> Verdict:
    """Return wrong batches of earlier nights that are still wrong, and the rows that were met."""
    credited = np.flatnonzero(standing.coded(matched.ledger, leg, standing.BATCHES))
    if len(credited) == 0 or not standing.by_sum(leg):
        return Verdict.of()
    told = _told(matched, leg, credited)
    added = _added(matched, leg)
    verdicts = [_judged(matched, leg, line, added) for line in told.iter_rows(named=True)]
    return Verdict.joined([Verdict.of(), *verdicts])


def _told(matched: Matched, leg: Leg, credited: Rows) -> pl.DataFrame:
    """Return the breaks as told last night: batch, rows (credits), expected and actual."""
    slim = matched.ledger.slim
    lines = pl.DataFrame(
        {
            "row": credited,
            "txn_id": slim["txn_id"].gather(credited),
            "batch": batch_anchors(matched, leg, credited, is_left=False),
            "fingerprint": slim["fingerprint"].gather(credited),
            "currency": slim["currency"].gather(credited),
        }
    )
    known = matched.told.filter(
        (pl.col("leg") == leg.name) & (pl.col("code").cast(pl.String) == Code.NET_MISMATCH.name)
    ).select("break_id", "expected_minor", "actual_minor", "due_date", txn_id="txn_ids")
    found = known.explode("txn_id").join(lines, on="txn_id").sort("row")
    return (
        found.group_by("break_id", maintain_order=True)
        .agg(
            pl.col("row").alias("rows"),
            pl.col("fingerprint").min(),
            pl.col("batch", "currency", "expected_minor", "actual_minor", "due_date").first(),
        )
        .sort("break_id")
    )


def _added(matched: Matched, leg: Leg) -> pl.DataFrame:
    """Return the lone rows of the leg that name a batch: row, batch, by how much it is more due."""
    slim = matched.ledger.slim
    alone = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
    plan = leg.passes[0]
    parts = []
    for side, column, sign in ((leg.left, plan.left_amount, 1), (leg.right, plan.right_amount, -1)):
        rows = np.flatnonzero(alone & (slim["side"] == int(side)).to_numpy())
        parts.append(
            pl.DataFrame(
                {
                    "row": rows,
                    "batch": batch_anchors(matched, leg, rows, is_left=side is leg.left),
                    "due": slim[column].gather(rows).fill_null(0) * sign,
                }
            )
        )
    return pl.concat(parts)


def _judged(matched: Matched, leg: Leg, line: dict[str, object], added: pl.DataFrame) -> Verdict:
    """Return what is left of one wrong batch."""
    expected, actual = int(str(line["expected_minor"])), int(str(line["actual_minor"]))
    credited = np.array(line["rows"], np.int64)
    mine = added.filter(pl.col("batch") == line["batch"])
    left = expected - actual + int(mine["due"].cast(pl.Int128).sum() or 0)
    met = mine["row"].to_numpy() if abs(left) < abs(expected - actual) else credited[:0]
    if len(met):
        more = mine.filter(pl.Series(_of_bank(matched, mine["row"].to_numpy())))
        paid = -int(more["due"].cast(pl.Int128).sum() or 0)
        actual += paid
        expected = left + actual
    if left == 0:
        return Verdict.of(settled=np.concatenate([met, credited]))
    findings = pl.DataFrame(
        {
            "code": [int(Code.NET_MISMATCH)],
            "leg": [leg.name],
            "rows": [credited.tolist()],
            "faulty": [len(credited)],
            "anchor": [str(line["fingerprint"])],
            "expected_minor": [expected],
            "actual_minor": [actual],
            "currency": [line["currency"]],
            "due_date": [line["due_date"]],
        },
        schema_overrides={"currency": pl.UInt16, "due_date": pl.Date},
    )
    verdict = Verdict.of(findings, broken=credited, settled=met)
    return Verdict.joined(
        [verdict, standing.carried(matched, leg, verdict.findings, standing.BATCHES)]
    )


def _of_bank(matched: Matched, rows: Rows) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (
        matched.ledger.slim["side"].gather(rows) == int(Side.BANK)
    ).to_numpy()
    return found
