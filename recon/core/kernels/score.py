"""Fellegi-Sunter weights with value-specific u, fitted by a one-to-one aware EM.

Candidate pairs stand in compressed rows. Each comparison k gives a pair a level and the natural
logarithm of its u, the share of the other side's rows that would agree as well as this one does;
m of each level is fitted. Probabilities are floats; money never enters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints, Reals, Words
from recon.core.kernels.features import first_shared
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
FARTHEST = np.int64(2**63 - 1)  # beyond every difference of amounts
NOT_LOOKED_AT = -1  # nearness of a pair whose amount and lag make its spelling idle


class Half(NamedTuple):
    """One side's rows: money, day, normalised text, shared features and their signature."""

    amount: Ints
    day: Ints
    data: Bytes
    offsets: Ints
    head: Bytes  # first byte of each text, 0 of an empty one
    feature_start: Ints
    feature: Ints  # ascending in each row, rarest first
    sign: Words


class Counts(NamedTuple):
    """What is counted once for all pairs, as natural logarithms of shares where it says log."""

    bounds: Ints  # ascending differences of amounts, parts per million of the left one
    ordered: Ints  # amounts of the other side, ascending
    amount_tally: Ints  # (2, bounds) from `tally_amounts`
    day_log: Reals  # by day since `first_day`
    first_day: int
    earliest: int  # smallest lag
    lags: int
    key_log: Reals  # by left row: one among the right rows that share its key
    feature_digits: Flags  # 1 of a number, 0 of a word
    feature_log: Reals  # (2, features): strangers that show each, and where `LONG` are shared
    sharing_log: Reals  # strangers that share some features, few, many


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
def weigh_edges(level: Ints, fixed: Reals, log_m: Reals, prior: float, weight: Reals) -> None:
    """Fill each pair's log odds: its `fixed` part, the `prior`, and log m of its three levels.

    level: (3, pairs); log_m: (3, levels); fixed: log u of the levels is taken off in it.
    """
    for e in range(weight.size):
        told = log_m[0, level[0, e]] + log_m[1, level[1, e]] + log_m[2, level[2, e]]
        weight[e] = fixed[e] + prior + told


@njit(cache=True, nogil=True)
def expect_edges(
    start: Ints, column: Ints, weight: Reals, column_sum: Reals, posterior: Reals
) -> None:
    """Fill each pair's probability from its log odds, given that a row has one partner at most.

    `column_sum` is scratch, one a right row.
    """
    column_sum[:] = 1.0
    for e in range(weight.size):
        posterior[e] = np.exp(min(weight[e], 60.0))
        column_sum[column[e]] += posterior[e]
    for i in range(start.size - 1):
        total = 1.0
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


@njit(cache=True, nogil=True, inline="always")
def passes_gates(odds: float, level: int, rarity: float, gates: Gates) -> tuple[bool, bool]:
    """Tell whether a pair passes: by its text's level and log u, or by a spelling worth a look."""
    looked_at = level != ABSENT and odds + gates.near_best >= gates.near_keep
    return looked_at or odds + (gates.log_m[2, level] - rarity) >= gates.keep, looked_at


@njit(cache=True, nogil=True)
def reach_of_quiet(
    level: int, money: Reals, lag_odds: Reals, allowed: Ints, gates: Gates, reach: Ints
) -> None:
    """Fill for each lag the largest difference at which a pair of that text level passes, or -1.

    money, lag_odds: log odds by bound and by lag, minus infinity where no row stands.
    """
    for lag in range(reach.size):
        reach[lag] = -1
        for b in range(allowed.size - 1, -1, -1):
            if passes_gates(money[b] + lag_odds[lag], level, 0.0, gates)[0]:
                reach[lag] = allowed[b] if b < allowed.size - 1 else FARTHEST
                break


@njit(cache=True, nogil=True)
def shared_evidence(
    a: int,
    a_end: int,
    left: Ints,
    z: int,
    z_end: int,
    right: Ints,
    digits: Flags,
    log: Reals,
    sharing: Reals,
) -> tuple[int, int, float]:
    """Return how many features two rows share, whether the rarest is made of digits, its log u.

    digits, log, sharing: `Counts.feature_digits`, `feature_log` and `sharing_log`.
    """
    rarest, shared = first_shared(a, a_end, left, z, z_end, right)
    if shared == 0:
        return 0, 0, 0.0
    common = sharing[int(shared >= FEW) + int(shared >= MANY)]
    return shared, int(digits[rarest]), min(log[int(shared >= LONG), rarest], common)


@njit(cache=True, nogil=True)
def odds_by_lag(day: int, counts: Counts, log_m: Reals, out: Reals) -> None:
    """Fill the log odds of each lag of a row of that day, minus infinity where no row stands."""
    for lag in range(out.size):
        place = day + counts.earliest + lag - counts.first_day
        known = 0 <= place < counts.day_log.size
        out[lag] = log_m[1, lag] - counts.day_log[place] if known else -np.inf


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
    Most pairs share neither a feature nor a first byte: money and lag alone must carry them, and
    one comparison with the row's `reach` ends the others. Pairs of a row mostly ascend in amount,
    so that the level is searched from the one before.
    """
    shares, money = np.empty((2, counts.bounds.size))
    allowed, near = np.empty((2, counts.bounds.size), np.int64)
    lag_odds, reach = np.empty(counts.lags), np.empty(counts.lags, np.int64)
    told = counts.feature_digits, counts.feature_log, counts.sharing_log
    n = 0
    for r in range(start.size - 1):
        if start[r] == start[r + 1]:
            continue
        i = first + r
        amount, head, sign = left.amount[i], left.head[i], left.sign[i]
        scale_bounds(amount, counts.bounds, allowed)
        amount_shares(counts.ordered, amount, allowed, counts.amount_tally, near, shares)
        for b in range(money.size):
            money[b] = gates.prior + counts.key_log[i] + gates.log_m[0, b] - shares[b]
        odds_by_lag(left.day[i], counts, gates.log_m, lag_odds)
        reach_of_quiet(NOTHING if head else ABSENT, money, lag_odds, allowed, gates, reach)
        begin, size = left.offsets[i], left.offsets[i + 1] - left.offsets[i]
        a, a_end = left.feature_start[i], left.feature_start[i + 1]
        b = 0
        for e in range(start[r], start[r + 1]):
            j = column[e]
            gap = abs(right.amount[j] - amount)
            lag = right.day[j] - left.day[i] - counts.earliest
            quiet = right.head[j] != head and right.head[j] != 0 and not sign & right.sign[j]
            if quiet and gap > reach[lag]:
                continue
            b = bound_above(gap, allowed, b)
            other = right.offsets[j]
            length = right.offsets[j + 1] - other
            level, rarity = ABSENT, 0.0
            if size > 0 and length > 0:
                same = shared_prefix(left.data, begin, size, right.data, other, length)
                rarity = prefix_log[r, min(same, PREFIX_BYTES) - 1] if same > 0 else 0.0
                shared, digits, alike = 0, 0, 0.0
                if sign & right.sign[j]:
                    z, z_end = right.feature_start[j], right.feature_start[j + 1]
                    numbers = left.feature, z, z_end, right.feature
                    shared, digits, alike = shared_evidence(a, a_end, *numbers, *told)
                level = text_level(same, size, length, shared, digits, alike < rarity)
                rarity = min(rarity, alike)
            passes, looked_at = passes_gates(money[b] + lag_odds[lag], level, rarity, gates)
            if not passes:
                continue
            out.edge[n] = e
            out.level[0, n], out.level[1, n], out.level[2, n] = b, lag, level
            out.log_u[0, n], out.log_u[2, n] = shares[b], rarity
            out.log_u[1, n] = counts.day_log[right.day[j] - counts.first_day]
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
