"""Stable radix sort of non-negative integers by 11-bit digits: the order, not the values."""

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
        word = key[i]
        for digit in range(counts.shape[0]):
            counts[digit, word & DIGIT_MASK] += 1
            word >>= DIGIT_BITS


@njit(cache=True, nogil=True)
def move_by_digit(
    key: Ints, order: Ints, shift: int, cursor: Ints, key_out: Ints, order_out: Ints
) -> None:
    """Copy key and order to the place that the digit at `shift` gives them, in stable order."""
    for i in range(key.size):
        digit = (key[i] >> shift) & DIGIT_MASK
        place = cursor[digit]
        cursor[digit] = place + 1
        key_out[place] = key[i]
        order_out[place] = order[i]


@njit(cache=True, nogil=True)
def radix_order(key: Ints, digits: int) -> Ints:
    """Return int64 positions of `key` (int64, 0 <= key < 2048**digits) in stable sorted order."""
    counts = np.zeros((digits, 1 << DIGIT_BITS), np.int64)
    count_digits(key, counts)
    order = np.arange(key.size)
    key_in = key.copy()
    key_out = np.empty_like(key)
    order_out = np.empty_like(order)
    for digit in range(digits):
        if counts[digit].max() == key.size:
            continue
        cursor = np.cumsum(counts[digit]) - counts[digit]
        move_by_digit(key_in, order, digit * DIGIT_BITS, cursor, key_out, order_out)
        key_in, key_out = key_out, key_in
        order, order_out = order_out, order
    return order
