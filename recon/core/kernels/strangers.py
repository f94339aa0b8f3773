"""How many strangers would agree as well as a row's own partner: counted, and never nobody.

A row that agrees stands in the count itself; the others are the strangers. Where there are none,
none was seen, which is not that there are none: of values seen once, as many will come again as
values seen twice have rows (Good 1953). A general expectation stands in for rows that are few.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Number, Reals

FEW_ROWS = 4.0  # rows for which the general expectation counts
SPREAD = 1.0  # in general amounts lie within a factor of e of each other
ODD, PRICE, WHOLE, ROUND = 0.002, 0.05, 0.1, 0.15  # strangers of an equal amount
PRICE_ENDS = (50, 80, 88, 90, 95, 98, 99)  # last two digits that prices like
LETTERS, DIGITS, LONG_NUMBER = 0.2, 0.1, 0.0005  # strangers whose text begins alike
DATE = 8  # digits up to which a number may be a date
PAIR = 2
_ZERO, _NINE = 48, 57


@njit(cache=True, nogil=True)
def least_strangers(alone: Number, one_other: Number, rows: int, general: float) -> float:
    """Return the strangers expected among `rows` where none is seen.

    alone, one_other: rows whose value nobody shares, and one other row; general: the share of
    strangers expected of no data. Where nobody stands alone, one stranger is expected.
    """
    seen = one_other / alone if alone > 0 else 1.0
    trust = rows / (rows + FEW_ROWS)
    return trust * seen + (1.0 - trust) * rows * general


@njit(cache=True, nogil=True, inline="always")
def general_amount(amount: int, allowed: int) -> float:
    """Return the share of strangers no farther than `allowed` from an amount: round ones repeat."""
    size = max(abs(amount), 1)
    end = size % 100
    equal = ODD
    if size % 10_000 == 0:
        equal = ROUND
    elif end == 0:
        equal = WHOLE
    else:
        for price in PRICE_ENDS:
            if end == price:
                equal = PRICE
    return min(equal + 2.0 * allowed / (SPREAD * size), 1.0)


@njit(cache=True, nogil=True)
def scale_bounds(amount: int, bounds: Ints, allowed: Ints) -> None:
    """Fill the differences in minor units that `bounds`, parts per million of an amount, allow."""
    size = abs(amount)
    for b in range(bounds.size):
        allowed[b] = size // 1_000_000 * bounds[b] + size % 1_000_000 * bounds[b] // 1_000_000


@njit(cache=True, nogil=True)
def near_amounts(ordered: Ints, amount: int, allowed: Ints, counts: Ints) -> None:
    """Fill how many `ordered` amounts are no farther from `amount` than each of `allowed`.

    allowed: ascending, so that each range lies inside the next one; the widest is searched first.
    """
    low, high = 0, ordered.size
    for b in range(allowed.size - 1, -1, -1):
        first, last = low, high
        least = amount - allowed[b]
        while first < last:
            middle = (first + last) >> 1
            if ordered[middle] < least:
                first = middle + 1
            else:
                last = middle
        low = first
        last = high
        most = amount + allowed[b]
        while first < last:
            middle = (first + last) >> 1
            if ordered[middle] <= most:
                first = middle + 1
            else:
                last = middle
        high = first
        counts[b] = high - low


@njit(cache=True, nogil=True)
def tally_amounts(ordered: Ints, every: int, bounds: Ints, tally: Ints) -> None:
    """Count in `tally` (2, bounds) the amounts that no other one is near, and exactly one other.

    Of ascending amounts every `every`-th is looked at.
    """
    allowed, counts = np.empty((2, bounds.size), np.int64)
    for i in range(0, ordered.size, every):
        scale_bounds(ordered[i], bounds, allowed)
        near_amounts(ordered, ordered[i], allowed, counts)
        for b in range(bounds.size):
            if counts[b] <= tally.shape[0]:
                tally[counts[b] - 1, b] += 1


@njit(cache=True, nogil=True)
def amount_shares(
    ordered: Ints, amount: int, allowed: Ints, tally: Ints, counts: Ints, shares: Reals
) -> None:
    """Fill the log share of strangers as near to `amount` as each of `allowed`; counts: scratch.

    Where none is seen within a range, a wider one tells how dense amounts are.
    """
    near_amounts(ordered, amount, allowed, counts)
    rows = ordered.size
    crowd = 0.0  # strangers for each minor unit, as dense as in any wider range
    for b in range(allowed.size - 1, -1, -1):
        width = 2.0 * allowed[b] + 1.0
        least = least_strangers(tally[0, b], tally[1, b], rows, general_amount(amount, allowed[b]))
        strangers = max(counts[b] - 1.0, least, crowd * width)
        shares[b] = np.log(min(strangers / rows, 1.0))
        crowd = max(crowd, (counts[b] - 1.0) / width)


@njit(cache=True, nogil=True)
def tally_prefixes(count: Ints, offsets: Ints, tally: Ints) -> None:
    """Count in `tally` (2, bytes) the texts whose first bytes nobody shares, and one other.

    count: (n, bytes) from `count_prefixes` of texts among all texts, themselves included.
    """
    for i in range(count.shape[0]):
        for k in range(min(count.shape[1], offsets[i + 1] - offsets[i])):
            if count[i, k] <= tally.shape[0]:
                tally[count[i, k] - 1, k] += 1


@njit(cache=True, nogil=True)
def prefix_shares(
    count: Ints, data: Bytes, offsets: Ints, tally: Ints, rows: int, shares: Reals
) -> None:
    """Fill the log share of strangers that share the first k + 1 bytes of each text.

    count: (n, bytes) among `rows` texts. Beyond a text's end its whole length holds.
    """
    for i in range(count.shape[0]):
        size = offsets[i + 1] - offsets[i]
        general = 1.0
        digits = 0
        for k in range(count.shape[1]):
            if k < size:
                digits += _ZERO <= data[offsets[i] + k] <= _NINE
                general = LETTERS if digits == 0 else DIGITS if digits <= DATE else LONG_NUMBER
            least = least_strangers(tally[0, k], tally[1, k], rows, general)
            shares[i, k] = np.log(min(max(count[i, k] - 1.0, least) / rows, 1.0))


@njit(cache=True, nogil=True)
def tally_features(start: Ints, code: Ints, count: Ints, digits: Ints, tally: Ints) -> None:
    """Count in `tally` (2, 2) the rows by the rarest feature that they share, words then digits.

    Line 0: rows whose features no other row shows; line 1: those that share one with one other.
    """
    for i in range(start.size - 1):
        for kind in range(2):
            shown = 0
            rarest = 0
            for k in range(start[i], start[i + 1]):
                if digits[code[k]] == kind:
                    shown += 1
                    rows = count[code[k]]
                    if rows > 1 and (rarest == 0 or rows < rarest):
                        rarest = rows
            if shown > 0 and rarest == 0:
                tally[0, kind] += 1
            elif shown > 0 and rarest == PAIR:
                tally[1, kind] += 1
