"""Fees that a contract prices by the sum of a batch or of a month."""

import pytest

from recon.rules.fees import sums as fee_sums
from recon.rules.fees.fees import find
from tests.rules.fees.shop import policy, rows
from tests.rules.tables import found


@pytest.mark.parametrize(
    ("level", "period"), [("batch", "a batch: B1"), ("month", "a month: 2026-03")]
)
@pytest.mark.parametrize(
    ("fees", "code", "way"),
    [
        (["0.04", "0.05", "0.05"], None, None),  # 0.6 % of 22.50 is 0.135, rounded 0.14
        (["0.05", "0.05", "0.05"], "FEE_ROUNDING", "; each payment was rounded by itself"),
        (
            ["0.05", "0.05", "0.03"],
            "FEE_ROUNDING",
            "; rounded floor; also fits: rounded half down",
        ),
        (["0.05", "0.05", "0.90"], "FEE_RATE", ""),
    ],
)
def test_a_contract_may_price_sums(level, period, fees, code, way):
    """By batch or month, the price of the sum is compared with the sum of the fees."""
    text = f'name = "sum"\nlevel = "{level}"\n[[line]]\nname = "all"\nformula = "0.6%"\n'
    lines = [f"{n}|PAYMENT|SUCCESS|M1|7.50|{fee}" for n, fee in enumerate(fees, start=1)]
    head = "txn_id|kind|state|merchant_id|amount_minor|fee_minor\n"
    night = rows(head + "\n".join(lines), batch_id="B1", product="-", source="psp")
    assert find(night, policy(text)).height == 0
    facts = fee_sums.find(night, policy(text), level)
    assert [fact[1] for fact in found(facts)] == ([code] if code else [])
    if code:
        assert facts["cause"].to_list() == [f"the contract prices the sum of {period}{way}"]
        assert facts["other_txn_ids"].to_list() == [[2, 3]]


def test_senders_may_number_their_batches_alike():
    """Two channels with a batch 1 of one merchant have two sums, each at its price."""
    text = 'name = "sum"\nlevel = "batch"\n[[line]]\nname = "all"\nformula = "SGL(1)"\n'
    head = "txn_id|kind|state|merchant_id|source|amount_minor|fee_minor\n"
    lines = "1|PAYMENT|SUCCESS|M1|card|7.50|1.00\n2|PAYMENT|SUCCESS|M1|scan|9.00|1.00"
    night = rows(head + lines, batch_id="1", product="-")
    assert fee_sums.find(night, policy(text), "batch").height == 0


@pytest.mark.parametrize(
    ("on_refund", "fee", "expected"),
    [
        ("kept", "0.00", []),
        ("rate", "-0.14", []),  # three times 7.50 in one sum: 0.135
        ("rate", "-0.15", [(1, "FEE_OVER_RETURNED", "0.14", "0.15", "more than the fee returned")]),
        ("rate", "-0.13", [(1, "FEE_NOT_RETURNED", "0.14", "0.13", "part of the fee returned")]),
        ("formula", "-2.14", []),
    ],
)
def test_refunds_of_a_sum_are_summed(on_refund, fee, expected):
    """What comes back on the refunds of a batch is the price of their sum."""
    text = (
        f'name = "sum"\nlevel = "batch"\non_refund = "{on_refund}"\n'
        '[[line]]\nname = "all"\nformula = "0.6% + 2"\n'
    )
    head = "txn_id|kind|state|merchant_id|amount_minor|fee_minor\n"
    lines = [f"{n}|REFUND|SUCCESS|M1|-7.50|{fee if n == 1 else '0.00'}" for n in (1, 2, 3)]
    night = rows(head + "\n".join(lines), batch_id="B1", product="-", source="psp")
    assert found(fee_sums.find(night, policy(text), "batch")) == expected
