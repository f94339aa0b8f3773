"""EXACT pass: equal key, one to one; whatever is left over on a side joins the group as surplus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import Side, State
from recon.core.kernels.key_links import grouped_rows, list_pairs, lower_to, partners_of
from recon.core.passes.contract import (
    CERTAIN,
    NO_TIES,
    STATE_ORDER,
    Facts,
    Found,
    Rows,
    Work,
    keyed_rows,
    row_digests,
)
from recon.core.passes.key_groups import Codes, match_keys
from recon.core.passes.pair_rows import Several, pair_several

Linked = tuple[Rows, Rows, NDArray[np.uint8]]  # left rows, right rows, kinds
PAID = STATE_ORDER[State.SUCCESS]
UNKNOWN_LEFT, UNKNOWN_RIGHT = -2, -3  # currencies of rows whose amount equals nothing


def find_exact(work: Work) -> Found:
    """Link the rows of equal key; between merchant and channel the flow class is part of it."""
    facts, leg, step = work.facts, work.leg, work.step
    left = keyed_rows(facts, work.free, leg.left, step.left_key)
    right = keyed_rows(facts, work.free, leg.right, step.right_key)
    salts = () if Side.BANK in (leg.left, leg.right) else (facts.flow,)
    codes = match_keys(
        row_digests(facts, left, step.left_key, *salts),
        row_digests(facts, right, step.right_key, *salts),
        threads=work.threads,
        memory_bytes=work.memory_bytes,
    )
    pairs = single_pairs(work, left, right, codes[1])
    multiple = pair_groups(work, left, right, codes)
    return Found(
        np.concatenate((pairs[0], multiple[0])),
        np.concatenate((pairs[1], multiple[1])),
        np.concatenate((pairs[2], multiple[2])),
        np.full(pairs[0].size + multiple[0].size, CERTAIN, np.int32),
        NO_TIES,
        grouped_sides(left, right, codes),
    )


def single_pairs(work: Work, left: Rows, right: Rows, right_code: Codes) -> Linked:
    """Return the pairs of rows that are alone with their key, in the order of the left rows."""
    partner = np.full(left.size, -1, np.int32)
    n = partners_of(right_code, partner)
    facts, step = work.facts, work.step
    one, two = facts.amounts[step.left_amount], facts.amounts[step.right_amount]
    pairs = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.uint8)
    sums = one.minor, one.known, two.minor, two.known
    list_pairs(left, right, partner, *sums, facts.currency, *pairs)
    return pairs


def grouped_sides(
    left: Rows, right: Rows, groups: tuple[Codes, Codes]
) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    """Return, for each side, the rows that have a group and the smallest row of that group.

    `groups` are result codes, or the first left position of each row's group.
    """
    smallest = left.copy()
    lower_to(right, groups[1], smallest)
    return grouped(left, groups[0], smallest), grouped(right, groups[1], smallest)


def grouped(rows: Rows, group: Codes, smallest: Rows) -> tuple[Rows, Rows]:
    """Return the rows of a side that have a group, and the smallest row of that group."""
    out = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    n = grouped_rows(rows, group, smallest, *out)
    return out[0][:n], out[1][:n]


def pairing_order(
    facts: Facts, rows: Rows, group: NDArray[np.int64], minor: NDArray[np.int64]
) -> Rows:
    """Return the order in which rows of a group are paired: by state, time, amount, content.

    The place in the file decides last, between equal rows only: shuffled files pair alike.
    """
    content = facts.slim["fingerprint"].gather(rows).fill_null(0).to_numpy()
    order = (rows, content, minor[rows], facts.time(rows), facts.state_order[rows], group)
    return np.lexsort(order)


def pair_groups(
    work: Work, left: Rows, right: Rows, codes: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> Linked:
    """Return left rows, right rows and kinds of every link inside groups of several rows."""
    step = work.step
    return pair_several(
        several(work, left, codes[0], step.left_amount, UNKNOWN_LEFT),
        several(work, right, codes[1], step.right_amount, UNKNOWN_RIGHT),
    )


def several(work: Work, rows: Rows, code: NDArray[np.int32], column: str, unknown: int) -> Several:
    """Return the rows of a side that are not alone with their key, in pairing order.

    The bank books a payment and its undoing alike: on its legs every row is paid.
    """
    facts, amounts = work.facts, work.facts.amounts[column]
    chosen = np.flatnonzero(code < -1)
    group = (-2 - code[chosen]).astype(np.int64)
    order = pairing_order(facts, rows[chosen], group, amounts.minor)
    rows = rows[chosen][order]
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
