"""EXACT pass: equal key, one to one; whatever is left over on a side joins the group as surplus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import MatchKind, Side, State
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
from recon.core.passes.key_groups import decode, match_keys
from recon.core.passes.pair_rows import Several, pair_several

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
    pairs = single_pairs(left, right, codes[1])
    multiple = pair_groups(work, left, right, codes)
    groups = decode(codes)
    smallest = smallest_rows(left, right, groups.first_right)
    return Found(
        np.concatenate((pairs[0], multiple[0])),
        np.concatenate((pairs[1], multiple[1])),
        np.concatenate((single_kinds(work, *pairs), multiple[2])),
        np.full(pairs[0].size + multiple[0].size, CERTAIN, np.int32),
        NO_TIES,
        (
            grouped(left, groups.left, smallest),
            grouped(right, groups.right, smallest),
        ),
    )


def single_pairs(left: Rows, right: Rows, right_code: NDArray[np.int32]) -> tuple[Rows, Rows]:
    """Return the pairs of rows that are alone with their key, in the order of the left rows."""
    single = np.flatnonzero(right_code >= 0)
    partner = np.full(left.size, -1, np.int32)
    partner[right_code[single]] = single
    paired = np.flatnonzero(partner >= 0)
    return left[paired], right[partner[paired]]


def smallest_rows(left: Rows, right: Rows, first_right: NDArray[np.int32]) -> Rows:
    """Return, by group, the smallest row position of the group over both sides."""
    out = left.copy()
    has = first_right >= 0
    out[has] = np.minimum(left[has], right[first_right[has]])
    return out


def grouped(rows: Rows, group: NDArray[np.int32], smallest: Rows) -> tuple[Rows, Rows]:
    """Return the rows that have a group, and the smallest row of that group."""
    has = group >= 0
    return rows[has], smallest[group[has]]


def single_kinds(work: Work, left: Rows, right: Rows) -> NDArray[np.uint8]:
    """Return EXACT where amount and currency are equal, KEY where one differs or is unknown."""
    facts = work.facts
    one, two = facts.amounts[work.step.left_amount], facts.amounts[work.step.right_amount]
    equal = (one.minor[left] == two.minor[right]) & one.known[left] & two.known[right]
    equal &= facts.currency[left] == facts.currency[right]
    return np.where(equal, int(MatchKind.EXACT), int(MatchKind.KEY)).astype(np.uint8)


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
) -> tuple[Rows, Rows, NDArray[np.uint8]]:
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
