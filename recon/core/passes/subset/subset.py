"""SUBSET pass: several rows of one side add up to one row of the other.

Only a subset that is the only one of its form, and unlikely to fit by accident, is linked; the
other answers are kept as searches. Targets are answered in rounds: those whose subsets overlap are
left for the next round, and stay open when no round parts them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.arrays.parallel import run_all
from recon.core.codes import MatchKind
from recon.core.kernels.window import ranges_between
from recon.core.passes.band import band_sides
from recon.core.passes.contract import CERTAIN, NO_TIES, Found, Searched, Work
from recon.core.passes.subset.items import Items, in_time
from recon.core.passes.subset.many import find_many
from recon.core.passes.subset.search import Answer, Pool, Search, search

ACCIDENTS_LIMIT = 10**15  # parts per million at which the expected number is cut
ROUNDS = 50


@dataclass(frozen=True)
class Solved:
    """A target row, its answer, and the rows of the hits listed."""

    target: int
    pool_rows: int
    answer: Search
    members: tuple[Rows, ...]

    def accepted(self, accident_ppm: int, fewest: int) -> bool:
        """Return whether the one subset may be linked."""
        unique = self.answer.answer == Answer.UNIQUE and len(self.members) == 1
        return (
            unique
            and self.members[0].size >= fewest
            and self.answer.accidents * 1_000_000 < accident_ppm
        )


def find_subsets(work: Work) -> Found:
    """Link unique subsets of the left side to right rows, then of the right side to left rows."""
    if work.step.many_to_many:
        return find_many(work)
    left, right = (in_time(work, side) for side in band_sides(work))
    before, after = work.step.days_before, work.step.days_after
    to_right, open_right = solve_all(work, right, left, (-after, before), 1)
    taken = np.concatenate(
        [rows for solved in to_right for rows in solved.members[:1]] or [left.rows[:0]]
    )
    left = left.take(np.flatnonzero(~np.isin(left.rows, taken)))
    right_free = ~np.isin(right.rows, [solved.target for solved in to_right])
    to_left, open_left = solve_all(
        work, left, right.take(np.flatnonzero(right_free)), (-before, after), 2
    )
    return report(work, (to_right, to_left), [*to_right, *open_right, *to_left, *open_left])


def solve_all(
    work: Work, targets: Items, items: Items, window: tuple[int, int], fewest: int
) -> tuple[list[Solved], list[Solved]]:
    """Return the targets whose subset, of `fewest` rows at least, is linked, and the open ones."""
    linked: list[Solved] = []
    answers: list[Solved] = []
    for _ in range(ROUNDS):
        answers = answer_round(work, targets, items, (window, fewest), answers)
        chosen = without_overlap([a for a in answers if a.accepted(work.step.accident_ppm, fewest)])
        linked += chosen
        done = np.array([solved.target for solved in chosen], np.int64)
        if not chosen:
            return linked, answers
        used = np.concatenate([solved.members[0] for solved in chosen])
        targets = targets.take(np.flatnonzero(~np.isin(targets.rows, done)))
        items = items.take(np.flatnonzero(~np.isin(items.rows, used)))
    return linked, answer_round(work, targets, items, (window, fewest), answers)


def answer_round(
    work: Work,
    targets: Items,
    items: Items,
    asked: tuple[tuple[int, int], int],
    before: list[Solved],
) -> list[Solved]:
    """Return the answer of every target over the items that are left.

    `asked` is the window and the fewest rows of a subset. A target whose pool has lost no row
    since the round `before` keeps its answer.
    """
    window, fewest = asked
    items = items.take(np.flatnonzero(items.amount != 0))
    begin, end = np.empty(targets.rows.size, np.int64), np.empty(targets.rows.size, np.int64)
    opens, closes = targets.day + window[0], targets.day + window[1]
    ranges_between(targets.group, opens, closes, items.group, items.day, begin, end)
    known = {solved.target: solved for solved in before}
    kept: list[Solved] = []
    jobs = []
    for k in range(targets.rows.size):
        row, amount, pool_rows = int(targets.rows[k]), int(targets.amount[k]), end[k] - begin[k]
        if pool_rows < fewest or abs(amount) <= work.step.tolerance_minor:
            continue
        if row in known and known[row].pool_rows == pool_rows:
            kept.append(known[row])
        else:
            jobs.append((work, row, amount, items, (int(begin[k]), int(end[k]))))
    return sorted(kept + run_all(answer_one, jobs, work.threads), key=lambda one: one.target)


def answer_one(
    work: Work, target: int, amount: int, items: Items, place: tuple[int, int]
) -> Solved:
    """Return the answer of one target over its pool."""
    part = slice(*place)
    pool, slack = items.amount[part], work.step.tolerance_minor
    band = amount - slack, amount + slack
    found = search(Pool(pool, *band, work.step.budget, items.moment[part]))
    rows = items.rows[part]
    members = tuple(rows[np.array(line, np.int64)] for line in found.members)
    return Solved(target, pool.size, found, members)


def without_overlap(answers: list[Solved]) -> list[Solved]:
    """Return the answers that share no row with another one: none is preferred to its rival."""
    if not answers:
        return []
    rows, count = np.unique(np.concatenate([a.members[0] for a in answers]), return_counts=True)
    shared = rows[count > 1]
    return [a for a in answers if not np.isin(a.members[0], shared).any()]


def report(work: Work, linked: tuple[list[Solved], list[Solved]], every: list[Solved]) -> Found:
    """Return the links of both directions, the ties, and every search."""
    left: list[Rows] = [np.empty(0, np.int64)]
    right: list[Rows] = [np.empty(0, np.int64)]
    score: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    smallest: list[Rows] = [np.empty(0, np.int64)]
    for side, answers in enumerate(linked):
        for solved in answers:
            rows = solved.members[0]
            one = np.full(rows.size, solved.target, np.int64)
            left.append(rows if side == 0 else one)
            right.append(one if side == 0 else rows)
            ppm = CERTAIN - int(solved.answer.accidents * CERTAIN)
            score.append(np.full(rows.size, ppm, np.int32))
            smallest.append(np.full(rows.size, min(solved.target, int(rows.min())), np.int64))
    lefts, rights, groups = (np.concatenate(part) for part in (left, right, smallest))
    return Found(
        lefts,
        rights,
        np.full(lefts.size, int(MatchKind.SUBSET), np.uint8),
        np.concatenate(score),
        tied(work, every),
        (once(lefts, groups), once(rights, groups)),
        tuple(searched(solved) for solved in every),
    )


def once(rows: Rows, groups: Rows) -> tuple[Rows, Rows]:
    """Return every row once, with the smallest row of its group."""
    unique, first = np.unique(rows, return_index=True)
    return unique, groups[first]


def tied(work: Work, every: list[Solved]) -> Rows:
    """Return (target, candidate) of the rivals of each target whose form is no likely accident."""
    lines = [NO_TIES]
    for solved in every:
        unlikely = solved.answer.accidents * 1_000_000 < work.step.accident_ppm
        if unlikely and solved.members:
            rows = np.unique(np.concatenate(solved.members))
            lines.append(np.column_stack((np.full(rows.size, solved.target), rows)))
    return np.concatenate(lines)


def searched(solved: Solved) -> Searched:
    """Return the answer in plain values."""
    form = solved.answer.form
    return Searched(
        row=solved.target,
        pool_rows=solved.pool_rows,
        form="" if form is None else form.name,
        answer=solved.answer.answer.name,
        alternatives=solved.answer.alternatives,
        accidents_ppm=min(int(solved.answer.accidents * 1_000_000), ACCIDENTS_LIMIT),
    )
