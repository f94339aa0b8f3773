"""Stable sorting by several integer columns at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels.sorting import DIGIT_BITS, radix_order

PACKED_BITS = 62
NARROW_BITS = 31  # keys that fit an int32 move half the bytes


def sort_order(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stable order by the columns, the first one first.

    They are packed in one key where it fits 62 bits, which a radix sort orders in a few passes.
    """
    if columns[0].size == 0:
        return np.empty(0, np.int64)
    assert columns[0].size <= 1 << NARROW_BITS, "rows to sort exceed 2**31"
    spans = [(int(column.min()), int(column.max())) for column in columns]
    size = 1
    for low, high in spans:
        size *= high - low + 1
    if size >= 1 << PACKED_BITS:
        return np.lexsort(columns[::-1])
    packed = columns[0] - spans[0][0]
    for column, (low, high) in zip(columns[1:], spans[1:], strict=True):
        packed = packed * (high - low + 1) + (column - low)
    dtype = np.int32 if size <= 1 << NARROW_BITS else np.int64
    key = np.ascontiguousarray(packed, dtype)
    digits = -(-max(1, (size - 1).bit_length()) // DIGIT_BITS)
    order = np.arange(key.size, dtype=np.int32)
    spare, order_spare = np.empty_like(key), np.empty_like(order)
    turned = radix_order(key, digits, order, spare, order_spare)
    return (order_spare if turned else order).astype(np.int64)
