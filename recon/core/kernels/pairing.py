"""Pairing inside key groups that have several rows on a side, and star links of many rows.

Every array arrives sorted; nothing here is quadratic in the size of a group.
"""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Flags, Ints

KIND_SURPLUS = 2  # the number of `recon.core.codes.MatchKind`


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
def pair_rest(
    left_group: Ints,
    right_group: Ints,
    left_partner: Ints,
    right_partner: Ints,
    left_kind: Flags,
    out: Ints,
) -> int:
    """List every link of the groups: each left row with its partner, then the surplus.

    Groups ascend and are the same on both sides; rows stand in pairing order, and a group has rows
    without a partner on one side at most. `out` (k + m, 3) gets left position, right position,
    kind; returns how many links were written.
    """
    n = 0
    left_begin = 0
    right_begin = 0
    while left_begin < left_group.size:
        group = left_group[left_begin]
        left_end = left_begin
        while left_end < left_group.size and left_group[left_end] == group:
            if left_partner[left_end] >= 0:
                out[n, 0], out[n, 1] = left_end, left_partner[left_end]
                out[n, 2] = left_kind[left_end]
            else:
                out[n, 0], out[n, 1], out[n, 2] = left_end, right_begin, KIND_SURPLUS
            n += 1
            left_end += 1
        right_end = right_begin
        while right_end < right_group.size and right_group[right_end] == group:
            if right_partner[right_end] < 0:
                out[n, 0], out[n, 1], out[n, 2] = left_begin, right_end, KIND_SURPLUS
                n += 1
            right_end += 1
        left_begin = left_end
        right_begin = right_end
    return n


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
