from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import Kind, MatchKind, Side
from recon.core.kernels import subset as kernels
from recon.core.match import match
from recon.core.passes.subset import search as subset_search
from recon.core.passes.subset.search import Answer, Form, Pool
from recon.core.plan import Leg, Method, Pass
from tests.core.worlds import digests_of, everybody, link_set, row, slim_of

C, B = Side.CHANNEL, Side.BANK


def leg_of(**options):
    return Leg("leg", C, B, (Pass("subset", Method.SUBSET, ("key",), ("key",), **options),))


def solve(rows, threads=1, **options):
    leg = leg_of(**options)
    return match(
        slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(threads)
    )


def sale(amount, day=0, key="shop", **more):
    return row(C, key, amount, due=day, time=None, **more)


def credit(amount, day=0, key="shop"):
    return row(B, key, amount, value=day, time=None, kind=Kind.CREDIT)


def test_batch_with_refund_is_found_by_sum():
    """Seed 11: a credit that is the net of sales and a refund is linked to all of them."""
    rows = [sale(123_456), sale(78_901), sale(-23_451, kind=Kind.REFUND), credit(178_906)]
    matches = solve(rows)
    assert link_set(matches, "left", "right", "match_kind") == {
        (p, 3, MatchKind.SUBSET) for p in range(3)
    }
    assert matches.key_group["leg"].tolist() == [0, 0, 0, 0]
    assert matches.searches.select("form", "answer").rows() == [("WHOLE", "UNIQUE")]


def test_two_credits_share_a_day():
    """Two credits of one day take consecutive rows each; together they use the pool up."""
    sales = [sale(amount) for amount in (912_311, 45_017, 77_003, 301_999, 88_123)]
    rows = [*sales, credit(912_311 + 45_017), credit(77_003 + 301_999 + 88_123)]
    assert link_set(solve(rows), "left", "right") == {(0, 5), (1, 5), (2, 6), (3, 6), (4, 6)}


def test_not_unique_is_shown_not_posted():
    """Where two different subsets add up, nothing is linked and the rivals are listed."""
    rows = [sale(500_000), sale(777_777), sale(500_000), sale(31), credit(500_000)]
    matches = solve(rows)
    assert matches.links.is_empty()
    assert matches.searches["answer"].to_list() == ["ALTERNATIVES"]
    assert set(matches.ambiguous.select("row", "candidate").rows()) == {(4, 0), (4, 2)}


def test_likely_accident_is_not_posted():
    """A unique subset of small round amounts fits too easily to be linked."""
    rows = [sale(3), sale(5), sale(9), credit(8)]
    matches = solve(rows)
    assert matches.links.is_empty()
    assert matches.searches["accidents_ppm"].to_list()[0] > 1_000


def test_one_row_against_many_of_the_other_side():
    """A channel row paid in two bank credits is linked to both."""
    rows = [sale(1_000_001), credit(300_007), credit(699_994)]
    assert link_set(solve(rows), "left", "right") == {(0, 1), (0, 2)}


def test_currencies_and_days_bound_the_pool():
    """Rows of another currency or outside the window are not in the pool."""
    rows = [sale(100_003), sale(200_009, currency=1), sale(200_009, day=5), credit(300_012)]
    assert solve(rows).links.is_empty()
    assert solve(rows, days_before=9).links.height == 2


AMOUNTS = st.lists(st.integers(10_000, 9_000_000), min_size=1, max_size=12, unique=True)


@given(AMOUNTS, st.lists(st.integers(0, 2), min_size=12, max_size=12))
@settings(max_examples=40, deadline=None)
def test_links_add_up_and_threads_change_nothing(amounts, batch):
    """Every linked group adds up exactly; the result is the same for any thread count."""
    sales = [sale(amount) for amount in amounts]
    sums = [sum(a for a, b in zip(amounts, batch, strict=False) if b == k) for k in range(3)]
    rows = sales + [credit(total) for total in sums if total]
    first, second = solve(rows), solve(rows, threads=3)
    assert first.links.equals(second.links)
    assert first.searches.equals(second.searches)
    for group in np.unique(first.group[first.key_group["leg"] >= 0]):
        members = np.flatnonzero(first.group == group)
        one = sum(rows[p]["amount"] for p in members if rows[p]["side"] == C)
        assert one == sum(rows[p]["amount"] for p in members if rows[p]["side"] == B)


def test_targets_of_one_pool_share_its_sums(monkeypatch):
    """Forty credits over one pool of a hundred sales: the sums of its parts are made once."""
    made = []
    monkeypatch.setattr(
        subset_search, "all_sums", lambda *given: (made.append(1), kernels.all_sums(*given))
    )
    monkeypatch.setattr(subset_search, "PLANES_FIRST", -1)
    subset_search.sums_of_bytes.cache_clear()
    rng = np.random.default_rng(5)
    sales = rng.choice(np.arange(1_000, 900_000), 100, replace=False)
    parts = [int(sales[rng.choice(100, 30, replace=False)].sum()) for _ in range(40)]
    solve([*map(sale, sales.tolist()), *map(credit, parts)], budget=200_000)
    subset_search.sums_of_bytes.cache_clear()
    assert 0 < len(made) <= 4  # two halves for the credits, and two where sales are the sums


@given(
    st.lists(st.integers(1, 400) | st.sampled_from([100, 200, 300]), min_size=41, max_size=60),
    st.integers(1, 9_000),
    st.sampled_from([1, 100]),
)
@settings(max_examples=40, deadline=None)
def test_planes_first_or_last_say_the_same(amounts, target, unit):
    """Cheap planes are asked at once; the looks that may spare them give the same answer."""
    pool = Pool(np.array(amounts) * unit, target, target + unit // 2, 10**7)
    told = []
    for first in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subset_search, "PLANES_FIRST", first)
            told.append(subset_search.planes(pool))
    assert told[0] == told[1] is not None


def test_sizes_that_cannot_add_up_need_no_budget():
    """Of rows of about 10^15 no two make up a third: the one that fits is proved the only one."""
    amounts = 10**15 - 7 * np.arange(1_500)
    one = subset_search.search(Pool(amounts, int(amounts[700]), int(amounts[700]), 200_000,
                                    np.zeros(1_500, np.int64)))  # fmt: skip
    assert (one.answer, one.form, one.members) == (Answer.UNIQUE, Form.FEW, ((700,),))
    moments = np.zeros(1_500, np.int64)
    none = subset_search.search(Pool(amounts, 10**15 + 1, 10**15 + 1, 200_000, moments))
    assert none.answer is not Answer.UNIQUE


@given(
    st.lists(st.integers(-60, 60), min_size=1, max_size=9),
    st.integers(-100, 200),
    st.integers(0, 5),
    st.integers(1, 4),
)
def test_the_sizes_that_are_tried_are_all_that_can_hit(amounts, low, width, asked):
    """No set of more rows than are needed adds up to the band."""
    ordered = np.sort(np.array(amounts, np.int64))
    needed = subset_search.most_needed(ordered, low, low + width, asked)
    sizes = [
        size
        for size in range(1, min(asked, len(amounts)) + 1)
        if any(low <= sum(part) <= low + width for part in combinations(amounts, size))
    ]
    assert max(sizes, default=0) <= needed <= min(asked, len(amounts))
