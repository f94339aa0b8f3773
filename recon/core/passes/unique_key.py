"""UNIQUE pass: equal key, amount and currency, linked only where one row stands on each side."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from recon.core.arrays.numbers import Rows
from recon.core.codes import MatchKind
from recon.core.kernels.candidates import mark_alone, window_range
from recon.core.passes.contract import Found, Work, links
from recon.core.passes.dated import Dated, equal_rows, list_open


def find_unique(work: Work) -> Found:
    """Link mutual only candidates; rows with several candidates are listed as ties instead."""
    return settle(work, *equal_rows(work, dated=windowed(work)))


def windowed(work: Work) -> bool:
    """Return whether the pass sets a date window."""
    return any(work.step.reach)


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
    before, after = work.step.reach
    one = candidates(left, right, -before, after)
    two = candidates(right, left, -after, before)
    mark_alone(one.begin, one.end, two.begin, two.end, one.partner)
    mark_alone(two.begin, two.end, one.begin, one.end, two.partner)
    chosen = np.flatnonzero(one.partner >= 0)
    found = links(left.rows[chosen], right.rows[one.partner[chosen]], MatchKind.UNIQUE)
    ties = np.concatenate(
        (
            tied(one, two.partner, left.rows, right.rows),
            tied(two, one.partner, right.rows, left.rows),
        )
    )
    return dataclasses.replace(found, ties=ties)


def tied(side: Candidates, other_partner: Rows, rows: Rows, others: Rows) -> Rows:
    """Return (row, candidate) lines of the rows that have candidates but no partner."""
    lines = list_open(side.begin, side.end, side.partner, other_partner)
    return np.column_stack((rows[lines[:, 0]], others[lines[:, 1]]))
