"""Splits what a merchant sold in a month over the tiers of a rebate policy: integers only.

Rows are sorted by group (a merchant and a month), then by time. A payment has step 1 and a positive
amount, a refund step 0 and a negative one. Measures and bases are minor units, or counts where the
policy's tiers are counts.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints


@njit(cache=True, nogil=True)
def tier_of(measure: int, tier_from: Ints) -> np.int64:
    """Return the last tier whose start is reached, -1 for none."""
    found = -1
    for tier in range(tier_from.size):
        if measure >= tier_from[tier]:
            found = tier
    return np.int64(found)


@njit(cache=True, nogil=True)
def spread_excess(volume: int, tier_from: Ints, portion: Ints) -> None:
    """Fill `portion` with the part of the volume that lies inside each tier."""
    for tier in range(tier_from.size):
        upper = volume
        if tier + 1 < tier_from.size and tier_from[tier + 1] < volume:
            upper = tier_from[tier + 1]
        portion[tier] = max(0, upper - tier_from[tier])


@njit(cache=True, nogil=True)
def take_back(returned: int, portion: Ints) -> None:
    """Take refunds out of the portions, the highest tier first."""
    for back in range(portion.size):
        tier = portion.size - 1 - back
        taken = min(returned, portion[tier])
        portion[tier] -= taken
        returned -= taken


@njit(cache=True, nogil=True)
def split(
    group: Ints,
    amount: Ints,
    base: Ints,
    step: Ints,
    tier_from: Ints,
    by_count: bool,  # noqa: FBT001 - kernels take positional arguments
    excess: bool,  # noqa: FBT001 - as above
    out_volume: Ints,
    out_count: Ints,
    out_portion: Ints,
) -> None:
    """Fill, by group, the net volume, the count, and the base that belongs to each tier.

    Excess by volume: the part of the net volume inside each tier. Excess by count: the base of each
    payment in the tier that its number has passed, refunds taken from the highest tier first.
    Whole: all of the net base in the tier that the measure reached.
    """
    groups = out_volume.size
    total_base = np.zeros(groups, np.int64)
    returned = np.zeros(groups, np.int64)
    for i in range(group.size):
        g = group[i]
        out_volume[g] += amount[i]
        total_base[g] += base[i]
        if step[i] == 0:
            returned[g] -= base[i]
            continue
        if by_count and excess:
            tier = tier_of(out_count[g], tier_from)
            if tier >= 0:
                out_portion[g, tier] += base[i]
        out_count[g] += 1
    for g in range(groups):
        if excess and by_count:
            take_back(returned[g], out_portion[g])
        elif excess:
            spread_excess(out_volume[g], tier_from, out_portion[g])
        else:
            tier = tier_of(out_count[g] if by_count else out_volume[g], tier_from)
            if tier >= 0:
                out_portion[g, tier] = max(0, total_base[g])
