"""Tiered rebates: worked months, every rebate break, and what does not count."""

import tomllib
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from pydantic import ValidationError

from recon.core.codes import Code
from recon.rules.fees.rebates import RebateCheck, expected, find, stated
from recon.rules.rule_file.rebate_terms import RebatePolicy
from tests.rules.tables import found, table

BASE = """
name = "2026 volume rebate"
tiers = [{ from = 100000, rate = "0.05%" }, { from = 500000, rate = "0.10%" }]
"""


def policy(text=BASE, **settings):
    """Return a policy from TOML."""
    return RebatePolicy.model_validate(tomllib.loads(text, parse_float=Decimal) | settings)


def month(text):
    """Return rows of a table with what all rows share."""
    rows = table(text)
    fill = {
        "state": "SUCCESS",
        "merchant_id": "M1",
        "product": "card",
        "fee_minor": 0,
        "currency": "CNY",
    }
    return rows.with_columns(
        pl.lit(value).alias(name) for name, value in fill.items() if name not in rows.columns
    )


SALES = """
txn_id | kind       | product | amount_minor | clearing_date
1      | PAYMENT    | card    | 400000.00    | 2026-03-02
2      | PAYMENT    | card    | 230000.00    | 2026-03-20
3      | REFUND     | card    | -10000.00    | 2026-03-25
"""


def paid(amount, day="2026-04-15"):
    """Return the worked month of 620,000.00 with one rebate paid."""
    return month(SALES + f"9 | ADJUSTMENT | rebate | {amount} | {day}\n")


def check(rows, rules=None, as_of=date(2026, 6, 1)):
    """Return the facts of one policy."""
    return found(find(rows, RebateCheck(rules or policy(), as_of)))


def test_worked_example_of_620000():
    """400,000 x 0.05 % + 120,000 x 0.10 % = 200.00 + 120.00 = 320.00."""
    answer = expected(month(SALES), policy()).to_dicts()[0]
    assert answer["volume_minor"] == 62_000_000
    assert answer["portions"] == [40_000_000, 12_000_000]
    assert answer["expected_minor"] == 320_00


DUE = "400000.00 x 0.05 % + 120000.00 x 0.10 %"


@pytest.mark.parametrize(
    ("amount", "fact"),
    [
        ("320.00", None),
        ("620.00", ("REBATE_TIER", "320", "620", f"computed in whole mode; due: {DUE}")),
        ("310.00", ("REBATE_TIER", "320", "310", f"everything at the rate of tier 1; due: {DUE}")),
        ("260.00", ("REBATE_TIER", "320", "260", f"computed without tier 2 and up; due: {DUE}")),
        ("330.00", ("REBATE_AMOUNT", "320", "330", f"refunds were not deducted; due: {DUE}")),
        ("111.11", ("REBATE_AMOUNT", "320", "111.11", f"due: {DUE}")),
    ],
)
def test_paid_rebate(amount, fact):
    """A rebate that is wrong is explained by the tier, the mode or the base that gives it."""
    assert check(paid(amount)) == ([] if fact is None else [(9, *fact)])


def test_missing_rebate_only_after_its_day():
    """A rebate is missing once its 30 days after the month have passed, not before."""
    rows = month(SALES)
    assert check(rows, as_of=date(2026, 4, 30)) == []
    assert check(rows, as_of=date(2026, 5, 1)) == [
        (3, "REBATE_MISSING", "320", "0", "no rebate for 2026-03 by 2026-04-30")
    ]


def test_late_rebate():
    """A right rebate after its day is late, not missing."""
    rows = paid("320.00", "2026-05-02").with_columns(rebate_month=pl.lit(date(2026, 3, 1)))
    assert check(rows) == [
        (9, "REBATE_LATE", "320", "320", "due by 2026-04-30, paid on 2026-05-02")
    ]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"min_volume": 700_000}, "volume below the minimum"),
        ({"min_count": 3}, "count below the minimum"),
        ({"merchants": "M2"}, "the merchant is not among those of the policy"),
        ({"products": "wallet"}, "no eligible volume in the policy's scope reaches a tier"),
        (
            {"valid_from": date(2026, 4, 1)},
            "no eligible volume in the policy's scope reaches a tier",
        ),
        (
            {"blackout": [{"first": date(2026, 3, 1), "last": date(2026, 3, 31)}]},
            "no eligible volume in the policy's scope reaches a tier",
        ),
    ],
)
def test_rebate_without_entitlement(settings, why):
    """A rebate outside the policy's conditions is ineligible, and the condition is named."""
    assert check(paid("320.00"), policy(**settings)) == [(9, "REBATE_INELIGIBLE", "0", "320", why)]


def test_blackout_days_do_not_count():
    """Sales on a blackout day earn nothing, and counting them is the named cause."""
    rules = policy(blackout=[{"first": date(2026, 3, 20), "last": date(2026, 3, 20)}])
    answer = expected(month(SALES), rules).to_dicts()[0]
    assert answer["expected_minor"] == 145_00  # 390,000: 290,000 x 0.05 %
    facts = check(paid("320.00"), rules)
    assert facts[0][1:] == (
        "REBATE_AMOUNT",
        "145",
        "320",
        "blackout days were counted; due: 290000.00 x 0.05 %",
    )


def test_region_scope():
    """Only rows of the policy's regions count."""
    rows = month(SALES).with_columns(region=pl.Series(["east", "west", "east"]))
    assert expected(rows, policy(regions="east"))["volume_minor"].to_list() == [39_000_000]


def test_region_of_the_row_or_its_merchant():
    """A row's own region counts before that of its merchant; one without any is outside."""
    told = pl.Series(['{"region":"west"}', '{"mcc":"5411"}', None], dtype=pl.String)
    rows = month(SALES).with_columns(attributes=told)
    rules = policy(regions="east", merchant_regions={"M1": "east"})
    assert stated(rows, rules)["volume_minor"].to_list() == [22_000_000]
    assert stated(rows, policy(regions="east")).height == 0
    assert check(month(SALES), policy(regions="east")) == []


REFERENCES = """
txn_id | kind       | merchant_id | amount_minor | clearing_date | channel_ref | original_ref
1      | PAYMENT    | M1          | 600000.00    | 2026-03-02    | C1          | -
2      | PAYMENT    | M1          | 200000.00    | 2026-04-02    | C2          | -
3      | REFUND     | M1          | -100000.00   | 2026-04-05    | C3          | C1
4      | PAYMENT    | M2          | 900000.00    | 2026-03-02    | C1          | -
5      | CHARGEBACK | M1          | -200000.00   | 2026-04-09    | C4          | C2
"""


@pytest.mark.parametrize(
    ("settings", "volumes"),
    [
        ({}, [600_000, 100_000, 900_000]),
        ({"refunds": "original_month"}, [500_000, 200_000, 900_000]),
        ({"disputed": "excluded"}, [600_000, -100_000, 900_000]),
    ],
)
def test_refunds_and_chargebacks_find_their_payment(settings, volumes):
    """By the references of published rows: the day of a refund's payment, what was charged back."""
    rows = month(REFERENCES).with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("order_id", "rrn", "attributes")
    )
    found_ = stated(rows, policy(**settings)).sort("merchant_id", "month")
    assert [volume // 100 for volume in found_["volume_minor"]] == volumes


def test_a_source_that_names_no_merchants_is_one_account():
    """Refunds find their payment, and its month, where no row names a merchant."""
    rows = month(REFERENCES).with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in ("merchant_id", "order_id", "rrn", "attributes")
    )
    found_ = stated(rows, policy(refunds="original_month"))
    assert [volume // 100 for volume in found_["volume_minor"]] == [1_400_000, 200_000]


CLAWBACK = """
txn_id | kind    | amount_minor | clearing_date | original_date
1      | PAYMENT | 600000.00    | 2026-03-02    | -
2      | PAYMENT | 200000.00    | 2026-04-02    | -
3      | REFUND  | -100000.00   | 2026-04-05    | 2026-03-02
"""


@pytest.mark.parametrize(
    ("refunds", "march", "april"),
    [
        ("their_month", "300.00", "0.00"),  # 400,000 x 0.05 % + 100,000 x 0.10 %; 100,000 earns 0
        ("original_month", "200.00", "50.00"),  # the refund is clawed back from March
        ("ignored", "300.00", "50.00"),
    ],
)
def test_clawback(refunds, march, april):
    """A refund in April of a sale in March counts where the policy says."""
    answer = expected(month(CLAWBACK), policy(refunds=refunds))
    yuan = [Decimal(value) / 100 for value in answer["expected_minor"].to_list()]
    assert yuan == [Decimal(march), Decimal(april)]


@pytest.mark.parametrize(
    ("settings", "rebate"),
    [
        ({"mode": "whole"}, "620.00"),  # all 620,000 at 0.10 %
        (  # two payments: the second is past the first, 230,000 less the refund at 1 %
            {"measure": "count", "tiers": [{"from": 1, "rate": "1%"}]},
            "2200.00",
        ),
        ({"measure": "count", "mode": "whole", "tiers": [{"from": 2, "rate": "1%"}]}, "6200.00"),
        ({"measure": "count", "mode": "whole", "tiers": [{"from": 3, "rate": "1%"}]}, "0.00"),
    ],
)
def test_modes_and_measures(settings, rebate):
    """Whole mode pays on everything, count tiers look at the number of payments."""
    answer = expected(month(SALES), policy(**settings))["expected_minor"].to_list()
    assert [Decimal(value) / 100 for value in answer] == [Decimal(rebate)]


def test_rebate_on_fees_paid():
    """With the fee as base, the reached tier's rate is paid on the fees."""
    text = """
    txn_id | kind    | amount_minor | fee_minor | clearing_date
    1      | PAYMENT | 600000.00    | 3600.00   | 2026-03-02
    """
    rules = policy(mode="whole", base="fee", tiers=[{"from": 500_000, "rate": "10%"}])
    assert expected(month(text), rules)["expected_minor"].to_list() == [360_00]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"tiers": []}, "at least 1"),
        ({"tiers": [{"from": 5, "rate": "1%"}, {"from": 5, "rate": "2%"}]}, "tiers must rise"),
        ({"tiers": [{"from": 5, "rate": "SGL(1)"}]}, "not a plain rate"),
        ({"tiers": [{"from": Decimal("0.001"), "rate": "1%"}]}, "whole number of minor units"),
        ({"base": "fee"}, "cannot be split"),
        ({"colour": 1}, "colour"),
    ],
)
def test_bad_policy_is_refused(settings, says):
    """A policy that cannot be computed is refused with the reason."""
    with pytest.raises(ValidationError) as refused:
        policy(**settings)
    assert says in str(refused.value)


def test_every_rebate_code_is_covered():
    """The five rebate codes are the ones tested above."""
    assert {code.name for code in Code if 700 <= code < 800} == {
        "REBATE_MISSING",
        "REBATE_AMOUNT",
        "REBATE_TIER",
        "REBATE_LATE",
        "REBATE_INELIGIBLE",
    }
