"""Exact sums by group: two int64 words, so that no number of rows can overflow.

The sum is `high * 2**32 + low`. With |amount| <= 10**15 a word stays below 2**63 for 2**31 rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints

LOW_MASK = np.int64(0xFFFFFFFF)
LOW_BITS = 32


@njit(cache=True, nogil=True)
def sum_groups(group: Ints, amount: Ints, high: Ints, low: Ints, count: Ints) -> None:
    """Add each `amount` (n) int64 to the words and the count of its `group`; -1 is skipped."""
    for i in range(group.size):
        if group[i] >= 0:
            high[group[i]] += amount[i] >> LOW_BITS
            low[group[i]] += amount[i] & LOW_MASK
            count[group[i]] += 1
