"""Copies fields out of a block of text into Arrow string buffers, all columns together.

A field span is `[start, end)` in bytes; the end of a quoted field that holds doubled quotes is
stored as `~end`. See `recon.core.kernels.tokenise`, which finds the spans.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from recon.core.kernels.arrays import Bytes, Ints
from recon.core.kernels.digest import load_word

RUN_ROWS = 1024  # rows whose bytes stay in a cache while all of their columns are built

WORD = 8

_TAB = 9
_SPACE = 32


@intrinsic
def store_word(_typing_context: Any, data: Any, at: Any, word: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Store a little-endian number (uint64) at any alignment; writes `data[at:at + 8]`."""
    signature = types.void(data, at, word)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - as above
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte_pointer = context.get_value_type(types.uint8).as_pointer()
        word_pointer = context.get_value_type(types.uint64).as_pointer()
        place = builder.gep(builder.bitcast(array.data, byte_pointer), [arguments[1]])
        builder.store(arguments[2], builder.bitcast(place, word_pointer), align=1)
        return context.get_dummy_value()

    return signature, generate


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

    Behind each column `out` has WORD bytes of room, whose content does not matter. The other
    arguments are those of `measure_fields`. Doubled quotes are made single.
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
                    _copy_plain(data, start, end, target, out)
                else:
                    _copy_doubled(data, start, ~end, quote, target, out)


@njit(cache=True, nogil=True, inline="always")
def _copy_plain(data: Bytes, start: int, end: int, target: int, out: Bytes) -> None:
    """Copy a field eight bytes at a time; what is written past its end is written again later."""
    at = start
    while at < end and at + WORD <= len(data):
        store_word(out, target, load_word(data, at))  # type: ignore[call-arg]  # numba passes its context
        at += WORD
        target += WORD
    while at < end:
        out[target] = data[at]
        at += 1
        target += 1


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
