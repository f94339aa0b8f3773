from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import subset
from recon.core.passes.subset import search as searching
from recon.core.passes.subset.search import Answer, Form, Pool, search
from tests.oracle import subset as oracle

SIGNED = st.lists(st.integers(-9, 15).filter(bool), min_size=1, max_size=9)
POSITIVE = st.lists(st.integers(1, 15), min_size=1, max_size=9)
TARGET = st.tuples(st.integers(-10, 60), st.integers(0, 2)).map(lambda p: (p[0], p[0] + p[1]))


@given(SIGNED, TARGET)
@settings(max_examples=200, deadline=None)
def test_meet_counts_every_subset(amounts, band):
    """Meeting in the middle counts all subsets and lists true ones (the empty set included)."""
    low, high = band
    hits, members = searching.meet(np.array(amounts, np.int64), low, high)
    expected = oracle.subsets(amounts, low, high)
    assert hits == len(expected) + (low <= 0 <= high)
    assert all(line == () or line in expected for line in members)


@given(SIGNED, TARGET, st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_few_rows_are_counted_exactly(amounts, band, most):
    """Sets of at most four rows: the count is the oracle's, compiled and interpreted."""
    ordered = np.sort(np.array(amounts, np.int64))
    expected = [s for s in oracle.subsets(ordered.tolist(), *band) if len(s) <= most]
    out = np.empty((99, 4), np.int64)
    assert subset.find_few(ordered, *band, most, out) == len(expected)
    listed = {tuple(k for k in line if k >= 0) for line in out[: len(expected)].tolist()}
    assert len(expected) > 99 or listed == set(expected)
    assert subset.find_few.py_func(ordered, *band, most, out) == len(expected)


@given(SIGNED, TARGET)
@settings(max_examples=100, deadline=None)
def test_runs_are_counted_exactly(amounts, band):
    """Consecutive rows: hits are the oracle's, near ones include them."""
    prefix = np.concatenate(([0], np.cumsum(amounts))).astype(np.int64)
    out = np.empty((99, 2), np.int64)
    for kernel in (subset.find_runs, subset.find_runs.py_func):
        hits, near = kernel(prefix, *band, 5, out)
        assert [tuple(line) for line in out[:hits].tolist()] == oracle.runs(amounts, *band)
        assert near == len(oracle.runs(amounts, band[0] - 5, band[1] + 5))


@given(
    POSITIVE,
    st.integers(1, 80),
    st.integers(0, 2),
    st.integers(1, 40),
    st.integers(1, 4),
    st.integers(1, 9),
)
@settings(max_examples=300, deadline=None)
def test_planes_say_none_one_or_several_exactly(amounts, low, width, scale, block, reach):
    """The planes give the brute-force count cut at two, across words and in any sweeps."""
    scaled = np.array(amounts, np.int64) * scale
    band = low * scale, low * scale + width
    expected = min(2, len(oracle.subsets(scaled.tolist(), *band)))
    assert subset.solve_planes(scaled, *band, block, reach) == expected
    assert subset.solve_planes.py_func(scaled, *band, block, reach) == expected


@given(SIGNED, TARGET)
@settings(max_examples=300, deadline=None)
def test_search_answers_truly(amounts, band):
    """Whatever form decides, its hits add up; 'none' means that no subset does."""
    low, high = band
    if low <= 0 <= high:
        return
    every = oracle.subsets(amounts, low, high)
    found = search(Pool(np.array(amounts, np.int64), low, high, 10**6))
    assert (found.answer == Answer.NONE) == (not every)
    assert set(found.members) <= set(every)
    assert found.alternatives <= len(every)
    if found.form == Form.ANY:
        assert found.alternatives == len(every)


@given(SIGNED, TARGET)
@settings(max_examples=150, deadline=None)
def test_large_pool_method_agrees_with_brute_force(amounts, band):
    """Signs, complement and planes together give the count cut at two."""
    low, high = band
    if low <= 0 <= high:
        return
    pool = Pool(np.array(amounts, np.int64), low, high, 10**6)
    assert searching.planes(pool) == min(2, len(oracle.subsets(amounts, low, high)))


@given(POSITIVE, TARGET, st.integers(2, 20))
@settings(max_examples=200, deadline=None)
def test_remainders_only_exclude_what_cannot_be(amounts, band, most):
    """A modulus excludes a band exactly when no subset's remainder falls in it."""
    low, high = max(band[0], 0), max(band[1], 0)
    amount = np.array(amounts, np.int64)
    every = {sum(s) for n in range(len(amounts) + 1) for s in combinations(amounts, n)}
    reached = {
        modulus: {total % modulus for total in every} & {s % modulus for s in range(low, high + 1)}
        for modulus in range(2, most + 1)
    }
    for kernel in (subset.reaches_residue, subset.reaches_residue.py_func):
        for modulus, hits in reached.items():
            spares = np.ones((2, most), np.uint8)
            assert kernel(amount, modulus, low, high, *spares) == bool(hits)
    for kernel in (subset.proved_none, subset.proved_none.py_func):
        modulus = kernel(amount, low, high, *np.ones((2, most), np.uint8))
        first = [m for m, hits in reached.items() if not hits and m >= high - low + 2]
        assert modulus == (first[0] if first else 0)


@given(
    st.lists(st.integers(1, 9), min_size=4, max_size=9),
    st.lists(st.integers(1, 900), max_size=3),
    st.integers(33, 90),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_few_rows_outside_a_divisor_are_chosen_one_by_one(multiples, others, divisor, data):
    """Multiples of a number and up to three other rows: the count is that of every subset."""
    amounts = [divisor * multiple for multiple in multiples] + others
    chosen = data.draw(st.lists(st.sampled_from(range(len(amounts))), unique=True))
    target = max(sum(amounts[k] for k in chosen) + data.draw(st.sampled_from([0, 0, 1])), 2)
    pool = Pool(np.array(amounts, np.int64), target, target + 1, 10**6)
    every = oracle.subsets(amounts, target, target + 1)
    assert searching.planes(pool) == min(2, len(every))


def test_strays_are_the_rows_that_a_divisor_leaves():
    """All but two of 60 rows share 10,007; where half of them do not, there is none."""
    amount = 10_007 * np.arange(50, 110)
    amount[[3, 40]] += 1
    assert np.flatnonzero(searching.strays(amount)).tolist() == [3, 40]
    amount[:30] += 1
    assert not searching.strays(amount).any()


def test_pool_of_414_rows_is_answered_exactly():
    """At 414 rows and a target of 143 million several subsets exist, proved at once."""
    rng = np.random.default_rng(1)
    amount = rng.integers(10_000, 1_000_000, 414)
    assert searching.planes(Pool(amount, 143_000_000, 143_000_000, 10**9)) == 2


def test_even_amounts_never_reach_an_odd_target():
    """A pool of 60 even amounts is proved to have no subset of an odd sum."""
    amount = np.arange(1000, 1060) * 2
    found = search(Pool(amount, 60_001, 60_001, 10**8))
    assert found.answer == Answer.NONE


def test_budget_too_small_is_said():
    """Where the proof is too dear the answer is 'exhausted', not 'none'."""
    amount = 1_000 * np.arange(1000, 1060)
    amount[::2] += 1
    assert search(Pool(amount, 30_000_500, 30_000_500, 10)).answer == Answer.EXHAUSTED
    assert search(Pool(amount, 30_000_500, 30_000_500, 10**9)).answer == Answer.NONE


def test_planes_prove_what_no_remainder_proves():
    """Multiples of a large prime reach every remainder, so that only the planes can say none."""
    prime = 10_007
    amount = prime * np.arange(50, 110)
    amount[::2] += 1
    target = 2_400 * prime + 500
    assert not searching.excluded(amount, target, target, 10**9)
    assert search(Pool(amount, target, target, 10**9)).answer == Answer.NONE


@pytest.mark.parametrize(
    ("amounts", "target", "form", "members"),
    [
        ([100, 250, 300], 650, Form.WHOLE, (0, 1, 2)),
        ([117, 250, 333, 428], 583, Form.RUN, (1, 2)),
        ([1009, 2003, 3001, -499, 777], 1009 + 3001 - 499 + 777, Form.ALL_BUT_FEW, (0, 2, 3, 4)),
        ([70, 11, 70, 23, 70, 900, 41, 37], 210, Form.EQUAL, (0, 2, 4)),
    ],
)
def test_shortest_description_decides(amounts, target, form, members):
    """Seed 11 and others: whole, run, all but few (with a refund), equal amounts."""
    found = search(Pool(np.array(amounts, np.int64), target, target, 10**6))
    assert (found.form, found.members) == (form, (members,))


ROWS = st.integers(1, 9)
UNUSUAL = st.one_of(
    st.builds(lambda n, a: [a] * n, ROWS, st.integers(1, 500)),  # all equal
    ROWS.map(lambda n: [1 << k for k in range(n)]),
    st.lists(st.sampled_from([7, 7, 13, -13, 20]), min_size=1, max_size=9),
    st.lists(st.sampled_from([1, -1, 10**15, -(10**15), 99, 100]), min_size=1, max_size=9),
    st.lists(st.integers(10**15 - 3, 10**15), min_size=1, max_size=9),
)


@given(UNUSUAL, st.data(), st.integers(0, 3), st.sampled_from([10, 1_000, 10**7]))
@settings(max_examples=300, deadline=None)
def test_unusual_pools_are_answered_truly(amounts, data, slack, budget):
    """Equal amounts, powers of two, opposites, duplicates, the largest amounts; any budget."""
    chosen = data.draw(st.lists(st.sampled_from(range(len(amounts))), unique=True))
    target = sum(amounts[k] for k in chosen) + data.draw(st.sampled_from([0, 0, 1, -50]))
    low, high = target - slack, target + slack
    if low <= 0 <= high:
        return
    every = oracle.subsets(amounts, low, high)
    pool = Pool(np.array(amounts, np.int64), low, high, budget)
    found = search(pool)
    assert set(found.members) <= set(every)
    assert found.alternatives <= len(every)
    assert np.isfinite(found.accidents)
    assert found.accidents >= 0
    if found.answer == Answer.NONE:
        assert not every
    if found.answer == Answer.UNIQUE:
        rows = len(found.members[0])
        rivals = {
            Form.WHOLE: [line for line in every if len(line) == len(amounts)],
            Form.RUN: oracle.runs(amounts, low, high),
            Form.ALL_BUT_FEW: [line for line in every if len(amounts) - len(line) in (1, 2, 3)],
            Form.EQUAL: [
                line
                for line in every
                if len(line) > 1
                and len({amounts[k] for k in line}) == 1
                and amounts.count(amounts[line[0]]) == len(line)
            ],
            Form.FEW: [line for line in every if len(line) <= max(rows, 1)],
            Form.ANY: every,
        }[found.form]
        assert len(rivals) == 1
    assert searching.planes(pool) in (None, min(2, len(every)))


def test_one_hit_of_a_part_of_a_form_is_no_proof():
    """A budget for two rows but not for four may find one pair, which is not called unique."""
    amount = [1_000_003, 90_000_011, 2_000_005, 7, 500_001, 70_000_017, 900_000, 1_600_000]
    amount = np.array(amount, np.int64)
    target = 3_000_008  # two rows, and four others
    few = search(Pool(amount, target, target, 50_000_000))
    assert (few.answer, few.form, few.alternatives) == (Answer.ALTERNATIVES, Form.FEW, 2)
    cut = search(Pool(amount, target, target, 20))
    assert (cut.answer, cut.form, cut.members) == (Answer.EXHAUSTED, Form.FEW, ((0, 2),))


def test_a_run_takes_all_rows_of_a_moment_or_none():
    """Rows of one moment have no order: that two of them stand side by side says nothing."""
    amount, moment = np.array([10, 20, 40, 50, 7], np.int64), np.array([0, 0, 0, 0, 1], np.int64)
    assert search(Pool(amount, 60, 60, 10**6)).form == Form.RUN
    found = search(Pool(amount, 60, 60, 10**6, moment))
    assert (found.answer, found.alternatives) == (Answer.ALTERNATIVES, 2)
    assert search(Pool(amount, 120, 120, 10**6, moment)).members == ((0, 1, 2, 3),)
