"""The price really charged, where the rows of a terminal agree on one."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from recon.rules.fees.fees import find
from recon.rules.prices.price import Price
from tests.rules.fees.shop import HEAD, policy, rows
from tests.rules.tables import found


def charged(price, count, seed, **constants):
    """Return payments of one terminal that were charged by `price`."""
    amount = np.random.default_rng(seed).integers(1_000, 600_000, count)
    frame = pl.DataFrame(
        {"txn_id": np.arange(1, count + 1), "amount_minor": amount, "fee_minor": price.fees(amount)}
    )
    shared = {
        "kind": "PAYMENT",
        "state": "SUCCESS",
        "currency": "CNY",
        "clearing_date": date(2026, 3, 2),
        "merchant_id": "M1",
        "terminal_id": "1",
        "card_type": "credit",
        "mcc": "5999",
        "product": "card",
    }
    return frame.with_columns(pl.lit(value).alias(k) for k, value in (shared | constants).items())


@pytest.mark.parametrize(
    ("price", "code", "cause"),
    [
        (Price(6_000_000, 300), "FEE_SURCHARGE", "surcharge of 3.00"),
        (Price(6_000_000, 50), "FEE_SURCHARGE", "surcharge of 0.50"),
        (Price(7_200_000), "FEE_RATE", "charged as 0.72 %"),
        (Price(7_200_000, 300), "FEE_RATE", "charged as 0.72 % + 3.00"),
        (Price(7_200_000, cap=2500), "FEE_RATE", "charged as 0.72 %, at most 25.00"),
        (Price(3_800_000), "FEE_CLASS", "charged as MCC 5411"),
        (Price(5_000_000, floor=50, cap=2000), "FEE_CARD_TYPE", "charged as card type debit"),
        (Price(6_000_000, rounding="ceiling"), "FEE_ROUNDING", "rounded ceiling"),
    ],
)
def test_the_price_of_a_terminal_is_named_in_words(price, code, cause):
    """When a terminal is charged by another price, every differing row has that one cause."""
    facts = found(find(charged(price, 60, 7), policy()))
    assert len(facts) > 20
    assert {fact[1] for fact in facts} == {code}
    assert {fact[4].split(";")[0] for fact in facts} == {cause}


def test_limits_left_out_are_no_other_rate():
    """Two rows without the cap and two without the floor share a rate: the contract's own."""
    shared = "PAYMENT|SUCCESS|M1|1|debit|5999|-"
    fees = ("9000.00|45.00", "6000.00|30.00", "10.00|0.05", "20.00|0.10")
    lines = [f"{number}|{shared}|{fee}" for number, fee in enumerate(fees, start=1)]
    facts = found(find(rows(HEAD + "\n".join(lines)), policy()))
    assert [fact[1] for fact in facts] == ["FEE_CAP_MISSED"] * 2 + ["FEE_FLOOR_MISSED"] * 2


def test_reported_rows_do_not_depend_on_order():
    """Shuffling the rows changes nothing in the answer."""
    night = pl.concat(
        [
            charged(Price(7_200_000), 30, 1),
            charged(Price(6_000_000, 300), 30, 2, terminal_id="2").with_columns(
                pl.col("txn_id") + 100
            ),
        ]
    )
    answer = find(night, policy())
    assert answer.height == 60
    for seed in range(3):
        assert find(night.sample(fraction=1, shuffle=True, seed=seed), policy()).equals(answer)
