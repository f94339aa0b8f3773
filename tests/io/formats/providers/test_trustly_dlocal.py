from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.io.formats.providers import dlocal_settlement, dlocal_transactions, trustly
from recon.io.reading.contract import Options
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
    read_path,
)

PUMP = "wikimedia__wikimedia-fundraising-SmashPig__"
TRUSTLY = {
    PUMP + "P11KFUN-3618-20260201120000-20260202120000-0001of0001.csv": (3, 0, "held"),  # 2 of 146
    PUMP + "P11KFUN-3618-refund-long-merchant-reference.csv": (2, 0, "agreed"),
    PUMP + "P11KREC-3618-20260201120000-20260202120000-0001of0001.csv": (2, 0, "held"),
}
FUNDING = """\
H,P11KFUN,1.0.0,2026-01-01T12:00:00.000Z,2026-01-02T12:00:00.000Z,3618,0001of0001
I,1001,2026-01-01T09:00:00.000Z,900,3618,Deferred,1,5,1234,REF-1,Capture,Processed,2026-01-02T05:51:28.297Z,2026-01-02T05:21:11.237Z,USD,60.50,BANK1,AC118,999,,ORDER-1,ptx-1,-1.63
I,1002,2026-01-01T09:30:00.000Z,1001,3618,Deferred,1,5,1234,REF-1,Refund,Processed,2026-01-02T06:00:00.000Z,2026-01-02T06:00:00.000Z,USD,-10.00,BANK1,AC118,999,Refund,ORDER-1,ptx-2,
F,Shop,,BANK1,USD,48.87,21,2026-01-02T10:00:00.000Z
L,2,50.50,1,48.87
"""
SETTLEMENT = """\
ROW_TYPE,SETTLEMENT_CURRENCY,NUMBER_OF_ITEMS,GROSS_TOTAL_AMOUNT,FEE_TOTAL_AMOUNT,NET_TOTAL_AMOUNT,TRANSFER_DATE,TRANSFER_ID,,,,
HEADER,USD,3,9.01,-0.52,8.49,2026-01-05,T-1,,,,
ROW_TYPE,MID,APPROVED_DATE,TRANSACTION_ID,DLOCAL_TRANSACTION_ID,LOCAL_AMOUNT,LOCAL_CURRENCY,GROSS_AMOUNT,FEE_AMOUNT,NET_AMOUNT,PAYMENT_METHOD_CODE,DESCRIPTION
PAYMENT,M1,2026-01-02 10:00:00,ORDER-1,D-1,60.50,BRL,10.010101,-0.019999,9.990102,VI,
REFUND,M1,2026-01-03 10:00:00,ORDER-1,D-2,6.05,BRL,-1.001111,0.000000,-1.001111,VI,
SETTLEMENT_FEE,M1,,,T-1,0,,0,-0.50,-0.50,,
"""


def test_trustly_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Amounts, fees, originals and the transfer must be exactly these, and add up."""
    outcome = read_bytes(trustly.FORMAT, FUNDING.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    columns = ("kind", "amount_minor", "fee_minor", "order_id", "channel_ref", "original_ref")
    assert outcome.frame.select(columns).rows() == [
        ("PAYMENT", 6050, 163, "ORDER-1", "1001", None),
        ("REFUND", -1000, None, "ORDER-1", "1002", "1001"),
        ("PAYOUT", -4887, None, None, None, None),
    ]
    assert outcome.frame["batch_id"].unique().to_list() == ["BANK1"]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("L,2,50.50", "L,3,50.50", "held"),
        ("L,2,50.50", "L,2,50.51", "held"),
        ("L,2,50.50", "L,2,50.505", "finer than its currency allows"),
        ("F,Shop,,BANK1", "F,Shop,,BANK2", "held"),
        ("-1.63", "-1.64", "held"),
        (",USD,60.50", ",USD,60.505", "held"),
        ("2026-01-02T05:51:28.297Z", "yesterday", "held"),
        ("L,2,50.50,1,48.87\n", "", "does not end with its L line"),
        ("H,P11KFUN", "H,P99", "no P11K report"),
        ("F,Shop", "X,Shop", "no whole P11K line"),
    ],
)
def test_trustly_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    """Wrong counts, sums and amounts hold the file; wrong lines refuse it."""
    assert old in FUNDING
    data = FUNDING.replace(old, new).encode()
    assert verdict in read_bytes(trustly.FORMAT, data, tmp_path).verdict


def test_a_trustly_transfer_is_of_one_account_and_currency(tmp_path: Path) -> None:
    """What one account gets too little and another too much does not make up for each other."""
    captured, transferred = FUNDING.splitlines()[1], FUNDING.splitlines()[3]
    abroad = captured.replace("USD,60.50,BANK1", "KWD,1.234,BANK2").replace("-1.63", "-0.034")
    paid = transferred.replace("BANK1,USD,48.87", "BANK2,KWD,1.200")
    two = FUNDING.replace("F,Shop", f"{abroad}\nF,Shop").replace("L,2,50.50,1,48.87\n", f"{paid}\n")
    assert (
        read_bytes(trustly.FORMAT, f"{two}L,3,51.734,2,50.07\n".encode(), tmp_path).verdict
        == "agreed"
    )
    shifted = two.replace("USD,48.87", "USD,48.97").replace("KWD,1.200", "KWD,1.100")
    outcome = read_bytes(trustly.FORMAT, f"{shifted}L,3,51.734,2,50.07\n".encode(), tmp_path)
    assert [total.name for total in outcome.totals if total.declared != total.computed] == [
        "account BANK1: amounts + fees = transfers",
        "account BANK2: amounts + fees = transfers",
    ]
    outcome = read_bytes(trustly.FORMAT, f"{two}L,3,51.735,2,50.07\n".encode(), tmp_path)
    assert outcome.verdict == "held"


def test_a_trustly_return_code_is_a_chargeback(tmp_path: Path) -> None:
    """Money that the payer's bank took back; and a report of several files says so."""
    text = FUNDING.replace("REF-1,Refund,", "REF-1,R01,").replace("0001of0001", "0001of0002")
    outcome = read_bytes(trustly.FORMAT, text.encode(), tmp_path)
    assert outcome.frame["kind"].to_list() == ["PAYMENT", "CHARGEBACK", "PAYOUT"]
    assert "0001of0002" in outcome.reading.notes[0]


def test_a_dlocal_row_proves_itself(tmp_path: Path) -> None:
    """A millionth changed in gross, fee or net is a reject, though the rounded sums may agree."""
    transaction = SETTLEMENT.replace("PAYMENT,M1", "TRANSACTION,M1")
    whole = read_bytes(dlocal_settlement.FORMAT, transaction.encode(), tmp_path)
    assert whole.verdict == "agreed"
    assert whole.frame["kind"][1] == "PAYMENT"
    for old, new in (
        ("10.010101", "10.010102"),
        ("0.019999", "0.019998"),
        ("-1.001111,V", "-1.00,V"),
    ):
        text = SETTLEMENT.replace(old, new)
        assert text != SETTLEMENT
        broken = read_bytes(dlocal_settlement.FORMAT, text.encode(), tmp_path)
        assert "the stated net is" in broken.rejects[0].reasons[0]


def test_trustly_cuts_are_noticed(tmp_path: Path) -> None:
    """A report cut anywhere must be refused or held, or have lost nothing that is declared."""
    data = FUNDING.encode()
    for cut in range(data.index(b"L,2,50.5") + 8):
        assert not read_bytes(trustly.FORMAT, data[:cut], tmp_path).whole, cut


def test_dlocal_settlement_keeps_exact_amounts(tmp_path: Path) -> None:
    """Fractions of a cent stay in words; rows are in the currency that holds them exactly."""
    outcome = read_bytes(dlocal_settlement.FORMAT, SETTLEMENT.encode(), tmp_path)
    names = [name for name, _ in outcome.reading.columns]
    assert {"NET_TOTAL_AMOUNT", "NET_AMOUNT"} <= set(names), "drift is seen in both headings"
    assert len(names) == len(set(names))
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame.select("kind", "amount_minor", "currency", "batch_id").rows() == [
        ("PAYOUT", -849, "USD", "T-1"),
        ("PAYMENT", 6050, "BRL", "T-1"),
        ("REFUND", -605, "BRL", "T-1"),
        ("FEE", -50, "USD", "T-1"),
    ]
    assert "settled USD 9.990102" in outcome.frame["memo"][1]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("HEADER,USD,3,9.01", "HEADER,USD,4,9.01", "held"),
        ("HEADER,USD,3,9.01", "HEADER,USD,3,9.02", "held"),
        ("10.010101", "1e1", "held"),
        ("0.52", "9" * 40, "held"),  # more digits than sums keep
        ("HEADER,USD", "TOP,USD", "no HEADER line"),
    ],
)
def test_dlocal_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    """Wrong totals and unreadable amounts hold the file; a missing transfer refuses it."""
    assert old in SETTLEMENT
    data = SETTLEMENT.replace(old, new).encode()
    assert verdict in read_bytes(dlocal_settlement.FORMAT, data, tmp_path).verdict


def test_dlocal_nets_finer_than_a_cent_are_rounded_and_told(tmp_path: Path) -> None:
    """The bank pays cents; the total and the fee as stated stand in the memo."""
    text = SETTLEMENT.replace("-0.52,8.49", "-0.523,8.487").replace("-0.50,-0.50", "-0.503,-0.503")
    outcome = read_bytes(dlocal_settlement.FORMAT, text.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    rows = outcome.frame.select("amount_minor", "memo").rows()
    assert rows[0] == (-849, "3 items net 8.487 rounded")
    assert rows[-1] == (-50, "net -0.503 rounded")


def test_a_dlocal_local_amount_has_the_sign_of_its_gross(tmp_path: Path) -> None:
    """A fee above a small payment makes the net negative, not the payment; 0 local is no amount."""
    heads, rows = SETTLEMENT.splitlines()[:3], []
    cells = heads[2].split(",")
    for kind, local, gross, fee, net in (
        ("CAPTURE", "0.50", "0.09", "-0.20", "-0.11"),
        ("REFUND", "5.00", "-0.90", "0.10", "-0.80"),
        ("ADJUSTMENT", "0", "-2.38", "0", "-2.38"),
    ):
        row = dict.fromkeys(cells, "") | {"ROW_TYPE": kind, "LOCAL_CURRENCY": "BRL"}
        row |= {"APPROVED_DATE": "2026-01-02 10:00:00", "LOCAL_AMOUNT": local}
        row |= {"GROSS_AMOUNT": gross, "FEE_AMOUNT": fee, "NET_AMOUNT": net}
        rows.append(",".join(row.values()))
    outcome = read_bytes(dlocal_settlement.FORMAT, "\n".join([*heads, *rows]).encode(), tmp_path)
    told = outcome.frame.filter(pl.col("kind") != "PAYOUT").select("amount_minor", "currency")
    assert told.rows() == [(50, "BRL"), (-500, "BRL"), (-238, "USD")]


def test_a_dlocal_type_says_which_way_money_goes(tmp_path: Path) -> None:
    """A minus of the file's own stays one minus; notes and fees have a sign; limbo is pending."""
    told = {
        "Refund;-5.00;Completed": ("REFUND", "SUCCESS", -500),
        "Refund;5.00;Waiting Details": ("REFUND", "PENDING", -500),
        "Chargeback;5.00;In process": ("CHARGEBACK", "PENDING", -500),
        "Chargebacks;5.00;Reimbursed": ("CHARGEBACK", "REVERSED", -500),
        "Chargeback Reversal;5.00;Completed": ("ADJUSTMENT", "SUCCESS", 500),
        "Credit Note;5.00;Completed": ("ADJUSTMENT", "SUCCESS", 500),
        "Debit Note;5.00;Completed": ("ADJUSTMENT", "SUCCESS", -500),
        "Refund processing fee;0.50;Completed": ("FEE", "SUCCESS", -50),
    }
    lines = [
        "Type;Creation date;Settlement date;Reference;Invoice;Net Amount (local);currency;Status"
    ]
    for number, words in enumerate([*told, "Payment;-5.00;Cleared"]):
        kind, amount, state = words.split(";")
        lines.append(f"{kind};2026-01-05 10:00:00;;{number};;{amount};BRL;{state}")
    outcome = read_bytes(dlocal_transactions.FORMAT, "\n".join(lines).encode(), tmp_path)
    columns = ("kind", "state", "amount_minor")
    assert outcome.frame.select(columns).rows() == list(told.values())
    assert ["below zero" in reject.reasons[0] for reject in outcome.rejects] == [True]


def test_dlocal_payment_is_of_the_day_it_was_made(tmp_path: Path) -> None:
    """What was settled two days later must stand at its order's time, cleared on the later day."""
    header = (
        "Type;Creation date;Settlement date;Reference;Invoice;Net Amount (local);currency;Status\n"
    )
    text = header + "Payment;2026-01-02 10:00:00;2026-01-04 12:00:00;1;ORDER-1;5.00;BRL;Cleared\n"
    text += "Refund;2026-01-05 10:00:00;;2;;5.00;BRL;Completed\n"
    outcome = read_bytes(dlocal_transactions.FORMAT, text.encode(), tmp_path, Options(zone="UTC"))
    assert [str(moment)[:10] for moment in outcome.frame["occurred_at"]] == [
        "2026-01-02",
        "2026-01-05",
    ]
    assert [str(day) for day in outcome.frame["clearing_date"]] == ["2026-01-04", "None"]


def test_corpus_outcomes() -> None:
    """Every Trustly and dLocal file of the corpus must come out as it was judged by eye."""
    check_expectations(trustly.FORMAT, corpus_folder("trustly"), TRUSTLY)
    for path in sorted(corpus_folder("dlocal").iterdir()):
        crossing = "cross_border" in path.name
        form = dlocal_settlement.FORMAT if crossing else dlocal_transactions.FORMAT
        outcome = read_path(form, path)
        found = (outcome.frame.height, len(outcome.rejects), outcome.verdict)
        assert found == ((7, 0, "held") if crossing else (1, 0, "unproved")), path.name
    for form, own in (
        (trustly.FORMAT, "trustly"),
        (dlocal_settlement.FORMAT, "dlocal"),
        (dlocal_transactions.FORMAT, "dlocal"),
    ):
        assert claimed_elsewhere(form, {own}) == []
