from __future__ import annotations

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
        "missed": np.full(size, 3),
        "booked": np.full(size, 5_000),
        "same_authorisation": np.zeros(size, bool),
        "trace_gap": np.zeros(size, np.int64),
        "at_limit": np.zeros(size, bool),
    }
    return Signs(**known | changes)


def chance(gap, chain=2, **changes):
    """Return the probability of one repeat."""
    given_signs = signs(**{name: np.array([value]) for name, value in changes.items()})
    return probabilities(np.array([gap]), np.array([chain]), given_signs, MODEL)[0]


def test_a_quick_repeat_alone_is_no_double_charge():
    """Twenty seconds between two equal payments say little: genuine repeats are commoner."""
    assert chance(20) < 0.1
    assert chance(200) < 0.001


def test_a_quick_repeat_that_the_books_do_not_have_is():
    """One order, two equal charges twenty seconds apart: near certain."""
    assert chance(20, unbooked=True) > 0.95
    assert chance(200, unbooked=True) < 0.5


def test_the_merchants_own_rate_counts():
    """Where customers repeat payments all day, a repeat without its order is no proof."""
    assert chance(20, unbooked=True, repeats=215) < 0.8
    assert chance(20, unbooked=True, missed=200) < 0.8


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
