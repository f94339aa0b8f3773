from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels.repeats import chain_repeats
from recon.core.repeats import SECOND, Payments, find_repeats


def digest_of(words):
    raw = [np.frombuffer(hashlib.sha256(w.encode()).digest()[:16], np.uint64) for w in words]
    return np.array(raw, np.uint64).reshape(len(raw), 2)


def payments(rows):
    """Return payments of (card, merchant, amount, second) rows."""
    return Payments(
        row=np.arange(len(rows)),
        customer=digest_of([f"{card}|{shop}" for card, shop, _, _ in rows]),
        merchant=digest_of([shop for _, shop, _, _ in rows]),
        amount=np.array([amount for _, _, amount, _ in rows], np.int64),
        currency=np.zeros(len(rows), np.int64),
        time=np.array([second * SECOND for _, _, _, second in rows], np.int64),
    )


def shop(popular, seed=1):
    """Return an ordinary day of a shop: 2,000 sales, a share of them at one popular price."""
    rng = np.random.default_rng(seed)
    return [
        (
            f"card{rng.integers(1500)}",
            "shop",
            300 if rng.random() < popular else int(rng.integers(500, 90_000)),
            int(rng.integers(0, 86_400)),
        )
        for _ in range(2000)
    ]


def test_quick_repeat_of_an_odd_amount_is_a_likely_double_charge():
    """The same card, the same odd amount, twenty seconds later: near certain."""
    rows = [*shop(0.2), ("victim", "shop", 48_713, 1000), ("victim", "shop", 48_713, 1020)]
    found = find_repeats(payments(rows)).to_dicts()
    last = [line for line in found if line["row"] == 2001]
    assert last[0]["chain"] == 2000
    assert last[0]["gap_seconds"] == 20
    assert last[0]["probability_ppm"] > 950_000


def test_popular_price_and_frequent_customer_are_told_apart():
    """A regular who buys the popular ticket every four minutes is no likely double charge."""
    ride = [("regular", "metro", 300, 240 * k) for k in range(100)]
    others = [(f"c{k}", "metro", 300, 40 * k) for k in range(1500)]
    found = find_repeats(payments(ride + others))
    mine = found.filter(found["row"] < 100)["probability_ppm"]
    assert mine.max() < 100_000


def test_order_of_rows_changes_nothing():
    """Rows given in another order keep their chains and probabilities."""
    rows = [*shop(0.5), ("victim", "shop", 777, 50), ("victim", "shop", 777, 90)]
    one = payments(rows)
    order = np.random.default_rng(3).permutation(len(rows))
    two = Payments(*(getattr(one, name)[order] for name in one.__dataclass_fields__))
    assert find_repeats(one).equals(find_repeats(two))


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


def test_no_payments_no_chains():
    """An empty side has no chains."""
    assert find_repeats(payments([])).is_empty()
