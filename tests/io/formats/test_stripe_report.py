from __future__ import annotations

from pathlib import Path

from recon.io.formats.contract import Options
from recon.io.formats.stripe_report import FORMAT
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

WIKI = "wikimedia__wikimedia-fundraising-"
EXPECTED = {
    "navfa__stripe-payout-reconciler__single-payout.csv": (0, 0, "itemised Stripe report"),
    "simonmichael__hledger__stripe.csv": (2, 0, "unproved"),
    WIKI + "SmashPig__payments_activity.csv": (2, 0, "unproved"),
    WIKI + "crm__payments_activity.csv": (2, 0, "unproved"),
    WIKI + "crm__settlement_report_giving_basket.csv": (2, 0, "unproved"),
}
REPORT = """\
balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,charge_id,automatic_payout_id,payment_metadata[shop_order],trace_id,description
txn_1,2026-01-01 09:00:00,eur,60.50,1.50,59.00,charge,ch_1,ch_1,po_1,ORDER-1,,Order 1
txn_2,2026-01-01 10:00:00,eur,-10.00,0.00,-10.00,refund,re_1,ch_1,po_1,ORDER-1,,
txn_3,2026-01-01 11:00:00,jpy,-500.00,1500.00,-2000.00,dispute,dp_1,ch_9,po_2,,,
txn_4,2026-01-02 00:00:00,eur,-49.00,0,-49.00,payout,po_1,,,,TRACE-1,
txn_5,2026-01-02 00:00:00,eur,0.01,0,0.01,something_new,x_1,,,,,
"""


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Kinds, signs, numbers, batches and currencies without decimals must be exactly these."""
    options = Options(columns={"order_id": "payment_metadata[shop_order]"})
    outcome = read_bytes(FORMAT, REPORT.encode(), tmp_path, options)
    assert outcome.rejects == []
    columns = ("kind", "amount_minor", "fee_minor", "net_minor", "currency", "channel_ref")
    assert outcome.frame.select(columns).rows() == [
        ("PAYMENT", 6050, 150, 5900, "EUR", "ch_1"),
        ("REFUND", -1000, 0, -1000, "EUR", "re_1"),
        ("CHARGEBACK", -500, 1500, -2000, "JPY", "dp_1"),
        ("PAYOUT", -4900, 0, -4900, "EUR", "po_1"),
        ("ADJUSTMENT", 1, 0, 1, "EUR", "x_1"),
    ]
    numbers = outcome.frame.select("order_id", "original_ref", "batch_id", "bank_ref").rows()
    assert numbers[0] == ("ORDER-1", None, "po_1", None)
    assert numbers[1] == ("ORDER-1", "ch_1", "po_1", None)
    assert numbers[3] == (None, None, "po_1", "TRACE-1")


def test_bad_cells_are_rejects(tmp_path: Path) -> None:
    """A yen amount with decimals, or an unknown currency, must be a reject and not be rounded."""
    data = REPORT.replace("-500.00", "-500.50").replace("eur,0.01", "xxx,0.01").encode()
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert [reject.record_no for reject in outcome.rejects] == [4, 6]


def test_corpus_outcomes() -> None:
    """Every Stripe file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("stripe_report"), EXPECTED)
    assert claimed_elsewhere(FORMAT, {"stripe_report"}) == []
