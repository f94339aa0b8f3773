"""WINDOW pass: equal key, currency and amount inside a date window, a maximum matching.

Rows of one key, currency and amount differ by their time only, so that pairing them in time order
picks nothing among equals as long as every one of them has a partner. Where some maximum matching
leaves a row out and another one does not, that row is undecided: it is shown, not linked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import MatchKind
from recon.core.kernels.candidates import any_cover, window_range
from recon.core.kernels.window import (
    match_constant,
    match_deadlines,
    ranges_between,
    spread_from_left,
    spread_from_right,
)
from recon.core.passes.contract import CERTAIN, NO_DAY, Found, Work
from recon.core.passes.dated import Dated, counted_days, equal_rows, list_open


@dataclass(frozen=True)
class Ranges:
    """Candidates of each left row: positions `begin` to `end` on the right side."""

    begin: Rows
    end: Rows


@dataclass(frozen=True)
class Matching:
    """Partners by position, -1 for none, and the rows that another optimum leaves out."""

    left: Rows
    right: Rows
    left_undecided: NDArray[np.uint8]
    right_undecided: NDArray[np.uint8]


def find_windows(work: Work) -> Found:
    """Link the decided pairs of a maximum matching; list the undecided rows as ties."""
    left, right = equal_rows(work, dated=True)
    if work.step.until_due:
        left, ranges = own_ranges(work, left, right)
        matching = solve_deadlines(ranges, right.rows.size)
    else:
        before, after = work.step.reach
        matching, ranges = solve_constant(left, right, -before, after)
    mark_undecided(ranges, matching)
    return report(left, right, ranges, matching)


def empty_matching(left: int, right: int) -> Matching:
    """Return a matching of nothing, with nothing decided against it."""
    return Matching(
        np.full(left, -1, np.int64),
        np.full(right, -1, np.int64),
        np.zeros(left, np.uint8),
        np.zeros(right, np.uint8),
    )


def solve_constant(
    left: Dated, right: Dated, earliest: int, latest: int
) -> tuple[Matching, Ranges]:
    """Return a maximum matching under one window for all rows, and every row's candidates."""
    matching = empty_matching(left.rows.size, right.rows.size)
    begin, end = np.empty(left.rows.size, np.int64), np.empty(left.rows.size, np.int64)
    window_range(left.group, left.day, right.group, right.day, earliest, latest, begin, end)
    match_constant(
        left.group,
        left.day,
        right.group,
        right.day,
        earliest,
        latest,
        matching.left,
        matching.right,
    )
    return matching, Ranges(begin, end)


def own_ranges(work: Work, left: Dated, right: Dated) -> tuple[Dated, Ranges]:
    """Return the left rows with a day of their own, and their candidates up to the due day."""
    own = counted_days(work, work.facts.own_day)[left.rows]
    left = left.take(np.flatnonzero(own != NO_DAY))
    opens = own[own != NO_DAY] - work.step.days_before
    closes = left.day + work.step.days_after
    begin, end = np.empty(left.rows.size, np.int64), np.empty(left.rows.size, np.int64)
    ranges_between(left.group, opens, closes, right.group, right.day, begin, end)
    return left, Ranges(begin, end)


def solve_deadlines(ranges: Ranges, right_rows: int) -> Matching:
    """Return a maximum matching under a window for each row, earliest deadline first."""
    matching = empty_matching(ranges.begin.size, right_rows)
    order = np.lexsort((ranges.begin, ranges.end))
    match_deadlines(order, ranges.begin, ranges.end, matching.left, matching.right)
    return matching


def mark_undecided(ranges: Ranges, matching: Matching) -> None:
    """Flag the rows of either side that some maximum matching leaves out."""
    begin, end = ranges.begin, ranges.end
    spread_from_left(begin, end, matching.left, matching.right, matching.left_undecided)
    order = np.argsort(begin, kind="stable")
    spread_from_right(order, begin, end, matching.left, matching.right, matching.right_undecided)


def candidate_counts(ranges: Ranges, right_rows: int) -> tuple[Rows, Rows]:
    """Return how many candidates each left and each right row has."""
    edge = np.zeros(right_rows + 1, np.int64)
    np.add.at(edge, ranges.begin, 1)
    np.subtract.at(edge, ranges.end, 1)
    return ranges.end - ranges.begin, np.cumsum(edge)[:-1]


def report(left: Dated, right: Dated, ranges: Ranges, matching: Matching) -> Found:
    """Return the decided pairs, scored by one over their candidates, and the ties."""
    partner = matching.left
    matched = np.flatnonzero(partner >= 0)
    open_pair = matching.left_undecided[matched] | matching.right_undecided[partner[matched]]
    chosen = matched[open_pair == 0]
    left_count, right_count = candidate_counts(ranges, right.rows.size)
    most = np.maximum(left_count[chosen], right_count[partner[chosen]])
    left_rows, right_rows = left.rows[chosen], right.rows[partner[chosen]]
    smallest = np.minimum(left_rows, right_rows)
    decided = empty_matching(left.rows.size, right.rows.size)
    decided.left[chosen] = partner[chosen]
    decided.right[partner[chosen]] = chosen
    return Found(
        left_rows,
        right_rows,
        np.full(chosen.size, int(MatchKind.WINDOW), np.uint8),
        (CERTAIN // most).astype(np.int32),
        ties(left.rows, right.rows, ranges, decided),
        ((left_rows, smallest), (right_rows, smallest)),
    )


def ties(left: Rows, right: Rows, ranges: Ranges, decided: Matching) -> NDArray[np.int64]:
    """Return (row, candidate): each unlinked row that has unlinked candidates, from either side."""
    lines = list_open(ranges.begin, ranges.end, decided.left, decided.right)
    one = np.column_stack((left[lines[:, 0]], right[lines[:, 1]]))
    cover = np.full(right.size, -1, np.int64)
    order = np.argsort(ranges.begin, kind="stable")
    any_cover(order, ranges.begin, ranges.end, decided.left, cover)
    covered = np.flatnonzero((cover >= 0) & (decided.right < 0))
    two = np.column_stack((right[covered], left[cover[covered]]))
    return np.concatenate((one, one[:, ::-1], two))
