"""Exact local times from text by declared patterns, and local time to UTC by a table of offsets."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints

OK = 0
NULL = 1  # the row is null or blank
NO_PATTERN = 2  # no declared pattern fits the text
NO_SUCH_DATE = 3  # 30 February, month 13, a year out of range
NO_SUCH_CLOCK = 4  # 24:00:00, 10:60:00, a leap second
AMBIGUOUS_YEAR = 5  # MMDD equally far from the business date in two years
NONEXISTENT = 6  # skipped when clocks went forward
AMBIGUOUS = 7  # met twice when clocks went back

# One pattern is a row of codes: a byte below 256 is a literal, the rest are fields.
YEAR = 256
YEAR_OF_CENTURY = 257
MONTH = 258
DAY = 259
HOUR = 260
MINUTE = 261
SECOND = 262
SHORT = 16  # added to MONTH, DAY, HOUR: one digit or two

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
FIRST_YEAR = 1970
LAST_YEAR = 2199

_SPACE = 32
_TAB = 9
_BACKTICK = 96
_ZERO = 48
_NINE = 57
_HALF_YEAR = 183
_FEBRUARY = 2
_NO_NUMBER = 1_000_000
_DIGIT = 9
_LENGTH = 6
_LITERALS = 6
_MONTHS = 12
_HOURS = 24
_MINUTES = 60


@njit(cache=True, nogil=True, inline="always")
def days_from_civil(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 of a Gregorian date (Hinnant's algorithm, years >= 0)."""
    shifted = year - (1 if month <= _FEBRUARY else 0)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month - 3 if month > _FEBRUARY else month + 9) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True, inline="always")
def _month_days(year: int, month: int) -> int:
    """Return the number of days of a month."""
    if month == _FEBRUARY:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@njit(cache=True, nogil=True, inline="always")
def _is_date(year: int, month: int, day: int) -> bool:
    """Return whether the date is in the calendar and in the range of years that we read."""
    if year < FIRST_YEAR or year > LAST_YEAR or month < 1 or month > _MONTHS or day < 1:
        return False
    return day <= _month_days(year, month)


@njit(cache=True, nogil=True)
def _nearest_day(month: int, day: int, near: int, near_year: int) -> tuple[int, int]:
    """Return (days, status) of a date without a year: the one nearest to the day `near`."""
    best = 0
    distance = _HALF_YEAR + 1
    status = NO_SUCH_DATE
    for year in range(near_year - 1, near_year + 2):
        if _is_date(year, month, day):
            days = days_from_civil(year, month, day)
            away = abs(days - near)
            if away < distance:
                best, distance, status = days, away, OK
            elif away == distance and status == OK:
                status = AMBIGUOUS_YEAR
    return best, status


@njit(cache=True, nogil=True)
def _fits(data: Bytes, at: int, end: int, patterns: Ints, chosen: int, fields: Ints) -> bool:
    """Return whether `data[at:end]` fits one pattern, and fill `fields` (int64, by code)."""
    for k in range(patterns.shape[1]):
        code = patterns[chosen, k]
        if code < 0:
            break
        if code < YEAR:
            if at >= end or data[at] != code:
                return False
            at += 1
            continue
        short = code >= YEAR + SHORT
        kind = code - YEAR - (SHORT if short else 0)
        width = 4 if kind == 0 else 2
        value = 0
        taken = 0
        while taken < width and at < end and _ZERO <= data[at] <= _NINE:
            value = value * 10 + int(np.int64(data[at])) - _ZERO
            at += 1
            taken += 1
        if taken == 0 or (taken < width and not short):
            return False
        fields[kind] = value
    return at == end


@njit(cache=True, nogil=True)
def _micros(fields: Ints, near: int, near_year: int) -> tuple[int, int]:
    """Return (local microseconds, status) of the fields of a fitting pattern."""
    year, month, day = fields[0], fields[2], fields[3]
    if fields[1] >= 0:
        year = 2000 + fields[1]
    if year >= 0:
        if not _is_date(year, month, day):
            return 0, NO_SUCH_DATE
        days, status = days_from_civil(year, month, day), OK
    else:
        days, status = _nearest_day(month, day, near, near_year)
        if status != OK:
            return 0, status
    hour, minute, second = max(fields[4], 0), max(fields[5], 0), max(fields[6], 0)
    if hour >= _HOURS or minute >= _MINUTES or second >= _MINUTES:
        return 0, NO_SUCH_CLOCK
    return days * DAY_US + (hour * 60 + minute) * MINUTE_US + second * 1_000_000, OK


@njit(cache=True, nogil=True, inline="always")
def _two(data: Bytes, at: int) -> int:
    """Return the number of two digits, at least `_NO_NUMBER` when they are not digits."""
    tens = int(np.int64(data[at])) ^ _ZERO
    ones = int(np.int64(data[at + 1])) ^ _ZERO
    return tens * 10 + ones + _NO_NUMBER * int((tens > _DIGIT) | (ones > _DIGIT))


@njit(cache=True, nogil=True, inline="always")
def _literals_fit(data: Bytes, at: int, layout: Ints) -> bool:
    """Return whether every literal of a pattern of fixed widths is in its place."""
    for k in range(_LITERALS + 1, len(layout), 2):  # noqa: SIM110 - numba compiles no generator
        if data[at + layout[k]] != layout[k + 1]:
            return False
    return True


@njit(cache=True, nogil=True)
def _by_patterns(
    data: Bytes, at: int, end: int, patterns: Ints, near: int, near_year: int, fields: Ints
) -> tuple[int, int]:
    """Return (local microseconds, status) by the first pattern that gives a time."""
    while at < end and data[end - 1] in (_SPACE, _TAB, _BACKTICK):
        end -= 1
    while at < end and data[at] in (_SPACE, _TAB, _BACKTICK):
        at += 1
    if at == end:
        return 0, NULL
    found = NO_PATTERN
    for k in range(len(patterns)):
        for field in range(len(fields)):
            fields[field] = -1
        if _fits(data, at, end, patterns, k, fields):
            value, status = _micros(fields, near, near_year)
            if status == OK:
                return value, OK
            if found == NO_PATTERN:
                found = status
    return 0, found


@njit(cache=True, nogil=True)
def parse_time(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    valid: Flags,
    patterns: Ints,
    layout: Ints,
    near: int,
    near_year: int,
    out: Ints,
    out_status: Flags,
) -> None:
    """Fill `out` (int64 local microseconds since 1970) and `out_status` (uint8) for each row.

    patterns: int16 (patterns, codes), filled up with -1, tried in order. layout: int64, the first
    pattern by the places of its fields (-1 absent), its length (-1 when widths vary), and the place
    and byte of each literal; it only makes the common case quick. near, near_year: the business
    date in days since 1970 and its year, for patterns without a year. Spaces, tabs and back-ticks
    around the text are passed over.
    """
    fields = np.empty(8, np.int64)
    latest, latest_days = -1, 0  # the date read before: most rows of a file are of one day
    year_at, month_at, day_at = layout[0], layout[1], layout[2]
    hour_at, minute_at, second_at = layout[3], layout[4], layout[5]
    for i in range(len(valid)):
        at, end = starts[i], ends[i]
        if valid[i] and end - at == layout[_LENGTH]:
            year = _two(data, at + year_at) * 100 + _two(data, at + year_at + 2)
            month, day = _two(data, at + month_at), _two(data, at + day_at)
            hour = _two(data, at + hour_at) if hour_at >= 0 else 0
            minute = _two(data, at + minute_at) if minute_at >= 0 else 0
            second = _two(data, at + second_at) if second_at >= 0 else 0
            day_number = year * 10_000 + month * 100 + day
            if day_number != latest and _is_date(year, month, day):
                latest, latest_days = day_number, days_from_civil(year, month, day)
            if (
                day_number == latest
                and hour < _HOURS
                and minute < _MINUTES
                and second < _MINUTES
                and _literals_fit(data, at, layout)
            ):
                clock = (hour * 60 + minute) * MINUTE_US + second * 1_000_000
                out[i], out_status[i] = latest_days * DAY_US + clock, OK
                continue
        out[i], out_status[i] = 0, NULL
        if valid[i] and end > at:
            out[i], out_status[i] = _by_patterns(data, at, end, patterns, near, near_year, fields)


@njit(cache=True, nogil=True)
def localise(begins: Ints, offsets_us: Ints, values: Ints, status: Flags) -> None:
    """Turn local microseconds into UTC in place, where `status` is OK.

    begins: int64, UTC instants at which each offset begins, ascending, the first is the smallest
    int64. A local time that no offset gives, or that two give, gets NONEXISTENT or AMBIGUOUS.
    """
    count = len(begins)
    for i in range(len(values)):
        if status[i] != OK:
            continue
        found = 0
        answer = 0
        for k in range(count):
            instant = values[i] - offsets_us[k]
            if instant >= begins[k] and (k + 1 == count or instant < begins[k + 1]):
                found += 1
                answer = instant
        values[i] = answer if found == 1 else 0
        if found == 0:
            status[i] = NONEXISTENT
        elif found > 1:
            status[i] = AMBIGUOUS
