"""The rebate kernel: interpreted, compiled and the exact-fraction oracle agree."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import rebate as kernel
from recon.core.tiers import Tiers, rated, split
from tests.oracle import rebates as oracle

SALE = st.one_of(
    st.tuples(st.integers(1, 100_000), st.just(1)),
    st.tuples(st.integers(-50_000, -1), st.just(0)),
)


@st.composite
def months(draw):
    """Draw the sales of up to three groups and rising tiers."""
    groups = draw(st.lists(st.lists(SALE, max_size=12), min_size=1, max_size=3))
    by_count, excess = draw(st.booleans()), draw(st.booleans())
    highest = 10 if by_count else 400_000
    starts = sorted(draw(st.sets(st.integers(0, highest), min_size=1, max_size=4)))
    rates = draw(
        st.lists(st.integers(0, 10**9), min_size=len(starts), max_size=len(starts)),
    )
    return groups, Tiers(tuple(starts), tuple(rates), by_count, excess)


@settings(max_examples=300, deadline=None)
@given(drawn=months(), interpreted=st.booleans())
def test_split_is_the_oracle_s(drawn, interpreted):
    """Volume, count, portions and rebate of every group are those of plain fractions."""
    groups, tiers = drawn
    flat = [(number, *sale) for number, sales in enumerate(groups) for sale in sales]
    group, amount, step = (np.array([row[i] for row in flat], np.int64) for i in range(3))
    if interpreted:
        volume, count = np.zeros(len(groups), np.int64), np.zeros(len(groups), np.int64)
        portion = np.zeros((len(groups), len(tiers.start)), np.int64)
        kernel.split.py_func(
            group,
            amount,
            amount,
            step,
            np.array(tiers.start),
            tiers.by_count,
            tiers.excess,
            volume,
            count,
            portion,
        )
        rebate = rated(portion, tiers.rate)
    else:
        answer = split(tiers, len(groups), group, amount, amount, step)
        volume, count, portion, rebate = (
            answer.volume,
            answer.count,
            answer.portion,
            answer.rebate,
        )
    plain = [
        (start, Fraction(rate, 10**9)) for start, rate in zip(tiers.start, tiers.rate, strict=True)
    ]
    for number, sales in enumerate(groups):
        parts = oracle.portions(sales, plain, by_count=tiers.by_count, excess=tiers.excess)
        assert volume[number] == sum(sale[0] for sale in sales)
        assert count[number] == sum(sale[1] for sale in sales)
        assert portion[number].tolist() == parts
        assert rebate[number] == oracle.rebate_minor(parts, plain)


def test_no_rows_no_rebate():
    """A group without rows earns nothing."""
    none = np.empty(0, np.int64)
    answer = split(Tiers((0,), (10**7,), by_count=False, excess=True), 1, none, none, none, none)
    assert answer.rebate.tolist() == [0]
