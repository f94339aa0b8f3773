"""One amount told in parts: rows of one key and currency that add up to a row of the other side.

Every array arrives sorted by group and currency, rows in pairing order; amounts are bounded by the
loader, so that no sum of a group can wrap.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints

SEARCHED = 8  # rows of a group among which every subset is tried; beyond it, runs from the first


@njit(cache=True, nogil=True)
def subset_of(minor: Ints, begin: int, end: int, whole: int) -> int:
    """Return the one subset (bits from `begin`) that adds up to `whole`; 0 none, -1 several.

    Of equal amounts the earlier rows count, so equal rows make no second answer.
    """
    found = 0
    size = end - begin
    for chosen in range(1, 1 << size):
        total = 0
        canonical = True
        for k in range(size):
            if chosen >> k & 1 == 0:
                continue
            total += minor[begin + k]
            for earlier in range(k):
                if minor[begin + earlier] == minor[begin + k] and chosen >> earlier & 1 == 0:
                    canonical = False
        if canonical and total == whole:
            if found != 0:
                return -1
            found = chosen
    return found


@njit(cache=True, nogil=True)
def run_of(minor: Ints, begin: int, end: int, whole: int) -> int:
    """Return how many rows from `begin` on add up to `whole`, 0 where no such run does."""
    total = 0
    for k in range(begin, end):
        total += minor[k]
        if total == whole:
            return k + 1 - begin
    return 0


@njit(cache=True, nogil=True)
def one_sign(minor: Ints, begin: int, end: int, sign: int) -> bool:
    """Return whether every amount has the sign of `sign`, which is not 0."""
    alike = True
    for k in range(begin, end):
        alike &= minor[k] != 0 and (minor[k] > 0) == (sign > 0)
    return alike


@njit(cache=True, nogil=True)
def mark_parts(minor: Ints, begin: int, end: int, whole: int, number: int, split: Ints) -> bool:
    """Mark the rows that add up to `whole` with `number`; return whether there are any."""
    if whole == 0 or not one_sign(minor, begin, end, whole):
        return False
    chosen = -1
    if end - begin <= SEARCHED:
        chosen = subset_of(minor, begin, end, whole)
    if chosen < 0:
        length = run_of(minor, begin, end, whole)
        for k in range(length):
            split[begin + k] = number
        return length > 0
    for k in range(end - begin):
        if chosen >> k & 1:
            split[begin + k] = number
    return chosen > 0


@njit(cache=True, nogil=True)
def equal_sums(left: Ints, i: int, left_end: int, right: Ints, j: int, right_end: int) -> bool:
    """Return whether several rows of each side, in unequal number and of one sign, sum alike."""
    rows, others = left_end - i, right_end - j
    if rows == others or min(rows, others) == 1:
        return False
    sign = left[i]
    if not one_sign(left, i, left_end, sign) or not one_sign(right, j, right_end, sign):
        return False
    difference = 0
    for k in range(i, left_end):
        difference += left[k]
    for k in range(j, right_end):
        difference -= right[k]
    return difference == 0


@njit(cache=True, nogil=True)
def split_group(
    left: Ints,
    right: Ints,
    ends: tuple[int, int, int, int],
    number: int,
    left_split: Ints,
    right_split: Ints,
) -> bool:
    """Mark the split of one group, `ends` its rows on either side; return whether there is one."""
    i, left_end, j, right_end = ends
    if left_end - i == 1 and right_end - j > 1:
        found = mark_parts(right, j, right_end, left[i], number, right_split)
        left_split[i] = number if found else -1
        return found
    if right_end - j == 1 and left_end - i > 1:
        found = mark_parts(left, i, left_end, right[j], number, left_split)
        right_split[j] = number if found else -1
        return found
    found = equal_sums(left, i, left_end, right, j, right_end)
    if found:
        left_split[i:left_end] = number
        right_split[j:right_end] = number
    return found


@njit(cache=True, nogil=True)
def find_splits(left: Ints, right: Ints, left_split: Ints, right_split: Ints) -> int:
    """Give each split a number: one row against several, or unequal numbers with equal sums.

    `left` (k, 3) and `right` (m, 3) int64 hold group, currency and amount; a negative currency has
    no amount. The split of each row arrives as -1; returns how many were found.
    """
    left_minor = np.ascontiguousarray(left[:, 2])
    right_minor = np.ascontiguousarray(right[:, 2])
    number = 0
    i = 0
    j = 0
    while i < left.shape[0] and j < right.shape[0]:
        order = 0
        for column in range(2):
            if left[i, column] != right[j, column]:
                order = -1 if left[i, column] < right[j, column] else 1
                break
        if order < 0:
            i += 1
            continue
        if order > 0:
            j += 1
            continue
        left_end = i
        while left_end < left.shape[0] and (
            left[left_end, 0] == left[i, 0] and left[left_end, 1] == left[i, 1]
        ):
            left_end += 1
        right_end = j
        while right_end < right.shape[0] and (
            right[right_end, 0] == right[j, 0] and right[right_end, 1] == right[j, 1]
        ):
            right_end += 1
        ends = (i, left_end, j, right_end)
        if split_group(left_minor, right_minor, ends, number, left_split, right_split):
            number += 1
        i = left_end
        j = right_end
    return number
