"""Stable radix sort of non-negative integers (int64 or int32) by 11-bit digits."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints

DIGIT_BITS = 11
DIGIT_MASK = np.int64((1 << DIGIT_BITS) - 1)


@njit(cache=True, nogil=True)
def count_digits(key: Ints, counts: Ints) -> None:
    """Add to `counts` (digits, 2048) how often each value of each digit occurs."""
    for i in range(key.size):
        word = np.int64(key[i])
        for digit in range(counts.shape[0]):
            counts[digit, word & DIGIT_MASK] += 1
            word >>= DIGIT_BITS


@njit(cache=True, nogil=True)
def move_by_digit(
    key: Ints, order: Ints, shift: int, cursor: Ints, key_out: Ints, order_out: Ints
) -> None:
    """Copy key and order to the place that the digit at `shift` gives them, in stable order."""
    for i in range(key.size):
        digit = (np.int64(key[i]) >> shift) & DIGIT_MASK
        place = cursor[digit]
        cursor[digit] = place + 1
        key_out[place] = key[i]
        order_out[place] = order[i]


@njit(cache=True, nogil=True)
def radix_order(key: Ints, digits: int, order: Ints, key_spare: Ints, order_spare: Ints) -> bool:
    """Sort `key` (0 <= key < 2048**digits) with `order`, its positions, in stable order.

    `key` and the spares are overwritten. The sorted order is in `order_spare` when the result is
    true, else in `order`: the arrays change roles with each digit that tells rows apart.
    """
    counts = np.zeros((digits, 1 << DIGIT_BITS), np.int64)
    count_digits(key, counts)
    turned = False
    for digit in range(digits):
        if counts[digit].max() == key.size:
            continue
        cursor = np.cumsum(counts[digit]) - counts[digit]
        shift = digit * DIGIT_BITS
        if turned:
            move_by_digit(key_spare, order_spare, shift, cursor, key, order)
        else:
            move_by_digit(key, order, shift, cursor, key_spare, order_spare)
        turned = not turned
    return turned
