"""Fees of payments that were undone, on one night or on two."""

import pytest

from recon.rules.fees.fees import find
from tests.rules.fees.shop import policy, rows
from tests.rules.tables import found


def test_a_reversed_payment_keeps_no_fee():
    """A reversed payment is a break only when no undo row gives its fee back."""
    text = """
    txn_id | kind     | state    | order_id | original_ref | amount_minor | fee_minor
    1      | PAYMENT  | REVERSED | A        | -            | 100.00       | 0.60
    2      | REVERSAL | SUCCESS  | A-R      | A            | -100.00      | -0.60
    3      | PAYMENT  | REVERSED | B        | -            | 100.00       | 0.60
    """
    night = rows(text, card_type="credit", mcc="5999", product="-")
    assert found(find(night, policy())) == [
        (3, "FEE_ON_FAILED", "0", "0.6", "fee on a payment that is reversed")
    ]


@pytest.mark.parametrize(
    ("undo", "expected"),
    [
        ("-0.60", []),
        ("-0.40", [(1, "FEE_ON_FAILED", "0", "0.2", "part of the fee returned")]),
        ("-0.80", [(1, "FEE_OVER_RETURNED", "0.6", "0.8", "more than the fee returned")]),
        ("0.00", [(1, "FEE_ON_FAILED", "0", "0.6", "fee on a payment that is reversed")]),
        ("0.10", [(1, "FEE_ON_FAILED", "0", "0.7", "part of the fee returned")]),
    ],
)
@pytest.mark.parametrize("nights", [1, 2])
def test_what_an_undone_payment_cost_in_the_end(undo, expected, nights):
    """The fees of a payment and of its undoing come to nothing, on one night or on two."""
    text = f"""
    txn_id | kind    | state    | order_id | original_ref | amount_minor | fee_minor
    1      | PAYMENT | REVERSED | A        | -            | 100.00       | 0.60
    2      | VOID    | SUCCESS  | A-V      | A            | -100.00      | {undo}
    """
    both = rows(text, card_type="credit", mcc="5999", product="-")
    earlier = None if nights == 1 else both.filter(txn_id=1)
    night = both if nights == 1 else both.filter(txn_id=2)
    assert found(find(night, policy(), earlier)) == expected
