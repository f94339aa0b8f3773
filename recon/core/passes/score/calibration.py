"""How sure a link of a SCORE pass may be: its probability, held against an experiment.

Every fifth linked row loses its partner and the rest is matched anew under the same weights. A row
whose partner is hidden ought to stay alone, so that whatever it links to is false: labels that need
no answers. Isotonic regression of the labels on the probabilities then says how often a link of
such a probability is right. It may lower a probability, never raise one: a link that comes again
is no proof that it is true.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.kernels.arrays import Reals
from recon.core.kernels.isotonic import pool_adjacent
from recon.core.kernels.marginals import pair_marginals
from recon.core.passes.band import (
    Assignment,
    Edges,
    assign,
    lone_pairs,
    problem_of,
    solve_problem,
)

HIDE_EVERY = 5
FAINT = -6.0  # log odds below which a pair is no rival
ROUNDS = 2_000  # of belief propagation, most of them of few rows
SETTLED = 1e-6  # relative change of a message that is not passed on
LIKELY = 0.25  # probability of having a partner from which a row's candidates are shown
SHOWN = 20
WEIGHT = 6.0  # links for which a probability itself counts against the experiment
NATS = 1_000_000  # gain of an assignment for one unit of natural log odds


@dataclass(frozen=True)
class Solved:
    """An optimal assignment over some pairs, and each settled row's probability."""

    edges: Edges
    assignment: Assignment
    place: NDArray[np.int64]  # of each settled pair among the pairs given
    probability: Reals  # of each settled pair, in row order
    rivals: Edges  # every pair that is not faint
    rival_place: NDArray[np.int64]  # of each of those among the pairs given
    marginal: Reals  # of each of those

    def without_rivals(self, edges: Edges) -> Reals:
        """Return for each settled pair what its rivals leave, the rows being alone or not."""
        row, column = edges.row[self.place], edges.column[self.place]
        rows = np.bincount(self.rivals.row, self.marginal, edges.start.size - 1)
        columns = np.bincount(self.rivals.column, self.marginal, edges.columns)
        rivals: Reals = rows[row] + columns[column] - 2.0 * self.probability
        return np.maximum(1.0 - rivals, self.probability)


def solve(edges: Edges, weight: Reals) -> Solved:
    """Return the assignment of greatest total log odds, and how probable each settled pair is."""
    rivals = np.flatnonzero(weight > FAINT)
    near = edges.take(rivals)
    marginal = np.empty(rivals.size)
    pair_marginals(
        near.start, near.column, weight[rivals], edges.columns, ROUNDS, SETTLED, marginal
    )
    good = np.flatnonzero(weight[rivals] > 0)
    chosen = near.take(good)
    assignment = assign_weights(chosen, weight[rivals[good]])
    row = chosen.row
    mine = np.flatnonzero(
        assignment.settled()[row] & (chosen.column == assignment.row_partner[row])
    )
    settled = good[mine]
    return Solved(chosen, assignment, rivals[settled], marginal[settled], near, rivals, marginal)


def undecided(solved: Solved) -> tuple[Rows, Rows]:
    """Return pairs, left and right position, of which probably one is right, but none which.

    A row that probably has a partner shows its best candidates, those at least half as probable as
    the best one, `SHOWN` of them at most.
    """
    row, column, marginal = solved.rivals.row, solved.rivals.column, solved.marginal
    left = np.bincount(row, marginal, solved.rivals.start.size - 1)
    right = np.bincount(column, marginal, solved.rivals.columns)
    best = np.zeros(left.size)
    np.maximum.at(best, row, marginal)
    likely = (left[row] >= LIKELY) | (right[column] >= LIKELY)
    shown = np.flatnonzero(likely & (2 * marginal >= best[row]))
    first = np.searchsorted(row[shown], row[shown])
    shown = shown[np.arange(shown.size) - first < SHOWN]
    return row[shown], column[shown].astype(np.int64)


def assign_weights(edges: Edges, weight: Reals) -> Assignment:
    """Return the assignment of greatest total log odds; all are above 0."""
    gain = gains(weight)
    return assign(edges, lambda _, kept: gain[kept])


def count_pairs(edges: Edges, weight: Reals) -> int:
    """Return how many pairs the assignment of greatest total log odds has; all are above 0."""
    lone = lone_pairs(edges)
    kept = np.flatnonzero(~lone)
    partners = solve_problem(problem_of(edges, kept), gains(weight[kept])).row_partner
    return int(np.count_nonzero(lone) + np.count_nonzero(partners >= 0))


def gains(weight: Reals) -> Rows:
    """Return log odds above 0 as the whole gains of an assignment, at least 1."""
    out: Rows = np.maximum((weight * NATS).astype(np.int64), 1)
    return out


def calibrate(edges: Edges, weight: Reals, solved: Solved) -> Reals:
    """Return the probability of each settled pair, moved to where the experiment says."""
    column = edges.column[solved.place]
    order = np.sort(column)
    hidden = np.zeros(edges.columns, np.bool_)
    hidden[order[HIDE_EVERY - 1 :: HIDE_EVERY]] = True
    if not hidden.any():
        return solved.probability
    kept = np.flatnonzero(~hidden[edges.column])
    again = solve(edges.take(kept), weight[kept])
    place = kept[again.place]
    rows = edges.row
    partner = np.full(edges.start.size - 1, -1, np.int64)
    partner[rows[solved.place]] = column
    before = partner[rows[place]]
    known = before >= 0
    alone = edges.start.size - 1 - solved.place.size
    orphan = known & hidden[np.maximum(before, 0)]
    right = known & (edges.column[place] == before)
    counts = np.where(orphan, (alone + 1.0) / np.count_nonzero(hidden), 1.0)
    seen = again.probability[known], right[known], counts[known]
    lowered = np.minimum(solved.probability, isotonic(*seen, solved.probability))
    raised = np.minimum(weaker_links(*seen, lowered), solved.without_rivals(edges))
    out: Reals = np.where(lowered < solved.probability, lowered, np.maximum(lowered, raised))
    return out


def weaker_links(seen: Reals, right: NDArray[np.bool_], counts: Reals, wanted: Reals) -> Reals:
    """Return how often links no more probable than `wanted` were right among those seen.

    A link that came again may be as false as one that came anew, so that falses count twice. The
    probability itself counts for `WEIGHT` links.
    """
    order = np.argsort(seen, kind="stable")
    rights, falses = (
        np.concatenate(([0.0], np.cumsum(np.where(side, counts, 0.0)[order])))
        for side in (right, ~right)
    )
    place = np.searchsorted(seen[order], wanted, side="right")
    good = np.maximum(rights[place] - falses[place], 0.0)
    out: Reals = (good + WEIGHT * wanted) / (rights[place] + WEIGHT)
    return out


def isotonic(seen: Reals, right: NDArray[np.bool_], counts: Reals, wanted: Reals) -> Reals:
    """Return how often links as probable as `wanted` were right among those seen.

    Equal probabilities form one point. Between two points the lower one's share holds. The
    probability itself counts for `WEIGHT` links.
    """
    if seen.size == 0:
        return wanted
    points, point = np.unique(seen, return_inverse=True)
    mass = np.bincount(point, counts).astype(np.float64)
    share = np.bincount(point, counts * right) / mass
    fitted = np.empty(points.size)
    pool_adjacent(share, mass, fitted)
    _, block = np.unique(fitted, return_inverse=True)
    pooled = np.bincount(block, mass)[block]
    place = np.maximum(np.searchsorted(points, wanted, side="right") - 1, 0)
    out: Reals = (fitted * pooled)[place] + WEIGHT * wanted
    return out / (pooled[place] + WEIGHT)
