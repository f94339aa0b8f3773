"""From result codes (see `kernels/exact.py`) to rows: who is keyed, who is paired, whose group."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Words

KIND_EXACT = 0  # the numbers of `recon.core.codes.MatchKind`
KIND_KEY = 1


@njit(cache=True, nogil=True)
def keyed_rows(free: Ints, side: Bytes, wanted: int, digest: Words, out: Ints) -> int:
    """Fill `out` with the free rows of a side whose key is not null; return how many there are."""
    n = 0
    for row in range(free.size):
        if free[row] and side[row] == wanted and (digest[row, 0] | digest[row, 1]) != 0:
            out[n] = row
            n += 1
    return n


@njit(cache=True, nogil=True)
def partners_of(right_code: Ints, partner: Ints) -> int:
    """Fill `partner` by left position, arriving as -1, where two rows are alone with their key."""
    n = 0
    for j in range(right_code.size):
        if right_code[j] >= 0:
            partner[right_code[j]] = j
            n += 1
    return n


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

    `left` and `right` are rows by position, ascending; amounts and currency stand by row.
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
def lower_to(row: Ints, code: Ints, smallest: Ints) -> None:
    """Lower `smallest` (by first left position of a group) to the rows of the other side."""
    for j in range(code.size):
        group = code[j] if code[j] >= -1 else -2 - code[j]
        if group >= 0:
            smallest[group] = min(smallest[group], row[j])


@njit(cache=True, nogil=True)
def grouped_rows(row: Ints, code: Ints, smallest: Ints, row_out: Ints, smallest_out: Ints) -> int:
    """List the rows that have a group with the group's smallest row; return how many there are."""
    n = 0
    for i in range(code.size):
        group = code[i] if code[i] >= -1 else -2 - code[i]
        if group >= 0:
            row_out[n] = row[i]
            smallest_out[n] = smallest[group]
            n += 1
    return n
