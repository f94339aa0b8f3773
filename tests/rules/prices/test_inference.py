"""Inference: the price that was charged comes back from the fees, dated, and never overstated."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.rules.fees.charged import charged_prices
from recon.rules.prices.fit import fit
from recon.rules.prices.inference import infer, periods
from recon.rules.prices.price import NO_PRICE, Price


def charged(price, count, seed, terminal):
    """Return payments of one terminal that were charged by `price`."""
    amount = np.random.default_rng(seed).integers(1_000, 600_000, count)
    return pl.DataFrame({"amount_minor": amount, "fee_minor": price.fees(amount)}).with_columns(
        clearing_date=pl.lit(date(2026, 3, 2)),
        merchant_id=pl.lit("M1"),
        terminal_id=pl.lit(terminal),
    )


@settings(max_examples=60, deadline=None)
@given(
    rate=st.integers(10, 120).map(lambda value: value * 100_000),
    surcharge=st.sampled_from([0, 100, 200, 300]),
    seed=st.integers(0, 10_000),
)
def test_inference_finds_the_price_that_was_charged(rate, surcharge, seed):
    """From a few hundred fees, the rate and surcharge that made them come back, all explained."""
    amount = np.random.default_rng(seed).integers(1_000, 600_000, 300)
    price = fit(amount, Price(rate, surcharge).fees(amount))
    assert (price.rate, price.surcharge, price.floor, price.cap) == (rate, surcharge, -1, -1)
    assert price.explained == price.rows == 300


def test_inference_withstands_wrong_rows():
    """A tenth of the rows at random fees does not move the price."""
    generator = np.random.default_rng(5)
    amount = generator.integers(1_000, 600_000, 500)
    fee = Price(6_000_000, cap=2000).fees(amount)
    fee[::10] += generator.integers(1, 500, 50)
    price = fit(amount, fee)
    assert (price.rate, price.cap) == (6_000_000, 2000)
    assert 440 <= price.explained <= 460


def test_inference_dates_a_change():
    """A surcharge that begins on the 18th day starts a second period on that day."""
    amount = np.random.default_rng(3).integers(1_000, 600_000, 300)
    day = np.repeat(np.arange(20_000, 20_030), 10)
    fee = np.where(day < 20_017, Price(6_000_000).fees(amount), Price(6_000_000, 100).fees(amount))
    found_periods = [(p.first_day, p.last_day, p.price.words()) for p in periods(amount, fee, day)]
    assert found_periods == [(20_000, 20_016, "0.60 %"), (20_017, 20_029, "0.60 % + 1.00")]


def test_inference_by_terminal():
    """One merchant with three prices on three terminals: each is found."""
    night = pl.concat(
        [
            charged(Price(rate), 80, seed, terminal)
            for terminal, rate, seed in (
                ("1", 1_800_000, 1),
                ("3", 2_800_000, 2),
                ("5", 3_500_000, 3),
            )
        ]
    )
    prices = infer(night, ("merchant_id", "terminal_id"))
    assert prices.select("terminal_id", "price", "explained").rows() == [
        ("1", "0.18 %", 80),
        ("3", "0.28 %", 80),
        ("5", "0.35 %", 80),
    ]


def test_nothing_to_infer_from():
    """Without a usable row there is no price."""
    empty = np.empty(0, np.int64)
    assert fit(empty, empty) is None
    assert periods(empty, empty, empty) == []


def test_of_rates_that_explain_as_many_rows_the_roundest_is_named():
    """Five of six fees agree on 0.90 %, and five on 0.894 %, which takes in a rounding error."""
    amount = np.array([390, 9_400, 7_556, 4_499, 5_883, 12_376])
    fee = np.array([3, 85, 68, 40, 53, 111])
    assert fit(amount, fee).words() == "0.90 %"


def test_a_further_decimal_must_explain_two_more_rows():
    """Six rows at 0.57 %, and one that is rounded up: no rate of 0.569 % takes it in."""
    amount = np.array([12_300, 5_550, 8_040, 990, 23_456, 4_321, 790])
    fee = np.array([*((amount[:6] * 57 + 5_000) // 10_000), 4])
    assert fit(amount, fee).words() == "0.57 %"


@pytest.mark.parametrize("noise", [0, 20])
@pytest.mark.parametrize(
    "price",
    [
        Price(6_000_000, 50, cap=1_300),
        Price(3_800_000, 300, floor=100, cap=2_000),
        Price(1_500_000, 50, floor=50),  # half of all rows are at the floor
        Price(7_250_000, rounding="ceiling"),
        Price(5_000_000, 100, rounding="floor"),
    ],
)
def test_a_whole_price_is_found_among_wrong_rows(price, noise):
    """Rate, extra, floor, cap and rounding, with no wrong row and with one in twenty wrong."""
    generator = np.random.default_rng(4)
    amount = np.exp(generator.normal(9, 1.5, 1_500)).astype(np.int64).clip(1_000, 10_000_000)
    fee = price.fees(amount)
    if noise:
        fee[::noise] += generator.integers(1, 300, fee[::noise].size)
    found = fit(amount, fee)
    assert (found.fees(amount) == price.fees(amount)).all()
    assert found.words() == price.words()


@pytest.mark.parametrize(
    "later",
    [Price(6_000_000, rounding="ceiling"), Price(6_000_000, cap=2_000), Price(5_900_000)],
)
def test_a_change_that_touches_some_rows_only_is_dated(later):
    """Another rounding, a new cap, a hair off the rate: the day is found, with wrong rows too."""
    generator = np.random.default_rng(8)
    amount = generator.integers(1_000, 600_000, 3_000)
    day = np.repeat(np.arange(20_000, 20_030), 100)
    fee = np.where(day < 20_012, Price(6_000_000).fees(amount), later.fees(amount))
    fee[::40] += generator.integers(1, 300, 75)
    told = [(one.first_day, one.price.words()) for one in periods(amount, fee, day)]
    assert told == [(20_000, "0.60 %"), (20_012, later.words())]


def test_fees_without_a_law_have_no_price():
    """A price that explains less than half of the rows is not told as one."""
    generator = np.random.default_rng(6)
    frame = charged(Price(0), 400, 1, "1")
    frame = frame.with_columns(fee_minor=pl.Series(generator.integers(1, 1_000, 400)))
    assert infer(frame, ("terminal_id",)).select("price", "rate").rows() == [(NO_PRICE, None)]


@pytest.mark.parametrize(
    ("amounts", "others"),
    [
        ([2_100, 2_250, 2_430], ["charged as 0.57 %", "charged as 0.58 %", "charged as 0.59 %"]),
        ([21_000, 41_234, 99_876], []),
    ],
)
def test_few_small_fees_name_every_price_that_fits(amounts, others):
    """Fees that several rates give alike name them all; fees that tell them apart name one."""
    amount = np.array(amounts)
    rows = pl.DataFrame({"amount_minor": amount, "fee_minor": Price(5_700_000).fees(amount)})
    found = charged_prices(rows, np.zeros(3, np.int64), np.zeros((3, 1), np.bool_), 2)
    first = "charged as 0.56 %" if others else "charged as 0.57 %"
    assert (found.words, found.others) == ({0: first}, {0: others})
