"""Named causes: exactly those that fit are named, and none against another.

The oracle states each cause as a person would, with fractions and texts; what the engine names must
be the same set, whatever the two amounts are.
"""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.rules.amounts.causes import CausePolicy, Rate, find
from tests.night_world import NightWorld

POLICY = CausePolicy(
    tips=(150_000_000,),
    discounts=(50_000_000,),
    surcharges=(200,),
    rates=(
        Rate("2026-03-01", "USD", "CNY", 7_123_400_000),
        Rate("2026-03-02", "USD", "CNY", 7_100_000_000),
    ),
)
FAMILIES = {
    "rate": "converted at the rate",
    "unit": "unit error x100",
    "decimal": "decimal shifted",
    "sibling": "row 7 of",
    "fee": "fee of",
    "tip": "tip of",
    "tier": "tier: ",
    "digits": "digits ",
    "surcharge": "constant surcharge",
    "rounding": "rounded ",
}


def half_up(value):
    """Return a fraction as the nearest whole number, halves away from zero."""
    size = (abs(value) * 2 + 1) // 2
    return int(size if value >= 0 else -size)


def neighbours_swapped(first, second):
    """Return whether two texts of digits differ by two neighbours that changed places."""
    swaps = (
        first[:at] + first[at + 1] + first[at] + first[at + 2 :] for at in range(len(first) - 1)
    )
    return first != second and second in set(swaps)


def oracle(row):
    """Return the families of causes that fit a difference exactly."""
    expected, actual = row["expected_minor"], row["actual_minor"]
    gap = actual - expected
    if gap == 0:
        return set()
    fits = {
        "unit": expected * 100 == actual != 0 or actual * 100 == expected != 0,
        "decimal": any(
            expected * shift == actual != 0 or actual * shift == expected != 0
            for shift in (10, 1000)
        ),
        "rate": any(
            half_up(Fraction(row["base_minor"]) * rate.billionths / 10**9) == actual
            for rate in POLICY.rates
        ),
        "sibling": abs(gap) == row["sibling_minor"][0],
        "fee": row["fee_minor"] != 0 and abs(gap) in {abs(row["fee_minor"]) * n for n in (1, 2)},
        "tip": actual == expected + half_up(Fraction(expected) * 15 / 100),
        "tier": actual == expected - half_up(Fraction(expected) / 20)
        or (actual != 0 and expected == actual - half_up(Fraction(actual) / 20)),
        "surcharge": gap == 200,
        "digits": (expected < 0) == (actual < 0)
        and neighbours_swapped(*(str(abs(one)).zfill(20) for one in (expected, actual))),
        "rounding": any(
            actual != expected
            and abs(gap) < unit
            and actual % unit == 0
            and (expected * actual > 0 or actual == 0)
            for unit in (10, 100)
        ),
    }
    return {name for name, holds in fits.items() if holds}


def named(row):
    """Return the families that the engine names for a difference."""
    cause = find(pl.DataFrame([row]), POLICY)["cause"][0] or ""
    return {family for family, words in FAMILIES.items() if words in cause}


def difference(expected, actual, *, fee=0, sibling=1, base=0):
    """Return a difference with everything that a cause may look at."""
    return {
        "txn_id": 1,
        "expected_minor": expected,
        "actual_minor": actual,
        "fee_minor": fee,
        "currency": "CNY",
        "base_minor": base,
        "base_currency": "USD",
        "sibling_ids": [7],
        "sibling_minor": [sibling],
    }


AMOUNT = st.integers(1, 10**9)
PLANTS = {
    "rate": lambda one, two: difference(two, half_up(Fraction(one) * 71_234 / 10_000), base=one),
    "unit": lambda one, _: difference(one, one * 100),
    "decimal": lambda one, _: difference(one * 10, one),
    "sibling": lambda one, two: difference(one + two, one, sibling=two),
    "fee": lambda one, two: difference(one + two, one, fee=two),
    "tip": lambda one, _: difference(one, one + half_up(Fraction(one) * 15 / 100)),
    "tier": lambda one, _: difference(one, one - half_up(Fraction(one) / 20)),
    "digits": lambda one, _: difference(one * 1000 + 154, one * 1000 + 145),
    "surcharge": lambda one, _: difference(one, one + 200),
    "rounding": lambda one, _: difference(one * 100 + 47, one * 100),
}


@given(AMOUNT, AMOUNT, st.sampled_from(sorted(PLANTS)))
def test_a_planted_cause_is_named_and_only_what_fits(one, two, family):
    """The cause that was planted is named unless nothing differs; others only where they fit."""
    row = PLANTS[family](one, two)
    found = named(row)
    assert found == oracle(row)
    assert family in found or row["expected_minor"] == row["actual_minor"]


@given(
    st.integers(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
    st.integers(-300, 300),
    st.integers(1, 300),
    st.integers(-(10**5), 10**5),
)
def test_any_two_amounts_get_exactly_the_causes_that_fit(expected, actual, fee, sibling, base):
    """No cause is named that arithmetic does not bear out, and none that fits is left out."""
    row = difference(expected, actual, fee=fee, sibling=sibling, base=base)
    assert named(row) == oracle(row)


@given(st.integers(-300, 300), st.integers(-300, 300), st.integers(-40, 40))
def test_small_amounts_where_much_fits_by_chance(expected, actual, fee):
    """Of a few fen many causes may fit: all of them are told, so that none is taken for proven."""
    row = difference(expected, actual, fee=fee)
    assert named(row) == oracle(row)


@pytest.mark.parametrize("family", sorted(PLANTS))
def test_each_cause_stands_alone_on_an_ordinary_amount(family):
    """On an amount without round figures each cause excludes all the others."""
    assert named(PLANTS[family](123_457, 8_613)) == {family}


PAIRS = [
    ("too large", "too small"),
    ("taken off", "added"),
    ("rounded up to 1.00", "rounded down to 1.00"),
    ("unit error", "decimal shifted"),
]


@given(st.integers(-5_000, 5_000), st.integers(-5_000, 5_000), st.integers(-500, 500))
def test_opposite_causes_are_never_named_together(expected, actual, fee):
    """What cannot both have happened is not said of one difference."""
    cause = find(pl.DataFrame([difference(expected, actual, fee=fee)]), POLICY)["cause"][0] or ""
    for one, other in PAIRS:
        assert not (one in cause and other in cause), cause


def test_the_rule_file_says_what_may_explain(tmp_path):
    """Tips, tiers and surcharges of `[causes]`, and rates of `[[exchange]]`, are named at night."""
    world = NightWorld(tmp_path)
    more = '[causes]\ntip_percent = ["15"]\ntier_percent = [5]\nsurcharges_minor = [200]\n'
    more += '[[exchange]]\nname = "day"\n[[exchange.rate]]\ndate = 2026-11-06\n'
    more += 'base = "USD"\nquote = "CNY"\nrate = "7.1"\n'
    text = world.config.read_text("utf-8").replace(
        'channel_ref = "ref"\n',
        'channel_ref = "ref"\nbase_amount = "base"\nbase_currency = "base_currency"\n',
    )
    world.config.write_text(text + more, "utf-8")
    day = "2026-11-09"
    orders = ["A1 123.45", "A2 200.20", "A3 88.47", "A4 712.34"]
    world.day(day, orders=orders, psp=["A1 141.97", "A2 190.19", "A3 90.47", "A4 710.00"])
    path = world.file("psp", "20261109")
    head, *lines = path.read_text("utf-8").splitlines()
    base = ["", "", "", "100.00,USD"]
    told = [f"{line},{one or ','}" for line, one in zip(lines, base, strict=True)]
    path.write_text("\n".join([f"{head},base,base_currency", *told]) + "\n", "utf-8")
    breaks = world.table(world.run(day), "breaks").filter(pl.col("code") == "AMOUNT_MISMATCH")
    assert sorted(breaks["cause"].to_list()) == [
        "constant surcharge of 2.00",
        "converted at the rate of 2026-11-06",
        "tier: discount of 5.00 %",
        "tip of 15.00 %",
    ]
