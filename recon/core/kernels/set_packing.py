"""Many-to-many subset sums: sums of small sets, pairs of sets that agree, disjoint choices."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Flags, Ints

PAIR, TRIPLE = 2, 3


@njit(cache=True, nogil=True)
def small_sums(amount: Ints, size: int, sums: Ints, rows: Ints) -> None:
    """Fill the sum and the rows (m, 3; -1 unused) of every set of `size` (1 to 3) rows."""
    n = 0
    for i in range(amount.size):
        if size == 1:
            sums[n] = amount[i]
            rows[n, 0], rows[n, 1], rows[n, 2] = i, -1, -1
            n += 1
        for j in range(i + 1, amount.size if size >= PAIR else 0):
            if size == PAIR:
                sums[n] = amount[i] + amount[j]
                rows[n, 0], rows[n, 1], rows[n, 2] = i, j, -1
                n += 1
            for k in range(j + 1, amount.size if size == TRIPLE else 0):
                sums[n] = amount[i] + amount[j] + amount[k]
                rows[n, 0], rows[n, 1], rows[n, 2] = i, j, k
                n += 1


@njit(cache=True, nogil=True)
def join_sums(one: Ints, two: Ints, slack: int, out: Ints) -> int:
    """List positions of ascending sums at most `slack` apart; return how many fit `out`."""
    n = 0
    begin = 0
    for i in range(one.size):
        while begin < two.size and two[begin] < one[i] - slack:
            begin += 1
        j = begin
        while j < two.size and two[j] <= one[i] + slack and n < out.shape[0]:
            out[n, 0] = i
            out[n, 1] = j
            n += 1
            j += 1
        if n == out.shape[0]:
            break
    return n


@njit(cache=True, nogil=True)
def join_triples(
    one: Ints, pair: Ints, pair_rows: Ints, amount: Ints, slack: int, out: Ints
) -> int:
    """List ascending sums `one` with the three rows of the other side that add up to each.

    The three are one row of `amount` and a pair after it, so that no triple is made beforehand:
    `pair` are the ascending sums of all pairs, `pair_rows` (m, 3) their rows in ascending order.
    `out` (limit, 4) gets the position in `one` and the rows; returns how many lines fit.
    """
    n = 0
    for first in range(amount.size):
        begin = 0
        for i in range(one.size):
            wanted = one[i] - amount[first]
            while begin < pair.size and pair[begin] < wanted - slack:
                begin += 1
            j = begin
            while j < pair.size and pair[j] <= wanted + slack:
                if pair_rows[j, 0] > first:
                    if n == out.shape[0]:
                        return n
                    out[n, 0], out[n, 1] = i, first
                    out[n, 2], out[n, 3] = pair_rows[j, 0], pair_rows[j, 1]
                    n += 1
                j += 1
    return n


@njit(cache=True, nogil=True)
def count_uses(left: Ints, right: Ints, left_uses: Ints, right_uses: Ints) -> None:
    """Count in how many matches (rows (m, 3), -1 unused) each row of either side takes part."""
    for m in range(left.shape[0]):
        for k in range(3):
            if left[m, k] >= 0:
                left_uses[left[m, k]] += 1
            if right[m, k] >= 0:
                right_uses[right[m, k]] += 1


@njit(cache=True, nogil=True)
def sum_uses(left: Ints, right: Ints, left_uses: Ints, right_uses: Ints, out: Ints) -> None:
    """Fill each match's rivalry: the uses of all of its rows."""
    for m in range(left.shape[0]):
        out[m] = 0
        for k in range(3):
            if left[m, k] >= 0:
                out[m] += left_uses[left[m, k]]
            if right[m, k] >= 0:
                out[m] += right_uses[right[m, k]]


@njit(cache=True, nogil=True)
def pick_disjoint(
    order: Ints, left: Ints, right: Ints, left_used: Flags, right_used: Flags, picked: Flags
) -> None:
    """Flag matches in the given order as long as none of their rows is used, and use them."""
    for n in range(order.size):
        m = order[n]
        free = True
        for k in range(3):
            free &= left[m, k] < 0 or left_used[left[m, k]] == 0
            free &= right[m, k] < 0 or right_used[right[m, k]] == 0
        if not free:
            continue
        picked[m] = 1
        for k in range(3):
            if left[m, k] >= 0:
                left_used[left[m, k]] = 1
            if right[m, k] >= 0:
                right_used[right[m, k]] = 1
