"""Facts of every match group in one pass over the rows."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints
from recon.core.kernels.group_sum import LOW_BITS, LOW_MASK


@njit(cache=True, nogil=True)
def count_sides(place: Ints, side: Bytes, count: Ints) -> None:
    """Add one to `count` (groups, 3) for each row's group (`place`, n) and side."""
    for i in range(place.size):
        count[place[i], side[i]] += 1


@njit(cache=True, nogil=True)
def sum_side(
    place: Ints, side: Bytes, wanted: np.uint8, amount: Ints, high: Ints, low: Ints
) -> None:
    """Add the amounts of rows of one side to their groups, in two words as `sum_groups`."""
    for i in range(place.size):
        if side[i] == wanted:
            high[place[i]] += amount[i] >> LOW_BITS
            low[place[i]] += amount[i] & LOW_MASK


@njit(cache=True, nogil=True)
def span(place: Ints, value: Ints, least: Ints, most: Ints) -> None:
    """Lower `least` and raise `most` (groups) to the values (n) of each group's rows."""
    for i in range(place.size):
        at = place[i]
        least[at] = min(least[at], value[i])
        most[at] = max(most[at], value[i])


@njit(cache=True, nogil=True)
def mark_outcomes(place: Ints, outcome: Bytes, marks: Bytes) -> None:
    """Set bit `outcome` in `marks` (groups) for each row (n)."""
    for i in range(place.size):
        marks[place[i]] |= np.uint8(1) << outcome[i]
