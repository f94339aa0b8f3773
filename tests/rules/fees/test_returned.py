"""Fees that come back with a refund."""

from datetime import date

import pytest

from recon.rules.fees.fees import find
from tests.rules.fees.shop import policy, rows
from tests.rules.tables import found

BY_DAY = """
name = "two prices"
on_refund = "rate"
[[line]]
name = "before"
formula = "FLO(1000,0.01,0.005)"
valid_until = 2026-03-09
[[line]]
name = "after"
formula = "0.3%"
valid_from = 2026-03-10
"""


@pytest.mark.parametrize(
    ("original", "fee", "expected"),
    [
        ("A", "-2.00", []),  # 400 of 2,000: at 0.5 %, the band of the payment
        ("B", "-4.00", []),  # 400 of 900: at 1 %
        ("C", "-1.20", []),  # nobody knows the payment: at the price of the refund's day
        ("A", "-1.20", [(9, "FEE_NOT_RETURNED", "2", "1.2", "part of the fee returned")]),
    ],
)
def test_a_refund_gives_back_what_its_payment_was_priced_at(original, fee, expected):
    """The price has changed since, and the payment was of another band than the refund."""
    head = "txn_id|kind|state|merchant_id|order_id|original_ref|amount_minor|fee_minor\n"
    paid = head + "1|PAYMENT|SUCCESS|M1|A|-|2000.00|10.00\n2|PAYMENT|SUCCESS|M1|B|-|900.00|9.00"
    back = head + f"9|REFUND|SUCCESS|M1|R|{original}|-400.00|{fee}"
    shared = {"source": "psp", "product": "-"}
    night = rows(back, clearing_date=date(2026, 3, 10), **shared)
    earlier = rows(paid, clearing_date=date(2026, 3, 9), **shared)
    assert found(find(night, policy(BY_DAY), earlier)) == expected
