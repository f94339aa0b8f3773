"""Rows that share key, currency and amount with the other side, in the order of their days."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.kernels.candidates import list_ties, next_unlinked
from recon.core.passes.contract import (
    AMOUNT_LIMIT,
    NO_DAY,
    Facts,
    Work,
    left_rows,
    right_rows,
    row_digests,
    with_amount,
)
from recon.core.passes.key_groups import group_keys
from recon.core.passes.order import settle_ties, sort_order
from recon.core.passes.partition import Keys
from recon.core.plan import Key

AMOUNT_BITS = (2 * AMOUNT_LIMIT).bit_length()
TIES_SHOWN = 8  # candidates listed for one row; a tie of thousands needs no thousand lines


@dataclass(frozen=True)
class Dated:
    """Rows of one side sorted by group and day, those of one day by time, content and row."""

    rows: Rows
    group: Rows
    day: Rows

    def take(self, order: Rows) -> Dated:
        """Return the rows at the positions `order`."""
        return Dated(self.rows[order], self.group[order], self.day[order])


def counted_days(work: Work, day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return days since 1970, or business-day numbers where the pass counts those."""
    if not work.step.business_days:
        return day
    table = work.facts.business_days
    assert table is not None, f"pass {work.step.name}: business days are not given"
    return table.count(day)


def left_days(work: Work) -> NDArray[np.int64]:
    """Return the day by which a left row expects its partner."""
    return counted_days(work, work.facts.due_day)


def right_days(work: Work) -> NDArray[np.int64]:
    """Return the day on which a right row shows the money."""
    return counted_days(work, work.facts.value_day)


def equal_rows(work: Work, *, dated: bool) -> tuple[Dated, Dated]:
    """Return both sides' rows of equal key, currency and amount, sorted by group, day and time.

    With `dated`, a row without any date has no candidate; otherwise every day is the same. A pass
    that counts minutes has moments in the place of days.
    """
    facts, step = work.facts, work.step
    left = with_amount(facts, left_rows(work), step.left_amount)
    right = with_amount(facts, right_rows(work), step.right_amount)
    one, two = facts.amounts[step.left_amount].minor, facts.amounts[step.right_amount].minor
    groups = group_keys(
        money_keys(facts, left, step.left_key, one),
        money_keys(facts, right, step.right_key, two),
        threads=work.threads,
    )
    one_day, other_day = _days(work) if dated else (None, None)
    one_side = by_day(facts, left, groups.left, one_day)
    other_side = by_day(facts, right, groups.right, other_day)
    return in_time_order(facts, one_side), in_time_order(facts, other_side)


def _days(work: Work) -> tuple[Rows, Rows]:
    """Return where the rows of either side stand on the axis that the pass's window counts."""
    if work.step.clocked:
        return work.facts.moment, work.facts.moment
    return left_days(work), right_days(work)


def money_keys(facts: Facts, rows: Rows, key: Key, minor: NDArray[np.int64]) -> Keys:
    """Return what rows of equal key, currency and amount have in common.

    Without a key, currency and amount fit one integer, which is its own identity.
    """
    if key:
        return row_digests(facts, rows, key, facts.currency, minor)
    currency = facts.currency[rows].astype(np.int64) + 1  # -1 is unknown
    return (currency << AMOUNT_BITS) | (minor[rows] + AMOUNT_LIMIT)


def by_day(
    facts: Facts, rows: Rows, group: NDArray[np.int32], day: NDArray[np.int64] | None
) -> Dated:
    """Return the rows that have a group, sorted."""
    day = np.zeros(facts.rows, np.int64) if day is None else day
    has = (group >= 0) & (day[rows] != NO_DAY)
    rows, key = rows[has], group[has].astype(np.int64)
    when = day[rows]
    order = sort_order(key, when)  # rows ascend already
    return Dated(rows[order], key[order], when[order])


def in_time_order(facts: Facts, side: Dated) -> Dated:
    """Return a side with its rows of equal group and day in order of time, content, place.

    Which of two equal payments meets which is then the same however the files are cut.
    """
    same = (np.diff(side.group) == 0) & (np.diff(side.day) == 0)
    return replace(side, rows=settle_ties(side.rows, same, facts.time, facts.content))


def list_open(begin: Rows, end: Rows, partner: Rows, other_partner: Rows) -> Rows:
    """Return (row, candidate) positions of rows without a partner and candidates without one."""
    skip = np.empty(other_partner.size + 1, np.int64)
    next_unlinked(other_partner, skip)
    lines = np.empty((0, 2), np.int64)
    count = list_ties(begin, end, partner, skip, TIES_SHOWN, lines)
    lines = np.empty((count, 2), np.int64)
    list_ties(begin, end, partner, skip, TIES_SHOWN, lines)
    return lines
