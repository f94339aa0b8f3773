"""Subset sum matching: disjoint groups of rows of two sides whose sums agree, as many as can be.

The problem of Wu and others (arXiv 2508.19218): cover as many rows by as many matches as possible.
Small matches are looked for first, over all pairs of sets of up to three rows a side; inside one
size the matches with the fewest rivals are taken. What is left at the end is one match if its sums
agree. The result is a set of valid matches, not a claim that they are the true ones: many sets
agree by chance, so nothing of this is linked without a person (`recon explain` shows it).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels.set_packing import (
    count_uses,
    join_sums,
    join_triples,
    pick_disjoint,
    small_sums,
    sum_uses,
)
from recon.core.passes.order import sort_order

Ints = NDArray[np.int64]
Lines = NDArray[np.int32]  # (n, 3): rows, -1 where there are fewer
LARGEST = 3
SETS_MOST = 6_000_000  # sets of one size and side that are enumerated
STEPS_MOST = 2_000_000_000  # sums looked at where sets of three are not enumerated
LISTED_MOST = 400_000  # matches of one size that are weighed against each other
ROUNDS = 8
TRIES = 40
TRIED_ROWS = 400
REPAIRS = 80
REPAIRED_ROWS = 60
FREED = 10  # matches freed in one repair
JITTER = 64
SIZES = sorted(
    ((one, two) for one in range(1, LARGEST + 1) for two in range(1, LARGEST + 1)),
    key=lambda pair: (sum(pair), abs(pair[0] - pair[1]), pair),
)


@dataclass(frozen=True)
class Matched:
    """One match: positions on either side."""

    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def worth(self) -> int:
        """Return what the match adds to the objective: its rows and one for itself."""
        return len(self.left) + len(self.right) + 1


def match_subsets(left: Ints, right: Ints, slack: int = 0) -> list[Matched]:
    """Return disjoint matches whose sums differ by `slack` at most.

    The best of several tries, then repairs: what is left over and a few matches are freed and
    matched anew, and the better of the two is kept. All jitter comes from fixed seeds; large
    instances get one try.
    """
    amounts = (left, right)
    free = (np.arange(left.size), np.arange(right.size))
    found = one_try(amounts, free, slack, None)
    for number in range(TRIES if left.size + right.size <= TRIED_ROWS else 0):
        again = one_try(amounts, free, slack, np.random.default_rng(number))
        found = max(found, again, key=lambda matches: sum(match.worth for match in matches))
    for number in range(REPAIRS):
        left_over = max(left.size, right.size) - sum(len(m.left) for m in found if is_small(m))
        if left_over > REPAIRED_ROWS or is_tidy(found, left.size + right.size):
            break
        found = repair(amounts, found, slack, np.random.default_rng(number))
    return found


def is_small(match: Matched) -> bool:
    """Return whether a match is of the sizes that are looked for."""
    return max(len(match.left), len(match.right)) <= LARGEST


def is_tidy(found: list[Matched], rows: int) -> bool:
    """Return whether every row is in a small match."""
    covered = sum(len(match.left) + len(match.right) for match in found)
    return covered == rows and all(is_small(match) for match in found)


def repair(
    amounts: tuple[Ints, Ints], found: list[Matched], slack: int, jitter: np.random.Generator
) -> list[Matched]:
    """Return the matches with a few of them, and all that is left over, matched anew."""
    small = [match for match in found if is_small(match)]
    freed = set(jitter.permutation(len(small))[:FREED].tolist())
    kept = [match for k, match in enumerate(small) if k not in freed]
    free = (
        np.setdiff1d(np.arange(amounts[0].size), [row for match in kept for row in match.left]),
        np.setdiff1d(np.arange(amounts[1].size), [row for match in kept for row in match.right]),
    )
    again = kept + one_try(amounts, free, slack, jitter)
    better = sum(match.worth for match in again) >= sum(match.worth for match in found)
    return again if better else found


def one_try(
    amounts: tuple[Ints, Ints],
    rows: tuple[Ints, Ints],
    slack: int,
    jitter: np.random.Generator | None,
) -> list[Matched]:
    """Return matches of the given rows, small ones first, the rest as one match if it agrees."""
    free = list(rows)
    found: list[Matched] = []
    for sizes in SIZES:
        for _ in range(ROUNDS):
            picked = one_size(amounts, free, sizes, slack, jitter)
            found += picked
            if not picked:
                break
            free = [
                np.setdiff1d(free[0], [row for match in picked for row in match.left]),
                np.setdiff1d(free[1], [row for match in picked for row in match.right]),
            ]
    if free[0].size and free[1].size:
        gap = int(amounts[0][free[0]].sum()) - int(amounts[1][free[1]].sum())
        if abs(gap) <= slack:
            found.append(Matched(tuple(free[0].tolist()), tuple(free[1].tolist())))
    return found


def one_size(
    amounts: tuple[Ints, Ints],
    free: list[Ints],
    sizes: tuple[int, int],
    slack: int,
    jitter: np.random.Generator | None,
) -> list[Matched]:
    """Return disjoint matches of `sizes` rows a side among the free rows."""
    parts = [amount[rows] for amount, rows in zip(amounts, free, strict=True)]
    agreed = agreeing(parts[0], parts[1], sizes, slack)
    if agreed is None:
        return []
    left, right = agreed
    picked = least_rivals(left, right, (free[0].size, free[1].size), jitter)
    return [
        Matched(
            tuple(int(free[0][k]) for k in left[m] if k >= 0),
            tuple(int(free[1][k]) for k in right[m] if k >= 0),
        )
        for m in picked
    ]


def agreeing(
    left: Ints, right: Ints, sizes: tuple[int, int], slack: int
) -> tuple[Lines, Lines] | None:
    """Return the rows of either side of sets of `sizes` that agree; None where it is too dear.

    Where a side has too many sets of three, they are put together while the other side's sets
    are looked up.
    """
    one, two = sorted_sets(left, sizes[0]), sorted_sets(right, sizes[1])
    if one is not None and two is not None:
        pairs = np.empty((LISTED_MOST, 2), np.int64)
        pairs = pairs[: join_sums(one[0], two[0], slack, pairs)]
        return one[1][pairs[:, 0]], two[1][pairs[:, 1]]
    if one is not None and sizes[1] == LARGEST:
        return join_large(one, right, slack)
    if two is not None and sizes[0] == LARGEST:
        turned = join_large(two, left, slack)
        return None if turned is None else turned[::-1]
    return None


def join_large(one: tuple[Ints, Lines], amount: Ints, slack: int) -> tuple[Lines, Lines] | None:
    """Return the sets of one side that agree with three rows of the other, and those rows."""
    pairs = sorted_sets(amount, LARGEST - 1)
    if pairs is None or amount.size * (one[0].size + pairs[0].size) > STEPS_MOST:
        return None
    out = np.empty((LISTED_MOST, 1 + LARGEST), np.int64)
    out = out[: join_triples(one[0], *pairs, np.ascontiguousarray(amount), slack, out)]
    return one[1][out[:, 0]], out[:, 1:].astype(np.int32)


def sorted_sets(amount: Ints, size: int) -> tuple[Ints, Lines] | None:
    """Return sums and rows of all sets of one size in ascending order; None if too many."""
    count = comb(amount.size, size)
    if count > SETS_MOST:
        return None
    sums = np.empty(count, np.int64)
    rows = np.empty((count, LARGEST), np.int32)
    small_sums(np.ascontiguousarray(amount), size, sums, rows)
    order = sort_order(sums)
    return sums[order], rows[order]


def least_rivals(
    left: Lines,
    right: Lines,
    rows: tuple[int, int],
    jitter: np.random.Generator | None,
) -> Ints:
    """Return disjoint matches, those whose rows occur in the fewest other matches first."""
    uses = np.zeros(rows[0], np.int64), np.zeros(rows[1], np.int64)
    used = np.zeros(rows[0], np.uint8), np.zeros(rows[1], np.uint8)
    count_uses(left, right, *uses)
    rivalry = np.empty(left.shape[0], np.int64)
    sum_uses(left, right, *uses, rivalry)
    if jitter is not None:
        rivalry *= jitter.integers(JITTER, 2 * JITTER, rivalry.size)
    picked = np.zeros(left.shape[0], np.uint8)
    pick_disjoint(sort_order(rivalry), left, right, *used, picked)
    return np.flatnonzero(picked)
