"""Numbers the different texts of a column that has few of them."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints
from recon.core.kernels.digest import word_at

_WORD = 8


@njit(cache=True, nogil=True)
def number_words(
    data: Bytes, starts: Ints, ends: Ints, valid: Flags, first: Ints, out: Ints
) -> int:
    """Fill `out` (uint32) with the number of each row's text; return how many texts there are.

    Numbers follow the order in which texts first stand; `first` (int64) gets the row of each. When
    there are more texts than it has places, return -1. A null is the empty text.
    """
    count = 0
    latest = 0
    for i in range(len(valid)):
        if count == 0 or not _is_same(data, starts, ends, valid, first[latest], i):
            latest = 0
            while latest < count and not _is_same(data, starts, ends, valid, first[latest], i):
                latest += 1
            if latest == count:
                if count == len(first):
                    return -1
                first[count] = i
                count += 1
        out[i] = latest
    return count


@njit(cache=True, nogil=True)
def _is_same(data: Bytes, starts: Ints, ends: Ints, valid: Flags, one: int, other: int) -> bool:
    """Return whether two rows have the same text."""
    at, size = starts[one], (ends[one] - starts[one]) * valid[one]
    there = starts[other]
    if size != (ends[other] - there) * valid[other]:
        return False
    for k in range(0, size, _WORD):
        if word_at(data, at + k, at + size) != word_at(data, there + k, there + size):
            return False
    return True
