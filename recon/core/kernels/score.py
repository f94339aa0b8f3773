"""Fellegi-Sunter weights with value-specific u, fitted by a one-to-one aware EM.

Candidate pairs stand in compressed rows. Each comparison k gives a pair a level and the natural
logarithm of its u, the share of the other side's rows that would agree as well as this one does;
m of each level is fitted. Probabilities are floats; money never enters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Reals, Words
from recon.core.kernels.features import rarest_shared
from recon.core.kernels.strangers import amount_shares, scale_bounds

# Levels of the text comparison. A prefix of n bytes is level PREFIX + n, to BEGINNING less one.
NOTHING, ABSENT, PREFIX = 0, 1, 1
PREFIX_BYTES = 24
BEGINNING, EQUAL = 25, 26  # one text begins the other; both are equal
DIGITS, WORDS = 27, 30  # three levels each, by how much is shared
NEAR = 32  # plus the nearness 1 to 5
TEXT_LEVELS = 38
LONG = 5  # shared features of a number of ten digits, more than a date has
FEW, MANY = 2, 3  # shared features from which the second and the third level begin
NEAR_LEVELS = 6
NEAR_PRIOR = 10.0  # weight of all rows' nearness against one row's own strangers
NOT_LOOKED_AT = -1  # nearness of a pair whose amount and lag make its spelling idle


class Half(NamedTuple):
    """One side's rows: money, day, normalised text, shared features and their signature."""

    amount: Ints
    day: Ints
    data: Bytes
    offsets: Ints
    feature_start: Ints
    feature: Ints
    sign: Words


class Counts(NamedTuple):
    """What is counted once for all pairs, as natural logarithms of shares where it says log."""

    bounds: Ints  # ascending differences of amounts, parts per million of the left one
    ordered: Ints  # amounts of the other side, ascending
    amount_tally: Ints  # (2, bounds) from `tally_amounts`
    day_log: Reals  # by day since `first_day`
    first_day: int
    earliest: int  # smallest lag
    key_log: Reals  # by left row: one among the right rows that share its key
    feature_rank: Ints  # twice the rows of the other side that show each feature, a number 1 less
    feature_least: Reals  # least strangers that show a word, a number, a long number
    sharing: Reals  # strangers that share some features, few, many


class Gates(NamedTuple):
    """Beliefs before the pairs are weighed, and what a pair must reach."""

    log_m: Reals  # (comparisons, levels)
    prior: float  # log odds of a row having a partner
    keep: float  # least log odds of a pair that is kept
    near_best: float  # most that the spelling could add
    near_keep: float  # least log odds with it of a pair whose spelling is looked at


class Kept(NamedTuple):
    """Pairs that pass: their place, (3, pairs) levels and log u, common prefix, nearness wanted."""

    edge: Ints
    level: Ints
    log_u: Reals
    near: Ints


@njit(cache=True, nogil=True)
def weigh_edges(level: Ints, log_u: Reals, log_m: Reals, prior: Reals, weight: Reals) -> None:
    """Fill each pair's log odds: its `prior` plus log m less log u of its levels.

    level, log_u: (comparisons, pairs); log_m: (comparisons, levels).
    """
    for e in range(weight.size):
        weight[e] = prior[e]
    for k in range(level.shape[0]):
        for e in range(weight.size):
            weight[e] += log_m[k, level[k, e]] - log_u[k, e]


@njit(cache=True, nogil=True)
def expect_edges(
    start: Ints, column: Ints, weight: Reals, null: float, column_sum: Reals, posterior: Reals
) -> None:
    """Fill each pair's probability, given that a row has one partner at most.

    `null` is the weight of having none. `column_sum` is scratch, one a right row.
    """
    column_sum[:] = null
    for e in range(weight.size):
        posterior[e] = np.exp(min(weight[e], 60.0))
        column_sum[column[e]] += posterior[e]
    for i in range(start.size - 1):
        total = null
        for e in range(start[i], start[i + 1]):
            total += posterior[e]
        for e in range(start[i], start[i + 1]):
            posterior[e] /= max(total, column_sum[column[e]])


@njit(cache=True, nogil=True)
def collect_levels(level: Ints, posterior: Reals, counts: Reals) -> None:
    """Add each pair's probability to the counts (comparisons, levels) of its levels."""
    for k in range(level.shape[0]):
        for e in range(posterior.size):
            counts[k, level[k, e]] += posterior[e]


@njit(cache=True, nogil=True)
def near_shares(start: Ints, near: Ints, base: Reals, shares: Reals) -> None:
    """Fill log shares (n, NEAR_LEVELS) of strangers as near to each row's text as each level.

    A row's own candidates tell, its nearest one left out, held towards `base`, the share among
    random pairs, which is also the least. Pairs that were not looked at (-1) do not count.
    """
    hits = np.empty(NEAR_LEVELS, np.int64)
    for i in range(start.size - 1):
        hits[:] = 0
        for e in range(start[i], start[i + 1]):
            if near[e] >= 0:
                hits[near[e]] += 1
        for k in range(NEAR_LEVELS - 2, -1, -1):
            hits[k] += hits[k + 1]
        total = max(hits[0] - 1, 0) + NEAR_PRIOR
        for k in range(NEAR_LEVELS):
            share = (max(hits[k] - 1, 0) + NEAR_PRIOR * base[k]) / total
            shares[i, k] = np.log(min(max(share, base[k]), 1.0))


@njit(cache=True, nogil=True, inline="always")
def prefix_level(shared: int, left: int, right: int) -> int:
    """Return the level of `shared` first bytes of texts of two sizes."""
    if shared > 0 and shared == min(left, right):
        return EQUAL if left == right else BEGINNING
    return PREFIX + min(shared, PREFIX_BYTES - 1) if shared > 0 else NOTHING


@njit(cache=True, nogil=True, inline="always")
def feature_level(digits: int, shared: int) -> int:
    """Return the level of so many shared features, the rarest made of digits or not."""
    kind = DIGITS if digits else WORDS
    return kind + (shared >= FEW) + (shared >= MANY)


@njit(cache=True, nogil=True, inline="always")
def shared_prefix(one: Bytes, begin: int, size: int, two: Bytes, other: int, most: int) -> int:
    """Return how many first bytes two texts share, of `size` and `most` bytes."""
    n = 0
    while n < min(size, most) and one[begin + n] == two[other + n]:
        n += 1
    return n


@njit(cache=True, nogil=True, inline="always")
def text_level(same: int, left: int, right: int, shared: int, digits: int, rarer: int) -> int:
    """Return the text level of a pair: of its common prefix, or of what it shares where `rarer`."""
    level = prefix_level(same, left, right)
    return feature_level(digits, shared) if rarer and level != EQUAL else level


@njit(cache=True, nogil=True, inline="always")
def bound_above(gap: int, allowed: Ints, bound: int) -> int:
    """Return the first bound that a difference does not exceed, the last one at most."""
    while bound > 0 and gap <= allowed[bound - 1]:
        bound -= 1
    while bound < allowed.size - 1 and gap > allowed[bound]:
        bound += 1
    return bound


@njit(cache=True, nogil=True)
def weigh_block(
    start: Ints,
    column: Ints,
    first: int,
    left: Half,
    right: Half,
    prefix_log: Reals,
    counts: Counts,
    gates: Gates,
    out: Kept,
) -> int:
    """Write the pairs of some left rows that pass the gates; return how many.

    start: (n + 1) bounds in `column` of the left rows from `first` on; prefix_log: (n, bytes).
    Pairs of a row mostly ascend in amount, so that the level is searched from the one before.
    """
    shares = np.empty(counts.bounds.size)
    allowed, near = np.empty((2, counts.bounds.size), np.int64)
    n = 0
    for r in range(start.size - 1):
        if start[r] == start[r + 1]:
            continue
        i = first + r
        scale_bounds(left.amount[i], counts.bounds, allowed)
        amount_shares(counts.ordered, left.amount[i], allowed, counts.amount_tally, near, shares)
        begin = left.offsets[i]
        size = left.offsets[i + 1] - begin
        a, a_end = left.feature_start[i], left.feature_start[i + 1]
        b = 0
        for e in range(start[r], start[r + 1]):
            j = column[e]
            b = bound_above(abs(right.amount[j] - left.amount[i]), allowed, b)
            lag = right.day[j] - left.day[i] - counts.earliest
            day_log = counts.day_log[right.day[j] - counts.first_day]
            odds = gates.prior + counts.key_log[i] + gates.log_m[0, b] - shares[b]
            odds += gates.log_m[1, lag] - day_log
            length = right.offsets[j + 1] - right.offsets[j]
            level = ABSENT
            rarity = 0.0
            if size > 0 and length > 0:
                same = shared_prefix(left.data, begin, size, right.data, right.offsets[j], length)
                rank, shared = 0, 0
                if left.sign[i] & right.sign[j]:
                    z, z_end = right.feature_start[j], right.feature_start[j + 1]
                    rank, shared = rarest_shared(
                        a, a_end, left.feature, z, z_end, right.feature, counts.feature_rank
                    )
                rarity = prefix_log[r, min(same, PREFIX_BYTES) - 1] if same > 0 else 0.0
                digits = rank & 1
                least = counts.feature_least[digits + (digits > 0 and shared >= LONG)]
                strangers = max((rank + digits) // 2 - 1.0, least)
                strangers = min(strangers, counts.sharing[(shared >= FEW) + (shared >= MANY)])
                alike = np.log(strangers / counts.ordered.size) if shared > 0 else 0.0
                level = text_level(same, size, length, shared, digits, alike < rarity)
                rarity = min(rarity, alike)
            looked_at = level != ABSENT and odds + gates.near_best >= gates.near_keep
            odds += gates.log_m[2, level] - rarity
            if odds < gates.keep and not looked_at:
                continue
            out.edge[n] = e
            out.level[0, n], out.level[1, n], out.level[2, n] = b, lag, level
            out.log_u[0, n], out.log_u[1, n], out.log_u[2, n] = shares[b], day_log, rarity
            out.near[n] = 0 if looked_at else NOT_LOOKED_AT
            n += 1
    return n


@njit(cache=True, nogil=True)
def add_nearness(start: Ints, near: Ints, near_log: Reals, level: Ints, log_u: Reals) -> None:
    """Let the nearness of spellings speak for the pairs where it is the rarest evidence.

    level, log_u: those of the text comparison; near_log: (n, NEAR_LEVELS) from `near_shares`.
    """
    for i in range(start.size - 1):
        for e in range(start[i], start[i + 1]):
            if near[e] > 0 and level[e] != EQUAL and near_log[i, near[e]] < log_u[e]:
                log_u[e] = near_log[i, near[e]]
                level[e] = NEAR + near[e]
