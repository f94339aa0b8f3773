"""From keys to rows: who is keyed, who is paired."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Words

KIND_EXACT = 0  # the numbers of `recon.core.codes.MatchKind`
KIND_KEY = 1


@njit(cache=True, nogil=True)
def count_keyed(
    free: Ints, side: Bytes, wanted: int, digest: Words, least: np.uint64, greatest: np.uint64
) -> int:
    """Return how many rows `list_keyed` lists."""
    n = 0
    for row in range(free.size):
        if free[row] and side[row] == wanted:
            n += _is_keyed(digest, row, least, greatest)
    return n


@njit(cache=True, nogil=True)
def list_keyed(
    free: Ints,
    side: Bytes,
    wanted: int,
    digest: Words,
    least: np.uint64,
    greatest: np.uint64,
    out: Ints,
) -> None:
    """Fill `out` with the free rows of a side whose key is not null.

    Only keys whose second word lies between `least` and `greatest` are listed. Which those are no
    processor can guess, so that there is no branch on it: `out` has a place more than rows.
    """
    n = 0
    for row in range(free.size):
        if free[row] and side[row] == wanted:
            out[n] = row
            n += _is_keyed(digest, row, least, greatest)


@njit(cache=True, nogil=True, inline="always")
def _is_keyed(digest: Words, row: int, least: np.uint64, greatest: np.uint64) -> int:
    """Return 1 for a key that is not null and lies between the bounds, else 0."""
    word = digest[row, 1]
    present = (word | digest[row, 0]) != 0
    return int(present & (least <= word) & (word <= greatest))


@njit(cache=True, nogil=True)
def list_pairs(
    left: Ints,
    right: Ints,
    partner: Ints,
    left_minor: Ints,
    left_known: Ints,
    right_minor: Ints,
    right_known: Ints,
    currency: Ints,
    left_out: Ints,
    right_out: Ints,
    kind_out: Bytes,
) -> None:
    """List the pairs in the order of the left rows: EXACT when amount and currency are equal.

    `partner` is by left position a right position, -1 for none; `left` and `right` are rows by
    position, ascending; amounts and currency stand by row.
    """
    n = 0
    for i in range(left.size):
        if partner[i] >= 0:
            one = left[i]
            two = right[partner[i]]
            equal = left_known[one] and right_known[two] and currency[one] == currency[two]
            left_out[n] = one
            right_out[n] = two
            same = equal and left_minor[one] == right_minor[two]
            kind_out[n] = KIND_EXACT if same else KIND_KEY
            n += 1


@njit(cache=True, nogil=True)
def place_partners(pairs: Ints, partner: Ints) -> None:
    """Fill `partner`, arriving as -1, by left position from pairs (k, 2) of positions."""
    for k in range(pairs.shape[0]):
        partner[pairs[k, 0]] = pairs[k, 1]


@njit(cache=True, nogil=True)
def lower_to(row: Ints, group: Ints, smallest: Ints) -> None:
    """Lower `smallest` (by first left position of a group) to rows of the other side.

    A group of -1 is none.
    """
    for j in range(row.size):
        if group[j] >= 0:
            smallest[group[j]] = min(smallest[group[j]], row[j])


@njit(cache=True, nogil=True)
def grouped_rows(row: Ints, group: Ints, smallest: Ints, row_out: Ints, smallest_out: Ints) -> int:
    """List the rows that have a group with the group's smallest row; return how many there are."""
    n = 0
    for i in range(row.size):
        if group[i] >= 0:
            row_out[n] = row[i]
            smallest_out[n] = smallest[group[i]]
            n += 1
    return n
