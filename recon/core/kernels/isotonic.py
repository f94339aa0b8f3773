"""Isotonic regression: the best non-decreasing fit, by pooling adjacent violators in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Reals


@njit(cache=True, nogil=True)
def pool_adjacent(value: Reals, weight: Reals, out: Reals) -> None:
    """Fill `out` with the non-decreasing numbers of least weighted squared distance to `value`.

    Weights are positive. A block that is not above the one before it is pooled with it.
    """
    mean = np.empty(value.size)
    mass = np.empty(value.size)
    end = np.empty(value.size, np.int64)
    blocks = 0
    for i in range(value.size):
        mean[blocks] = value[i]
        mass[blocks] = weight[i]
        end[blocks] = i + 1
        blocks += 1
        while blocks > 1 and mean[blocks - 2] >= mean[blocks - 1]:
            together = mass[blocks - 2] + mass[blocks - 1]
            share = mass[blocks - 1] / together
            mean[blocks - 2] += (mean[blocks - 1] - mean[blocks - 2]) * share
            mass[blocks - 2] = together
            end[blocks - 2] = end[blocks - 1]
            blocks -= 1
    begin = 0
    for b in range(blocks):
        out[begin : end[b]] = mean[b]
        begin = end[b]
