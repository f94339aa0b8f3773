"""Stable radix sort of non-negative integers by digits of up to 11 bits, lowest digit first.

Where key and row number together fit 63 bits they travel as one entry, `key << row_bits | row`;
else key and row number are two arrays. Places are unsigned, as in `radix`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints


@njit(cache=True, nogil=True)
def count_digits(key: Ints, width: int, counts: Ints) -> None:
    """Add to `counts` (digits, 2**width) how often each value of each digit occurs."""
    mask, step = np.uint64((1 << width) - 1), np.uint64(width)
    for i in range(key.size):
        word = np.uint64(key[i])
        for digit in range(counts.shape[0]):
            counts[digit, word & mask] += 1
            word >>= step


@njit(cache=True, nogil=True)
def move_by_digit(
    key: Ints, order: Ints, shift: int, mask: int, cursor: Ints, key_out: Ints, order_out: Ints
) -> None:
    """Copy key and order to the place that the digit at `shift` gives them, in stable order."""
    low, step = np.uint64(mask), np.uint64(shift)
    for i in range(key.size):
        digit = (np.uint64(key[i]) >> step) & low
        place = np.uint64(cursor[digit])
        cursor[digit] += 1
        key_out[place] = key[i]
        order_out[place] = order[i]


@njit(cache=True, nogil=True)
def radix_order(
    key: Ints, width: int, digits: int, order: Ints, key_spare: Ints, order_spare: Ints
) -> bool:
    """Sort `key` (0 <= key < 2**(width * digits)) with `order`, its positions, in stable order.

    `key` and the spares are overwritten. The sorted order is in `order_spare` when the result is
    true, else in `order`: the arrays change roles with each digit that tells rows apart.
    """
    counts = np.zeros((digits, 1 << width), np.int64)
    count_digits(key, width, counts)
    mask = (1 << width) - 1
    turned = False
    for digit in range(digits):
        if counts[digit].max() == key.size:
            continue
        cursor = np.cumsum(counts[digit]) - counts[digit]
        shift = digit * width
        if turned:
            move_by_digit(key_spare, order_spare, shift, mask, cursor, key, order)
        else:
            move_by_digit(key, order, shift, mask, cursor, key_spare, order_spare)
        turned = not turned
    return turned


@njit(cache=True, nogil=True)
def fill_entries(key: Ints, row_bits: int, entry: Ints) -> None:
    """Fill `entry` (int64) with each key and, in the lowest `row_bits`, its row number."""
    for i in range(key.size):
        entry[i] = (np.int64(key[i]) << row_bits) | i


@njit(cache=True, nogil=True)
def move_entries(entry: Ints, shift: int, mask: int, cursor: Ints, out: Ints) -> None:
    """Copy entries to the place that the digit at `shift` gives them, in stable order."""
    low, step = np.uint64(mask), np.uint64(shift)
    for i in range(entry.size):
        value = entry[i]
        digit = (np.uint64(value) >> step) & low
        place = np.uint64(cursor[digit])
        cursor[digit] += 1
        out[place] = value


@njit(cache=True, nogil=True)
def sort_entries(
    key: Ints, row_bits: int, width: int, digits: int, entry: Ints, spare: Ints
) -> bool:
    """Sort the entries of `key` (0 <= key < 2**(width * digits)) by key, in stable order.

    The sorted entries are in `spare` when the result is true, else in `entry`.
    """
    fill_entries(key, row_bits, entry)
    counts = np.zeros((digits, 1 << width), np.int64)
    count_digits(key, width, counts)
    mask = (1 << width) - 1
    turned = False
    for digit in range(digits):
        if counts[digit].max() == key.size:
            continue
        cursor = np.cumsum(counts[digit]) - counts[digit]
        shift = row_bits + digit * width
        if turned:
            move_entries(spare, shift, mask, cursor, entry)
        else:
            move_entries(entry, shift, mask, cursor, spare)
        turned = not turned
    return turned


@njit(cache=True, nogil=True)
def split_entries(entry: Ints, row_bits: int, order: Ints, key: Ints) -> None:
    """Fill `order` with the row numbers of entries and `key` with their keys."""
    mask = (1 << row_bits) - 1
    for i in range(entry.size):
        order[i] = entry[i] & mask
        key[i] = entry[i] >> row_bits


@njit(cache=True, nogil=True)
def append_column(packed: Ints, column: Ints, low: int, span: int) -> None:
    """Make `column`, whose values are `low` to `low + span - 1`, the last digit of `packed`."""
    for i in range(packed.size):
        packed[i] = packed[i] * span + (np.int64(column[i]) - low)
