"""Exchange rates: exact fractions, found by day, refused by line, applied as agreed."""

from datetime import date
from decimal import Decimal
from fractions import Fraction as Exact

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recon.errors import InputError
from recon.rules.days.calendar import Calendar
from recon.rules.rule_file.exchange_rates import (
    Agreed,
    book_of,
    converted,
    parse_rates,
    rounded,
    within,
)
from recon.rules.rule_file.exchange_terms import Exchange, ExchangeRate

CALENDAR = Calendar("CN", authoritative_through=2026)
FRIDAY, SUNDAY, MONDAY = date(2026, 11, 6), date(2026, 11, 8), date(2026, 11, 9)
HEAD = "date,base,quote,rate,unit\n"
FILE = HEAD + "2026-11-06,USD,CNY,7.1,\n2026-11-09,USD,CNY,7.1234,1\n2026-11-09,JPY,CNY,4.81,100\n"


def terms(**more):
    """Return an exchange with one rate and the settings given."""
    rate = {"date": MONDAY, "base": "USD", "quote": "CNY", "rate": "7.1234"}
    return Exchange.model_validate({"name": "test", "rate": [rate], **more})


def test_a_rate_counts_on_its_day_and_until_the_next():
    """The rate of the day counts, else the last one before it, as far back as agreed."""
    book = book_of(parse_rates(FILE, "fx.csv"))
    assert book.on("USD", "CNY", MONDAY, 10).day == MONDAY
    assert book.on("USD", "CNY", SUNDAY, 10).day == FRIDAY
    assert book.on("USD", "CNY", SUNDAY, 1) is None
    assert book.on("USD", "CNY", date(2026, 11, 5), 10) is None
    assert book.on("EUR", "CNY", MONDAY, 10) is None
    assert (book.knows("CNY", "USD"), book.knows("EUR", "CNY")) == (True, False)


def test_a_day_is_final_when_no_rate_for_it_can_come():
    """A later rate, or a day without work, ends the wait for the rate of a day."""
    book = book_of(parse_rates(FILE, "fx.csv"))
    assert book.is_final("USD", "CNY", MONDAY, CALENDAR)
    assert book.is_final("CNY", "USD", SUNDAY, CALENDAR)
    assert not book.is_final("USD", "CNY", date(2026, 11, 10), CALENDAR)
    assert book.is_final("USD", "CNY", date(2026, 11, 14), CALENDAR)  # a Saturday
    assert not book.is_final("USD", "CNY", date(2031, 1, 1), CALENDAR)  # nobody knows yet


def test_units_and_directions():
    """A rate for 100 yen is a hundredth for one; the other direction is the exact inverse."""
    book = book_of(parse_rates(FILE, "fx.csv"))
    yen = book.on("JPY", "CNY", MONDAY, 0)
    assert converted(1_000, ("JPY", "CNY"), yen, terms(), net=True) == 4_810
    assert yen.text == "100 JPY/CNY 4.81"
    dollars = book.on("CNY", "USD", MONDAY, 0)
    assert converted(71_234, ("CNY", "USD"), dollars, terms(), net=True) == 10_000


def test_markup_spread_and_tolerance():
    """The markup lowers what is expected; spread and tolerance say how far it may stand off."""
    agreed = terms(markup_percent="1.5", spread_percent="0.2", tolerance_minor=3)
    rate = book_of(agreed.rate).on("USD", "CNY", MONDAY, 0)
    assert converted(10_000, ("USD", "CNY"), rate, agreed, net=True) == 70_165  # 701.6549
    assert converted(10_000, ("USD", "CNY"), rate, agreed, net=False) == 71_234
    assert converted(-10_000, ("USD", "CNY"), rate, agreed, net=True) == -70_165
    assert within(70_165, agreed) == 140 + 3


@given(
    st.integers(-(10**15), 10**15),
    st.decimals("0.000000000001", "1000000", places=12),
    st.sampled_from([1, 10, 100, 1000, 10000]),
    st.sampled_from([("USD", "CNY"), ("JPY", "CNY"), ("CNY", "JPY"), ("KWD", "JPY")]),
    st.decimals("-50", "50", places=6),
    st.sampled_from(["half_up", "half_even", "floor", "ceiling"]),
)
def test_conversion_is_exact(amount, rate, unit, pair, markup, mode):
    """The result is the exact product, rounded once: never further off than its rounding allows."""
    item = ExchangeRate(date=MONDAY, base=pair[0], quote=pair[1], rate=rate, unit=unit)
    agreed = Exchange(name="test", rate=(item,), markup_percent=markup, rounding=mode)
    fraction = book_of([item]).on(*pair, MONDAY, 0)
    decimals = {"USD": 2, "CNY": 2, "JPY": 0, "KWD": 3}
    exact = Exact(abs(amount)) * Exact(rate) / unit * (1 - Exact(markup) / 100)
    exact *= Exact(10) ** (decimals[pair[1]] - decimals[pair[0]])
    found = abs(converted(amount, pair, fraction, agreed, net=True))
    bounds = {"floor": (0, 1), "ceiling": (-1, 0)}.get(mode, (Exact(-1, 2), Exact(1, 2)))
    assert bounds[0] <= exact - found <= bounds[1]


@pytest.mark.parametrize(
    ("above", "mode", "whole"),
    [
        (5, "half_up", 3),
        (5, "half_even", 2),
        (7, "half_even", 4),
        (5, "floor", 2),
        (5, "ceiling", 3),
        (4, "ceiling", 2),
    ],
)
def test_named_roundings(above, mode, whole):
    """Halves go up, or to the even neighbour; floor and ceiling do what they say."""
    assert rounded(above, 2, mode) == whole


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day,base,quote,rate\n", "expected the columns date,base,quote,rate, found day"),
        (HEAD + "9.11.2026,USD,CNY,7.1,\n", "line 2: expected a date such as 2026-11-09"),
        (HEAD + "2026-11-09,USD,CNY,7,1,\n", "rate"),
        (HEAD + "2026-11-09,USD,CNY,-7.1,\n", "expected a rate such as 7.1234"),
        (HEAD + "2026-11-09,USD,CNY,0,\n", "rate"),
        (HEAD + "2026-11-09,USD,USD,1,\n", "base and quote are both USD"),
        (HEAD + "2026-11-09,XXQ,CNY,1,\n", "'XXQ' is not an active ISO 4217 code"),
        (HEAD + "2026-11-09,USD,CNY,7.1,7\n", "unit"),
        (HEAD + "2026-11-09,USD,CNY,7.1,\n2026-11-09,USD,CNY,7.2,\n", "two different rates"),
    ],
)
def test_a_wrong_file_is_refused_by_line(text, says):
    """A file of rates is taken whole or not at all, and each wrong line is named."""
    if text.endswith("7,1,\n"):
        text = text.replace("7,1,", '"7,1",')
    with pytest.raises(InputError) as refused:
        parse_rates(text, "fx.csv")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": []},
        {"spread_percent": "-1"},
        {"markup_percent": "80"},
        {"markup_percent": "0.0000001"},
        {"rounding": "nearest"},
        {"day": "booked"},
    ],
)
def test_terms_are_strict(wrong):
    """An exchange without rates, or with a word that means nothing, is refused."""
    with pytest.raises(ValidationError):
        terms(**wrong)


def test_agreed_keeps_terms_and_book():
    """An exchange of a night is its terms and its book; nothing else decides."""
    agreed = Agreed(terms(), book_of(terms().rate))
    assert agreed.book.complete
    assert agreed.terms.markup_percent == Decimal(0)
