"""Days of which a source's rows never came: a night without its file, and a night that was not run.

A night that was not run is told by the next one. Where a source delivers by the week, or a later
file brings rows of such days, nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from recon.core.codes import InputState, Side
from recon.earlier_nights.history import ACCEPTED, SEEN_DAYS, earlier
from recon.io.loading.another_night import own_day
from recon.rules.intake.arrivals import has_date, is_due
from recon.rules.night import Night
from recon.rules.rule_file.rule_file import Rules, Source
from recon.store.read import read_table, scan
from recon.store.workspace import Run, Workspace

_NOT_THERE = (InputState.MISSING.name, InputState.HELD.name, InputState.REFUSED.name)


@dataclass(frozen=True, slots=True)
class Unseen:
    """What nobody could see: days by side, and the nights since the last one that nobody ran."""

    by_side: dict[Side, frozenset[date]]
    not_run: list[str]  # in ISO form


def find(workspace: Workspace, rules: Rules, night: Night, tonight: pl.DataFrame) -> Unseen:
    """Return the days whose file never came, came and was refused, or that were not run.

    Rows that such a file should show cannot be judged until that night is run (again) with it, or
    rows of its day arrive with a later file. `tonight` are the new rows (schema SLIM).
    """
    runs = earlier(workspace, night.business_date, SEEN_DAYS)
    by_side: dict[Side, set[date]] = {}
    not_run: set[date] = set()
    for number, source in enumerate(rules.sources):
        day = own_day(source.time_zone or rules.time_zone)
        skipped = _skipped(source, runs, night)
        lost = {run.business_date for run in runs if _lost(run, source.name)}
        if not lost and not skipped:
            continue
        came = set(tonight.filter(pl.col("source") == number).select(day).to_series())
        for run in runs:
            if run.business_date > min({*lost, *(gap[0] for gap in skipped)}):
                came |= _days_of(run, source.name, day)
        gone = [gap for gap in skipped if not came & set(gap)]
        if gone and runs and gone[-1][-1] > runs[-1].business_date:
            not_run |= set(gone[-1])
        lost = (lost - came).union(*gone)
        by_side.setdefault(source.side_number, set()).update(lost)
    frozen = {side: frozenset(days) for side, days in by_side.items()}
    return Unseen(frozen, sorted(day.isoformat() for day in not_run))


def _skipped(source: Source, runs: Iterable[Run], night: Night) -> list[list[date]]:
    """Return the due days of a source between one run and the next, where there are any.

    A path without a date is the same file on every night: no night of it can be left out.
    """
    if not any(has_date(path) for path in source.paths):
        return []
    nights = [*(run.business_date for run in runs), night.business_date]
    gaps = (
        [
            day
            for day in _days_between(before, after)
            if is_due(source, day, night.calendar) and day >= night.opening_date
        ]
        for before, after in pairwise(nights)
    )
    return [gap for gap in gaps if gap]


def _days_between(before: date, after: date) -> list[date]:
    return [before + timedelta(days=number) for number in range(1, (after - before).days)]


def _lost(run: Run, source: str) -> bool:
    """Return whether a night expected a file of a source and could use none."""
    inputs = read_table(run.folder, "inputs").filter(pl.col("source") == source)
    states = set(inputs["state"].cast(pl.String).to_list())
    return bool(states & set(_NOT_THERE)) and not states & set(ACCEPTED)


def _days_of(run: Run, source: str, day: pl.Expr) -> set[date]:
    rows = scan(run.folder, "transactions").filter(pl.col("source") == source)
    return set(rows.select(day).unique().collect()["day"].to_list())
