"""When money is due and to which day it belongs: settlement cycles and the clearing cut-off."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum, unique

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.times import to_local
from recon.errors import RuleFileError, UsageError

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
NOON = 12 * 60
MINUTES_OF_DAY = 24 * 60
_MINUTE_US = 60_000_000
_DAY_US = MINUTES_OF_DAY * _MINUTE_US
ALL_DAY = "00:00-24:00"
_LAST_MONTH_DAY = 28  # a day that every month has
_MOST_DAYS = 366
_SPELT = str.maketrans("", "", " \t.,-_()[]'\"&/·、，。")  # what banks put in, leave out or turn


@unique
class Basis(StrEnum):
    """What a cycle counts."""

    WORKING = "T"  # working days of the calendar
    NATURAL = "D"  # calendar days
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Cycle:
    """A settlement cycle: T+n working days, D+n natural days, a weekday, or a day of the month.

    `days` is n, the weekday (Monday is 0) or the day of the month. `T+0` on a day off is due on the
    next working day; a weekly or monthly day that is a day off moves to the next working day.
    """

    basis: Basis
    days: int

    def __str__(self) -> str:
        """Return the cycle as the rule file writes it."""
        if self.basis in (Basis.WORKING, Basis.NATURAL):
            return f"{self.basis}+{self.days}"
        if self.basis is Basis.WEEKLY:
            return f"weekly:{WEEKDAYS[self.days]}"
        return f"monthly:{self.days}"


def parse_cycle(text: str, *, where: str = "settlement cycle") -> Cycle:
    """Return the cycle written as `T+1`, `D+0`, `weekly:MON` or `monthly:1`."""
    if counted := re.fullmatch(r"([TD])\+([0-9]{1,3})", text, re.ASCII):
        days = int(counted[2])
        if days <= _MOST_DAYS:
            return Cycle(Basis(counted[1]), days)
    if (weekly := re.fullmatch(r"weekly:([A-Z]{3})", text)) and weekly[1] in WEEKDAYS:
        return Cycle(Basis.WEEKLY, WEEKDAYS.index(weekly[1]))
    if monthly := re.fullmatch(r"monthly:([0-9]{1,2})", text, re.ASCII):
        day = int(monthly[1])
        if 1 <= day <= _LAST_MONTH_DAY:
            return Cycle(Basis.MONTHLY, day)
    raise RuleFileError(
        f"expected a settlement cycle, found {text!r}",
        where=where,
        fix="write T+1 (working days), D+1 (calendar days), T+0, D+0, weekly:MON (MON to SUN) or "
        f"monthly:1 (1 to {_LAST_MONTH_DAY})",
    )


def parse_cut_off(text: str, *, where: str = "cut_off") -> int:
    """Return a cut-off written as `HH:MM` in minutes of the day."""
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text, re.ASCII)
    if found is None:
        raise RuleFileError(
            f"expected a cut-off time, found {text!r}",
            where=where,
            fix='write hours and minutes of a 24-hour clock, for instance "23:00"',
        )
    return int(found[1]) * 60 + int(found[2])


def check_hours(text: str, *, where: str = "arrives") -> str:
    """Return hours of a day written as `07:00-14:00`; an end before the start is the next day's."""
    clock = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
    if not re.fullmatch(rf"{clock}-(?:{clock}|24:00)", text, re.ASCII) or text[:5] == text[6:]:
        raise RuleFileError(
            f"expected hours of the day, found {text!r}",
            where=where,
            fix='write from and until on a 24-hour clock, for instance "07:00-14:00"',
        )
    return text


def plain_name(name: str) -> str:
    """Return a name as it is compared: one width, one case, no spaces or punctuation."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_SPELT)


def clearing_day(occurred_at: pl.Series, zone: str, cut_off: str) -> pl.Series:
    """Return the clearing day (Date) of UTC times.

    With a cut-off from 12:00 on, day D runs from the cut-off on D-1 to the cut-off on D; with an
    earlier one, from the cut-off on D to the cut-off on D+1, so 00:00 is the calendar day.
    """
    days = (_since_the_cut(occurred_at, zone, cut_off) // _DAY_US).astype(np.int32)
    return _where_known(pl.Series("clearing_date", days).cast(pl.Date), occurred_at)


def near_the_cut(
    occurred_at: pl.Series, zone: str, cut_off: str, tolerance_minutes: int
) -> pl.Series:
    """Return which UTC times stand at most `tolerance_minutes` from a cut: the grey zone.

    Terminal clocks are not the switch's, so the day of such a row is settled by the channel's file,
    never by a guess.
    """
    if not 0 <= tolerance_minutes < NOON:
        raise RuleFileError(
            f"expected a tolerance of 0 to {NOON - 1} minutes, found {tolerance_minutes}",
            where="cut_off tolerance",
            fix="write minutes, for instance 5",
        )
    into_day = _since_the_cut(occurred_at, zone, cut_off) % _DAY_US
    tolerance = tolerance_minutes * _MINUTE_US
    grey = (into_day <= tolerance) | (into_day >= _DAY_US - tolerance)
    return _where_known(pl.Series(grey & (tolerance > 0)), occurred_at)


def _since_the_cut(occurred_at: pl.Series, zone: str, cut_off: str) -> NDArray[np.int64]:
    """Return local microseconds since 1970, each day of them beginning at its cut-off."""
    minutes = parse_cut_off(cut_off)
    shift = MINUTES_OF_DAY - minutes if minutes >= NOON else -minutes
    known = occurred_at.to_physical().drop_nulls()
    if known.is_empty():
        return np.zeros(len(occurred_at), np.int64)
    instants = occurred_at.to_physical()
    if len(known) < len(instants):
        instants = instants.fill_null(known[0])
    try:
        local = to_local(instants.to_numpy(), zone)
    except UsageError as error:
        raise RuleFileError(
            f"expected a time zone, found {zone!r}",
            where="zone",
            fix="write an IANA name, for instance Asia/Shanghai",
        ) from error
    return local + shift * _MINUTE_US


def _where_known(answer: pl.Series, occurred_at: pl.Series) -> pl.Series:
    """Return an answer about times, null where the time is unknown."""
    if not occurred_at.null_count():
        return answer
    return answer.set(occurred_at.is_null(), None)
