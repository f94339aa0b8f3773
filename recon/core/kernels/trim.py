"""Tells whether text needs cleaning at all: most columns do not, and then nothing is copied."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints

_SPACE = 32
_TAB = 9
_BACKTICK = 96


@njit(cache=True, nogil=True)
def needs_trim(data: Bytes, starts: Ints, ends: Ints, valid: Flags, longest_null: int) -> bool:
    """Return whether a row is no longer than `longest_null` bytes or has an end to strip.

    Ends to strip are spaces, tabs and back-ticks. longest_null: -1 when no text stands for null.
    """
    for i in range(len(valid)):
        at, end = starts[i], ends[i]
        if valid[i]:
            if end - at <= longest_null:
                return True
            if end > at and (
                data[at] in (_SPACE, _TAB, _BACKTICK) or data[end - 1] in (_SPACE, _TAB, _BACKTICK)
            ):
                return True
    return False
