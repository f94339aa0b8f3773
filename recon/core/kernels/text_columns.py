"""Copies fields out of a block of text into Arrow string buffers, all columns together.

A field span is `[start, end)` in bytes; the end of a quoted field that holds doubled quotes is
stored as `~end`. See `recon.core.kernels.tokenise`, which finds the spans.
"""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Bytes, Ints

RUN_ROWS = 1024  # rows whose bytes stay in a cache while all of their columns are built

_TAB = 9
_SPACE = 32


@njit(cache=True, nogil=True)
def measure_fields(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    rows: int,
    quote: int,
    trim: int,
    offsets: Ints,
) -> None:
    """Write the Arrow offsets of every column: `offsets` is int32, (columns, rows + 1).

    starts, ends   int32, (columns, rows or more)
    trim           1: spaces, tabs and back-ticks at both ends are left out; the spans are moved

    Rows are taken in runs that fit a cache, all columns of a run together.
    """
    for column in range(starts.shape[0]):
        offsets[column, 0] = 0
    for first in range(0, rows, RUN_ROWS):
        last = min(first + RUN_ROWS, rows)
        for column in range(starts.shape[0]):
            total = offsets[column, first]
            for row in range(first, last):
                if trim != 0:
                    _trim(data, column, row, starts, ends)
                end = ends[column, row]
                if end >= 0:
                    total += end - starts[column, row]
                else:
                    total += _plain_length(data, starts[column, row], ~end, quote)
                offsets[column, row + 1] = total


@njit(cache=True, nogil=True)
def _trim(data: Bytes, column: int, row: int, starts: Ints, ends: Ints) -> None:
    """Move a span inwards over spaces, tabs and back-ticks."""
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
    return byte in (_SPACE, _TAB, 96)


@njit(cache=True, nogil=True)
def _plain_length(data: Bytes, start: int, end: int, quote: int) -> int:
    """Return the bytes of a field when its doubled quotes are made single."""
    length = end - start
    at = start
    while at < end:
        if data[at] == quote and at + 1 < end:
            length -= 1
            at += 1
        at += 1
    return length


@njit(cache=True, nogil=True)
def copy_fields(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    rows: int,
    quote: int,
    offsets: Ints,
    bases: Ints,
    out: Bytes,
) -> None:
    """Copy every column's fields into `out` (uint8), a column from `bases[column]` (int64) on.

    The other arguments are those of `measure_fields`. Doubled quotes are made single.
    """
    for first in range(0, rows, RUN_ROWS):
        last = min(first + RUN_ROWS, rows)
        for column in range(starts.shape[0]):
            base = bases[column]
            for row in range(first, last):
                start = starts[column, row]
                end = ends[column, row]
                target = base + offsets[column, row]
                if end >= 0:
                    for step in range(end - start):
                        out[target + step] = data[start + step]
                else:
                    _copy_doubled(data, start, ~end, quote, target, out)


@njit(cache=True, nogil=True)
def _copy_doubled(data: Bytes, start: int, end: int, quote: int, target: int, out: Bytes) -> None:
    """Copy a field, its doubled quotes made single."""
    at = start
    while at < end:
        out[target] = data[at]
        target += 1
        if data[at] == quote and at + 1 < end:
            at += 1
        at += 1
