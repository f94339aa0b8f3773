"""Chains of equal payments that follow each other closely."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Ints


@njit(cache=True, nogil=True)
def chain_repeats(group: Ints, time: Ints, window: int, span: int, chain: Ints, gap: Ints) -> None:
    """Fill each row's chain (position of its first row) and the gap to the row before it.

    Rows sorted by (group, time), both int64. A row joins the chain before it when the gap is at
    most `window` and the whole chain at most `span`; the first row of a chain has gap -1.
    """
    for i in range(group.size):
        chain[i] = i
        gap[i] = -1
        if i > 0 and group[i] == group[i - 1]:
            near = time[i] - time[i - 1] <= window
            if near and time[i] - time[chain[i - 1]] <= span:
                chain[i] = chain[i - 1]
                gap[i] = time[i] - time[i - 1]
