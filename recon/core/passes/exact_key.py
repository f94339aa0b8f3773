"""EXACT pass: equal key, one to one; whatever is left over on a side joins the group as surplus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import MatchKind, Side
from recon.core.kernels.pairing import pair_equal, pair_rest
from recon.core.passes.contract import (
    CERTAIN,
    NO_TIES,
    Amounts,
    Facts,
    Found,
    Rows,
    Work,
    keyed_rows,
    row_digests,
)
from recon.core.passes.key_groups import decode, match_keys

Triples = NDArray[np.int64]  # (n, 3): group, currency, amount
UNKNOWN_LEFT, UNKNOWN_RIGHT = -1, -2  # currencies of rows whose amount equals nothing


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


def triples(facts: Facts, rows: Rows, group: Rows, amounts: Amounts, unknown: int) -> Triples:
    """Return (group, currency, amount) a row; a row of unknown amount gets currency `unknown`."""
    currency = np.where(amounts.known[rows], facts.currency[rows], unknown)
    return np.column_stack((group, currency, amounts.minor[rows]))


def pair_groups(
    work: Work, left: Rows, right: Rows, codes: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> tuple[Rows, Rows, NDArray[np.uint8]]:
    """Return left rows, right rows and kinds of every link inside groups of several rows."""
    facts, step = work.facts, work.step
    sides = []
    names = (step.left_amount, step.right_amount)
    for rows, code, name in zip((left, right), codes, names, strict=True):
        several = np.flatnonzero(code < -1)
        group = (-2 - code[several]).astype(np.int64)
        order = pairing_order(facts, rows[several], group, facts.amounts[name].minor)
        sides.append((rows[several][order], group[order]))
    (left_rows, left_group), (right_rows, right_group) = sides
    left_triples = triples(
        facts, left_rows, left_group, facts.amounts[step.left_amount], UNKNOWN_LEFT
    )
    right_triples = triples(
        facts, right_rows, right_group, facts.amounts[step.right_amount], UNKNOWN_RIGHT
    )
    left_partner, right_partner = partners(left_triples, right_triples)
    out = np.empty((left_rows.size + right_rows.size, 3), np.int64)
    n = pair_rest(left_group, right_group, left_partner, right_partner, out)
    return left_rows[out[:n, 0]], right_rows[out[:n, 1]], out[:n, 2].astype(np.uint8)


def partners(left: Triples, right: Triples) -> tuple[Rows, Rows]:
    """Return each row's partner of equal triple, k-th with k-th in the given order, or -1."""
    left_order = np.lexsort(left.T[::-1])
    right_order = np.lexsort(right.T[::-1])
    left_sorted = np.full(left.shape[0], -1, np.int64)
    right_sorted = np.full(right.shape[0], -1, np.int64)
    pair_equal(left[left_order], right[right_order], left_sorted, right_sorted)
    return (
        unsort(left_sorted, left_order, right_order),
        unsort(right_sorted, right_order, left_order),
    )


def unsort(partner: Rows, order: Rows, other_order: Rows) -> Rows:
    """Return the partners of sorted rows as partners of the rows in their given order."""
    out = np.full(partner.size, -1, np.int64)
    has = partner >= 0
    out[order[has]] = other_order[partner[has]]
    return out
