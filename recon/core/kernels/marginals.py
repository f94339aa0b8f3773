"""Probability of each pair when every row has one partner at most: belief propagation.

The pairs are weighed as a monomer-dimer system: a set of disjoint pairs is as likely as the product
of its odds. Messages converge on every graph (Bayati, Gamarnik, Katz, Nair, Tetali 2007) and are
exact on trees; unlike a row's share they do not count a rival that has a better partner itself.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints, Reals

MOST = 30.0  # log odds beyond which nothing changes, and sums keep their digits


@njit(cache=True, nogil=True)
def send_messages(
    start: Ints, column: Ints, odds: Reals, to_row: Reals, to_column: Reals, total: Reals
) -> float:
    """Update both sides' messages once; return the largest change of a message to a row.

    odds, to_row, to_column: one a pair, messages arriving in 0 to 1; total: scratch, one a column.
    """
    for i in range(start.size - 1):
        offered = 1.0
        for e in range(start[i], start[i + 1]):
            offered += odds[e] * to_row[e]
        for e in range(start[i], start[i + 1]):
            to_column[e] = 1.0 / max(offered - odds[e] * to_row[e], 1.0)
    total[:] = 1.0
    for e in range(odds.size):
        total[column[e]] += odds[e] * to_column[e]
    moved = 0.0
    for e in range(odds.size):
        message = 1.0 / max(total[column[e]] - odds[e] * to_column[e], 1.0)
        moved = max(moved, abs(message - to_row[e]))
        to_row[e] = message
    return moved


@njit(cache=True, nogil=True)
def pair_marginals(
    start: Ints, column: Ints, weight: Reals, columns: int, rounds: int, settled: float, out: Reals
) -> int:
    """Fill each pair's probability from its log odds `weight`; return the rounds that it took."""
    odds = np.empty(weight.size)
    for e in range(weight.size):
        odds[e] = np.exp(min(weight[e], MOST))
    to_row = np.ones(weight.size)
    to_column = np.ones(weight.size)
    total = np.empty(columns)
    done = 0
    while done < rounds:
        done += 1
        if send_messages(start, column, odds, to_row, to_column, total) < settled:
            break
    for e in range(weight.size):
        both = odds[e] * to_row[e] * to_column[e]
        out[e] = both / (1.0 + both)
    return done
