"""Exact sums of minor units by group, as whole numbers of any size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels.group_sum import LOW_BITS, sum_groups


def sums_by(group: NDArray[np.int64], amount: NDArray[np.int64], groups: int) -> list[int]:
    """Return the sum of `amount` for each of `groups` groups; a row of group -1 counts nowhere."""
    high, low, count = (np.zeros(groups, np.int64) for _ in range(3))
    sum_groups(group, amount, high, low, count)
    return [(int(top) << LOW_BITS) + int(rest) for top, rest in zip(high, low, strict=True)]
