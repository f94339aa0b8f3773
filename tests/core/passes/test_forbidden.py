"""What a person parted stays apart, and both rows look for their next-best partner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.codes import Kind, Side
from recon.core.match import Decisions, match
from recon.core.plan import Method
from tests.core.worlds import (
    EXACT,
    GROUP,
    ROWS,
    digests_of,
    everybody,
    leg_of,
    link_set,
    row,
    slim_of,
)

M, C, B = Side.MERCHANT, Side.CHANNEL, Side.BANK
PAIR = ("left", "right")


def parted(rows, leg, *forbid):
    """Return the matches of `rows` where the pairs of `forbid` must not meet."""
    decisions = {leg.name: Decisions(forbid=np.array(forbid, np.int64).reshape(-1, 2))}
    return match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), decisions=decisions)


def test_the_second_charge_takes_the_place_of_the_first():
    """The order meets the other charge of its number; the parted one stands alone."""
    rows = [row(M, "a", 100), row(C, "a", 100, time=1), row(C, "a", 100, time=2)]
    matches = parted(rows, leg_of(EXACT), (0, 1))
    assert link_set(matches, *PAIR) == {(0, 2)}
    assert matches.key_group["leg"].tolist() == [0, -1, 0]


def test_the_second_order_takes_the_place_of_the_first():
    """The charge meets the other order of its number."""
    rows = [row(M, "a", 100), row(M, "a", 100, time=2), row(C, "a", 100)]
    assert link_set(parted(rows, leg_of(EXACT), (0, 2)), *PAIR) == {(1, 2)}


def test_a_member_leaves_its_batch():
    """A row that does not belong to a payout leaves it; the rest of the batch stays."""
    rows = [row(C, "b", 60), row(C, "b", 40), row(B, "b", 60, kind=Kind.CREDIT)]
    rows.append(row(B, "b", 0, kind=Kind.CREDIT))
    for credit in (2, 3):
        matches = parted(rows, leg_of(GROUP, left=C, right=B), (1, credit))
        assert link_set(matches, *PAIR) == {(0, 2), (0, 3)}


DATED = {
    Method.WINDOW: {"days_after": 3},
    Method.BAND: {"days_after": 3, "tolerance_minor": 5},
}


@pytest.mark.parametrize("method", DATED)
def test_dated_passes_search_on(method):
    """Of two credits in the window the nearer is parted: the payout meets the other one."""
    rows = [row(C, "b", 100, due=0, time=None)]
    rows += [row(B, "b", 100, value=day, time=None, kind=Kind.CREDIT) for day in (0, 1)]
    leg = leg_of(method, left=C, right=B, **DATED[method])
    assert link_set(parted(rows, leg, (0, 1)), *PAIR) == {(0, 2)}
    assert link_set(parted(rows, leg, (0, 1), (0, 2)), *PAIR) == set()


@pytest.mark.parametrize("method", DATED)
def test_the_only_pair_that_is_not_parted_is_found(method):
    """Of two by two equal rows three pairs are parted: the fourth is no tie and is linked."""
    rows = [row(C, "b", 100, due=0, time=None) for _ in range(2)]
    rows += [row(B, "b", 100, value=1, time=None, kind=Kind.CREDIT) for _ in range(2)]
    leg = leg_of(method, left=C, right=B, **DATED[method])
    for one in (0, 1):
        for other in (2, 3):
            forbid = [(p, q) for p in (0, 1) for q in (2, 3) if (p, q) != (one, other)]
            matches = parted(rows, leg, *forbid)
            assert link_set(matches, *PAIR) == {(one, other)}
            assert matches.ambiguous.is_empty()


@given(ROWS, st.data())
@settings(max_examples=100, deadline=None)
def test_nothing_admissible_is_left_over(rows, data):
    """After any forbids no forbidden pair is linked, and no admissible pair is left unlinked."""
    sides = [[p for p, r in enumerate(rows) if r["side"] is side] for side in (M, C)]
    if not all(sides):
        return
    pair = st.tuples(*(st.sampled_from(side) for side in sides))
    forbid = data.draw(st.lists(pair, max_size=6))
    leg = leg_of(EXACT)
    matches = parted(rows, leg, *forbid)
    assert not link_set(matches, *PAIR) & set(forbid)
    alone = matches.key_group["leg"] < 0
    flow = {Kind.PAYMENT: 0, Kind.REFUND: 1, Kind.VOID: 2}
    for p in sides[0]:
        for q in sides[1]:
            same = rows[p]["key"] is not None and rows[p]["key"] == rows[q]["key"]
            same &= flow[rows[p]["kind"]] == flow[rows[q]["kind"]]
            assert not (same and alone[p] and alone[q] and (p, q) not in forbid)


def test_pinned_pairs_that_share_a_row_are_one_group():
    """Two charges pinned to one order stand in its group, whichever row is the smallest."""
    rows = [row(C, "b", 40), row(C, "c", 60), row(M, "a", 100), row(M, "d", 5), row(C, "e", 5)]
    leg = leg_of(EXACT)
    decided = {"leg": Decisions(pin=np.array([[2, 1], [2, 0], [3, 4]]))}
    matches = match(
        slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), decisions=decided
    )
    assert link_set(matches, *PAIR) == {(2, 0), (2, 1), (3, 4)}
    assert matches.key_group["leg"].tolist() == [0, 0, 0, 3, 3]
    assert matches.pass_counts.select("links", "rows", "amount").row(0) == (3, 5, 105)
