"""A pass that keeps apart what a person parted, and gives both rows their next-best partner.

A pair that a pass links and a person forbade is taken out by hiding one of its rows; the pass is
run again, so that the other row finds whom it would have met without that rival. The hidden rows
then search among what is left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.passes.contract import Found, Work
from recon.core.passes.score.doubts import joined_doubts
from recon.core.plan import Method

LEFT, RIGHT = 0, 1
MANY = (Method.GROUP, Method.SUBSET)  # a member leaves its batch; the batch keeps its credit

Find = Callable[[Work], Found]


def find_apart(work: Work, find: Find, forbid: Rows) -> Found:
    """Return what a pass finds when the pairs of `forbid` (k, 2) do not exist.

    Where nothing forbidden is found, which is the usual night, the pass runs once.
    """
    sides = (LEFT, RIGHT) if work.step.method in MANY else (RIGHT, LEFT)
    free = work.free
    rounds: list[Found] = []
    idle = 0
    while idle < len(sides):
        found, hidden = without(dataclasses.replace(work, free=free), find, forbid, sides[0])
        rounds.append(found)
        if not hidden:
            break
        idle = 0 if found.left.size else idle + 1
        free = free & ~linked(found, free.size)
        sides = sides[::-1]
    else:
        rounds += row_by_row(dataclasses.replace(work, free=free), find, forbid)
    return rounds[0] if len(rounds) == 1 else joined(rounds)


def row_by_row(work: Work, find: Find, forbid: Rows) -> list[Found]:
    """Return what each parted row that is still free finds while its parted partners are hidden.

    Of other parted pairs the row on its own side is hidden, so that its candidates stay.
    """
    rounds: list[Found] = []
    free = work.free
    for side in (LEFT, RIGHT):
        for row in np.unique(forbid[:, side]):
            if free[row]:
                here = free.copy()
                here[forbid[forbid[:, side] == row, 1 - side]] = False
                found, _ = without(dataclasses.replace(work, free=here), find, forbid, side)
                rounds.append(found)
                free = free & ~linked(found, free.size)
    return rounds


def without(work: Work, find: Find, forbid: Rows, side: int) -> tuple[Found, bool]:
    """Return what the pass finds without forbidden pairs, and whether rows were hidden for it."""
    free, hidden = work.free, False
    while True:
        found = find(dataclasses.replace(work, free=free))
        wrong = violations(found, forbid, work.step.method, free.size)
        if wrong.size == 0:
            return found, hidden
        free, hidden = free.copy(), True
        free[wrong[:, side]] = False


def violations(found: Found, forbid: Rows, method: Method, rows: int) -> Rows:
    """Return the forbidden pairs that a pass links, shows as a tie, or puts into one batch."""
    if forbid.size == 0:
        return forbid
    pairs = np.concatenate(
        (paired(found.left, found.right, rows), paired(found.ties[:, 0], found.ties[:, 1], rows))
    )
    wrong = np.isin(paired(forbid[:, 0], forbid[:, 1], rows), pairs)
    if method in MANY:
        group = np.full(rows, -1, np.int64)
        for part, smallest in found.grouped:
            group[part] = smallest
        wrong |= (group[forbid[:, 0]] >= 0) & (group[forbid[:, 0]] == group[forbid[:, 1]])
    return forbid[wrong]


def paired(one: Rows, other: Rows, rows: int) -> Rows:
    """Return one number a pair, whichever row stands first."""
    return np.minimum(one, other).astype(np.int64) * rows + np.maximum(one, other)


def linked(found: Found, rows: int) -> NDArray[np.bool_]:
    """Return which rows a pass has put into a group."""
    out = np.zeros(rows, np.bool_)
    for part, _ in found.grouped:
        out[part] = True
    return out


def joined(rounds: list[Found]) -> Found:
    """Return what several rounds of one pass found as one; the last search of a row counts."""
    searches = {line.row: line for found in rounds for line in found.searches}
    spoken = [found.spoken for found in rounds if found.spoken is not None]
    return Found(
        np.concatenate([found.left for found in rounds]),
        np.concatenate([found.right for found in rounds]),
        np.concatenate([found.kind for found in rounds]),
        np.concatenate([found.score for found in rounds]),
        np.concatenate([found.ties for found in rounds]),
        tuple(
            (
                np.concatenate([found.grouped[side][0] for found in rounds]),
                np.concatenate([found.grouped[side][1] for found in rounds]),
            )
            for side in (LEFT, RIGHT)
        ),
        tuple(searches.values()),
        np.concatenate(spoken) if spoken else None,
        joined_doubts([found.doubts for found in rounds if found.doubts is not None]),
    )
