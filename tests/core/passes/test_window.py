from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import MatchKind, Side
from recon.core.kernels import window
from recon.core.match import match
from recon.core.passes.contract import BusinessDays
from recon.core.plan import Leg, Method, Pass
from tests.core.worlds import digests_of, everybody, leg_of, link_set, row, slim_of
from tests.oracle import matching as oracle

M, C = Side.MERCHANT, Side.CHANNEL
DAY_US = 86_400


def dated(side, own, due, value, amount=100, key="k"):
    return row(side, key, amount, time=None, due=due, value=value) | {"own": own}


LEFTS = st.lists(
    st.builds(
        lambda day, length, amount: dated(M, day, day + length, None, amount),
        st.integers(0, 6),
        st.integers(0, 3),
        st.sampled_from([100, 200]),
    ),
    max_size=5,
)
RIGHTS = st.lists(
    st.builds(
        lambda day, amount: dated(C, None, None, day, amount),
        st.integers(0, 8),
        st.sampled_from([100, 200]),
    ),
    max_size=5,
)


def solve(rows, leg, **more):
    return match(
        slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(1), **more
    )


def edges_of(rows, inside):
    return {
        (p, q)
        for p, one in enumerate(rows)
        for q, two in enumerate(rows)
        if one["side"] == M and two["side"] == C
        if one["amount"] == two["amount"] and inside(one, two["value"])
    }


@given(st.permutations(range(4)), st.permutations(range(4)))
def test_equal_rows_of_one_day_meet_in_order_of_time(ours, theirs):
    """Four sales and four charges of one amount and day, in any order of files: k-th with k-th."""
    rows = [row(M, "k", 100, time=60 * k) for k in ours]
    rows += [row(C, "k", 100, time=60 * k + 5) for k in theirs]
    links = solve(rows, leg_of(Method.WINDOW, left=M, right=C)).links
    assert {(ours[a], theirs[b - 4]) for a, b in links.select("left", "right").iter_rows()} == {
        (k, k) for k in range(4)
    }


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=12), st.data())
def test_a_window_of_minutes_is_a_window_of_days_on_a_finer_clock(drawn, data):
    """The same rows, a minute for a day, give the same links and the same ties."""
    method = data.draw(st.sampled_from([Method.WINDOW, Method.UNIQUE]))
    before, after = data.draw(st.integers(0, 2)), data.draw(st.integers(1, 3))
    by_day = [dated(M, at, at, None) if ours else dated(C, None, None, at) for ours, at in drawn]
    by_minute = [row(M if ours else C, "k", 100, time=60 * at) for ours, at in drawn]
    days = solve(by_day, leg_of(method, days_before=before, days_after=after))
    minutes = solve(by_minute, leg_of(method, minutes_before=before, minutes_after=after))
    assert link_set(minutes, "left", "right") == link_set(days, "left", "right")
    assert set(minutes.ambiguous.rows()) == set(days.ambiguous.rows())


@given(st.integers(-200_000_000, 200_000_000))
def test_minutes_are_counted_to_the_microsecond(apart):
    """One microsecond past the last minute is outside."""
    rows = slim_of([row(M, "k", 100), row(C, "k", 100)])
    moment = rows["occurred_at"].to_physical() + pl.Series([0, apart])
    rows = rows.with_columns(moment.cast(rows.schema["occurred_at"]).alias("occurred_at"))
    world = [row(M, "k", 100), row(C, "k", 100)]
    leg = leg_of(Method.UNIQUE, minutes_before=1, minutes_after=2)
    found = match(rows, digests_of(world), (leg,), everybody(world, leg), means=Means(1))
    assert found.links.height == (-60_000_000 <= apart <= 120_000_000)


def check_against_optima(matches, edges):
    """Links are a part of a maximum matching and cover exactly the decided rows."""
    matchings = oracle.maximum_matchings(edges)
    links = link_set(matches, "left", "right")
    assert any(links <= matching for matching in matchings)
    decided = oracle.window_decided(edges, matchings)
    covered = {("l", p) for p, _ in links} | {("r", q) for _, q in links}
    assert covered == decided
    shown = set(matches.ambiguous["row"].to_list())
    rows = {p for p, _ in edges} | {q for _, q in edges}
    assert shown == rows - {p for link in links for p in link}
    assert set(matches.ambiguous.select("row", "candidate").rows()) <= edges | {
        (q, p) for p, q in edges
    }


@given(LEFTS, RIGHTS, st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=200, deadline=None)
def test_constant_window_links_the_decided_rows_of_a_maximum_matching(lefts, rights, before, after):
    """A row is linked exactly when no maximum matching can leave out it or its partners."""
    rows = lefts + rights
    matches = solve(rows, leg_of(Method.WINDOW, days_before=before, days_after=after))
    check_against_optima(
        matches, edges_of(rows, lambda one, day: -before <= day - one["due"] <= after)
    )


@given(LEFTS, RIGHTS)
@settings(max_examples=200, deadline=None)
def test_own_windows_link_the_decided_rows_of_a_maximum_matching(lefts, rights):
    """The same with a window for each row, from its own day to its due day."""
    rows = lefts + rights
    frame = slim_of(rows).with_columns(
        clearing_date=slim_of([r | {"due": r["own"]} for r in rows])["due_date"]
    )
    leg = leg_of(Method.WINDOW, until_due=True)
    matches = match(frame, digests_of(rows), (leg,), everybody(rows, leg), means=Means(1))
    check_against_optima(matches, edges_of(rows, lambda one, day: one["own"] <= day <= one["due"]))


def test_business_days_count_over_a_weekend():
    """One business day after Friday is Monday; one calendar day after it is not."""
    friday = 3
    rows = [dated(M, 0, friday, None), dated(C, None, None, friday + 3)]
    plain = leg_of(Method.WINDOW, days_after=1)
    business = leg_of(Method.WINDOW, days_after=1, business_days=True)
    number = np.array([0, 1, 2, 3, 4, 4, 4, 5], np.int64)
    assert solve(rows, plain).links.is_empty()
    table = BusinessDays(20_000, number)
    assert link_set(solve(rows, business, business_days=table), "left", "right") == {(0, 1)}


def test_balanced_equals_pair_in_time_order_and_surplus_is_shown():
    """Two for two are linked in time order; two for three are shown and none is picked."""
    leg = leg_of(Method.WINDOW, days_after=3)
    balanced = [dated(M, 0, 0, None), dated(M, 0, 1, None)]
    balanced += [dated(C, None, None, 2), dated(C, None, None, 3)]
    assert link_set(solve(balanced, leg), "left", "right", "score") == {
        (0, 2, 500_000),
        (1, 3, 500_000),
    }
    surplus = [*balanced, dated(C, None, None, 2)]
    matches = solve(surplus, leg)
    assert matches.links.is_empty()
    assert set(matches.ambiguous["row"].to_list()) == {0, 1, 2, 3, 4}


def test_keyless_window_pass_matches_on_amount_alone():
    """A pass without keys pairs rows of equal amount and currency inside the window."""
    rows = [dated(M, 0, 0, None, 77, "a"), dated(C, None, None, 1, 77, "b")]
    step = Pass("w", Method.WINDOW, (), (), days_after=1)
    leg = Leg("leg", M, C, (step,))
    kinds = solve(rows, leg).links["match_kind"].to_list()
    assert kinds == [MatchKind.WINDOW]


@given(LEFTS, RIGHTS, st.integers(-2, 0), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_interpreted_kernels_equal_compiled(lefts, rights, earliest, latest):
    """The greedy gives the same partners in Python and in machine code."""
    one = np.array(sorted((r["amount"], r["due"]) for r in lefts), np.int64).reshape(-1, 2)
    two = np.array(sorted((r["amount"], r["value"]) for r in rights), np.int64).reshape(-1, 2)
    results = []
    for kernel in (window.match_constant, window.match_constant.py_func):
        partners = np.full(len(one), -1), np.full(len(two), -1)
        kernel(one[:, 0], one[:, 1], two[:, 0], two[:, 1], earliest, latest, *partners)
        results.append([side.tolist() for side in partners])
    assert results[0] == results[1]
