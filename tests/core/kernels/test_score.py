from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import features, isotonic, marginals, score, strangers
from recon.core.kernels.text import count_prefixes
from recon.core.passes.score.levels import BOUNDS_PPM
from recon.core.passes.score.population import (
    amount_tally,
    feature_least,
    feature_shares,
    prefix_tally,
)
from recon.core.passes.score.texts import Texts, in_byte_order, shared_features
from tests.core.kernels.texts import column, edges
from tests.oracle import score as oracle
from tests.oracle import text as text_oracle

TOKEN = st.sampled_from(["ACME", "SHOP", "20261109", "4711", "INV123456", "AB", "7654321"])
MEMO = st.lists(TOKEN, max_size=3).map(" ".join)
ROW = st.tuples(st.integers(-3_000, 3_000), st.integers(0, 3), MEMO)
EDGES = [1_000_000 + sign * bound for bound in BOUNDS_PPM for sign in (-1, 1)]
EDGE_ROW = st.tuples(st.sampled_from(EDGES), st.integers(0, 3), MEMO)
REAL = st.floats(0.0, 1.0, width=16)


def every_form(kernel, *arguments):
    """Run a kernel compiled and interpreted; uint64 sums wrap around in both."""
    yield kernel(*arguments)
    with np.errstate(over="ignore"):
        yield kernel.py_func(*arguments)


@given(st.lists(st.lists(TOKEN, max_size=4).map(" ".join), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_features_are_words_and_windows(words):
    """As many features as the oracle's, equal ones with equal numbers, in every row."""
    data, offsets = column(words)
    wanted = [text_oracle.features(word) for word in words]
    start, nothing = np.empty(len(words) + 1, np.int64), np.empty(0, np.uint64)
    for total in every_form(features.list_features, data, offsets, start, nothing):
        assert total == sum(map(len, wanted))
        assert np.diff(start).tolist() == [len(row) for row in wanted]
    out = np.empty(total, np.uint64)
    for _ in every_form(features.list_features, data, offsets, start, out):
        named = dict(zip([word for row in wanted for word in sorted(row)], out, strict=True))
        assert len(set(out.tolist())) == len(named)
        out_copy = out.copy()
    assert np.array_equal(out, out_copy)


def half(rows):
    """Return one side as the kernel takes it, without features."""
    data, offsets = column([memo for _, _, memo in rows])
    return (
        np.array([amount for amount, _, _ in rows], np.int64),
        np.array([day for _, day, _ in rows], np.int64),
        data,
        offsets,
    )


def block(lefts, rights):
    """Return what `weigh_block` takes for every pair of two sides."""
    left, right = half(lefts), half(rights)
    shared = shared_features(Texts(*left[2:]), Texts(*right[2:]))
    sides = [
        score.Half(*side, Texts(*side[2:]).head, part.start, part.code, part.sign)
        for side, part in ((left, shared.left), (right, shared.right))
    ]
    ordered = in_byte_order(Texts(*right[2:]))
    counted = np.empty((len(lefts), score.PREFIX_BYTES), np.int32)
    count_prefixes(*left[2:], ordered.data, ordered.offsets, counted)
    tally = prefix_tally(Texts(*right[2:]), ordered)
    prefix_log = np.empty(counted.shape)
    strangers.prefix_shares(counted, *left[2:], tally, len(rights), prefix_log)
    days = np.maximum(np.bincount(right[1], minlength=4), 1) / len(rights)
    bounds, amounts = np.array(BOUNDS_PPM, np.int64), np.sort(right[0])
    counts = score.Counts(
        bounds=bounds,
        ordered=amounts,
        amount_tally=amount_tally(amounts, bounds),
        day_log=np.log(days),
        first_day=0,
        earliest=-3,
        lags=7,
        key_log=np.zeros(len(lefts)),
        feature_digits=shared.digits,
        feature_log=feature_shares(shared, np.array([0.25, 0.125, 0.0625])),
        sharing_log=np.full(3, np.inf),
    )
    return sides, prefix_log, counts


@given(st.lists(ROW, min_size=1, max_size=4), st.lists(ROW, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_levels_and_shares_equal_oracle(lefts, rights):
    """Levels and value-specific shares of every pair are those counted by walking."""
    sides, prefix_log, counts = block(lefts, rights)
    start, columns = edges(lefts, rights)
    gates = score.Gates(np.zeros((3, score.TEXT_LEVELS)), 0.0, -np.inf, 0.0, np.inf)
    memos = [memo for _, _, memo in rights]
    for kernel in (score.weigh_block, score.weigh_block.py_func):
        level, log_u = np.empty((3, columns.size), np.int16), np.empty((3, columns.size))
        out = score.Kept(np.empty(columns.size, np.int64), level, log_u, np.ones(columns.size))
        assert kernel(start, columns, 0, *sides, prefix_log, counts, gates, out) == columns.size
        assert set(out.near.tolist()) == {score.NOT_LOOKED_AT}
        for e, (i, j) in enumerate((i, j) for i in range(len(lefts)) for j in range(len(rights))):
            near = oracle.amount(lefts[i][0], [one for one, _, _ in rights], j)
            assert level[0, e] == near[0]
            assert log_u[0, e] == pytest.approx(np.log(near[1]))
            assert level[1, e] == rights[j][1] - lefts[i][1] + 3
            told = oracle.text_level(lefts[i][2], memos, j, [memo for _, _, memo in lefts])
            assert level[2, e] == told[0]
            assert log_u[2, e] == pytest.approx(np.log(told[1]))


@given(
    st.lists(EDGE_ROW, min_size=1, max_size=4),
    st.lists(EDGE_ROW, min_size=1, max_size=6),
    st.integers(0, 20),
    st.sampled_from([2.0, 10.0]),
)
@settings(max_examples=200, deadline=None)
def test_gates_drop_only_what_they_say(lefts, rights, seed, near_keep):
    """A pair is kept when its odds reach the gate, or when its spelling may still lift it.

    Each pair's own odds are tried as the gate, a hair above and below.
    """
    sides, prefix_log, counts = block(lefts, rights)
    start, columns = edges(lefts, rights)
    log_m = 4.0 * np.random.default_rng(seed).random((3, score.TEXT_LEVELS)) - 4.0

    def weighed(gate):
        gates = score.Gates(log_m, 0.0, gate, 1.0, near_keep)
        out = score.Kept(
            np.empty(columns.size, np.int64),
            np.empty((3, columns.size), np.int16),
            np.empty((3, columns.size)),
            np.empty(columns.size, np.int8),
        )
        n = score.weigh_block(start, columns, 0, *sides, prefix_log, counts, gates, out)
        odds = np.empty(n)
        told = (out.level[:, :n], -out.log_u[:, :n].sum(axis=0), log_m, 0.0, odds)
        runs = [odds.copy() for _ in every_form(score.weigh_edges, *told)]
        assert np.array_equal(*runs)
        return out.edge[:n].tolist(), runs[0], out.near[:n]

    edge, odds, near = weighed(-np.inf)
    assert edge == list(range(columns.size))
    for gate in [odds[:8] - 1e-9, odds[:8] + 1e-9]:
        for least in gate.tolist():
            wanted = np.flatnonzero((odds >= least) | (near == 0)).tolist()
            assert weighed(least)[0] == wanted


@given(st.lists(MEMO, min_size=1, max_size=5), st.lists(MEMO, min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_lone_features_are_counted(lefts, rights):
    """Rows whose words or numbers no other row shows, and those that share one with one other."""
    shared = shared_features(Texts(*column(lefts)), Texts(*column(rights)))
    start, code = shared.right.start.tolist(), shared.right.code.tolist()
    wanted = [[0, 0], [0, 0]]
    for begin, end in itertools.pairwise(start):
        for kind in (0, 1):
            shown = [shared.count[c] for c in code[begin:end] if shared.digits[c] == kind]
            several = [rows for rows in shown if rows > 1]
            wanted[0][kind] += bool(shown) and not several
            wanted[1][kind] += min(several, default=0) == 2
    several_kinds = (start, code, shared.count, shared.digits)
    for kernel in (strangers.tally_features, strangers.tally_features.py_func):
        tally = np.zeros((2, 2), np.int64)
        kernel(*(np.array(part, np.int64) for part in several_kinds), tally)
        assert tally.tolist() == wanted
    rows, general = len(rights), ((0, 0.05), (1, 0.02), (1, 0.0005))
    expected = [
        oracle.least((wanted[0][kind], wanted[1][kind]), rows, share) for kind, share in general
    ]
    assert feature_least(shared).tolist() == pytest.approx(expected)


@given(st.lists(st.tuples(REAL, st.integers(1, 9)), min_size=1, max_size=9))
@settings(max_examples=200, deadline=None)
def test_pooling_equals_the_minmax_formula(points):
    """The pooled fit is the isotonic regression, compiled and interpreted."""
    value, weight = (np.array(side, float) for side in zip(*points, strict=True))
    wanted = oracle.isotonic(value.tolist(), weight.tolist())
    out = np.empty(value.size)
    for _ in every_form(isotonic.pool_adjacent, value, weight, out):
        assert out.tolist() == pytest.approx(wanted)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4), st.lists(st.floats(-3, 3), max_size=3))
@settings(max_examples=100, deadline=None)
def test_marginals_are_exact_on_trees(row, more):
    """A row with its candidates, and one candidate with further rows: the enumerated shares."""
    lefts = 1 + len(more)
    start = np.array([0, *range(len(row), len(row) + lefts)])
    columns = np.array([*range(len(row)), *[0] * len(more)])
    weight = np.array([*row, *more])
    odds = [[0.0] * len(row) for _ in range(lefts)]
    odds[0] = np.exp(row).tolist()
    for k, extra in enumerate(more):
        odds[k + 1][0] = float(np.exp(extra))
    exact = oracle.marginals(odds)
    wanted = [*exact[0], *(line[0] for line in exact[1:])]
    out = np.empty(weight.size)
    for rounds in every_form(
        marginals.pair_marginals, start, columns, weight, len(row), 200, 1e-12, out
    ):
        assert rounds < 200
        assert out.tolist() == pytest.approx(wanted, abs=1e-9)


def test_near_shares_leave_the_nearest_out():
    """A row's own strangers tell how common nearness is; pairs not looked at do not count."""
    near = np.array([5, 5, 0, -1, 0, 0], np.int8)
    start = np.array([0, 4, 6])
    base = np.array([1.0, 0.1, 0.1, 0.1, 0.1, 0.01])
    for kernel in (score.near_shares, score.near_shares.py_func):
        shares = np.empty((2, score.NEAR_LEVELS))
        kernel(start, near, base, shares)
        assert np.exp(shares[0, 5]) == pytest.approx((1 + 10 * 0.01) / (2 + 10))
        assert np.exp(shares[1, 5]) == pytest.approx(0.01)
        level, log_u = np.array([2, 26, 0, 0, 0, 0]), np.full(6, -0.01)
        for add in (score.add_nearness, score.add_nearness.py_func):
            levels = level.copy()
            add(start, near, shares, levels, log_u.copy())
            assert levels.tolist() == [37, 26, 0, 0, 0, 0]


@given(st.integers(0, 1), st.integers(1, 9))
def test_a_feature_level_tells_kind_and_number(digits, shared):
    """One, two, three or more words or numbers."""
    expected = (27 if digits else 30) + min(shared, 3) - 1
    for level in every_form(score.feature_level, digits, shared):
        assert level == expected
