"""Tells whether text needs cleaning or a closer look at all: most columns do not."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints

_SPACE = 32
_TAB = 9
_BACKTICK = 96
_PLUS = 43
_EXPONENT = 3  # bytes of `+27`, the end of `4.2E+27`


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


@njit(cache=True, nogil=True)
def may_be_rounded(data: Bytes, starts: Ints, ends: Ints, valid: Flags) -> bool:
    """Return whether a row ends in a plus and two or three bytes, as `4.2E+27` and `1E+100` do.

    What there is to strip at its end does not count.
    """
    for i in range(len(valid)):
        at, end = starts[i], ends[i]
        while end > at and data[end - 1] in (_SPACE, _TAB, _BACKTICK):
            end -= 1
        if (
            valid[i]
            and end - at > _EXPONENT + 1
            and (data[end - _EXPONENT] == _PLUS or data[end - _EXPONENT - 1] == _PLUS)
        ):
            return True
    return False
