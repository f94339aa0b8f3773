from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core import money
from recon.core.kernels import parse_money as kernel
from recon.errors import UsageError

MINOR = st.integers(-money.MAX_MINOR, money.MAX_MINOR)


def parse_one(text, decimals=2, **grammar):
    """Return minor units, or None when the text is refused."""
    values, status = money.parse(pa.array([text]), money.Grammar(**grammar), decimals)
    return int(values[0]) if status[0] == kernel.OK else None


def reason_of(text, currency="CNY", **grammar):
    """Return why a text is refused."""
    rule = money.Grammar(**grammar)
    _, status = money.parse(pa.array([text]), rule, money.exponent(currency))
    return money.reason(int(status[0]), text, rule, currency)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("0.00", 0),
        ("-0.00", 0),
        ("1200.0", 1200),
        ("1200.00", 1200),
        ("1.000", None),
        ("0.01", None),
    ],
)
def test_zero_decimals_of_yen_lose_nothing(text, minor):
    """Yen written with decimals are read where all are zeros, unless they may be thousands."""
    assert parse_one(text, decimals=0) == minor


def test_zeros_that_may_be_thousands_are_named():
    """The reason says what three zeros may be and what to declare; a great total is read alike."""
    assert "three zeros that may be thousands" in reason_of("1.000", "JPY")
    total = "9" * 20
    assert money.parse_total(f"{total}.00", money.Grammar(), 0) == (int(total), kernel.OK)
    assert money.parse_total(f"{total}.000", money.Grammar(), 0)[1] == kernel.TOO_LARGE


def test_currency_table_is_sorted_and_has_the_odd_exponents():
    """The table is sorted by code, without repeats, and knows which currencies are not of cents."""
    assert list(money.CURRENCIES) == sorted(set(money.CURRENCIES))
    assert len(money.CURRENCIES) == 165
    odd = {"JPY": 0, "KRW": 0, "VND": 0, "CNY": 2, "HUF": 2, "IQD": 3, "KWD": 3, "CLF": 4}
    assert {code: money.exponent(code) for code in odd} == odd
    assert money.CURRENCIES[money.CURRENCY_NUMBER["CNY"]] == "CNY"


@pytest.mark.parametrize("code", ["cny", "XXX", "XAU", "DEM", "RMB", "", "CNY "])
def test_currency_outside_the_list_is_refused(code):
    """A code that is historic, a test code, a metal or in small letters has no exponent."""
    with pytest.raises(UsageError, match="ISO 4217"):
        money.exponent(code)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.50", 1250),
        ("2.9", 290),
        (".54", 54),
        ("0", 0),
        ("-0.00", 0),
        ("-3", -300),
        ("000000000012.34", 1234),
        ("10000000000000.00", 10**15),
    ],
)
def test_plain_amounts_are_exact(text, minor):
    """A plain ASCII amount is read to the last minor unit."""
    assert parse_one(text) == minor


BAD = ["1e5", "0x10", "1_000", "+5", " 5", "5 ", "5.", "--5", "5-", "(5.00)", "NaN", "inf", "-"]
BAD += [
    "",
    ".",
    "-.",
    "1.2.3",
    "１２３",
    "١٢٣",
    "5²",
    "−5",
    "—5",
    "5\u00a0",
    "1,234.50",
    "¥5",
    "\t5",
]
BAD += ["1.234,50", "0.125", "5.001", "10000000000000.01", "9" * 30, "5\n", "5\x00", "1 000", "-+5"]


@pytest.mark.parametrize("text", BAD)
def test_everything_else_is_refused_with_a_reason(text):
    """Nothing outside the declared grammar is an amount, and the reason shows what was found."""
    assert parse_one(text) is None
    assert repr(text[:60]) in reason_of(text)


@pytest.mark.parametrize(
    ("text", "grammar", "minor"),
    [
        ("1,234.50", {"thousands": ","}, 123450),
        ("1234.50", {"thousands": ","}, 123450),
        ("1,23.50", {"thousands": ","}, None),
        (",123", {"thousands": ","}, None),
        ("1,,234", {"thousands": ","}, None),
        ("1,234,", {"thousands": ","}, None),
        ("1234,567", {"thousands": ","}, None),
        ("1.234,50", {"thousands": ".", "decimal_mark": ","}, 123450),
        ("1234,56", {"decimal_mark": ","}, 123456),
        ("¥28.16", {"symbols": ("¥",)}, 2816),
        ("-¥28.16", {"symbols": ("¥",)}, -2816),
        ("¥-28.16", {"symbols": ("¥",)}, -2816),
        ("28.16¥", {"symbols": ("¥",)}, 2816),
        ("¥28.16¥", {"symbols": ("¥",)}, None),
        ("-3.90(CN)", {"symbols": ("(CN)",)}, -390),
        ("CNY13.50", {"symbols": ("¥", "C", "CNY")}, 1350),
        ("+5", {"symbols": ("+",)}, 500),
        ("0.27000", {"extra_zero_decimals": True}, 27),
        ("0.27100", {"extra_zero_decimals": True}, None),
        ("1.5000", {}, 150),
        ("0.000", {}, 0),
        ("1.500", {}, None),
        ("1.500", {"extra_zero_decimals": True}, 150),
        ("1.5010", {}, None),
        (" 5 ", {"padded": True}, 500),
        ("\t5\t", {"padded": True}, 500),
        ("   ", {"padded": True}, None),
        ("1250", {"unit": "minor"}, 1250),
        ("000000001250", {"unit": "minor"}, 1250),
        ("12.50", {"unit": "minor"}, None),
        ("12.00", {"unit": "minor"}, None),
        ("12.00", {"unit": "minor", "extra_zero_decimals": True}, 12),
        ("C000000001250", {"unit": "credit_debit_minor"}, 1250),
        ("D000000001250", {"unit": "credit_debit_minor"}, -1250),
        (" 000000000000", {"unit": "credit_debit_minor"}, 0),
        ("X000000001250", {"unit": "credit_debit_minor"}, None),
        ("D-00000001250", {"unit": "credit_debit_minor"}, None),
        ("C", {"unit": "credit_debit_minor"}, None),
    ],
)
def test_declared_variants(text, grammar, minor):
    """Each way of writing amounts is read when it is declared, and only then."""
    assert parse_one(text, **grammar) == minor


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("0.125", "CNY", "CNY has 2 decimals, found 3; fix the sender's file"),
        ("100.5", "JPY", "JPY has 0 decimals, found 1"),
        ("0.1251", "KWD", "KWD has 3 decimals, found 4"),
        ("１２", "CNY", "'１' (U+FF11, not ASCII)"),
        ("99999999999999999", "CNY", "beyond 10,000,000,000,000.00; check the amount unit"),
        (" 5", "CNY", "spaces around"),
    ],
)
def test_reasons_say_what_was_expected_and_found(text, currency, sentence):
    """A refused amount says what was expected, what was found and what to do."""
    assert sentence in reason_of(text, currency)


def test_decimals_may_differ_by_row():
    """Each row is read with the exponent of its own currency."""
    texts = pa.array(["1.5", "1.5", "1.5", None, "7"])
    values, status = money.parse(texts, money.Grammar(), np.array([2, 0, 3, 2, 0], np.int8))
    assert status.tolist() == [kernel.OK, kernel.EXCESS_DECIMALS, kernel.OK, kernel.NULL, kernel.OK]
    assert values.tolist() == [150, 0, 1500, 0, 7]


def test_total_is_exact_beyond_64_bits():
    """A total never wraps."""
    assert money.total(pl.Series([money.MAX_MINOR] * 20_000 + [None])) == 20_000 * money.MAX_MINOR
    assert money.total(pl.Series([], dtype=pl.Int64)) == 0


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.50", 1250),
        ("100,000,000,000,000,000.00", 10**19),
        ("-100000000000000000", -(10**19)),
        ("1000,000,000,000,000,000.00", None),
        ("100000000000000000.001", None),
        ("100000000000000000x", None),
    ],
)
def test_declared_totals_may_be_greater_than_any_row(text, minor):
    """The limit of one row does not bind a total."""
    value, status = money.parse_total(text, money.Grammar(thousands=","), 2)
    assert (value if status == kernel.OK else None) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(-123456, "CNY", "-1,234.56"), (5, "JPY", "5"), (-5, "KWD", "-0.005"), (0, "CNY", "0.00")],
)
def test_format_for_people(minor, currency, text):
    """Amounts are shown with the currency's decimals and grouped thousands."""
    assert money.format_minor(minor, currency) == text


@settings(deadline=None)
@given(MINOR, st.sampled_from(["CNY", "JPY", "KWD", "CLF"]))
def test_format_and_parse_are_inverse(minor, currency):
    """What is shown is read back as the same amount."""
    text = money.format_minor(minor, currency)
    assert parse_one(text, money.exponent(currency), thousands=",") == minor


@pytest.mark.parametrize("mark", ["..", "x", "-", "，"])
def test_marks_are_one_ascii_sign(mark):
    """A mark that could be part of a number, or is not one byte, is refused as a usage error."""
    with pytest.raises(UsageError):
        money.parse(pa.array(["1"]), money.Grammar(thousands=mark), 2)
