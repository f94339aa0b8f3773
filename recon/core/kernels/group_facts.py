"""Facts of every match group in one pass over the rows; a group's facts share a cache line."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints

AMOUNT = 3  # columns of the facts of a group: rows by side, amounts by side, the rest
NET = 6
MARKS = 7
WIDTH = 8
CHANNEL = 1  # the number of `recon.core.codes.Side`
OUTCOME_BITS = 8  # MARKS holds: a bit an outcome; the first currency + 1; whether others came
CURRENCY_BITS = 16
CURRENCY_MASK = np.int64(0xFFFF)
MIXED = np.int64(1) << (OUTCOME_BITS + CURRENCY_BITS)


@njit(cache=True, nogil=True)
def rank_groups(group: Ints, place: Ints) -> int:
    """Fill `place` with the rank of each row's group, in the order of their smallest rows.

    `group` (n) names the smallest row of each row's group; returns how many groups there are.
    """
    groups = 0
    for row in range(group.size):
        if group[row] == row:
            place[row] = groups
            groups += 1
        else:
            place[row] = place[group[row]]
    return groups


@njit(cache=True, nogil=True)
def list_roots(group: Ints, out: Ints) -> None:
    """Fill `out` with the smallest row of each group, ascending."""
    n = 0
    for row in range(group.size):
        if group[row] == row:
            out[n] = row
            n += 1


@njit(cache=True, nogil=True)
def gather_facts(
    place: Ints,
    first: int,
    side: Bytes,
    amount: Ints,
    net: Ints,
    shift: int,
    mask: int,
    currency: Ints,
    outcome: Bytes,
    facts: Ints,
) -> None:
    """Add each row (n) to the facts of its group: int64 (groups, WIDTH), arriving as zeros.

    Only the groups of the ranks from `first` on that have a place in `facts` count. Of every
    amount the part `(amount >> shift) & mask` is added; sums of it must fit 63 bits.
    """
    for i in range(place.size):
        at = place[i] - first
        if at < 0 or at >= facts.shape[0]:
            continue
        facts[at, side[i]] += 1
        facts[at, AMOUNT + side[i]] += (amount[i] >> shift) & mask
        if side[i] == CHANNEL:
            facts[at, NET] += (net[i] >> shift) & mask
        marks = facts[at, MARKS] | (np.int64(1) << outcome[i])
        known = (marks >> OUTCOME_BITS) & CURRENCY_MASK
        own = np.int64(currency[i]) + 1
        if known == 0:
            marks |= own << OUTCOME_BITS
        elif known != own:
            marks |= MIXED
        facts[at, MARKS] = marks
