"""Maximum matching of equal amounts inside date windows, and which rows it leaves undecided.

Rows arrive sorted by (group, day): a group is one key, currency and amount, so that its rows are
interchangeable but for their days. Every candidate range is a run of positions on the other side.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Flags, Ints


@njit(cache=True, nogil=True)
def match_constant(
    left_group: Ints,
    left_day: Ints,
    right_group: Ints,
    right_day: Ints,
    earliest: int,
    latest: int,
    left_partner: Ints,
    right_partner: Ints,
) -> None:
    """Fill the partners, arriving as -1, of a maximum matching under one window for all rows.

    The greedy of two pointers is optimal because both sides' windows ascend (doubly convex;
    Lipski and Preparata 1981). A left row of day d meets right days d + earliest to d + latest.
    """
    i = 0
    j = 0
    while i < left_group.size and j < right_group.size:
        if left_group[i] < right_group[j]:
            i += 1
        elif left_group[i] > right_group[j] or right_day[j] < left_day[i] + earliest:
            j += 1
        elif right_day[j] > left_day[i] + latest:
            i += 1
        else:
            left_partner[i] = j
            right_partner[j] = i
            i += 1
            j += 1


@njit(cache=True, nogil=True)
def ranges_between(
    group: Ints,
    opens: Ints,
    closes: Ints,
    other_group: Ints,
    other_day: Ints,
    begin: Ints,
    end: Ints,
) -> None:
    """Fill the positions of the other side's rows of the same group on days opens to closes."""
    for i in range(group.size):
        for bound in range(2):
            low = 0
            high = other_group.size
            wanted = opens[i] if bound == 0 else closes[i] + 1
            while low < high:
                middle = (low + high) >> 1
                before = other_group[middle] < group[i] or (
                    other_group[middle] == group[i] and other_day[middle] < wanted
                )
                low = middle + 1 if before else low
                high = high if before else middle
            if bound == 0:
                begin[i] = low
            else:
                end[i] = max(low, begin[i])


@njit(cache=True, nogil=True)
def next_open(skip: Ints, position: int) -> int:
    """Return the first position from `position` on that is not skipped, halving the path."""
    while skip[position] != position:
        skip[position] = skip[skip[position]]
        position = skip[position]
    return position


@njit(cache=True, nogil=True)
def match_deadlines(
    order: Ints, begin: Ints, end: Ints, left_partner: Ints, right_partner: Ints
) -> None:
    """Fill the partners, arriving as -1, of a maximum matching under a window for each row.

    `order` lists the left rows by where their range ends; each takes the first free row of its
    range, which is optimal by exchange (Glover 1967, earliest deadline first).
    """
    skip = np.arange(right_partner.size + 1)
    for k in range(order.size):
        i = order[k]
        j = next_open(skip, begin[i])
        if j < end[i]:
            left_partner[i] = j
            right_partner[j] = i
            skip[j] = j + 1


@njit(cache=True, nogil=True)
def spread_from_left(
    begin: Ints, end: Ints, left_partner: Ints, right_partner: Ints, undecided: Flags
) -> None:
    """Flag the left rows that some maximum matching leaves out, by alternating search.

    Starts at the unmatched left rows that have candidates; every right row is visited once.
    """
    skip = np.arange(right_partner.size + 1)
    queue = np.empty(begin.size, np.int64)
    n = 0
    for i in range(begin.size):
        if left_partner[i] < 0 and begin[i] < end[i]:
            undecided[i] = 1
            queue[n] = i
            n += 1
    head = 0
    while head < n:
        i = queue[head]
        head += 1
        j = next_open(skip, begin[i])
        while j < end[i]:
            skip[j] = j + 1
            other = right_partner[j]
            if other >= 0 and undecided[other] == 0:
                undecided[other] = 1
                queue[n] = other
                n += 1
            j = next_open(skip, j)


@njit(cache=True, nogil=True)
def raise_ends(tree: Ints, leaves: int, leaf: int, value: int) -> None:
    """Set one leaf of a tree of maxima and mend the maxima above it."""
    node = leaf + leaves
    tree[node] = value
    node >>= 1
    while node >= 1:
        tree[node] = max(tree[2 * node], tree[2 * node + 1])
        node >>= 1


@njit(cache=True, nogil=True)
def find_cover(tree: Ints, leaves: int, begin: Ints, point: int) -> int:
    """Return a leaf whose range covers `point`, -1 for none; leaves ascend by `begin`.

    The first leaf whose end lies beyond the point is the only one to test: leaves after it begin
    later.
    """
    node = 1
    if tree[1] <= point:
        return -1
    while node < leaves:
        node = 2 * node if tree[2 * node] > point else 2 * node + 1
    leaf = node - leaves
    return leaf if begin[leaf] <= point else -1


@njit(cache=True, nogil=True)
def spread_from_right(
    order: Ints, begin: Ints, end: Ints, left_partner: Ints, right_partner: Ints, undecided: Flags
) -> None:
    """Flag the right rows that some maximum matching leaves out, by alternating search.

    `order` lists the left rows by where their range begins. A flagged right row that is nobody's
    candidate is simply alone.
    """
    leaves = 1
    while leaves < max(order.size, 1):
        leaves *= 2
    tree = np.full(2 * leaves, -1, np.int64)
    starts = np.empty(order.size, np.int64)
    for k in range(order.size):
        starts[k] = begin[order[k]]
        tree[leaves + k] = end[order[k]]
    for node in range(leaves - 1, 0, -1):
        tree[node] = max(tree[2 * node], tree[2 * node + 1])
    queue = np.empty(right_partner.size, np.int64)
    n = 0
    for j in range(right_partner.size):
        if right_partner[j] < 0:
            undecided[j] = 1
            queue[n] = j
            n += 1
    head = 0
    while head < n:
        j = queue[head]
        leaf = find_cover(tree, leaves, starts, j)
        if leaf < 0:
            head += 1
            continue
        raise_ends(tree, leaves, leaf, -1)
        other = left_partner[order[leaf]]
        if other >= 0 and undecided[other] == 0:
            undecided[other] = 1
            queue[n] = other
            n += 1
