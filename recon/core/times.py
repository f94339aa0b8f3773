"""Exact times and dates: declared patterns, one zone a column, UTC out, nothing guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels import parse_time as kernel
from recon.core.texts.text import TextColumn, text_buffers
from recon.errors import UsageError

_EPOCH = date(1970, 1, 1)
_FIELDS = (
    ("YYYY", kernel.YEAR),
    ("YY", kernel.YEAR_OF_CENTURY),
    ("MM", kernel.MONTH),
    ("M", kernel.MONTH + kernel.SHORT),
    ("DD", kernel.DAY),
    ("D", kernel.DAY + kernel.SHORT),
    ("hh", kernel.HOUR),
    ("h", kernel.HOUR + kernel.SHORT),
    ("mm", kernel.MINUTE),
    ("ss", kernel.SECOND),
)
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_PLACES = ("YYYY", "MM", "DD", "hh", "mm", "ss")

REASONS = {
    kernel.NO_PATTERN: "does not fit",
    kernel.NO_SUCH_DATE: "is not a date of the calendar (years 1970 to 2199)",
    kernel.NO_SUCH_CLOCK: "is not a time of day (00:00:00 to 23:59:59)",
    kernel.AMBIGUOUS_YEAR: "is as far from the business date in two years",
    kernel.NONEXISTENT: "does not exist in the zone: clocks went forward over it",
    kernel.AMBIGUOUS: "happened twice in the zone: clocks went back over it",
}


def compile_patterns(patterns: Sequence[str]) -> NDArray[np.int16]:
    """Return patterns as the kernel reads them, one row each, filled up with -1.

    A pattern is made of `YYYY YY MM DD hh mm ss`, `M D h` (one digit or two) and literal text;
    `YY` is 2000 to 2099. A pattern must hold a month and a day. Raises UsageError.
    """
    rows = [_codes(pattern) for pattern in patterns]
    width = max((len(row) for row in rows), default=0) + 1
    table = np.full((len(rows), width), -1, np.int16)
    for position, row in enumerate(rows):
        table[position, : len(row)] = row
    return table


def compile_layout(codes: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return one pattern as places (see the kernel); length -1 unless every width is fixed."""
    places, literals, at = [-1] * 6, [], 0
    order = (kernel.YEAR, kernel.MONTH, kernel.DAY, kernel.HOUR, kernel.MINUTE, kernel.SECOND)
    for code in codes.tolist():
        if code < 0:
            break
        if code < kernel.YEAR:
            literals += [at, code]
            at += 1
        elif code in order:
            places[order.index(code)] = at
            at += 4 if code == kernel.YEAR else 2
        else:
            return np.array([*places, -1], np.int64)
    length = at if min(places[:3]) >= 0 else -1
    return np.array([*places, length, *literals], np.int64)


def parse_local(
    column: TextColumn, patterns: Sequence[str], business_date: date
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return local microseconds since 1970 and a status (`REASONS`) for each row.

    A pattern without a year takes the year that puts the date nearest to `business_date`.
    """
    buffers = text_buffers(column)
    values = np.empty(len(buffers), np.int64)
    status = np.empty(len(buffers), np.uint8)
    table = compile_patterns(patterns)
    near = (business_date - _EPOCH).days
    kernel.parse_time(
        buffers.data,
        buffers.starts,
        buffers.ends,
        buffers.valid,
        table,
        compile_layout(table[0]),
        near,
        business_date.year,
        values,
        status,
    )
    return values, status


def parse_utc(
    column: TextColumn, patterns: Sequence[str], zone: str, business_date: date
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return UTC microseconds since 1970 and a status for each row of local times of a zone."""
    values, status = parse_local(column, patterns, business_date)
    to_utc(values, status, zone)
    return values, status


def parse_days(
    column: TextColumn, patterns: Sequence[str], business_date: date
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return days since 1970 and a status for each row; a time of day is checked and dropped."""
    values, status = parse_local(column, patterns, business_date)
    return (values // kernel.DAY_US).astype(np.int32), status


def to_utc(values: NDArray[np.int64], status: NDArray[np.uint8], zone: str) -> None:
    """Turn local microseconds into UTC in place; mark times that do not exist or exist twice."""
    read = status == kernel.OK
    if not read.any():
        return
    first = _year(int(values[read].min()))
    last = _year(int(values[read].max()))
    begins, offsets = offset_table(zone, first, last)
    kernel.localise(begins, offsets, values, status)


def to_local(instants: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Return UTC microseconds since 1970 as those of the wall clocks of a zone."""
    if not len(instants):
        return instants.copy()
    first, last = int(instants.min()), int(instants.max())
    begins, offsets = offset_table(zone, _year(first), _year(last))
    ends = np.append(begins[1:], np.iinfo(np.int64).max)
    offsets = offsets[(begins <= last) & (ends > first)]  # most often one: a file is of a few days
    begins = begins[(begins <= last) & (ends > first)]
    if len(offsets) == 1:
        offset = offsets
    else:
        offset = offsets[np.searchsorted(begins, instants, side="right") - 1]
    local: NDArray[np.int64] = instants + offset
    return local


def offset_table(
    zone: str, first_year: int, last_year: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (UTC instants at which an offset begins, offsets), microseconds, for some years.

    The first instant is the smallest int64. A day more on either side is covered, because local
    years begin before or after UTC years.
    """
    offset = _offset(zone, datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=2))
    begins, offsets = [np.iinfo(np.int64).min], [offset]
    for year in range(first_year - 1, last_year + 2):
        for instant, changed in _changes(zone, year):
            if instant > _micros(datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=2)):
                begins.append(instant)
                offsets.append(changed)
    return np.array(begins, np.int64), np.array(offsets, np.int64)


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return (UTC instant, new offset) of every change of offset in one UTC year.

    Offsets are sampled every six hours and each change is found to the second by bisection; no
    zone has changed twice within six hours.
    """
    step = timedelta(hours=6)
    low = datetime(year, 1, 1, tzinfo=UTC)
    end = datetime(year + 1, 1, 1, tzinfo=UTC)
    before = _offset(zone, low)
    found: list[tuple[int, int]] = []
    while low < end:
        high = low + step
        after = _offset(zone, high)
        if after != before:
            found.append((_micros(_first_instant(zone, low, high, before)), after))
        low, before = high, after
    return tuple(found)


def _first_instant(zone: str, low: datetime, high: datetime, before: int) -> datetime:
    """Return the first whole second in (low, high] at which the offset is no longer `before`."""
    left, right = 0, int((high - low).total_seconds())
    while right - left > 1:
        middle = (left + right) // 2
        if _offset(zone, low + timedelta(seconds=middle)) == before:
            left = middle
        else:
            right = middle
    return low + timedelta(seconds=right)


def _offset(zone: str, instant: datetime) -> int:
    """Return the offset of a zone from UTC at an instant, microseconds."""
    offset = instant.astimezone(_zone(zone)).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    """Return a zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"expected the IANA name of a time zone, found {name!r}",
            fix="write a name such as Asia/Shanghai, Europe/Berlin or UTC",
        ) from error


def _micros(instant: datetime) -> int:
    """Return microseconds since 1970 of a UTC instant."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _year(micros: int) -> int:
    """Return the year of microseconds since 1970."""
    return (_EPOCH + timedelta(days=micros // kernel.DAY_US)).year


def _codes(pattern: str) -> list[int]:
    """Return one pattern as codes: fields by the longest name that fits, then literal bytes."""
    codes: list[int] = []
    at = 0
    while at < len(pattern):
        for name, code in _FIELDS:
            if pattern.startswith(name, at):
                codes.append(code)
                at += len(name)
                break
        else:
            codes.extend(pattern[at].encode("utf-8"))
            at += 1
    fields = [code % kernel.SHORT for code in codes if code >= kernel.YEAR]
    kinds = set(fields)
    if len(fields) > len(kinds):
        raise UsageError(
            f"expected a time pattern that names each part once, found {pattern!r}",
            fix="months are MM, minutes mm; a zone behind the time is not read: declare time_zone",
        )
    if not {kernel.MONTH % kernel.SHORT, kernel.DAY % kernel.SHORT} <= kinds:
        raise UsageError(
            f"expected a time pattern with a month and a day, found {pattern!r}",
            fix=f"build it of {' '.join(_PLACES)}, for instance YYYY-MM-DD hh:mm:ss",
        )
    return codes
