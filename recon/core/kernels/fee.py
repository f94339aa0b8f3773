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
OUT_OF_RANGE = -3  # the amount is negative or beyond the greatest amount of a row

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
    if rest == 0 or mode == ROUND_FLOOR:
        return whole
    if mode == CEILING:
        return whole + 1
    if mode >= DIGIT:
        return whole + 1 if rest * 10 // scale >= mode - DIGIT else whole
    twice = 2 * rest
    if twice != scale:
        return whole + 1 if twice > scale else whole
    if mode == HALF_EVEN:
        return whole + (whole & 1)
    return whole + 1 if mode == HALF_UP else whole


@njit(cache=True, nogil=True)
def base_fee(amount: int, line: Ints, band_below: Ints, band_value: Ints) -> np.int64:
    """Return the fee of one line in fine units, before floor, cap and surcharge."""
    band = line[BAND_START]
    while band < line[BAND_END] - 1 and amount >= band_below[band]:
        band += 1
    value = band_value[band]
    if line[SHAPE] == FLAT_BANDS:
        return np.int64(value)
    if line[SHAPE] == STARTED_STEPS:
        return np.int64((amount + line[STEP] - 1) // line[STEP] * value)
    if line[SHAPE] == FULL_STEPS:
        return np.int64(amount // line[STEP] * value)
    # amount x rate is split so that no product leaves 64 bits
    part = (amount % RATE_SCALE) * value
    whole = amount // RATE_SCALE * value + part // RATE_SCALE
    rest = part % RATE_SCALE
    if line[UNIT_FINE] == 1:
        finer = rest * FINE
        whole = whole * FINE + finer // RATE_SCALE
        return np.int64(rounded(whole, finer % RATE_SCALE, RATE_SCALE, line[ROUNDING]))
    return np.int64(rounded(whole, rest, RATE_SCALE, line[ROUNDING]) * FINE)


@njit(cache=True, nogil=True)
def line_fee(amount: int, line: Ints, band_below: Ints, band_value: Ints) -> np.int64:
    """Return the whole fee of one line, in minor units (halves of a fine fee go up)."""
    if line[THRESHOLD] >= 0 and amount <= line[THRESHOLD]:
        fine = np.int64(0)
    else:
        fine = base_fee(amount, line, band_below, band_value)
        if line[FLOOR] >= 0 and fine < line[FLOOR]:
            fine = line[FLOOR]
        if line[CAP] >= 0 and fine > line[CAP]:
            fine = line[CAP]
    fine += line[SURCHARGE]
    return np.int64((fine + FINE // 2) // FINE)


@njit(cache=True, nogil=True)
def applies(amount: int, day: int, line: Ints) -> bool:
    """Return whether the amount and the day are those of the line."""
    in_band = line[AMOUNT_FROM] <= amount < line[AMOUNT_BELOW]
    if day == NO_DAY:  # a row without a day meets only lines that hold for ever
        return bool(in_band and line[DAY_FROM] == NO_DAY and line[DAY_UNTIL] == ALL_DAYS)
    return bool(in_band and line[DAY_FROM] <= day <= line[DAY_UNTIL])


@njit(cache=True, nogil=True)
def price(
    amount: Ints,
    day: Ints,
    profile: Ints,
    profile_start: Ints,
    profile_line: Ints,
    lines: Ints,
    band_below: Ints,
    band_value: Ints,
    out_fee: Ints,
    out_line: Ints,
) -> None:
    """Fill the fee and the line of each row.

    A row's profile lists, from `profile_start[profile]` on, the lines whose conditions it meets,
    the most specific first. The first that also fits amount and day wins.
    """
    for i in range(amount.size):
        out_fee[i] = 0
        out_line[i] = NO_LINE
        if amount[i] < 0 or amount[i] > LIMIT:
            out_line[i] = OUT_OF_RANGE
            continue
        for position in range(profile_start[profile[i]], profile_start[profile[i] + 1]):
            candidate = profile_line[position]
            if not applies(amount[i], day[i], lines[candidate]):
                continue
            if out_line[i] == NO_LINE:
                out_line[i] = candidate
                continue
            if lines[candidate, SPECIFICITY] == lines[out_line[i], SPECIFICITY]:
                out_line[i] = TIED
            break
        if out_line[i] >= 0:
            out_fee[i] = line_fee(amount[i], lines[out_line[i]], band_below, band_value)


@njit(cache=True, nogil=True)
def price_lines(
    amount: Ints, line: Ints, lines: Ints, band_below: Ints, band_value: Ints, out_fee: Ints
) -> None:
    """Fill the fee of each row at the line that is given for it; 0 where the line is negative."""
    for i in range(amount.size):
        out_fee[i] = 0
        if line[i] >= 0:
            out_fee[i] = line_fee(amount[i], lines[line[i]], band_below, band_value)


assert np.iinfo(np.int64).max > LIMIT * FINE * 2
