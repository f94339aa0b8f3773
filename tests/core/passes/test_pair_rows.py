"""Which rows of one key meet: the states of both sides, then the amounts, then the time."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import pytest

from recon.core.arrays.means import Means
from recon.core.codes import MatchKind, Side, State
from recon.core.match import match
from tests.core.worlds import EXACT, digests_of, everybody, leg_of, row, slim_of

M, C = Side.MERCHANT, Side.CHANNEL
PAID, OPEN, DEAD, UNDONE = State.SUCCESS, State.PENDING, State.FAILED, State.REVERSED


def pairs_of(rows, kinds=(MatchKind.EXACT, MatchKind.KEY)):
    """Return the pairs that an EXACT pass makes of rows of one key."""
    leg = leg_of(EXACT)
    found = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(1))
    return {(p, q) for p, q, kind in found.links.select("left", "right", "match_kind").rows()
            if kind in kinds}  # fmt: skip


SIDES = [
    chosen
    for size in (1, 2)
    for chosen in product(product((PAID, OPEN, DEAD, UNDONE), (100, 101)), repeat=size)
]


def test_money_that_moved_meets_first():
    """Over all states of one or two rows a side, no paid row is kept from the other side's."""
    rows, cases = [], []
    for case, both_sides in enumerate(product(SIDES, SIDES)):
        first = len(rows)
        for side, told in zip((M, C), both_sides, strict=True):
            rows += [row(side, case, amount, state=state) for state, amount in told]
        cases.append(range(first, len(rows)))
    partners = defaultdict(set)
    for p, q in pairs_of(rows):
        partners[p].add(q)
        partners[q].add(p)
    assert {rows[p]["key"] == rows[q]["key"] for p in partners for q in partners[p]} == {True}
    for case in cases:
        paid = [p for p in case if rows[p]["state"] is PAID]
        ours = [p for p in paid if rows[p]["side"] is M]
        both = sum(len(partners[p].intersection(paid)) for p in ours)
        assert both == min(len(ours), len(paid) - len(ours))
        for p in paid:
            facing = (q for q in case if rows[q]["side"] is not rows[p]["side"])
            assert partners[p] or all(partners[q] for q in facing)


CASES = {
    "a failed attempt of the same amount": (
        [(PAID, 100)], [(DEAD, 100), (PAID, 101)], {(0, 2)},
    ),
    "a reversed attempt of the same amount": (
        [(PAID, 100)], [(UNDONE, 100), (PAID, 101)], {(0, 2)},
    ),
    "an open order and the attempt that was paid": (
        [(OPEN, 100)], [(OPEN, 100), (PAID, 101)], {(0, 2)},
    ),
    "an order told as closed and as paid": (
        [(DEAD, 100), (PAID, 100)], [(PAID, 100)], {(1, 2)},
    ),
    "equal amounts before equal turns": (
        [(PAID, 100), (PAID, 50)], [(PAID, 50), (PAID, 100)], {(0, 3), (1, 2)},
    ),
    "what the books call unpaid, by amount": (
        [(OPEN, 100), (DEAD, 50)], [(PAID, 50)], {(1, 2)},
    ),
    "a true and a failed attempt on both sides": (
        [(DEAD, 100), (PAID, 100)], [(DEAD, 100), (PAID, 100)], {(0, 2), (1, 3)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_named_cases(name):
    """The pairs of each named case are those that tell the story of the money."""
    ours, theirs, expected = CASES[name]
    rows = [row(M, "a", amount, state=state, time=k) for k, (state, amount) in enumerate(ours)]
    rows += [row(C, "a", amount, state=state, time=k) for k, (state, amount) in enumerate(theirs)]
    assert expected <= pairs_of(rows)


def test_one_currency_meets_before_another():
    """Of two charges of unequal amount, the one in the order's currency is its partner."""
    rows = [row(M, "a", 100), row(C, "a", 100, currency=1), row(C, "a", 101, time=5)]
    assert pairs_of(rows) == {(0, 2)}


def test_parts_of_an_order_are_one_group():
    """60 and 40 meet 100 as a whole, either way round; a third part is left over."""
    for one, two in ((M, C), (C, M)):
        rows = [row(one, "a", 100), row(two, "a", 60), row(two, "a", 40, time=1)]
        rows.append(row(two, "a", 40, time=2))
        found = pairs_of(rows, (MatchKind.GROUP,))
        assert {tuple(sorted(pair)) for pair in found} == {(0, 1), (0, 2)}
