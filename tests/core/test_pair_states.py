"""Which rows of one key meet: the states of both sides, then the amounts, then the time."""

from __future__ import annotations

from itertools import product

import pytest

from recon.core.codes import MatchKind, Side, State
from recon.core.match import match
from tests.core.worlds import EXACT, digests_of, everybody, leg_of, row, slim_of

M, C = Side.MERCHANT, Side.CHANNEL
PAID, OPEN, DEAD, UNDONE = State.SUCCESS, State.PENDING, State.FAILED, State.REVERSED


def pairs_of(rows, kinds=(MatchKind.EXACT, MatchKind.KEY)):
    """Return the pairs that an EXACT pass makes of rows of one key."""
    leg = leg_of(EXACT)
    found = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), threads=1)
    return {(p, q) for p, q, kind in found.links.select("left", "right", "match_kind").rows()
            if kind in kinds}  # fmt: skip


SIDES = [
    chosen
    for size in (1, 2)
    for chosen in product(product((PAID, OPEN, DEAD, UNDONE), (100, 101)), repeat=size)
]


def test_money_that_moved_meets_first():
    """Over all states of one or two rows a side, no paid row is kept from the other side's."""
    for ours, theirs in product(SIDES, SIDES):
        sides = (M, ours), (C, theirs)
        rows = [
            row(side, "a", amount, state=state) for side, told in sides for state, amount in told
        ]
        pairs = pairs_of(rows)
        paid = [p for p, told in enumerate(rows) if told["state"] is PAID]
        counts = [sum(rows[p]["side"] is side for p in paid) for side in (M, C)]
        both = [(p, q) for p, q in pairs if p in paid and q in paid]
        assert len(both) == min(counts)
        met = {p for pair in pairs for p in pair}
        other = {M: C, C: M}
        for p in paid:
            idle = [q for q, told in enumerate(rows) if told["side"] is other[rows[p]["side"]]]
            assert p in met or all(q in met for q in idle)


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
