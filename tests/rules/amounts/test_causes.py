"""Named causes: each fits to the last fen, and a difference that nothing fits has none."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.codes import Code
from recon.errors import UsageError
from recon.rules.amounts.causes import CausePolicy, Rate, find
from tests.rules.tables import minor

POLICY = CausePolicy(
    tips=(150_000_000,),
    discounts=(50_000_000,),
    surcharges=(200,),
    rates=(
        Rate("2026-03-01", "USD", "CNY", 7_123_400_000),
        Rate("2026-03-02", "USD", "CNY", 7_100_000_000),
        Rate("2026-03-01", "JPY", "CNY", 48_000_000),
    ),
)

# what happened | expected | actual | more | cause
CASES = [
    ("yuan taken for fen", "12.34", "1234.00", {}, "unit error x100 (too large)"),
    ("fen taken for yuan", "1234.00", "12.34", {}, "unit error x100 (too small)"),
    ("one place", "12.30", "123.00", {}, "decimal shifted by 1 (too large)"),
    ("three places", "12000.00", "12.00", {}, "decimal shifted by 3 (too small)"),
    ("net instead of gross", "100.00", "99.40", {"fee_minor": 60}, "fee of 0.60 taken off"),
    ("gross and fee", "100.00", "100.60", {"fee_minor": 60}, "fee of 0.60 added"),
    ("wrong sign", "100.00", "98.80", {"fee_minor": 60}, "fee of 0.60 with the wrong sign"),
    ("a tip", "123.45", "141.97", {}, "tip of 15.00 %"),
    ("a tier", "200.20", "190.19", {}, "tier: discount of 5.00 %"),
    ("no tier", "95.19", "100.20", {}, "tier: discount of 5.00 % not given"),
    ("swapped", "154.37", "145.37", {}, "digits 5 and 4 swapped"),
    ("swapped at the front", "91.00", "19.00", {}, "digits 9 and 1 swapped"),
    ("cut to 0.10", "88.47", "88.40", {}, "rounded down to 0.10"),
    ("raised to 1.00", "88.47", "89.00", {}, "rounded up to 1.00"),
    ("surcharge", "88.47", "90.47", {}, "constant surcharge of 2.00"),
    (
        "yesterday's rate",
        "710.00",
        "712.34",
        {"base_minor": 10_000, "base_currency": "USD", "currency": "CNY"},
        "converted at the rate of 2026-03-01",
    ),
    (
        "a currency without decimals",
        "50.00",
        "48.00",
        {"base_minor": 1_000, "base_currency": "JPY", "currency": "CNY"},
        "converted at the rate of 2026-03-01",
    ),
    (
        "one row is missing from the sum",
        "500.00",
        "455.00",
        {"sibling_ids": [7, 9], "sibling_minor": [4_500, 1_200]},
        "row 7 of 45.00 is missing from the sum or too many in it",
    ),
    (
        "one of two equal rows",
        "500.00",
        "455.00",
        {"sibling_ids": [9, 7], "sibling_minor": [4_500, 4_500]},
        "one of 2 rows of 45.00 (7, 9)",
    ),
    (
        "two causes fit",
        "100.00",
        "98.00",
        {"fee_minor": 200, "sibling_ids": [3], "sibling_minor": [200]},
        "row 3 of 2.00 is missing from the sum or too many in it; also fits: fee of 2.00 taken off",
    ),
    ("nothing fits", "100.00", "87.13", {}, None),
    ("near a fee is not a fee", "100.00", "99.41", {"fee_minor": 60}, None),
    ("equal amounts", "100.00", "100.00", {"fee_minor": 60}, None),
]


def one(expected, actual, **more):
    """Return a frame of one difference."""
    return pl.DataFrame(
        {"txn_id": [1], "expected_minor": [minor(expected)], "actual_minor": [minor(actual)]}
    ).with_columns(pl.Series(name, [value]) for name, value in more.items())


@pytest.mark.parametrize(
    ("expected", "actual", "more", "cause"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_cause(expected, actual, more, cause):
    """The cause that a person would name is named, and only when it fits exactly."""
    answer = find(one(expected, actual, **more), POLICY)
    assert answer["cause"].to_list() == [cause]
    assert answer["code"].to_list() == [int(Code.AMOUNT_MISMATCH)]


def test_refunds_are_negative_and_have_causes_too():
    """The sign of an amount does not hide its cause."""
    assert find(one("-154.37", "-145.37"), POLICY)["cause"].to_list() == ["digits 5 and 4 swapped"]
    assert find(one("-12.34", "-1234.00"), POLICY)["cause"].to_list() == [
        "unit error x100 (too large)"
    ]


def test_a_constant_difference_needs_several_amounts_of_one_terminal():
    """Three amounts that differ by 1.37 on one terminal share a cause; two do not."""
    rows = pl.DataFrame(
        {
            "txn_id": [1, 2, 3, 4, 5],
            "merchant_id": ["M1"] * 5,
            "terminal_id": ["1", "1", "1", "2", "2"],
            "expected_minor": [1_031, 2_052, 3_083, 1_031, 2_052],
            "actual_minor": [1_168, 2_189, 3_220, 1_168, 2_189],
        }
    )
    cause = "constant difference of 1.37 on 3 amounts"
    assert find(rows, CausePolicy())["cause"].to_list() == [cause, cause, cause, None, None]


def test_the_code_of_a_fact_is_kept():
    """A difference that another family found keeps its code and rows."""
    rows = one("12.34", "1234.00", code=int(Code.NET_MISMATCH)).with_columns(
        other_txn_ids=pl.Series([[5, 6]])
    )
    answer = find(rows, POLICY).to_dicts()[0]
    assert (answer["code"], answer["other_txn_ids"]) == (int(Code.NET_MISMATCH), [5, 6])


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_no_amount_breaks_the_search(expected, actual):
    """Any two amounts get a cause in words or none, and equal ones never get one."""
    frame = pl.DataFrame({"txn_id": [1], "expected_minor": [expected], "actual_minor": [actual]})
    cause = find(frame, POLICY)["cause"][0]
    assert cause is None or expected != actual


def test_missing_columns_are_refused():
    """Differences without amounts are refused by name."""
    with pytest.raises(UsageError, match="expected columns expected_minor, actual_minor"):
        find(pl.DataFrame({"txn_id": [1]}), POLICY)


def test_unknown_amounts_have_no_cause():
    """A difference with a null amount has no cause."""
    rows = one("1.00", "2.00").with_columns(actual_minor=pl.lit(None, pl.Int64))
    assert find(rows, POLICY)["cause"].to_list() == [None]


@pytest.mark.parametrize(
    ("currency", "cause"),
    [
        ("JPY", "fee of 380 taken off"),
        ("BHD", "fee of 0.380 taken off"),
        (None, "fee of 3.80 taken off"),
    ],
)
def test_money_in_a_cause_has_the_decimals_of_its_currency(currency, cause):
    """Yen have none, dinars three; two are taken where the currency is not known."""
    rows = pl.DataFrame(
        {
            "txn_id": [1],
            "expected_minor": [97_531],
            "actual_minor": [97_151],
            "fee_minor": [380],
            "currency": pl.Series([currency], dtype=pl.String),
        }
    )
    assert find(rows, CausePolicy())["cause"].to_list() == [cause]
