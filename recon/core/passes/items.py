"""Rows of one side in time order, as the subset searches take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.core.passes.band import Side
from recon.core.passes.contract import Rows, Work
from recon.core.passes.order import sort_order


@dataclass(frozen=True)
class Items:
    """Rows of one side in time order: group (key and currency), day, amount."""

    rows: Rows
    group: Rows
    day: Rows
    amount: Rows

    def take(self, chosen: Rows) -> Items:
        """Return the rows at the positions `chosen`."""
        return Items(*(part[chosen] for part in (self.rows, self.group, self.day, self.amount)))


def in_time(work: Work, side: Side) -> Items:
    """Return the rows of a side by group, day, time, amount, content and row.

    Runs of consecutive rows then have the same sums however files are cut and days are shifted.
    """
    group, facts = np.repeat(side.bucket[:, 0], np.diff(side.start)), work.facts
    moments, content = facts.time(side.rows), facts.content(side.rows)
    order = sort_order(group, side.day, moments, side.amount, content, side.rows)
    return Items(side.rows[order], group[order], side.day[order], side.amount[order])
