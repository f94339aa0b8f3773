"""Pairing inside key groups that have several rows on a side, and star links of many rows.

Every array arrives sorted; nothing here is quadratic in the size of a group.
"""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Ints

KIND_EXACT = 0  # the numbers of `recon.core.codes.MatchKind`
KIND_KEY = 1
KIND_SURPLUS = 2


@njit(cache=True, nogil=True)
def pair_equal(left: Ints, right: Ints, left_partner: Ints, right_partner: Ints) -> None:
    """Pair k-th with k-th row of equal (group, currency, amount).

    `left` (k, 3) and `right` (m, 3) int64 sorted by their columns; partners arrive as -1 and
    leave as positions on the other side. A negative currency never equals another one.
    """
    i = 0
    j = 0
    while i < left.shape[0] and j < right.shape[0]:
        order = 0
        for column in range(3):
            if left[i, column] != right[j, column]:
                order = -1 if left[i, column] < right[j, column] else 1
                break
        if order == 0:
            left_partner[i] = j
            right_partner[j] = i
        if order <= 0:
            i += 1
        if order >= 0:
            j += 1


@njit(cache=True, nogil=True)
def next_free(partner: Ints, position: int, stop: int) -> int:
    """Return the first position from `position` on without a partner, at most `stop`."""
    while position < stop and partner[position] >= 0:
        position += 1
    return position


@njit(cache=True, nogil=True)
def pair_rest(
    left_group: Ints, right_group: Ints, left_partner: Ints, right_partner: Ints, out: Ints
) -> int:
    """List every link of the groups: equal pairs, then key pairs in order, then the surplus.

    Groups ascend and are the same on both sides; rows stand in pairing order. `out` (k + m, 3)
    gets left position, right position, kind; returns how many links were written.
    """
    n = 0
    left_begin = 0
    right_begin = 0
    while left_begin < left_group.size:
        group = left_group[left_begin]
        left_end = left_begin
        while left_end < left_group.size and left_group[left_end] == group:
            left_end += 1
        right_end = right_begin
        while right_end < right_group.size and right_group[right_end] == group:
            right_end += 1
        for i in range(left_begin, left_end):
            if left_partner[i] >= 0:
                out[n, 0], out[n, 1], out[n, 2] = i, left_partner[i], KIND_EXACT
                n += 1
        i = next_free(left_partner, left_begin, left_end)
        j = next_free(right_partner, right_begin, right_end)
        while i < left_end or j < right_end:
            both = i < left_end and j < right_end
            out[n, 0] = i if i < left_end else left_begin
            out[n, 1] = j if j < right_end else right_begin
            out[n, 2] = KIND_KEY if both else KIND_SURPLUS
            n += 1
            i = next_free(left_partner, min(i + 1, left_end), left_end)
            j = next_free(right_partner, min(j + 1, right_end), right_end)
        left_begin = left_end
        right_begin = right_end
    return n


@njit(cache=True, nogil=True)
def decode_groups(code: Ints, out: Ints) -> None:
    """Fill `out` with the first left row of each row's group, -1 for none, from result codes."""
    for i in range(code.size):
        out[i] = code[i] if code[i] >= -1 else -2 - code[i]


@njit(cache=True, nogil=True)
def first_rows(group: Ints, out: Ints) -> None:
    """Fill `out`, arriving as -1, with the first position of each group; -1 groups are skipped."""
    for i in range(group.size):
        if group[i] >= 0 and out[group[i]] < 0:
            out[group[i]] = i


@njit(cache=True, nogil=True)
def star_links(left_group: Ints, right_group: Ints, first_right: Ints, out: Ints) -> int:
    """Link every row of each group: left rows to its first right row, the other right rows back.

    `out` (k + m, 2) gets left and right positions; returns how many links were written.
    """
    n = 0
    for i in range(left_group.size):
        if left_group[i] >= 0:
            out[n, 0] = i
            out[n, 1] = first_right[left_group[i]]
            n += 1
    for j in range(right_group.size):
        if right_group[j] >= 0 and first_right[right_group[j]] != j:
            out[n, 0] = right_group[j]
            out[n, 1] = j
            n += 1
    return n
