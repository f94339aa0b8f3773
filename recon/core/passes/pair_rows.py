"""Who meets whom among several rows of one key: money that moved, then equal amounts, then turn.

1. Paid rows meet paid rows: first those of equal amount, then one amount told in parts by the other
   side, then in turn.
2. Paid rows that are left meet what the other side calls unpaid: equal amounts, then in turn.
3. Unpaid rows meet unpaid rows alike. What is left over stands on one side only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import MatchKind
from recon.core.kernels.pairing import pair_equal, pair_rest
from recon.core.kernels.split import find_splits

Triples = NDArray[np.int64]  # (n, 3), compared column by column
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Several:
    """One side of the key groups that hold several rows, sorted by group and in pairing order."""

    rows: Rows
    group: Rows
    currency: NDArray[np.int64]  # negative, another number on each side, where the amount is null
    minor: NDArray[np.int64]
    paid: Flags  # says that money moved
    partner: Rows  # position on the other side, -1 for none
    split: Rows  # number of the amount told in parts that the row belongs to, -1 for none

    def free(self, chosen: Flags) -> Rows:
        """Return the positions of the chosen rows that have no partner yet."""
        return np.flatnonzero(chosen & (self.partner < 0))


def pair_several(left: Several, right: Several) -> tuple[Rows, Rows, NDArray[np.uint8]]:
    """Return left rows, right rows and kinds of every link inside groups of several rows."""
    pair_amounts(left, right, left.paid, right.paid)
    pair_parts(left, right)
    pair_in_turn(left, right, left.paid, right.paid)
    for stage in (
        (left.paid, ~right.paid),
        (~left.paid, right.paid),
        (~left.paid, ~right.paid),
    ):
        pair_amounts(left, right, *stage)
        pair_in_turn(left, right, *stage)
    return listed(left, right)


def pair_amounts(left: Several, right: Several, ours: Flags, theirs: Flags) -> None:
    """Pair rows of equal group, currency and amount, k-th with k-th."""
    sides = (left, left.free(ours)), (right, right.free(theirs))
    meet(
        *(
            (side, rows, np.column_stack((side.group, side.currency, side.minor))[rows])
            for side, rows in sides
        )
    )


def pair_in_turn(left: Several, right: Several, ours: Flags, theirs: Flags) -> None:
    """Pair rows of a group k-th with k-th: first inside a currency, then whatever is left."""
    for by_currency in (True, False):
        sides = (left, left.free(ours)), (right, right.free(theirs))
        meet(*((side, rows, turns(side, rows, by_currency=by_currency)) for side, rows in sides))


def turns(side: Several, rows: Rows, *, by_currency: bool) -> Triples:
    """Return (group, currency or 0, how many such rows stand before it) of each of `rows`."""
    group = side.group[rows]
    currency = side.currency[rows] if by_currency else np.zeros(rows.size, np.int64)
    order = np.lexsort((rows, currency, group))
    begins = np.ones(rows.size, np.bool_)
    begins[1:] = (np.diff(group[order]) != 0) | (np.diff(currency[order]) != 0)
    place = np.arange(rows.size)
    turn = np.empty(rows.size, np.int64)
    turn[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return np.column_stack((group, currency, turn))


def meet(left: tuple[Several, Rows, Triples], right: tuple[Several, Rows, Triples]) -> None:
    """Note as partners the rows of equal triple, k-th with k-th in the order of each side."""
    if left[1].size == 0 or right[1].size == 0:
        return
    orders = [np.lexsort(triples.T[::-1]) for _, _, triples in (left, right)]
    found = [np.full(rows.size, -1, np.int64) for _, rows, _ in (left, right)]
    pair_equal(left[2][orders[0]], right[2][orders[1]], *found)
    has = np.flatnonzero(found[0] >= 0)
    ours, theirs = left[1][orders[0][has]], right[1][orders[1][found[0][has]]]
    left[0].partner[ours] = theirs
    right[0].partner[theirs] = ours


def pair_parts(left: Several, right: Several) -> None:
    """Note as partners of each other the rows of an amount that one side tells in parts."""
    chosen = []
    for side in (left, right):
        rows = side.free(side.paid)
        rows = rows[np.lexsort((rows, side.currency[rows], side.group[rows]))]
        chosen.append(rows)
    if chosen[0].size == 0 or chosen[1].size == 0:
        return
    triples = [
        np.column_stack((side.group[rows], side.currency[rows], side.minor[rows]))
        for side, rows in zip((left, right), chosen, strict=True)
    ]
    splits = [np.full(rows.size, -1, np.int64) for rows in chosen]
    if find_splits(*triples, *splits) == 0:
        return
    parts = [np.flatnonzero(split >= 0) for split in splits]
    heads = [np.unique(splits[k][parts[k]], return_index=True)[1] for k in (0, 1)]
    for side, k in ((left, 0), (right, 1)):
        number = splits[k][parts[k]]
        rows, others = chosen[k][parts[k]], chosen[1 - k][parts[1 - k]]
        side.split[rows] = number
        side.partner[rows] = others[heads[1 - k]][number]


def listed(left: Several, right: Several) -> tuple[Rows, Rows, NDArray[np.uint8]]:
    """Return the links that the partners say, and those of rows that are left over."""
    has = left.partner >= 0
    met = left.partner[has]
    kind = np.full(left.rows.size, int(MatchKind.KEY), np.uint8)
    equal = (left.currency[has] == right.currency[met]) & (left.minor[has] == right.minor[met])
    kind[has] = np.where(equal, int(MatchKind.EXACT), int(MatchKind.KEY))
    kind[left.split >= 0] = int(MatchKind.GROUP)
    out = np.empty((left.rows.size + right.rows.size, 3), np.int64)
    n = pair_rest(left.group, right.group, left.partner, right.partner, kind, out)
    parts = np.flatnonzero(right.split >= 0)
    further = parts[left.partner[right.partner[parts]] != parts]
    return (
        np.concatenate((left.rows[out[:n, 0]], left.rows[right.partner[further]])),
        np.concatenate((right.rows[out[:n, 1]], right.rows[further])),
        np.concatenate((out[:n, 2], np.full(further.size, int(MatchKind.GROUP)))).astype(np.uint8),
    )
