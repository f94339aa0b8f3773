"""Exchange rates as exact fractions: read from CSV, found by day, applied with a named rounding."""

from __future__ import annotations

import bisect
import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from recon.core.money import exponent
from recon.errors import InputError
from recon.rules.days.calendar import Calendar
from recon.rules.rule_file.exchange_terms import (
    PERCENT_DECIMALS,
    RATE_DECIMALS,
    Exchange,
    ExchangeRate,
)

_SCALE: int = 10**RATE_DECIMALS
_WHOLE: int = 10 ** (PERCENT_DECIMALS + 2)  # one, as the scale of a percentage
_COLUMNS = ("date", "base", "quote", "rate")
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Fraction:
    """A rate as it counts on a day: `above` units of the quote for `below` of the base."""

    above: int
    below: int
    day: date  # the day it was published for
    text: str  # as it was published, for instance `USD/CNY 7.1234`

    def turned(self) -> Fraction:
        """Return the rate of the other direction."""
        return Fraction(self.below, self.above, self.day, self.text)


@dataclass(frozen=True, slots=True)
class RateBook:
    """Every rate that an exchange knows, by pair, in order of days."""

    days: Mapping[tuple[str, str], list[date]]
    rates: Mapping[tuple[str, str], list[Fraction]]
    complete: bool = True  # false when a declared file was not there or was refused

    def knows(self, base: str, quote: str) -> bool:
        """Return whether there is any rate between two currencies."""
        return (base, quote) in self.rates or (quote, base) in self.rates

    def on(self, base: str, quote: str, day: date, days_back: int) -> Fraction | None:
        """Return the rate published for `day`, or last before it within `days_back` days."""
        direct = self._last((base, quote), day, days_back)
        if direct is not None:
            return direct
        other = self._last((quote, base), day, days_back)
        return None if other is None else other.turned()

    def around(self, base: str, quote: str, day: date, days: int) -> list[Fraction]:
        """Return the rates of a pair published within some days of `day`, nearest first."""
        near = [
            rate if pair == (base, quote) else rate.turned()
            for pair in ((base, quote), (quote, base))
            for rate in self.rates.get(pair, [])
            if abs((rate.day - day).days) <= days
        ]
        return sorted(near, key=lambda rate: (abs((rate.day - day).days), rate.day))

    def is_final(self, base: str, quote: str, day: date, calendar: Calendar) -> bool:
        """Return whether no rate for `day` can come any more: it is there, or a later one is.

        A day without work has none of its own, as far as the calendar is known.
        """
        known = [self.days.get(pair, []) for pair in ((base, quote), (quote, base))]
        if any(listed and listed[-1] >= day for listed in known):
            return True
        return day <= calendar.last_day and not calendar.is_working(day)

    def _last(self, pair: tuple[str, str], day: date, days_back: int) -> Fraction | None:
        listed = self.days.get(pair, [])
        place = bisect.bisect_right(listed, day) - 1
        if place < 0 or listed[place] < day - timedelta(days=days_back):
            return None
        return self.rates[pair][place]


@dataclass(frozen=True, slots=True)
class Agreed:
    """An exchange of the rule file and the rates that it knows tonight."""

    terms: Exchange
    book: RateBook


def book_of(rates: Iterable[ExchangeRate], *, complete: bool = True) -> RateBook:
    """Return the book of some rates; of two for one pair and day the last one counts."""
    found: dict[tuple[str, str], dict[date, Fraction]] = {}
    for item in rates:
        above = int(item.rate.scaleb(RATE_DECIMALS))
        units = f"{item.unit} " if item.unit > 1 else ""
        text = f"{units}{item.base}/{item.quote} {item.rate:f}"
        fraction = Fraction(above, item.unit * _SCALE, item.date, text)
        found.setdefault((item.base, item.quote), {})[item.date] = fraction
    ordered = {pair: sorted(by_day.items()) for pair, by_day in found.items()}
    return RateBook(
        {pair: [day for day, _ in listed] for pair, listed in ordered.items()},
        {pair: [rate for _, rate in listed] for pair, listed in ordered.items()},
        complete,
    )


def parse_rates(text: str, where: str) -> list[ExchangeRate]:
    """Return the rates of a CSV file; InputError (FILE_SCHEMA) names every problem's line."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    named = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = named
    if not set(_COLUMNS) <= set(named):
        raise _refused(f"expected the columns {','.join(_COLUMNS)}, found {','.join(named)}", where)
    rates: list[ExchangeRate] = []
    problems: list[str] = []
    for row in reader:
        try:
            rates.append(_rate(row))
        except (ValidationError, ValueError, InvalidOperation) as error:
            problems.append(f"line {reader.line_num}: {_said(error)}")
    problems += _contradictions(rates)
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        tail = f"; and {more} more" if more > 0 else ""
        raise _refused("; ".join(problems[:_SHOWN_PROBLEMS]) + tail, where)
    return rates


def _rate(row: Mapping[str | None, str | None]) -> ExchangeRate:
    """Return the rate of a line; raises ValueError where a cell is not what it should be."""
    cells = {name: (row.get(name) or "").strip() for name in (*_COLUMNS, "unit")}
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cells["date"], re.ASCII):
        raise ValueError(f"expected a date such as 2026-11-09, found {cells['date']!r}")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", cells["rate"], re.ASCII):
        raise ValueError(f"expected a rate such as 7.1234, found {cells['rate']!r}")
    if not re.fullmatch(r"[0-9]*", cells["unit"], re.ASCII):
        raise ValueError(f"expected a unit such as 100, found {cells['unit']!r}")
    return ExchangeRate.model_validate(
        {
            "date": date.fromisoformat(cells["date"]),
            "base": cells["base"],
            "quote": cells["quote"],
            "rate": Decimal(cells["rate"]),
            "unit": int(cells["unit"] or "1"),
        }
    )


def _said(error: Exception) -> str:
    """Return one line about what is wrong with a rate."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place} {first['msg'].removeprefix('Value error, ')}".strip()
    return str(error)


def _contradictions(rates: list[ExchangeRate]) -> list[str]:
    """Return the pairs and days that have two different rates in one file."""
    seen: dict[tuple[date, str, str], Decimal] = {}
    problems = []
    for item in rates:
        key = (item.date, item.base, item.quote)
        each = item.rate / item.unit
        if seen.setdefault(key, each) != each:
            problems.append(f"{item.base}/{item.quote} of {item.date} has two different rates")
    return problems


def _refused(problem: str, where: str) -> InputError:
    return InputError(
        problem,
        where=where,
        fix="write one rate a line under the header date,base,quote,rate (and unit where a rate "
        "is for 100 units)",
        code="FILE_SCHEMA",
    )


def converted(
    amount_minor: int, currencies: tuple[str, str], rate: Fraction, terms: Exchange, *, net: bool
) -> int:
    """Return an amount of the first currency in minor units of the second, rounded as agreed.

    `net`: with the agreed markup taken off. The absolute amount is rounded, the sign applied after.
    """
    shift = exponent(currencies[1]) - exponent(currencies[0])
    above, below = abs(amount_minor) * rate.above, rate.below
    scale: int = 10 ** abs(shift)
    if shift >= 0:
        above *= scale
    else:
        below *= scale
    if net:
        above *= _WHOLE - scaled_percent(terms.markup_percent)
        below *= _WHOLE
    size = rounded(above, below, terms.rounding)
    return -size if amount_minor < 0 else size


def scaled_percent(percent: Decimal) -> int:
    """Return a percentage as a whole number of its finest part (1 % is a million)."""
    return int(percent.scaleb(PERCENT_DECIMALS))


def within(expected_minor: int, terms: Exchange) -> int:
    """Return how far an amount may stand from the expected one, in minor units."""
    spread = abs(expected_minor) * scaled_percent(terms.spread_percent) // _WHOLE
    return spread + terms.tolerance_minor


def rounded(above: int, below: int, mode: str) -> int:
    """Return above / below, both not negative, as a whole number by a named rounding."""
    whole, rest = divmod(above, below)
    if mode == "half_up":
        up = 2 * rest >= below
    elif mode == "half_even":
        up = 2 * rest > below or (2 * rest == below and whole % 2 == 1)
    else:
        up = mode == "ceiling" and rest > 0
    return whole + int(up)
