"""EXACT pass: equal key, one to one; whatever is left over on a side joins the group as surplus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Side, State
from recon.core.kernels.key_links import list_pairs, lower_to, place_partners
from recon.core.passes.contract import (
    CERTAIN,
    NO_TIES,
    STATE_ORDER,
    Facts,
    Found,
    Work,
    left_rows,
    right_rows,
    row_digests,
)
from recon.core.passes.key_groups import Lines, Links, link_keys
from recon.core.passes.pair_rows import Several, pair_several

Linked = tuple[Rows, Rows, NDArray[np.uint8]]  # left rows, right rows, kinds
PAID = STATE_ORDER[State.SUCCESS]
UNKNOWN_LEFT, UNKNOWN_RIGHT = -2, -3  # currencies of rows whose amount equals nothing


def find_exact(work: Work) -> Found:
    """Link the rows of equal key; between merchant and channel the flow class is part of it."""
    facts, leg, step = work.facts, work.leg, work.step
    left, right = left_rows(work), right_rows(work)
    salts = () if Side.BANK in (leg.left, leg.right) else (facts.flow,)
    found = link_keys(
        row_digests(facts, left, step.left_key, *salts),
        row_digests(facts, right, step.right_key, *salts),
        threads=work.threads,
    )
    pairs = single_pairs(work, left, right, found.pairs)
    multiple = pair_groups(work, left, right, found)
    return Found(
        np.concatenate((pairs[0], multiple[0])),
        np.concatenate((pairs[1], multiple[1])),
        np.concatenate((pairs[2], multiple[2])),
        np.full(pairs[0].size + multiple[0].size, CERTAIN, np.int32),
        NO_TIES,
        grouped(left, right, found, pairs),
    )


def single_pairs(work: Work, left: Rows, right: Rows, pairs: Lines) -> Linked:
    """Return the pairs of rows that are alone with their key, in the order of the left rows."""
    partner = np.full(left.size, -1, np.int32)
    place_partners(pairs, partner)
    facts, step, n = work.facts, work.step, pairs.shape[0]
    one, two = facts.amounts[step.left_amount], facts.amounts[step.right_amount]
    out = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.uint8)
    sums = one.minor, one.known, two.minor, two.known
    list_pairs(left, right, partner, *sums, facts.currency, *out)
    return out


def grouped(
    left: Rows, right: Rows, found: Links, pairs: Linked
) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    """Return, for each side, the rows that met someone and the smallest row of their group."""
    lowest = np.minimum(pairs[0], pairs[1])
    smallest = left.copy()
    several = found.left_several, found.right_several
    lower_to(right[several[1][:, 0]], several[1][:, 1], smallest)
    one, two = (
        (
            np.concatenate((alone, rows[lines[:, 0]])),
            np.concatenate((lowest, smallest[lines[:, 1]])),
        )
        for alone, rows, lines in zip(pairs[:2], (left, right), several, strict=True)
    )
    return one, two


def pairing_order(
    facts: Facts, rows: Rows, group: NDArray[np.int64], minor: NDArray[np.int64]
) -> Rows:
    """Return the order in which rows of a group are paired: by state, time, amount, content.

    The place in the file decides last, between equal rows only: shuffled files pair alike.
    """
    times, states = facts.time(rows), facts.state_order[rows]
    order = (rows, facts.content(rows), minor[rows], times, states, group)
    return np.lexsort(order)


def pair_groups(work: Work, left: Rows, right: Rows, found: Links) -> Linked:
    """Return left rows, right rows and kinds of every link inside groups of several rows."""
    step = work.step
    return pair_several(
        several(work, left, found.left_several, step.left_amount, UNKNOWN_LEFT),
        several(work, right, found.right_several, step.right_amount, UNKNOWN_RIGHT),
    )


def several(work: Work, rows: Rows, lines: Lines, column: str, unknown: int) -> Several:
    """Return the rows of a side that are not alone with their key, in pairing order.

    The bank books a payment and its undoing alike: on its legs every row is paid.
    """
    facts, amounts = work.facts, work.facts.amounts[column]
    rows, group = rows[lines[:, 0]], lines[:, 1].astype(np.int64)
    order = pairing_order(facts, rows, group, amounts.minor)
    rows = rows[order]
    banked = Side.BANK in (work.leg.left, work.leg.right)
    return Several(
        rows=rows,
        group=group[order],
        currency=np.where(amounts.known[rows], facts.currency[rows], unknown).astype(np.int64),
        minor=amounts.minor[rows],
        paid=np.full(rows.size, banked) | (facts.state_order[rows] == PAID),
        partner=np.full(rows.size, -1, np.int64),
        split=np.full(rows.size, -1, np.int64),
    )
