from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import Side
from recon.core.kernels import assignment
from recon.core.match import match
from recon.core.passes.band import GAIN_LIMIT, Edges, gains, share, tolerance
from recon.core.plan import Method, Pass
from recon.errors import ResourceError
from tests.core.worlds import digests_of, everybody, leg_of, link_set, row, slim_of
from tests.oracle import matching as oracle

M, C = Side.MERCHANT, Side.CHANNEL
EDGES = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 6), max_size=11
)


def compressed(gain):
    rows = 5
    ordered = sorted(gain)
    start = np.searchsorted([p for p, _ in ordered], np.arange(rows + 1)).astype(np.int64)
    column = np.array([q for _, q in ordered], np.int64)
    value = np.array([gain[edge] for edge in ordered], np.int64)
    return start, column, value


def solved(gain):
    start, column, value = compressed(gain)
    partners = np.full(5, -1), np.full(5, -1)
    duals = np.zeros(5, np.int64), np.zeros(5, np.int64)
    assignment.solve_assignment(start, column, value, *partners, *duals)
    tight = np.zeros(column.size, np.uint8)
    assignment.tight_edges(start, column, value, *duals, tight)
    label = np.full(11, -1)
    assignment.strong_components(start, column, tight, *partners, *duals, label)
    return partners, duals, label


@given(EDGES)
@settings(max_examples=400, deadline=None)
def test_assignment_is_optimal_by_certificate_and_by_oracle(gain):
    """The duals are feasible and tight, and the total is the brute-force optimum."""
    (rows, columns), (row_dual, column_dual), _ = solved(gain)
    chosen = {(p, int(q)) for p, q in enumerate(rows) if q >= 0}
    assert all(columns[q] == p for p, q in chosen)
    assert (row_dual >= 0).all()
    assert (column_dual >= 0).all()
    assert all(row_dual[p] + column_dual[q] >= value for (p, q), value in gain.items())
    total = sum(gain[edge] for edge in chosen)
    assert total == row_dual.sum() + column_dual.sum() == oracle.best_gain(gain)


@given(EDGES)
@settings(max_examples=400, deadline=None)
def test_exchange_components_tell_what_every_optimum_contains(gain):
    """A matched edge has ends of different label exactly when it is in every optimum."""
    (rows, _), _, label = solved(gain)
    best = oracle.best_gain(gain)
    optima = [m for m in oracle.matchings(gain) if sum(gain[edge] for edge in m) == best]
    for p, q in enumerate(rows):
        if q >= 0:
            always = all((p, int(q)) in matching for matching in optima)
            assert (label[p] != label[5 + q]) == always


def money(side, amount, day):
    return row(side, "k", amount, time=None, due=day, value=day)


SIDE_ROWS = st.lists(st.tuples(st.integers(98, 106), st.integers(0, 2)), max_size=4)


@given(SIDE_ROWS, SIDE_ROWS, st.integers(0, 3), st.sampled_from([-1, 0, 1]))
@settings(max_examples=300, deadline=None)
def test_band_pass_links_what_every_optimum_contains(lefts, rights, allowed, sign):
    """Most pairs, then least money, then least days; what optima disagree on is shown."""
    rows = [money(M, *one) for one in lefts] + [money(C, *two) for two in rights]
    options = {"tolerance_minor": allowed, "tolerance_sign": sign}
    leg = leg_of(Method.BAND, days_before=1, days_after=1, **options)
    matches = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(1))
    penalty = {}
    for p, (amount, day) in enumerate(lefts):
        for q, (other, later) in enumerate(rights):
            over = other - amount
            inside = -allowed * (sign <= 0) <= over <= allowed * (sign >= 0)
            if inside and abs(later - day) <= 1:
                penalty[p, len(lefts) + q] = (abs(over), abs(later - day))
    optima = oracle.band_optima(penalty)
    certain = frozenset.intersection(*optima)
    assert link_set(matches, "left", "right") == certain
    shown = {(p, q) for p, q in matches.ambiguous.select("row", "candidate").rows() if p < q}
    assert shown == frozenset.union(*optima) - certain


def test_difference_within_tolerance_matches_whatever_the_grid():
    """Seed 8: 102 and 103 match under a tolerance of 5."""
    rows = [money(M, 102, 0), money(C, 103, 0)]
    leg = leg_of(Method.BAND, tolerance_minor=5)
    matches = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg))
    assert matches.links.height == 1


def test_stated_policy_decides_between_exact_first_and_most_pairs():
    """Seed 17: an exact pass first keeps 101-101; the band alone makes two pairs."""
    rows = [money(M, 100, 0), money(M, 101, 0), money(C, 101, 0), money(C, 102, 0)]
    band = leg_of(Method.BAND, tolerance_minor=1)
    first = leg_of(Method.UNIQUE, Method.BAND, tolerance_minor=1)
    for leg, links in ((band, {(0, 2), (1, 3)}), (first, {(1, 2)})):
        matches = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg))
        assert link_set(matches, "left", "right") == links


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tolerance_minor": 5}, 5),
        ({"tolerance_ppm": 6_000}, 59),
        ({"tolerance_ppm": 6_000, "tolerance_cap_minor": 20}, 20),
        ({"tolerance_ppm": 6_000, "tolerance_minor": 70}, 70),
    ],
)
def test_tolerance_forms(options, expected):
    """Absolute, percent rounded down, percent with a cap, and the larger of two."""
    step = Pass("b", Method.BAND, (), (), **options)
    assert tolerance(step, np.array([-9_999], np.int64)).tolist() == [expected]


@given(st.integers(-(10**15), 10**15), st.integers(0, 1_000_000))
def test_share_is_exact(amount, ppm):
    """The percentage of the largest amounts is exact and rounded down."""
    assert share(np.array([amount], np.int64), ppm).tolist() == [abs(amount) * ppm // 1_000_000]


@pytest.mark.parametrize(("base", "linked"), [("left", 0), ("right", 1)])
def test_base_of_the_percentage_is_chosen(base, linked):
    """Ten percent of 110 admits 100, ten percent of 100 does not admit 111."""
    rows = [money(M, 100, 0), money(C, 111, 0)]
    options = {"tolerance_ppm": 100_000, "tolerance_base": base}
    leg = leg_of(Method.BAND, **options)
    matches = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg))
    assert matches.links.height == linked


def test_too_many_candidates_are_refused_with_the_remedy():
    """A pass whose candidates would not fit the memory says so before it takes it."""
    rows = [money(M, 100, 0) for _ in range(60)] + [money(C, 100, 0) for _ in range(60)]
    leg = leg_of(Method.BAND)
    with pytest.raises(ResourceError, match="3,600"):
        match(
            slim_of(rows),
            digests_of(rows),
            (leg,),
            everybody(rows, leg),
            means=Means(memory_bytes=10_000),
        )


@given(EDGES)
@settings(max_examples=60, deadline=None)
def test_interpreted_assignment_equals_compiled(gain):
    """The kernel's Python text gives the partners that its machine code gives."""
    names = ("bid_rows", "search_paths", "price_row", "grow_tree", "turn_path")
    names += ("push_heap", "pop_heap")
    space = assignment.solve_assignment.py_func.__globals__
    kept = {name: space[name] for name in names}
    compiled = solved(gain)[0]
    space.update({name: kept[name].py_func for name in names})
    try:
        partners = np.full(5, -1), np.full(5, -1)
        duals = np.zeros(5, np.int64), np.zeros(5, np.int64)
        assignment.solve_assignment.py_func(*compressed(gain), *partners, *duals)
    finally:
        space.update(kept)
    assert [side.tolist() for side in partners] == [side.tolist() for side in compiled]


@pytest.mark.parametrize("most", [2, 9, 10**9])
def test_bids_and_paths_prove_their_optimum_wherever_bidding_ends(most):
    """After no round, a few or many, paths do the rest: feasible duals that reach the total."""
    rng = np.random.default_rng(most)
    for _ in range(20):
        rows, columns = (int(n) for n in rng.integers(1, 40, 2))
        edge = np.unique(rng.integers(0, rows * columns, 3 * rows))
        row, column = edge // columns, edge % columns
        start = np.searchsorted(row, np.arange(rows + 1)).astype(np.int64)
        graph = start, column, rng.integers(1, most, edge.size)
        totals = set()
        for rounds in (0, 1, 2, 32):
            state = np.full(rows, -1), np.full(columns, -1), *np.zeros((2, 40), np.int64)
            left = np.empty(rows, np.int64)
            count = assignment.bid_rows(*graph, *state, rounds, left)
            assert count == rows or rounds > 0
            assert not state[2][left[:count]].any()
            assignment.search_paths(*graph, *state, left[:count])
            partner, other, row_dual, column_dual = state
            assert (row_dual[row] + column_dual[column] >= graph[2]).all()
            assert min(row_dual.min(), column_dual.min()) >= 0
            assert not column_dual[:columns][other < 0].any()
            matched = np.flatnonzero(partner >= 0)
            assert other[partner[matched]].tolist() == matched.tolist()
            totals.add(int(graph[2][partner[row] == column].sum()))
            assert totals == {int(row_dual.sum() + column_dual.sum())}


def path_of(rows, difference, lag):
    """Return the edges of a path of so many rows and columns, all with one price but the first."""
    column = np.repeat(np.arange(rows), 2)[1:]
    start = np.append(np.arange(0, column.size, 2), column.size)
    edges = Edges(start, column, rows)
    prices = np.full((2, column.size), [[difference], [lag]])
    prices[:, 0] = difference - 1, 0
    return edges, *prices


def test_days_do_not_count_where_they_would_leave_64_bits():
    """Pairs before money and money before days, as far as the numbers reach; never wrapped."""
    for difference, days in ((10**9, 1), (10**14, 0)):
        gain = gains(*path_of(100, difference, 5))
        assert gain.min() > 0
        assert gain.max() < GAIN_LIMIT
        assert gain[0] - gain[1] == (1 if days == 0 else 5 * 100 + 1 + 5)
        assert (gain.max() - gain.min()) * 100 < gain.min()


def test_money_that_leaves_64_bits_is_refused_by_name():
    """So many rows with such differences cannot be weighed, which is said before any is linked."""
    with pytest.raises(ResourceError, match="10,000 rows that hang together"):
        gains(*path_of(10_000, 10**15, 5))


def test_a_tie_of_many_rows_lists_a_few_candidates_of_each():
    """Forty equal rows a side: every row is shown, with eight of its forty candidates."""
    rows = [row(side, "k", 100, due=1, value=1) for side in (M, C) for _ in range(40)]
    leg = leg_of(Method.BAND, tolerance_minor=2)
    found = match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg), means=Means(1))
    assert found.links.height == 0
    told = found.ambiguous.group_by("row").len()
    assert told["row"].n_unique() == 80
    assert told["len"].unique().to_list() == [8]


def test_which_candidates_of_a_large_tie_are_listed_does_not_depend_on_the_order():
    """Twenty equal rows a side, told apart by content alone: the same few are listed, any order."""
    said = []
    for seed in range(3):
        rows = [row(side, "k", 500, due=1, value=1) for side in (M, C) for _ in range(20)]
        content = [number % 20 * 10 + 1 for number in range(40)]
        order = np.random.default_rng(seed).permutation(40)
        slim = slim_of([rows[k] for k in order]).with_columns(
            fingerprint=pl.Series([content[k] for k in order])
        )
        leg = leg_of(Method.BAND, tolerance_minor=2)
        mixed = [rows[k] for k in order]
        found = match(slim, digests_of(mixed), (leg,), everybody(mixed, leg), means=Means(1))
        told = [(int(k) // 20, content[k]) for k in order]
        lines = found.ambiguous.select("row", "candidate").rows()
        said.append(sorted((told[one], told[other]) for one, other in lines))
    assert 0 < len(said[0]) < 400
    assert said[0] == said[1] == said[2]
