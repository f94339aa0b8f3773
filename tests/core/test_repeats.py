from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels.repeats import chain_repeats
from recon.core.repeats import SECOND, RepeatModel, Signs, find_repeats, probabilities

MODEL = RepeatModel()


def signs(size=1, **changes):
    """Return what is known of some repeats of an ordinary shop: 5,000 payments, 5 repeats."""
    known = {
        "unbooked": np.zeros(size, bool),
        "payments": np.full(size, 5_000),
        "repeats": np.full(size, 5),
        "ordered": np.zeros(size, bool),
        "by_gap": np.zeros(3, np.int64),
        "visits": np.zeros(size, np.int64),
        "popularity": np.ones(size),
        "attempts": np.zeros(size, bool),
        "attempted": np.zeros(size, bool),
        "missed": np.full(size, 3),
        "booked": np.full(size, 5_000),
        "same_authorisation": np.zeros(size, bool),
        "trace_gap": np.zeros(size, np.int64),
        "at_limit": np.zeros(size, bool),
    }
    return Signs(**known | changes)


def chance(gap, chain=2, **changes):
    """Return the probability of one repeat."""
    known = {name: np.array([value]) for name, value in changes.items() if name != "by_gap"}
    whole = {name: value for name, value in changes.items() if name == "by_gap"}
    given_signs = signs(**known, **whole)
    return probabilities(np.array([gap]), np.array([chain]), given_signs, MODEL)[0]


def test_a_quick_repeat_alone_is_no_double_charge():
    """Twenty seconds between two equal payments say little: genuine repeats are commoner."""
    assert chance(20) < 0.5
    assert chance(20, ordered=True) < 0.05
    assert chance(200) < 0.01


def test_a_quick_repeat_that_the_books_do_not_have_is():
    """One order, two equal charges twenty seconds apart: near certain."""
    assert chance(20, unbooked=True) > 0.99
    assert chance(290, unbooked=True) < 0.5


def test_the_merchants_own_rate_counts():
    """Where customers repeat payments all day, a repeat without its order is no proof."""
    plain = chance(90, unbooked=True)
    assert chance(90, unbooked=True, repeats=430) < 0.5 < plain
    assert chance(90, unbooked=True, missed=200) < 0.5 < plain


def test_how_soon_genuine_repeats_come_is_learned():
    """Where genuine repeats come within a minute, one more within a minute proves less."""
    soon, late = np.array([500, 0, 0]), np.array([0, 300, 200])
    assert chance(40, unbooked=True, by_gap=soon) < chance(40, unbooked=True)
    assert chance(40, unbooked=True, by_gap=late) > chance(40, unbooked=True)


def test_regulars_and_usual_prices_speak_against():
    """A card that comes often, and a fare that everybody pays, repeat by themselves."""
    plain = chance(90, unbooked=True)
    assert chance(90, unbooked=True, visits=6) < plain
    assert chance(90, unbooked=True, popularity=20.0) < plain < 1
    assert chance(90, unbooked=True, popularity=0.05) > plain


def test_a_failed_attempt_right_before_speaks_for_a_retry():
    """It says nothing where the channel's file never shows attempts that failed."""
    plain = chance(100, unbooked=True)
    assert chance(100, unbooked=True, attempts=True, attempted=True) > plain
    assert chance(100, unbooked=True, attempts=True) < plain
    assert chance(100, unbooked=True, attempted=True) == plain


@pytest.mark.parametrize(
    ("repeat_ppm", "missing_ppm", "least", "precision", "recall"),
    [
        (500, 10, 0.95, 0.999, 0.99),
        (500, 20, 0.95, 0.999, 0.99),
        (1_000, 10, 0.95, 0.998, 0.99),
        (1_000, 50, 0.95, 0.9975, 0.99),
        (1_000, 50, 0.99, 0.999, 0.95),
    ],
)
def test_recall_and_precision_on_drawn_worlds(repeat_ppm, missing_ppm, least, precision, recall):
    """Of double charges 99 % are told; what else is told are genuine repeats without an order.

    Where both are frequent, a higher least probability buys precision with recall.

    Two hundred million payments of an ordinary trade, 20 in a million charged twice. How many
    repeats lack an order bounds what can be known; the stated probability is how many are right.
    """
    rng = np.random.default_rng(repeat_ppm + missing_ppm)
    payments = 200_000_000
    retries = rng.poisson(20e-6 * payments)
    genuine = rng.poisson(repeat_ppm * missing_ppm * 1e-12 * payments)
    soon = rng.exponential(45, 3 * retries)
    steps, shares = np.array(MODEL.steps), np.array(MODEL.shares)
    step = rng.choice(3, genuine, p=shares / shares.sum())
    later = rng.integers(steps[step], steps[step + 1])
    gap = np.concatenate([soon[soon < MODEL.window][:retries], later]).astype(np.int64)
    size = gap.size
    double = np.arange(size) < retries
    known = signs(
        size,
        unbooked=np.ones(size, bool),
        payments=np.full(size, 100_000),
        repeats=rng.poisson(repeat_ppm * 0.1, size),
        missed=np.full(size, missing_ppm),
        booked=np.full(size, 1_000_000),
        trace_gap=np.where(rng.random(size) < np.where(double, 0.9, 0.3), 1, 7),
    )
    chances = probabilities(gap, np.full(size, 2), known, MODEL)
    told = chances >= least
    right = (told & double).sum() / told.sum()
    assert (told & double).sum() / retries >= recall
    assert right >= precision
    assert abs(chances[told].mean() - right) < 0.003


def test_one_authorisation_presented_twice_decides():
    """Equal authorisation codes are one authorisation, whatever the books say."""
    assert chance(20, same_authorisation=True) > 0.99


def test_splitting_and_traffic_in_between_speak_against():
    """Three in a row, an amount at a limit, or other payments in between make it less likely."""
    plain = chance(30, unbooked=True)
    assert chance(30, chain=3, unbooked=True) < plain
    assert chance(30, unbooked=True, at_limit=True) < plain
    assert chance(30, unbooked=True, trace_gap=7) < plain
    assert chance(30, unbooked=True, trace_gap=1) > plain


def test_chains_name_the_payment_before_and_the_first():
    """A chain of three gives two repeats, told from its first payment; others stand alone."""
    same = np.array([7, 7, 8, 7, 7])
    time = np.array([0, 100, 100, 160, 900]) * SECOND
    found = find_repeats(same, time, MODEL)
    assert found.row.tolist() == [1, 3]
    assert found.before.tolist() == [0, 1]
    assert found.first.tolist() == [0, 0]
    assert found.gap.tolist() == [100, 60]
    assert found.chain.tolist() == [3, 3]


@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_order_of_rows_changes_nothing(order):
    """Payments given in another order have the same repeats."""
    same, time = np.array([1, 1, 1, 2, 2, 3]), np.array([5, 9, 400, 7, 8, 1]) * SECOND
    shuffled = np.array(order)
    found = find_repeats(same[shuffled], time[shuffled], MODEL)
    pairs = sorted(zip(shuffled[found.row], shuffled[found.before], strict=True))
    assert pairs == [(1, 0), (4, 3)]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=12).map(sorted),
    st.integers(0, 9),
    st.integers(0, 20),
)
@settings(max_examples=100, deadline=None)
def test_chains_equal_oracle(rows, window, span):
    """A chain goes on while the gap and the whole span allow; compiled equals interpreted."""
    group = np.array([g for g, _ in rows], np.int64)
    time = np.array([t for _, t in rows], np.int64)
    expected, heads = [], []
    for k, (g, t) in enumerate(rows):
        joins = (
            k > 0
            and rows[k - 1][0] == g
            and t - rows[k - 1][1] <= window
            and t - rows[heads[-1]][1] <= span
        )
        heads.append(heads[-1] if joins else k)
        expected.append((heads[-1], t - rows[k - 1][1] if joins else -1))
    for kernel in (chain_repeats, chain_repeats.py_func):
        chain, gap = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        kernel(group, time, window, span, chain, gap)
        assert list(zip(chain.tolist(), gap.tolist(), strict=True)) == expected


def test_probabilities_are_probabilities():
    """Every probability lies between 0 and 1, and falls with the gap within a step."""
    gaps = np.arange(301)
    out = probabilities(gaps, np.full(301, 2), signs(301), MODEL)
    assert ((out > 0) & (out < 1)).all()
    assert (np.diff(out[:60]) < 0).all()
    assert out[0] == pytest.approx(chance(0))


def naive_repeats(same, time, model):
    """Return (row, before, first, gap, chain) of every repeat, payment by payment."""
    window, span = model.window * SECOND, model.span * SECOND
    told = []
    for payer in sorted(set(same)):
        mine = sorted((k for k in range(len(same)) if same[k] == payer), key=lambda k: (time[k], k))
        chains = []
        for k in mine:
            chain = chains[-1] if chains else []
            near = bool(chain) and time[k] - time[chain[-1]] <= window
            if near and time[k] - time[chain[0]] <= span:
                chain.append(k)
            else:
                chains.append([k])
        for chain in chains:
            for before, k in pairwise(chain):
                gap = (time[k] - time[before]) // SECOND
                told.append((k, before, chain[0], gap, len(chain)))
    return sorted(told)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(0, 12).map(lambda step: step * 150 * SECOND)
            | st.integers(0, 4_000 * SECOND),
        ),
        max_size=25,
    )
)
@settings(max_examples=150, deadline=None)
def test_repeats_equal_a_naive_twin(payments):
    """Payments in any order: the same repeats, chains and gaps as found one by one."""
    same, time = [payer for payer, _ in payments], [at for _, at in payments]
    model = RepeatModel(span=900)
    found = find_repeats(np.array(same, np.int64), np.array(time, np.int64), model)
    told = zip(found.row, found.before, found.first, found.gap, found.chain, strict=True)
    assert sorted(tuple(map(int, line)) for line in told) == naive_repeats(same, time, model)
