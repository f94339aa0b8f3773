from __future__ import annotations

from collections import Counter
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import Kind, MatchKind, Side
from recon.core.match import match
from recon.core.plan import Leg, Method, Pass
from tests.core.worlds import digests_of, everybody, link_set, row, slim_of

C, B = Side.CHANNEL, Side.BANK


def leg_of(**options):
    step = Pass("many", Method.SUBSET, ("key",), ("key",), many_to_many=True, **options)
    return Leg("leg", C, B, (step,))


def solve(rows, threads=1, **options):
    leg = leg_of(**options)
    return match(
        slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(threads)
    )


def sale(amount, day=0, key="shop", **more):
    return row(C, key, amount, due=day, time=None, **more)


def credit(amount, day=0, key="shop"):
    return row(B, key, amount, value=day, time=None, kind=Kind.CREDIT)


def test_two_rows_against_two_are_linked():
    """Two sales and a refund that were paid in two credits of other amounts are one group."""
    rows = [sale(3_000_007), sale(5_122_331), sale(-900_113, kind=Kind.REFUND)]
    rows += [credit(4_111_207), credit(3_111_018), credit(999_983)]
    matches = solve(rows)
    assert link_set(matches, "left", "right", "match_kind") == {
        (p, q, MatchKind.SUBSET) for p, q in [(0, 3), (1, 3), (2, 3), (0, 4)]
    }
    assert matches.key_group["leg"].tolist() == [0, 0, 0, 0, 0, -1]
    said = dict(matches.searches.select("row", "answer").rows())
    assert said == dict.fromkeys(range(5), "UNIQUE") | {5: "NONE"}


def test_rival_sets_are_shown_not_posted():
    """Where a row is in two sets that agree, nothing is linked and the rivals are listed."""
    rows = [sale(5_000_000), sale(3_000_000), sale(3_000_000), credit(7_123_457), credit(876_543)]
    matches = solve(rows)
    assert matches.links.is_empty()
    assert set(matches.searches["answer"].to_list()) == {"ALTERNATIVES"}
    assert {(0, 3), (1, 3), (2, 4), (3, 0)} <= set(
        matches.ambiguous.select("row", "candidate").rows()
    )


def test_likely_accident_is_not_posted():
    """A set of small round amounts fits too easily to be linked, however unique it is."""
    matches = solve([sale(3), sale(9), credit(5), credit(7)])
    assert matches.links.is_empty()
    assert matches.searches["answer"].to_list() == ["UNIQUE"] * 4
    assert min(matches.searches["accidents_ppm"].to_list()) > 1_000


def test_budget_spent_is_said():
    """Where the sets are too many for the budget the answer is 'exhausted', not 'none'."""
    rows = [sale(1_000_003 * k) for k in range(1, 30)] + [credit(500_000), credit(700_001)]
    assert set(solve(rows, budget=300).searches["answer"].to_list()) == {"EXHAUSTED"}
    assert set(solve(rows).searches["answer"].to_list()) == {"NONE"}


def test_days_bound_a_set():
    """Every row of a set lies within the window of every row of the other side."""
    rows = [sale(3_000_007), sale(5_122_331, day=4), credit(4_111_207, day=5), credit(4_011_131, 5)]
    assert solve(rows, days_after=4).links.is_empty()
    assert solve(rows, days_after=5).links.height == 3


def sets_that_agree(rows, side, other):
    """Return every pair of sets of up to three rows a side whose sums agree, by brute force."""
    left = [p for p, r in enumerate(rows) if r["side"] == side and r["amount"]]
    right = [p for p, r in enumerate(rows) if r["side"] == other and r["amount"]]
    found = []
    for one in (s for k in range(1, 4) for s in combinations(left, k)):
        for two in (s for k in range(1, 4) for s in combinations(right, k)):
            total = sum(rows[p]["amount"] for p in one)
            if total and total == sum(rows[q]["amount"] for q in two):
                found.append(frozenset(one + two))
    return found


AMOUNTS = st.lists(st.sampled_from([-3, 1, 2, 4, 5, 7, 11, 40, 41]), max_size=5)


@given(AMOUNTS, AMOUNTS)
@settings(max_examples=60, deadline=None)
def test_answers_are_those_of_brute_force(lefts, rights):
    """Size after size, the sets that agree and overlap no other of their size are linked."""
    rows = [sale(a * 100_003) for a in lefts] + [credit(a * 100_003) for a in rights]
    matches = solve(rows, accident_ppm=10**15)
    every = sets_that_agree(rows, C, B)
    decided, expected = set(), set()
    for size in range(2, 7):
        level = [s for s in every if len(s) == size and not s & decided]
        uses = Counter(p for s in level for p in s)
        expected |= {s for s in level if all(uses[p] == 1 for p in s)}
        decided |= set(uses)
    groups = {}
    for p, group in enumerate(matches.key_group["leg"].tolist()):
        if group >= 0:
            groups.setdefault(group, set()).add(p)
    assert {frozenset(members) for members in groups.values()} == expected
    said = dict(matches.searches.select("row", "answer").rows())
    linked = {p for s in expected for p in s}
    for p, answer in said.items():
        wanted = "UNIQUE" if p in linked else "ALTERNATIVES" if p in decided else "NONE"
        assert answer == wanted


def test_threads_change_nothing():
    """Pools of many keys give the same links and searches for any number of threads."""
    rows = [sale(1_000_003 + 17 * k, key=k % 5) for k in range(20)]
    rows += [credit(1_000_003 + 17 * k + (3 if k % 2 else -3), key=k % 5) for k in range(20)]
    first, second = solve(rows), solve(rows, threads=3)
    assert first.links.equals(second.links)
    assert first.searches.equals(second.searches)
