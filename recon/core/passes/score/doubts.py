"""What a SCORE pass weighed and did not link: the best pairs of the rows that it left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.kernels.arrays import Reals
from recon.core.passes.band import Side
from recon.core.passes.contract import CERTAIN, Doubts
from recon.core.passes.score.calibration import Solved

STRANGERS_PPM = 1_000  # probability below which a pair is no doubt
KEPT = 20_000  # doubts kept of a pass; those of a probability that not all fit are all left out


def doubts_of(
    solved: Solved,
    probability: Reals,
    sure: NDArray[np.bool_],
    sides: tuple[Side, Side],
    spoke: Callable[[Rows], NDArray[np.int32]],
) -> Doubts:
    """Return the pairs at least half as probable as the best of one of their rows, both alone.

    `probability` is that of each settled pair, `sure` whether it is linked; of other pairs the
    model's own counts. `spoke` gives what spoke for the candidate pairs at some places.
    """
    rivals = solved.rivals
    score = _scores(solved, probability)
    alone = _alone(solved, sure)
    open_pair = np.flatnonzero(alone & (score >= STRANGERS_PPM))
    row, column = rivals.row[open_pair], rivals.column[open_pair]
    mine = score[open_pair]
    one, two = _best(row, mine, rivals.start.size - 1), _best(column, mine, rivals.columns)
    shown = open_pair[2 * mine >= np.minimum(one[row], two[column])]
    shown = shown[most_probable(score[shown])]
    left, right = sides
    return Doubts(
        left.rows[rivals.row[shown]],
        right.rows[rivals.column[shown]],
        score[shown],
        spoke(solved.rival_place[shown]),
    )


def joined_doubts(rounds: list[Doubts]) -> Doubts | None:
    """Return the doubts of several rounds of one pass, as many as of one round at most."""
    if not rounds:
        return None
    score = np.concatenate([one.score for one in rounds])
    kept = most_probable(score)
    return Doubts(
        np.concatenate([one.left for one in rounds])[kept],
        np.concatenate([one.right for one in rounds])[kept],
        score[kept],
        np.concatenate([one.spoken for one in rounds])[kept],
    )


def most_probable(score: NDArray[np.int32]) -> Rows:
    """Return the ascending places of the highest scores, `KEPT` of them at most.

    Which are kept depends on the scores alone: of equal ones all or none.
    """
    if score.size <= KEPT:
        return np.arange(score.size)
    border = np.partition(score, -KEPT - 1)[-KEPT - 1]
    return np.flatnonzero(score > border)


def _scores(solved: Solved, probability: Reals) -> NDArray[np.int32]:
    """Return the probability of every rival, parts per million rounded down."""
    every = solved.marginal.copy()
    every[np.searchsorted(solved.rival_place, solved.place)] = probability
    return np.floor(np.clip(every, 0.0, 1.0) * CERTAIN).astype(np.int32)


def _alone(solved: Solved, sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return of which rivals neither row is linked."""
    rivals = solved.rivals
    linked = np.searchsorted(solved.rival_place, solved.place[sure])
    row, column = rivals.row, rivals.column
    taken_row, taken_column = np.zeros(rivals.start.size - 1, bool), np.zeros(rivals.columns, bool)
    taken_row[row[linked]] = True
    taken_column[column[linked]] = True
    out: NDArray[np.bool_] = ~(taken_row[row] | taken_column[column])
    return out


def _best(end: NDArray[np.integer], score: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Return the highest score of each row."""
    best = np.zeros(size, np.int32)
    np.maximum.at(best, end, score)
    return best
