"""Rows that only look alike: successful ones meet first, the rest among what is left."""

from __future__ import annotations

import pytest

from recon.core.arrays.means import Means
from recon.core.codes import Side, State
from recon.core.match import match
from recon.core.plan import Method
from tests.core.worlds import digests_of, everybody, leg_of, link_set, row, slim_of

M, C = Side.MERCHANT, Side.CHANNEL
METHODS = {
    Method.UNIQUE: {},
    Method.WINDOW: {"days_after": 1},
    Method.BAND: {"days_after": 1, "tolerance_minor": 5},
}


def solve(method, rows):
    leg = leg_of(method, **METHODS[method])
    return match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(1))


@pytest.mark.parametrize("method", METHODS)
def test_an_order_meets_the_charge_that_succeeded(method):
    """A failed attempt before the charge makes no tie, whichever stands first."""
    rows = [row(M, "t", 100), row(C, "t", 100, time=1, state=State.FAILED), row(C, "t", 100)]
    found = solve(method, rows)
    assert link_set(found, "left", "right") == {(0, 2)}
    assert found.ambiguous.is_empty()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_left_meets_whatever_is_left(method):
    """Where no charge succeeded, the order meets the one that failed."""
    rows = [row(M, "t", 100), row(C, "t", 100, state=State.FAILED)]
    assert link_set(solve(method, rows), "left", "right") == {(0, 1)}


@pytest.mark.parametrize("method", METHODS)
def test_tied_orders_are_not_linked_with_a_failed_attempt(method):
    """Two orders and one charge are a tie; the failed attempt settles nothing."""
    rows = [row(M, "t", 100), row(M, "t", 100), row(C, "t", 100)]
    rows.append(row(C, "t", 100, state=State.FAILED))
    found = solve(method, rows)
    assert link_set(found, "left", "right") == set()
    assert set(found.ambiguous["row"]) == {0, 1, 2}
