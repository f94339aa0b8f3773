"""Working days of a country, with make-up workdays (调休), a user's overlay and an honest end.

Days off come from the `holidays` package. For China it publishes real years (with make-up
workdays) and silently predicts later ones without any, so a year counts as published only when it
lists make-up workdays. Past the last published year every question is refused, unless the overlay
file declares that year with `covers`; such a year is Monday to Friday plus the days listed, nothing
predicted:

    covers = [2027]

    [[day]]
    date = 2027-01-01
    working = false
    reason = "New Year's Day"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.errors import RuleFileError, UsageError
from recon.rules.days.cycles import Basis, Cycle
from recon.rules.days.published import FIRST_DAY, WEEKEND, published_days, published_through

_EPOCH = date(1970, 1, 1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Overlay:
    """A user's corrections: single days, and the years that those days complete."""

    days: Mapping[date, bool] = field(default_factory=dict)  # True: a working day
    covers: frozenset[int] = frozenset()


def read_overlay(path: Path) -> Overlay:
    """Return the overlay of a TOML file, or raise `RuleFileError` with every problem."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleFileError(
            f"expected a calendar overlay in TOML, found: {error}",
            where=str(path),
            fix="write [[day]] tables with date, working and reason",
        ) from error
    problems = _overlay_problems(document)
    if problems:
        raise RuleFileError(
            "; ".join(problems),
            where=str(path),
            fix="write covers = [2027] and [[day]] tables: date = 2027-02-06, working = true, "
            'reason = "make-up workday"',
        )
    days = {day["date"]: day["working"] for day in document.get("day", [])}
    return Overlay(days, frozenset(document.get("covers", [])))


def _overlay_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an overlay document."""
    problems = [f"unknown key {key!r}" for key in document if key not in {"covers", "day"}]
    covers = document.get("covers", [])
    if not isinstance(covers, list) or not all(type(year) is int for year in covers):
        problems.append(f"covers: expected a list of years, found {covers!r}")
    seen: set[date] = set()
    for number, day in enumerate(document.get("day", []), start=1):
        problems += [f"day {number}: unknown key {key!r}" for key in day if key not in _DAY_KEYS]
        when = day.get("date")
        if type(when) is not date:
            problems.append(f"day {number}: expected a date such as 2027-02-06, found {when!r}")
        elif when in seen:
            problems.append(f"day {number}: {when} stands twice")
        else:
            seen.add(when)
        if type(day.get("working")) is not bool:
            problems.append(f"day {number}: expected working = true or false")
        if not isinstance(day.get("reason"), str) or not day["reason"]:
            problems.append(f"day {number}: expected a reason")
    return problems


_DAY_KEYS = frozenset({"date", "working", "reason"})


@dataclass(frozen=True)
class Calendar:
    """Working days of one country.

    `authoritative_through` is the last year that may be asked about; years that the overlay covers
    are added to it.
    """

    country: str = "CN"
    overlay: Overlay = field(default_factory=Overlay)
    authoritative_through: int | None = None  # None: what the package publishes

    @property
    def last_published(self) -> int:
        """Return the last year that is known without the overlay."""
        if self.authoritative_through is not None:
            return self.authoritative_through
        return published_through(self.country)

    @cached_property
    def last_day(self) -> date:
        """Return the last day that may be asked about: years known without a gap."""
        year = self.last_published
        while year + 1 in self.overlay.covers:
            year += 1
        return date(year, 12, 31)

    @cached_property
    def _working(self) -> NDArray[np.bool_]:
        """Return, for each day from FIRST_DAY to the last day, whether it is a working day."""
        published = published_days(self.country, self.last_published)
        size = (self.last_day - FIRST_DAY).days + 1
        weekday = (np.arange(size) + FIRST_DAY.weekday()) % _WEEK
        working = ~np.isin(weekday, list(WEEKEND))
        working[: len(published)] = published
        for day, stated in self.overlay.days.items():
            if FIRST_DAY <= day <= self.last_day:
                working[(day - FIRST_DAY).days] = stated
        return working

    @cached_property
    def _ordinals(self) -> NDArray[np.int64]:
        """Return the offsets of the working days from FIRST_DAY, ascending."""
        return np.flatnonzero(self._working).astype(np.int64)

    @cached_property
    def _before(self) -> NDArray[np.int64]:
        """Return, for each day, how many working days stand before it; one entry past the end."""
        return np.concatenate(([0], np.cumsum(self._working))).astype(np.int64)

    def is_working(self, day: date) -> bool:
        """Return whether `day` is a working day."""
        return bool(self._working[self._offset(day)])

    def add_working_days(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`; for 0, `day` or the next working day."""
        if count < 0:
            raise UsageError(
                f"expected a count of working days >= 0, found {count}",
                where="calendar",
                fix="ask for days after a day",
            )
        offset = self._offset(day)
        position = int(self._before[offset + 1]) + count - 1
        if count == 0:
            position = int(self._before[offset])
        return FIRST_DAY + timedelta(days=int(self._ordinals[self._within(position, day)]))

    def business_days_between(self, first: date, last: date) -> int:
        """Return how many working days stand after `first` up to and including `last`."""
        if last < first:
            return -self.business_days_between(last, first)
        return int(self._before[self._offset(last) + 1] - self._before[self._offset(first) + 1])

    def business_ages(self, days: pl.Series, until: date) -> pl.Series:
        """Return, for each date, the working days after it up to and including `until` (Int32)."""
        offsets = self._offsets(days)
        ages = self._before[self._offset(until) + 1] - self._before[offsets + 1]
        return _with_nulls(pl.Series(days.name, ages, dtype=pl.Int32), days)

    def due_dates(self, days: pl.Series, cycle: Cycle) -> pl.Series:
        """Return, for each clearing day, the day by which the money is due; null stays null."""
        if days.null_count() == len(days):
            return pl.Series(days.name, [None] * len(days), dtype=pl.Date)
        if cycle.basis is Basis.NATURAL:
            return days.dt.offset_by(f"{cycle.days}d")
        offsets = self._offsets(days)
        table = self._due_table(int(offsets.min()), int(offsets.max()), cycle)
        due = table[offsets - int(offsets.min())]
        return _with_nulls(pl.Series(days.name, due, dtype=pl.Int32).cast(pl.Date), days)

    def due_date(self, day: date, cycle: Cycle) -> date:
        """Return the day by which the money of clearing day `day` is due."""
        if cycle.basis is Basis.WORKING:
            return self.add_working_days(day, cycle.days)
        if cycle.basis is Basis.NATURAL:
            return day + timedelta(days=cycle.days)
        if cycle.basis is Basis.WEEKLY:
            reached = day + timedelta(days=(cycle.days - day.weekday() - 1) % 7 + 1)
        else:
            following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            reached = following + timedelta(days=cycle.days - 1)
            if day.day < cycle.days:
                reached = day.replace(day=cycle.days)
        return self.add_working_days(reached, 0)

    def _due_table(self, first: int, last: int, cycle: Cycle) -> NDArray[np.int32]:
        """Return the due dates, as days since 1970, of the day offsets `first` to `last`."""
        days = (FIRST_DAY + timedelta(days=offset) for offset in range(first, last + 1))
        due = [(self.due_date(day, cycle) - _EPOCH).days for day in days]
        return np.array(due, dtype=np.int32)

    def _offsets(self, days: pl.Series) -> NDArray[np.int64]:
        """Return the offsets of dates from FIRST_DAY; a null takes the first date's offset."""
        known = days.drop_nulls()
        if known.is_empty():
            return np.zeros(len(days), dtype=np.int64)
        self._offset(known.min())  # type: ignore[arg-type]  # a Date column has date extremes
        self._offset(known.max())  # type: ignore[arg-type]  # as above
        start = (FIRST_DAY - _EPOCH).days
        filled = days.fill_null(known.item(0)).cast(pl.Int32).cast(pl.Int64)
        return filled.to_numpy() - start

    def _offset(self, day: date) -> int:
        """Return the position of `day` in the tables, or raise when its year is not known."""
        if FIRST_DAY <= day <= self.last_day:
            return (day - FIRST_DAY).days
        raise self._unknown(day)

    def _within(self, position: int, day: date) -> int:
        """Return `position` in the list of working days, or raise when it is past the end."""
        if position < len(self._ordinals):
            return position
        raise self._unknown(day)

    def _unknown(self, day: date) -> UsageError:
        """Return the error for a question about an unpublished day."""
        return UsageError(
            f"expected a day from {FIRST_DAY} to {self.last_day} (the last published year), found "
            f"a question about {day} or the days after it",
            where=f"calendar {self.country}",
            fix="upgrade the holidays package once the year is announced, or declare the year in "
            "the overlay file: covers = "
            f"[{self.last_day.year + 1}] with its days off and make-up workdays",
        )


def _with_nulls(values: pl.Series, days: pl.Series) -> pl.Series:
    """Return `values` with null where `days` is null."""
    if days.null_count() == 0:
        return values
    frame = pl.DataFrame({"value": values, "known": days.is_not_null()})
    return frame.select(pl.when("known").then("value").alias(days.name)).to_series()
