"""UNIQUE pass: equal key, amount and currency, linked only where one row stands on each side."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import MatchKind
from recon.core.kernels.candidates import list_ties, mark_alone, window_range
from recon.core.passes.contract import (
    NO_DAY,
    Found,
    Rows,
    Work,
    keyed_rows,
    links,
    row_digests,
    with_amount,
)
from recon.core.passes.key_groups import decode, match_keys

TIES_SHOWN = 8  # candidates listed for one row; a tie of thousands needs no thousand lines


def find_unique(work: Work) -> Found:
    """Link mutual only candidates; rows with several candidates are listed as ties instead."""
    facts, leg, step = work.facts, work.leg, work.step
    left = keyed_rows(facts, work.free, leg.left, step.left_key)
    right = keyed_rows(facts, work.free, leg.right, step.right_key)
    left = with_amount(facts, left, step.left_amount)
    right = with_amount(facts, right, step.right_amount)
    salts = (facts.currency,)
    groups = decode(
        match_keys(
            row_digests(facts, left, step.left_key, *salts, facts.amounts[step.left_amount].minor),
            row_digests(
                facts, right, step.right_key, *salts, facts.amounts[step.right_amount].minor
            ),
            threads=work.threads,
        )
    )
    return settle(
        work,
        by_day(work, left, groups.left, facts.due_day),
        by_day(work, right, groups.right, facts.value_day),
    )


@dataclass(frozen=True)
class Dated:
    """Grouped rows of one side, sorted by (group, day, row)."""

    rows: Rows
    group: Rows
    day: Rows


def windowed(work: Work) -> bool:
    """Tell whether the pass sets a date window."""
    return bool(work.step.days_before or work.step.days_after)


def by_day(work: Work, rows: Rows, group: NDArray[np.int32], day: NDArray[np.int64]) -> Dated:
    """Return the grouped rows in order.

    Without a window every day is the same; with one, a row without any date has no candidate.
    """
    has = group >= 0
    if windowed(work):
        has &= day[rows] != NO_DAY
    rows, key = rows[has], group[has].astype(np.int64)
    when = day[rows] if windowed(work) else np.zeros(rows.size, np.int64)
    order = np.lexsort((rows, when, key))
    return Dated(rows[order], key[order], when[order])


@dataclass(frozen=True)
class Candidates:
    """For each row of one side, the range of its candidates on the other, and its only one."""

    begin: Rows
    end: Rows
    partner: Rows


def candidates(side: Dated, other: Dated, earliest: int, latest: int) -> Candidates:
    """Return the candidates of every row of `side`; partners are not decided yet."""
    begin, end = np.empty(side.rows.size, np.int64), np.empty(side.rows.size, np.int64)
    window_range(side.group, side.day, other.group, other.day, earliest, latest, begin, end)
    return Candidates(begin, end, np.full(side.rows.size, -1, np.int64))


def settle(work: Work, left: Dated, right: Dated) -> Found:
    """Link mutual only candidates and list the ties."""
    before, after = work.step.days_before, work.step.days_after
    one = candidates(left, right, -before, after)
    two = candidates(right, left, -after, before)
    mark_alone(one.begin, one.end, two.begin, two.end, one.partner)
    mark_alone(two.begin, two.end, one.begin, one.end, two.partner)
    chosen = np.flatnonzero(one.partner >= 0)
    found = links(left.rows[chosen], right.rows[one.partner[chosen]], MatchKind.UNIQUE)
    ties = np.concatenate((tied(one, left.rows, right.rows), tied(two, right.rows, left.rows)))
    return dataclasses.replace(found, ties=ties)


def tied(side: Candidates, rows: Rows, others: Rows) -> Rows:
    """Return (row, candidate) lines of the rows that have candidates but no partner."""
    nothing = np.empty((0, 2), np.int64)
    count = list_ties(side.begin, side.end, side.partner, TIES_SHOWN, nothing)
    out = np.empty((count, 2), np.int64)
    list_ties(side.begin, side.end, side.partner, TIES_SHOWN, out)
    return np.column_stack((rows[out[:, 0]], others[out[:, 1]]))
