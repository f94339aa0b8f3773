"""SCORE pass: amount, lag and text evidence weighed together, an optimal assignment.

The model is Fellegi and Sunter's with m fitted to the data by a one-to-one aware EM and u counted
for each value: how many rows of the other side would agree as well as this one does. A pair is
linked when every optimum contains it and its calibrated probability reaches the pass's confidence.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import MatchKind
from recon.core.passes.band import Side, assign, candidate_edges, report
from recon.core.passes.contract import Found, Work
from recon.core.passes.pair_limit import WEIGHED_BYTES, PairLimit
from recon.core.passes.score.calibration import calibrate, solve, undecided
from recon.core.passes.score.doubts import doubts_of
from recon.core.passes.score.levels import prepare
from recon.core.passes.score.model import Evidence, Judged, fit
from recon.core.passes.score.sides import score_sides

CENTIBITS = 100.0 / np.log(2.0)  # hundredths of a bit in one unit of natural log odds


def find_scores(work: Work) -> Found:
    """Link the pairs of the optimal assignment that are probable enough; list the others."""
    left, right = score_sides(work)
    edges = candidate_edges(work, left, right)
    if edges.column.size == 0:
        return report(left, right, edges, assign(edges, lambda _, kept: kept), MatchKind.SCORE)
    evidence, judged = fit(
        prepare(work, left, right), edges, PairLimit(work, WEIGHED_BYTES), work.threads
    )
    return decide(work, (left, right), evidence, judged)


def decide(work: Work, sides: tuple[Side, Side], evidence: Evidence, judged: Judged) -> Found:
    """Return the links and ties of a fitted model."""
    solved = solve(evidence.edges, judged.weight)
    probability = calibrate(evidence.edges, judged.weight, solved)
    found = report(*sides, solved.edges, solved.assignment, MatchKind.SCORE)
    sure = probability * 1_000_000 >= work.step.confidence_ppm
    doubtful = np.column_stack((found.left[~sure], found.right[~sure]))
    one, two = undecided(solved)
    open_pairs = np.column_stack((sides[0].rows[one], sides[1].rows[two]))
    doubtful = np.concatenate((doubtful, open_pairs))
    left, right = found.left[sure], found.right[sure]
    smallest = np.minimum(left, right)
    return dataclasses.replace(
        found,
        left=left,
        right=right,
        kind=found.kind[sure],
        score=np.floor(probability[sure] * 1_000_000).astype(np.int32),
        ties=np.concatenate((found.ties, doubtful, doubtful[:, ::-1])),
        grouped=((left, smallest), (right, smallest)),
        spoken=what_spoke(work, evidence, judged, solved.place[sure]),
        doubts=doubts_of(
            solved, probability, sure, sides, partial(what_spoke, work, evidence, judged)
        ),
    )


def what_spoke(
    work: Work, evidence: Evidence, judged: Judged, place: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return for each pair, (pairs, 2 * comparisons), its levels and their weights in centibits.

    The lag's level is told in days, from the left row to the right one.
    """
    level = evidence.level[:, place].astype(np.int32)
    told = judged.log_m[:, place] - evidence.log_u[:, place]
    weight = np.rint(told * CENTIBITS).astype(np.int32)
    level[1] -= work.step.days_before
    return np.concatenate((level, weight)).T
