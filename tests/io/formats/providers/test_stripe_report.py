# ruff: noqa: E501  a line of a sample is a line of a file
from __future__ import annotations

from pathlib import Path

from recon.io.formats.providers.stripe_report import FORMAT
from recon.io.reading.contract import Options
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


PAYOUT = """balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,automatic_payout_id
txn_1,2026-01-12 08:00:00,usd,100.00,3.00,97.00,charge,ch_1,po_1
txn_2,2026-01-12 09:00:00,usd,-20.00,0.00,-20.00,refund,re_1,po_1
txn_3,2026-01-14 00:00:00,usd,-77.00,0.00,-77.00,payout,po_1,
"""


def test_a_payout_is_the_sum_of_its_items(tmp_path: Path) -> None:
    """A payout with its items in the report agrees, and does not when one item is another."""
    assert read_bytes(FORMAT, PAYOUT.encode(), tmp_path).verdict == "agreed"
    other = PAYOUT.replace("100.00,3.00,97.00", "100.50,3.00,97.50")
    outcome = read_bytes(FORMAT, other.encode(), tmp_path)
    (wrong,) = outcome.totals
    assert (wrong.declared, wrong.computed, wrong.currency) == (7700, 7750, "USD")
    assert "payout po_1 at record 4" in wrong.name


def test_a_report_by_day_of_activity_is_not_blamed(tmp_path: Path) -> None:
    """A payout may pay items of an earlier report: rows that wait for a payout show it."""
    waiting = "txn_4,2026-01-14 10:00:00,usd,9.00,0.00,9.00,charge,ch_4,\n"
    short = PAYOUT.replace("-77.00", "-99.00") + waiting
    outcome = read_bytes(FORMAT, short.encode(), tmp_path)
    assert outcome.verdict == "unproved"


def test_a_net_that_is_not_gross_less_fee_is_a_reject(tmp_path: Path) -> None:
    """One changed digit of gross, fee or net refuses the row with all three numbers."""
    outcome = read_bytes(FORMAT, PAYOUT.replace("97.00", "97.10").encode(), tmp_path)
    assert outcome.rejects[0].record_no == 2
    assert "amount 10000 less fee 300 is 9700, the stated net is 9710" in outcome.rejects[0].reasons
