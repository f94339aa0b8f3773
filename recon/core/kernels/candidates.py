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
def list_ties(begin: Ints, end: Ints, partner: Ints, limit: int, out: Ints) -> int:
    """List (row, candidate) of rows that have candidates but no partner, `limit` a row at most.

    Returns the number of lines; `out` may be empty (0, 2) to count only.
    """
    n = 0
    for i in range(begin.size):
        if partner[i] >= 0:
            continue
        for j in range(begin[i], min(end[i], begin[i] + limit)):
            if n < out.shape[0]:
                out[n, 0] = i
                out[n, 1] = j
            n += 1
    return n
