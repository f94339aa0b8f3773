"""Candidates of equal key and amount inside a date window, and which of them stand alone."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Ints


@njit(cache=True, nogil=True)
def window_range(
    group: Ints,
    day: Ints,
    other_group: Ints,
    other_day: Ints,
    earliest: int,
    latest: int,
    begin: Ints,
    end: Ints,
) -> None:
    """Fill `begin`, `end` with the other side's rows of the same group within the day window.

    Both sides sorted by (group, day); a row at day d may meet days d + earliest to d + latest.
    """
    lower = 0
    upper = 0
    n = other_group.size
    for i in range(group.size):
        g = group[i]
        while lower < n and (
            other_group[lower] < g
            or (other_group[lower] == g and other_day[lower] < day[i] + earliest)
        ):
            lower += 1
        upper = max(upper, lower)
        while upper < n and other_group[upper] == g and other_day[upper] <= day[i] + latest:
            upper += 1
        begin[i] = lower
        end[i] = upper


@njit(cache=True, nogil=True)
def mark_alone(begin: Ints, end: Ints, other_begin: Ints, other_end: Ints, partner: Ints) -> None:
    """Fill `partner` with the only candidate of a row whose only candidate it is, -1 otherwise."""
    for i in range(begin.size):
        j = begin[i]
        alone = end[i] - begin[i] == 1 and other_end[j] - other_begin[j] == 1
        partner[i] = j if alone else -1


@njit(cache=True, nogil=True)
def next_unlinked(partner: Ints, out: Ints) -> None:
    """Fill `out` (n + 1) with the first position from each position on that has no partner."""
    out[partner.size] = partner.size
    for i in range(partner.size - 1, -1, -1):
        out[i] = i if partner[i] < 0 else out[i + 1]


@njit(cache=True, nogil=True)
def list_ties(begin: Ints, end: Ints, partner: Ints, skip: Ints, limit: int, out: Ints) -> int:
    """List (row, candidate) of rows without a partner, `limit` unlinked candidates a row at most.

    `skip` is what `next_unlinked` says of the other side. Returns the number of lines; `out` may
    be empty (0, 2) to count only.
    """
    n = 0
    for i in range(begin.size):
        shown = 0
        j = skip[begin[i]]
        while partner[i] < 0 and j < end[i] and shown < limit:
            if n < out.shape[0]:
                out[n, 0] = i
                out[n, 1] = j
            n += 1
            shown += 1
            j = skip[j + 1]
    return n


@njit(cache=True, nogil=True)
def any_cover(order: Ints, begin: Ints, end: Ints, partner: Ints, cover: Ints) -> None:
    """Fill `cover`, arriving as -1, with a row without partner whose range holds each position.

    `order` lists the rows by where their range begins; the one that reaches farthest is taken.
    """
    k = 0
    best = -1
    for j in range(cover.size):
        while k < order.size and begin[order[k]] <= j:
            i = order[k]
            if partner[i] < 0 and (best < 0 or end[i] > end[best]):
                best = i
            k += 1
        if best >= 0 and end[best] > j:
            cover[j] = best
