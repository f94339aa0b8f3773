"""Makes text columns of the fields of a block, where they lie: no byte of a field is copied.

A field span is `[start, end)` in bytes; the end of a quoted field that holds doubled quotes is
stored as `~end`. See `recon.core.kernels.tokenise`, which finds the spans.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Words
from recon.core.kernels.digest import load_word

INLINE = 12  # bytes of a text that stand in its view

_TAB = 9
_SPACE = 32
_BACKTICK = 96
_WORD = 8
_PREFIX = 4
_HALF = np.uint64(32)


@njit(cache=True, nogil=True)
def trim_fields(data: Bytes, starts: Ints, ends: Ints, rows: int) -> None:
    """Move the first `rows` spans (int64, columns x rows or more) inwards over wrapping marks.

    Those are spaces, tabs and back-ticks.
    """
    for column in range(starts.shape[0]):
        for row in range(rows):
            start = starts[column, row]
            end = ends[column, row]
            doubled = end < 0
            if doubled:
                end = ~end
            while start < end and _is_wrapping(data[start]):
                start += 1
            while end > start and _is_wrapping(data[end - 1]):
                end -= 1
            starts[column, row] = start
            ends[column, row] = ~end if doubled else end


@njit(cache=True, nogil=True)
def _is_wrapping(byte: int) -> bool:
    """Return whether the byte is a space, a tab or a back-tick."""
    return byte in (_SPACE, _TAB, _BACKTICK)


@njit(cache=True, nogil=True)
def undouble_quotes(data: Bytes, starts: Ints, ends: Ints, rows: int, quote: int) -> None:
    """Make doubled quotes single, in `data` itself (uint8), and the spans of their fields plain.

    The spans are those of `trim_fields`. What a field gives up at its end stays in `data`, unused.
    """
    for column in range(starts.shape[0]):
        for row in range(rows):
            if ends[column, row] >= 0:
                continue
            at = target = starts[column, row]
            end = ~ends[column, row]
            while at < end:
                data[target] = data[at]
                target += 1
                if data[at] == quote and at + 1 < end:
                    at += 1
                at += 1
            ends[column, row] = target


@njit(cache=True, nogil=True)
def view_fields(data: Bytes, starts: Ints, ends: Ints, views: Words) -> None:
    """Write the Arrow views (uint64, n x 2) of one column of plain spans (int64).

    A view is the length (32 bits) and, of a text of up to INLINE bytes, these, filled up with
    zeros; of a longer one the first four bytes, the number of the buffer (0) and the place in it.
    """
    for row in range(len(starts)):
        start = starts[row]
        size = ends[row] - start
        length = np.uint64(size)
        first = _bytes_at(data, start, min(size, _PREFIX))
        if size <= INLINE:
            views[row, 1] = _bytes_at(data, start + _PREFIX, size - _PREFIX)
        else:
            views[row, 1] = np.uint64(start) << _HALF
        views[row, 0] = length | first << _HALF


@njit(cache=True, nogil=True, inline="always")
def _bytes_at(data: Bytes, at: int, size: int) -> np.uint64:
    """Return up to eight bytes as a little-endian number; 0 when there are none."""
    if size <= 0:
        return np.uint64(0)
    if at + _WORD <= len(data):
        word = np.uint64(load_word(data, at))  # type: ignore[call-arg] # numba passes its context
        return word & (~np.uint64(0) >> np.uint64(8 * (_WORD - size)))
    word = np.uint64(0)
    for place in range(size):
        word |= np.uint64(data[at + place]) << np.uint64(8 * place)
    return word
