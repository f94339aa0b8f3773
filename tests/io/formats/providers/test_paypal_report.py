# ruff: noqa: E501  a line of a sample is a line of a file
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.io.formats.providers import paypal_envelope, paypal_report
from recon.io.formats.providers.paypal_report import FORMAT
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

PUMP = "wikimedia__wikimedia-fundraising-SmashPig__"
CRM = "wikimedia__wikimedia-fundraising-crm__"
SETTLEMENTS = {
    PUMP + "stl.csv": (5, 0, "held"),  # its publisher edited the footers
    PUMP + "stl_chargeback_reversal.csv": (2, 0, "unproved"),
    PUMP + "stl_dr_payment.csv": (2, 0, "held"),
    PUMP + "stl_payout_currency_convert.csv": (3, 0, "held"),
    CRM + "stl_chargeback_double_transaction_STL-20260106.01.009.csv": (2, 0, "held"),
    CRM + "stl_file_STL-20260106.01.009.csv": (5, 0, "agreed"),
    CRM + "stl_file_STL-BRL-convert.csv": (6, 0, "agreed"),
    CRM + "stl_order_recur_STL-20260106.01.009.csv": (1, 0, "held"),
}
DETAILS = {
    PUMP + "trr_dr_payment.csv": (1, 0, "unproved"),
    PUMP + "trr_express_checkout_donation.csv": (1, 0, "unproved"),
    PUMP + "trr_express_checkout_recurring_donation.csv": (1, 0, "unproved"),
    PUMP + "trr_express_with_non_data_rows.csv": (1, 0, "held"),  # 20039 rows declared
    PUMP + "trr_give_lively.csv": (1, 0, "unproved"),
    PUMP + "trr_grant.csv": (1, 0, "unproved"),
    PUMP + "trr_gravy_donation.csv": (1, 0, "unproved"),
    CRM + "trr_file_trr_paypal_express_donation.csv": (1, 0, "unproved"),
    CRM + "trr_grant_trr_grant.csv": (1, 0, "unproved"),
}
SUBSCRIPTIONS = {PUMP + "sar_classic_subscr_signup.csv": (0, 0, "subscription report")}
REPORT = """\
"RH",2026/01/07 02:05:05 -0800,"A","ACCOUNT1",009
"FH",01
"SH",2026/01/06 00:00:00 -0800,2026/01/06 23:59:59 -0800,"ACCOUNT1",""
"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date","Transaction Completion Date","Transaction  Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field","Bank Reference ID"
"SB","T1","ORDER-1","","","T0006",2026/01/06 12:00:00 -0800,2026/01/06 12:00:00 -0800,"CR",6050,"USD","DR",150,"USD","note, with comma",""
"SB","T2","ORDER-1","T1","TXN","T1107",2026/01/06 13:00:00 -0800,2026/01/06 13:00:00 -0800,"DR",1000,"USD","CR",30,"USD","",""
"SB","T3","ORDER-2","","","T0006",2026/01/06 14:00:00 -0800,2026/01/06 14:00:00 -0800,"CR",500000,"JPY","DR",20000,"JPY","",""
"SB","T4","","","","T0400",2026/01/06 15:00:00 -0800,2026/01/06 15:00:00 -0800,"DR",4000,"USD","",,"","","BANK-1"
"SF","USD",6050,5000,30,150,"CR",1000,"CR",1930,"CR",0,"CR",0,"CR",0,"CR",0,4
"SF","JPY",500000,0,0,20000,"CR",0,"CR",480000,"CR",0,"CR",0,"CR",0,"CR",0,4
"SC",4
"RC",4
"FF",4
"""
SHORT_FOOTER = next(line for line in REPORT.splitlines() if line.startswith('"SF","USD"'))


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Signs by DR and CR, yen in hundredths, offsets, footers of two currencies must be right."""
    outcome = read_bytes(FORMAT, REPORT.encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.verdict == "agreed", outcome.totals
    columns = ("kind", "amount_minor", "fee_minor", "net_minor", "currency", "channel_ref")
    assert outcome.frame.select(columns).rows() == [
        ("PAYMENT", 6050, 150, 5900, "USD", "T1"),
        ("REFUND", -1000, -30, -970, "USD", "T2"),
        ("PAYMENT", 5000, 200, 4800, "JPY", "T3"),
        ("PAYOUT", -4000, None, -4000, "USD", "T4"),
    ]
    assert outcome.frame["original_ref"].to_list() == [None, "T1", None, None]
    assert outcome.frame["bank_ref"][3] == "BANK-1"
    assert str(outcome.frame["occurred_at"][0]) == "2026-01-06 20:00:00"
    assert outcome.frame["merchant_id"].unique().to_list() == ["ACCOUNT1"]


@pytest.mark.parametrize(
    ("old", "new", "verdict", "rejects"),
    [
        ('"SF","USD",6050', '"SF","USD",6051', "held", 0),
        ('30,150,"CR",1000', '30,151,"CR",1000', "held", 0),
        ('"CR",1930', '"CR",1931', "held", 0),
        (SHORT_FOOTER, '"SF","USD",6051,5000,30,150', "held", 0),
        ('"SC",4', '"SC",5', "held", 0),
        ('"CR",6050', '"CR",60.50', "held", 1),
        ('"CR",6050', '"XX",6050', "held", 1),
        ('"CR",500000', '"CR",500050', "held", 1),  # half a yen
        ('"note, with comma"', '"note, with comma', "held", 1),
        ('"CR",30,"USD","",""', '"CR",30,"USD"', "held", 1),  # the end of a row is lost
        ('2026/01/06 12:00:00 -0800,"CR"', '2026/01/06 24:00:00 -0800,"CR"', "held", 1),
        ('"FF",4', '"??",4', "not with a PayPal code", 0),
        ('"FF",4', '"FF",5', "held", 0),
        (
            '"RC",4',
            '"RF","USD",6051,5000,30,150,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0',
            "held",
            0,
        ),
        ('"RC",4\n"FF",4\n', "", "end (RF or RC) of the report", 0),
    ],
)
def test_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str, rejects: int) -> None:
    """A wrong footer holds the file; a bad row is a reject with its reason, and holds it too."""
    assert old in REPORT
    outcome = read_bytes(FORMAT, REPORT.replace(old, new).encode(), tmp_path)
    assert verdict in outcome.verdict
    assert len(outcome.rejects) == rejects
    if outcome.refusal is None:
        assert outcome.reading.all_lines_accounted()


def test_the_end_of_a_report_counts_the_rows_of_all_its_sections(tmp_path: Path) -> None:
    """A section that is lost whole must hold the report by its own end, with both figures."""
    section = REPORT[REPORT.index('"SH"') : REPORT.index('"RC"')]
    end = '"RF","USD",12100,10000,60,300,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0\n'
    head = REPORT[: REPORT.index('"SH"')]
    other = section.replace("ACCOUNT1", "ACCOUNT2")
    whole = read_bytes(FORMAT, (head + section + other + end).encode(), tmp_path)
    assert whole.verdict == "agreed", whole.totals
    half = read_bytes(FORMAT, (head + section + end).encode(), tmp_path)
    wrong = {one.name.partition(": ")[2]: (one.declared, one.computed) for one in half.totals}
    assert half.verdict == "held"
    assert wrong["gross credits"] == (12100, 6050)


def test_the_columns_of_a_report_are_kept_for_the_nights_after(tmp_path: Path) -> None:
    """What the line of column names says must be known to the comparison with other nights."""
    outcome = read_bytes(FORMAT, REPORT.encode(), tmp_path)
    assert outcome.reading.columns[0] == ("Transaction ID", "")
    assert ("Gross Transaction Amount", "") in outcome.reading.columns


def test_corpus_outcomes() -> None:
    """Every PayPal report of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("paypal_stl"), SETTLEMENTS)
    check_expectations(FORMAT, corpus_folder("paypal_trr"), DETAILS)
    check_expectations(FORMAT, corpus_folder("paypal_sar"), SUBSCRIPTIONS)
    assert claimed_elsewhere(FORMAT, {"paypal_stl", "paypal_trr"}) == []


@given(
    st.tuples(st.integers(1969, 2201), st.integers(0, 13), st.integers(0, 32), st.integers(0, 24)),
    st.tuples(st.integers(0, 60), st.integers(0, 61)),
    st.sampled_from(["-0800", "+0530", "+0000", "-1260", "Z", "+08:00", "+080030", "", "0800"]),
)
def test_a_time_by_its_minute_is_the_time_by_its_second(
    day: tuple[int, ...], clock: tuple[int, ...], offset: str
) -> None:
    """Minutes are looked up once; what comes of it is what Python reads of the whole text."""
    text = "{:04}/{:02}/{:02} {:02}:".format(*day) + "{:02}:{:02} ".format(*clock) + offset
    assert paypal_envelope.utc_time(text) == paypal_envelope._moment(text)


def test_an_optional_column_may_be_missing_and_no_cell_is_taken_for_another(
    tmp_path: Path,
) -> None:
    """A report without columns for notes has none; a row of fewer or more cells is a reject."""
    columns = ["CH", *paypal_report._REQUIRED, "Fee Currency"]
    row = ["SB", "T1", "I1", "T0006", "2026/01/06 00:00:30 -0800", "CR", "5200", "USD", "DR", "225"]
    lines = [columns, [*row, "USD"], row, [*row, "USD", "more"], [*row, "EUR"]]
    data = "".join(",".join(line) + "\n" for line in lines).encode()
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert [(row["memo"], row["bank_reference"]) for row in outcome.rows] == [("T0006", None)]
    assert [reject.reasons for reject in outcome.rejects] == [
        ("expected 11 fields, found 10",),
        ("expected 11 fields, found 12",),
        ("the fee is in another currency than the gross",),
    ]
