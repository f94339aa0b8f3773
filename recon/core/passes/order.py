"""Stable sorting by several integer columns at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.scratch import SHELF
from recon.core.kernels.sorting import append_column, radix_order, sort_entries, split_entries

PACKED_BITS = 62
ENTRY_BITS = 63  # key and row number together in one int64
ROW_BITS_MOST = 31
DIGIT_BITS = 11  # more, and the places that a pass writes to leave the cache

Ints = NDArray[np.int64]


def sort_order(*columns: Ints) -> Ints:
    """Return the stable order by the columns, the first one first.

    They are packed in one key where it fits 62 bits, which a radix sort orders in a few passes.
    """
    rows = columns[0].size
    if rows == 0:
        return np.empty(0, np.int64)
    assert rows <= 1 << ROW_BITS_MOST, "rows to sort exceed 2**31"
    spans = [(int(column.min()), int(column.max())) for column in columns]
    size = 1
    for low, high in spans:
        size *= high - low + 1
    if size >= 1 << PACKED_BITS:
        return np.lexsort(columns[::-1])
    return sort_columns(columns, spans)[0]


def settle_ties(rows: Ints, same: NDArray[np.bool_], *by: Callable[[Ints], Ints]) -> Ints:
    """Return sorted rows with those of equal keys in order of what `by` gives of them, then place.

    `same` (rows - 1) says where the next row has the same key.
    """
    if not same.any():
        return rows
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    run = np.cumsum(np.append(True, ~same))[tied]
    mine = rows[tied]
    order = np.lexsort((mine, *(of(mine) for of in reversed(by)), run))
    settled = rows.copy()
    settled[tied] = mine[order]
    return settled


def sort_columns(columns: Sequence[Ints], spans: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
    """Return the stable order by columns with the given lowest and highest values, and the keys.

    A key is the number that the columns' values make as its digits; it must fit 62 bits.
    """
    size = 1
    with SHELF.lease() as lease:
        packed = lease.array(columns[0].size, np.int64)
        packed[:] = 0
        for column, (low, high) in zip(columns, spans, strict=True):
            append_column(packed, column, low, high - low + 1)
            size *= high - low + 1
        return sort_packed(packed, size - 1)


def sort_packed(key: Ints, highest: int) -> tuple[Ints, Ints]:
    """Return the stable order of keys from 0 to `highest`, and the keys in that order."""
    bits = max(1, highest.bit_length())
    digits = -(-bits // DIGIT_BITS)
    width = -(-bits // digits)
    row_bits = max(1, (key.size - 1).bit_length())
    if bits + row_bits > ENTRY_BITS:
        return sort_wide(key, width, digits)
    order, ordered = np.empty(key.size, np.int64), np.empty(key.size, np.int64)
    with SHELF.lease() as lease:
        entry, spare = (lease.array(key.size, np.int64) for _ in range(2))
        turned = sort_entries(key, row_bits, width, digits, entry, spare)
        split_entries(spare if turned else entry, row_bits, order, ordered)
    return order, ordered


def sort_wide(key: Ints, width: int, digits: int) -> tuple[Ints, Ints]:
    """Return the same for keys that leave no room for the row number."""
    with SHELF.lease() as lease:
        keys = [lease.array(key.size, np.int64) for _ in range(2)]
        orders = [lease.array(key.size, np.int32) for _ in range(2)]
        keys[0][:] = key
        orders[0][:] = np.arange(key.size, dtype=np.int32)
        turned = radix_order(keys[0], width, digits, orders[0], keys[1], orders[1])
        return orders[turned].astype(np.int64), keys[turned].copy()
