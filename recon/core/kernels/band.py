"""Band join: pairs whose amounts lie in a band and whose days lie in a window.

Each side is cut into buckets, one a (group, day), sorted by group and day; inside a bucket rows
ascend by amount. `bucket` (b, 2) holds group and day, `start` (b + 1) the first row of each.
The band of a left row is [low, high] of right amounts; both ascend inside a bucket, so that two
pointers suffice (no search, no hashing).
"""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Ints


@njit(cache=True, nogil=True)
def cut_buckets(group: Ints, day: Ints, bucket: Ints, start: Ints) -> int:
    """Fill `bucket` and `start` of rows sorted by (group, day); return how many buckets."""
    n = 0
    for i in range(group.size):
        if i == 0 or group[i] != group[i - 1] or day[i] != day[i - 1]:
            bucket[n, 0] = group[i]
            bucket[n, 1] = day[i]
            start[n] = i
            n += 1
    start[n] = group.size
    return n


@njit(cache=True, nogil=True)
def walk_bucket(
    low: Ints,
    high: Ints,
    right_amount: Ints,
    begin: int,
    end: int,
    right_begin: int,
    right_end: int,
    cursor: Ints,
    out: Ints,
) -> None:
    """Advance `cursor` by each left row's candidates of one right bucket, written to `out`.

    An empty `out` only counts.
    """
    lower = right_begin
    upper = right_begin
    write = out.size > 0
    for i in range(begin, end):
        while lower < right_end and right_amount[lower] < low[i]:
            lower += 1
        upper = max(upper, lower)
        while upper < right_end and right_amount[upper] <= high[i]:
            upper += 1
        if write:
            place = cursor[i]
            for j in range(lower, upper):
                out[place + j - lower] = j
        cursor[i] += upper - lower


@njit(cache=True, nogil=True)
def walk_bands(
    first: int,
    last: int,
    left_bucket: Ints,
    left_start: Ints,
    low: Ints,
    high: Ints,
    right_bucket: Ints,
    right_start: Ints,
    right_amount: Ints,
    earliest: int,
    latest: int,
    cursor: Ints,
    out: Ints,
) -> None:
    """Walk the left buckets `first:last` against the right days `earliest` to `latest` later."""
    pointer = 0
    for b in range(first, last):
        group = left_bucket[b, 0]
        opens = left_bucket[b, 1] + earliest
        closes = left_bucket[b, 1] + latest
        while pointer < right_bucket.shape[0] and (
            right_bucket[pointer, 0] < group
            or (right_bucket[pointer, 0] == group and right_bucket[pointer, 1] < opens)
        ):
            pointer += 1
        p = pointer
        while (
            p < right_bucket.shape[0]
            and right_bucket[p, 0] == group
            and right_bucket[p, 1] <= closes
        ):
            walk_bucket(
                low,
                high,
                right_amount,
                left_start[b],
                left_start[b + 1],
                right_start[p],
                right_start[p + 1],
                cursor,
                out,
            )
            p += 1


@njit(cache=True, nogil=True)
def price_edges(
    start: Ints,
    candidate: Ints,
    left_amount: Ints,
    left_day: Ints,
    right_amount: Ints,
    right_day: Ints,
    difference: Ints,
    lag: Ints,
) -> None:
    """Fill each edge's difference in money and its lag in days, both without sign."""
    for i in range(start.size - 1):
        for e in range(start[i], start[i + 1]):
            j = candidate[e]
            difference[e] = abs(right_amount[j] - left_amount[i])
            lag[e] = abs(right_day[j] - left_day[i])
