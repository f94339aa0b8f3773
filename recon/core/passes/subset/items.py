"""Rows of one side in time order, as the subset searches take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.core.arrays.numbers import Rows
from recon.core.passes.band import Side
from recon.core.passes.contract import Work
from recon.core.passes.order import sort_order


@dataclass(frozen=True)
class Items:
    """Rows of one side in time order: group (key and currency), day, amount, moment's number."""

    rows: Rows
    group: Rows
    day: Rows
    amount: Rows
    moment: Rows

    def take(self, chosen: Rows) -> Items:
        """Return the rows at the positions `chosen`."""
        parts = self.rows, self.group, self.day, self.amount, self.moment
        return Items(*(part[chosen] for part in parts))


def in_time(work: Work, side: Side) -> Items:
    """Return the rows of a side by group, day, time, amount, content and row.

    Rows of one moment have no order among themselves: a run of rows takes all of them or none.
    """
    group, facts = np.repeat(side.bucket[:, 0], np.diff(side.start)), work.facts
    time, content = facts.time(side.rows), facts.content(side.rows)
    order = sort_order(group, side.day, time, side.amount, content, side.rows)
    group, day, time = group[order], side.day[order], time[order]
    later = (np.diff(group) != 0) | (np.diff(day) != 0) | (np.diff(time) != 0)
    moment = np.cumsum(np.append(np.zeros(min(order.size, 1), np.int64), later))
    return Items(side.rows[order], group, day, side.amount[order], moment)
