"""Probability of each pair when every row has one partner at most: belief propagation.

The pairs are weighed as a monomer-dimer system: a set of disjoint pairs is as likely as the product
of its odds. Messages converge on every graph (Bayati, Gamarnik, Katz, Nair, Tetali 2007) and are
exact on trees; unlike a row's share they do not count a rival that has a better partner itself.
A message is sent again only when it has moved, so that a round costs what is still unsettled.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Flags, Ints, Reals

MOST = 30.0  # log odds beyond which nothing changes, and sums keep their digits


@njit(cache=True, nogil=True)
def list_by_column(start: Ints, column: Ints, column_start: Ints, edge: Ints, row: Ints) -> None:
    """Fill the pairs of each column in row order, (columns + 1) bounds, and each pair's row."""
    column_start[:] = 0
    for i in range(start.size - 1):
        for e in range(start[i], start[i + 1]):
            row[e] = i
            column_start[column[e] + 1] += 1
    for j in range(1, column_start.size):
        column_start[j] += column_start[j - 1]
    place = column_start[:-1].copy()
    for e in range(column.size):
        edge[place[column[e]]] = e
        place[column[e]] += 1


@njit(cache=True, nogil=True)
def send_messages(
    start: Ints,
    edge: Ints,
    odds: Reals,
    arrived: Reals,
    sent: Reals,
    end: Ints,
    wake: Flags,
    end_wake: Flags,
    settled: float,
) -> int:
    """Let the nodes awake send along their pairs, wake who gets another message; return how many.

    start, edge: each node's pairs; arrived, sent: messages by pair in 0 to 1; end: the node at the
    other end of each pair; settled: relative change below which a message is not sent again.
    """
    moved = 0
    for node in range(start.size - 1):
        if not wake[node]:
            continue
        wake[node] = 0
        offered = 1.0
        for k in range(start[node], start[node + 1]):
            offered += odds[edge[k]] * arrived[edge[k]]
        for k in range(start[node], start[node + 1]):
            e = edge[k]
            message = 1.0 / max(offered - odds[e] * arrived[e], 1.0)
            if abs(message - sent[e]) > settled * sent[e]:
                sent[e] = message
                end_wake[end[e]] = 1
                moved += 1
    return moved


@njit(cache=True, nogil=True)
def pair_marginals(
    start: Ints, column: Ints, weight: Reals, columns: int, rounds: int, settled: float, out: Reals
) -> int:
    """Fill each pair's probability from its log odds `weight`; return the rounds that it took."""
    odds = np.empty(weight.size)
    for e in range(weight.size):
        odds[e] = np.exp(min(weight[e], MOST))
    column_start = np.empty(columns + 1, np.int64)
    edge, row = np.empty((2, weight.size), np.int64)
    list_by_column(start, column, column_start, edge, row)
    pairs = np.arange(weight.size)
    to_row = np.ones(weight.size)
    to_column = np.ones(weight.size)
    row_wake = np.ones(start.size - 1, np.uint8)
    column_wake = np.ones(columns, np.uint8)
    done = 0
    moved = 1
    while moved > 0 and done < rounds:
        done += 1
        send_messages(start, pairs, odds, to_row, to_column, column, row_wake, column_wake, settled)
        moved = send_messages(
            column_start, edge, odds, to_column, to_row, row, column_wake, row_wake, settled
        )
    for e in range(weight.size):
        both = odds[e] * to_row[e] * to_column[e]
        out[e] = both / (1.0 + both)
    return done
