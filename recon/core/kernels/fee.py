"""Prices rows with a compiled fee contract: exact integers, no text, no objects.

A line of the contract is one row of an int64 table whose columns are named below. Money of a line
is in *fine* units, thousandths of a minor unit (1e-5 yuan when the minor unit is the fen); rates
are billionths. A row's result is its fee in minor units and the line that gave it, or a status.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints
from recon.core.kernels.parse_money import LIMIT

RATE_SCALE = 1_000_000_000
FINE = 1000  # fine units in a minor unit

NO_LINE = -1
TIED = -2  # two lines of equal specificity both apply: none is picked
NO_DAY = -(1 << 63)  # a row without a day; a line without a first day
ALL_DAYS = (1 << 63) - 1  # a line without a last day
OUT_OF_RANGE = -3  # the amount is beyond the greatest amount of a row

# columns of a line
SPECIFICITY = 0  # rank; equal ranks that both apply are a tie
AMOUNT_FROM = 1  # minor units, inclusive
AMOUNT_BELOW = 2  # minor units, exclusive
DAY_FROM = 3  # days since 1970, inclusive
DAY_UNTIL = 4  # inclusive
SHAPE = 5
STEP = 6  # minor units of an increment
FLOOR = 7  # fine units, -1 none
CAP = 8  # fine units, -1 none
THRESHOLD = 9  # minor units: at or below it the formula gives nothing; -1 none
SURCHARGE = 10  # fine units, added last
ROUNDING = 11
UNIT_FINE = 12  # 1: round to fine units, 0: round to minor units
BAND_START = 13  # first band of the line
BAND_END = 14
WIDTH = 15

# shapes
RATE_BANDS = 0  # the whole amount at the rate of its band
FLAT_BANDS = 1  # the flat fee of its band
STARTED_STEPS = 2  # a flat fee for every started step
FULL_STEPS = 3  # a flat fee for every full step

# rounding modes, on the absolute amount
HALF_UP = 0
CEILING = 1
ROUND_FLOOR = 2
HALF_EVEN = 3
HALF_DOWN = 4
DIGIT = 10  # DIGIT + d: up when the first dropped decimal is d or more


@njit(cache=True, nogil=True)
def rounded(whole: int, rest: int, scale: int, mode: int) -> int:
    """Return whole + rest/scale (0 <= rest < scale) as an integer, by a rounding mode."""
    if mode == HALF_UP:  # by far the most frequent, without a branch on the data
        return whole + (2 * rest >= scale)
    if mode >= DIGIT:
        return whole + (rest * 10 // scale >= mode - DIGIT)
    if rest == 0 or mode == ROUND_FLOOR:
        return whole
    if mode == CEILING:
        return whole + 1
    twice = 2 * rest
    if twice != scale:
        return whole + (twice > scale)
    return whole + (whole & 1) if mode == HALF_EVEN else whole


@njit(cache=True, nogil=True)
def rated(amount: int, rate: int, fine_unit: int, mode: int) -> int:
    """Return amount x rate in fine units, rounded; split so that no product leaves 64 bits."""
    whole = 0
    if amount >= RATE_SCALE:
        whole = amount // RATE_SCALE * rate
        amount %= RATE_SCALE
    part = amount * rate
    quotient = part // RATE_SCALE
    whole += quotient
    rest = part - quotient * RATE_SCALE
    if fine_unit == 1:
        finer = rest * FINE
        whole = whole * FINE + finer // RATE_SCALE
        return rounded(whole, finer % RATE_SCALE, RATE_SCALE, mode)
    return rounded(whole, rest, RATE_SCALE, mode) * FINE


@njit(cache=True, nogil=True)
def stepped(amount: int, shape: int, step: int, flat: int) -> int:
    """Return a flat fee, once or for every started or full step, in fine units."""
    if shape == FLAT_BANDS:
        return flat
    started = step - 1 if shape == STARTED_STEPS else 0
    return (amount + started) // step * flat


@njit(cache=True, nogil=True)
def limited(fine: int, floor: int, cap: int) -> int:
    """Return a fee inside its floor and cap; -1 is no limit."""
    fine = max(fine, floor)
    return min(fine, cap if cap >= 0 else ALL_DAYS)


@njit(cache=True, nogil=True, inline="always")
def line_fee(amount: int, number: int, lines: Ints, band_below: Ints, band_value: Ints) -> int:
    """Return the whole fee of one line, in minor units (halves of a fine fee go up)."""
    row = lines[number]
    band = row[BAND_START]
    last = row[BAND_END] - 1
    while band < last and amount >= band_below[band]:
        band += 1
    value = band_value[band]
    shape = row[SHAPE]
    if shape == RATE_BANDS:
        fine = rated(amount, value, row[UNIT_FINE], row[ROUNDING])
    else:
        fine = stepped(amount, shape, row[STEP], value)
    fine = limited(fine, row[FLOOR], row[CAP])
    if amount <= row[THRESHOLD]:
        fine = 0
    return int(fine + row[SURCHARGE] + FINE // 2) // FINE


@njit(cache=True, nogil=True)
def applies(amount: int, day: int, number: int, lines: Ints) -> bool:
    """Return whether the amount and the day are those of the line."""
    in_band = lines[number, AMOUNT_FROM] <= amount < lines[number, AMOUNT_BELOW]
    first, last = lines[number, DAY_FROM], lines[number, DAY_UNTIL]
    if day == NO_DAY:  # a row without a day meets only lines that hold for ever
        return bool(in_band and first == NO_DAY and last == ALL_DAYS)
    return bool(in_band and first <= day <= last)


@njit(cache=True, nogil=True)
def winner(amount: int, day: int, candidates: Ints, lines: Ints) -> int:
    """Return the first of the candidates, the most specific first, that applies, or a status."""
    found: int = NO_LINE
    for candidate in candidates:
        if found >= 0 and lines[candidate, SPECIFICITY] != lines[found, SPECIFICITY]:
            break
        if applies(amount, day, candidate, lines):
            if found >= 0:
                return TIED
            found = candidate
    return found


@njit(cache=True, nogil=True)
def list_sure(profile_start: Ints, profile_line: Ints, lines: Ints, out: Ints) -> None:
    """Fill, for each profile, the line that wins whatever amount and day are; NO_LINE if none."""
    for number in range(out.size):
        start, end = profile_start[number], profile_start[number + 1]
        out[number] = NO_LINE
        if start == end:
            continue
        first = profile_line[start]
        tied = (
            start + 1 < end
            and lines[profile_line[start + 1], SPECIFICITY] == lines[first, SPECIFICITY]
        )
        if not tied and lines[first, AMOUNT_FROM] == 0 and applies(LIMIT, NO_DAY, first, lines):
            out[number] = first


@njit(cache=True, nogil=True)
def price(
    amount: Ints,
    day: Ints,
    profile: Ints,
    profile_start: Ints,
    profile_line: Ints,
    profile_sure: Ints,
    lines: Ints,
    band_below: Ints,
    band_value: Ints,
    out_fee: Ints,
    out_line: Ints,
) -> None:
    """Fill the fee of each row's absolute amount, and its line.

    A row's profile lists, from `profile_start[profile]` on, the lines whose conditions it meets,
    the most specific first. The first that also fits amount and day wins; `profile_sure` is that
    line where it is the same for every amount and day. Without days (an empty array) only lines
    that hold for ever apply.
    """
    for i in range(amount.size):
        value = abs(amount[i])
        fee = 0
        found: int = OUT_OF_RANGE
        if 0 <= value <= LIMIT:  # the smallest number of all stays negative
            found = profile_sure[profile[i]]
            if found < 0:
                start, end = profile_start[profile[i]], profile_start[profile[i] + 1]
                when = day[i] if day.size else NO_DAY
                found = winner(value, when, profile_line[start:end], lines)
        if found >= 0:
            fee = line_fee(value, found, lines, band_below, band_value)
        out_fee[i] = fee
        out_line[i] = found


@njit(cache=True, nogil=True)
def price_lines(
    amount: Ints, line: Ints, lines: Ints, band_below: Ints, band_value: Ints, out_fee: Ints
) -> None:
    """Fill the fee of each row at the line that is given for it; 0 where the line is negative."""
    for i in range(amount.size):
        out_fee[i] = 0
        if line[i] >= 0:
            out_fee[i] = line_fee(amount[i], line[i], lines, band_below, band_value)


assert np.iinfo(np.int64).max > LIMIT * FINE * 2
