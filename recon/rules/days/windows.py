"""Working days as numbers, for passes whose windows count them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from recon.core.passes.contract import BusinessDays
from recon.core.plan import Leg
from recon.rules.days.calendar import Calendar

_DATES = ("clearing_date", "value_date", "due_date")


def business_days(
    legs: tuple[Leg, ...], slim: pl.DataFrame, calendar: Calendar
) -> BusinessDays | None:
    """Return the table of working days around the ledger's dates; None when no pass wants it.

    It reaches from the first to the last day that a row carries. Windows are counted in its
    numbers, so that no later day is asked for, which the calendar may not know yet. Without rows,
    or without dates, it is empty: nothing is counted by it.
    """
    if not any(item.business_days for leg in legs for item in leg.passes):
        return None
    days = [slim[name] for name in _DATES] + [slim["occurred_at"].dt.date()]
    known: list[Any] = [
        day for column in days for day in (column.min(), column.max()) if day is not None
    ]
    if not known:
        return BusinessDays(0, np.empty(0, np.int64))
    first, last = min(known), max(known)
    span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    working = np.array([calendar.is_working(day) for day in span], np.int64)
    number = np.concatenate([np.zeros(1, np.int64), np.cumsum(working)[:-1]])
    return BusinessDays((first - date(1970, 1, 1)).days, number)
