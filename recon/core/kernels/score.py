"""Fellegi-Sunter weights with value-specific u, fitted by a one-to-one aware EM.

Candidate pairs stand in compressed rows. Each comparison k gives a pair a level and the natural
logarithm of its u, the share of the other side's rows that would agree as well as this one does;
m of each level is fitted. Probabilities are floats; money never enters.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints, Reals


@njit(cache=True, nogil=True)
def weigh_edges(level: Ints, log_u: Reals, log_m: Reals, prior: float, weight: Reals) -> None:
    """Fill each pair's log odds: `prior` plus log m of its levels less log u.

    level: (comparisons, pairs); log_m: (comparisons, levels); log_u: (pairs) summed already.
    """
    for e in range(weight.size):
        total = prior - log_u[e]
        for k in range(level.shape[0]):
            total += log_m[k, level[k, e]]
        weight[e] = total


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
def amount_levels(
    start: Ints,
    column: Ints,
    left_amount: Ints,
    right_amount: Ints,
    right_sorted: Ints,
    bounds: Ints,
    level: Ints,
    log_u: Reals,
) -> None:
    """Fill each pair's amount level and add the log share of right amounts as close as that.

    `bounds` are ascending differences in parts per million of the left amount; a level is the
    first bound that the difference does not exceed.
    """
    rows = right_sorted.size
    shares = np.empty(bounds.size)
    allowed = np.empty(bounds.size, np.int64)
    for i in range(start.size - 1):
        if start[i] == start[i + 1]:
            continue
        amount = left_amount[i]
        size = abs(amount)
        for b in range(bounds.size):
            allowed[b] = size // 1_000_000 * bounds[b] + size % 1_000_000 * bounds[b] // 1_000_000
            near = np.searchsorted(right_sorted, amount + allowed[b] + 1) - np.searchsorted(
                right_sorted, amount - allowed[b]
            )
            shares[b] = np.log(max(near, 1) / rows)
        for e in range(start[i], start[i + 1]):
            gap = abs(right_amount[column[e]] - amount)
            b = 0
            while b < bounds.size - 1 and gap > allowed[b]:
                b += 1
            level[e] = b
            log_u[e] += shares[b]


@njit(cache=True, nogil=True)
def lag_levels(
    start: Ints,
    column: Ints,
    left_day: Ints,
    right_day: Ints,
    earliest: int,
    day_log: Reals,
    first_day: int,
    level: Ints,
    log_u: Reals,
) -> None:
    """Fill each pair's lag level and add the log share of right rows on that day."""
    for i in range(start.size - 1):
        for e in range(start[i], start[i + 1]):
            day = right_day[column[e]]
            level[e] = day - left_day[i] - earliest
            log_u[e] += day_log[day - first_day]


@njit(cache=True, nogil=True)
def text_levels(
    start: Ints,
    prefix: Ints,
    left_size: Ints,
    right_size: Ints,
    column: Ints,
    prefix_count: Ints,
    rows: int,
    level: Ints,
    log_u: Reals,
) -> None:
    """Fill each pair's text level and add the log share of right rows with the same prefix.

    Levels: bytes shared, cut at the table's width less two; the last two say that one text is
    the beginning of the other, and that both are equal.
    """
    most = prefix_count.shape[1]
    for i in range(start.size - 1):
        for e in range(start[i], start[i + 1]):
            shared = prefix[e]
            other = right_size[column[e]]
            level[e] = min(shared, most - 1)
            if shared > 0 and shared == min(left_size[i], other):
                level[e] = most + (left_size[i] == other)
            if shared > 0:
                near = prefix_count[i, min(shared, most) - 1]
                log_u[e] += np.log(max(near, 1) / rows)
