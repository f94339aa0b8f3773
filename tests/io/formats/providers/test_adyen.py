# ruff: noqa: E501  a line of a sample is a line of a file
from __future__ import annotations

from pathlib import Path

import pytest

from recon.errors import InputError
from recon.io.formats.providers import adyen_accounting, adyen_settlement
from recon.io.reading.contract import Options
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)
from tests.io.formats.reading import corpus_file, load_path

WIKI = "wikimedia__wikimedia-fundraising-"
PUMP = WIKI + "SmashPig__settlement_detail_report_"
SETTLEMENTS = {
    "OCA__bank-statement-import__adyen_test.xlsx": (0, 0, "digits are all there"),  # ids as numbers
    "OCA__bank-statement-import__settlement_detail_report_batch_238.csv": (3, 0, "agreed"),
    PUMP + "chargeback.csv": (3, 0, "held"),  # the payout has another sign than the rows
    PUMP + "chargeback_reversed.csv": (1, 0, "unproved"),
    PUMP + "deposit_correction.csv": (2, 0, "unproved"),
    PUMP + "donation-ach.csv": (2, 0, "agreed"),
    PUMP + "donation_reordered.csv": (2, 0, "agreed"),
    PUMP + "emptynetcredit.csv": (1, 0, "unproved"),
    PUMP + "invoice_deduction.csv": (2, 0, "unproved"),
    PUMP + "refund.csv": (3, 0, "held"),
    WIKI + "crm__batch_1_settlement_detail_report_batch_1128.csv": (13, 2, "held"),  # gross changed
    WIKI + "crm__chargeback_and_refund_settlement_detail_report_batch_1120-2.csv": (
        2,
        0,
        "unproved",
    ),
    WIKI + "crm__chargeback_and_refund_settlement_detail_report_batch_1120.csv": (
        4,
        0,
        "unproved",
    ),
    WIKI + "crm__refund_credit_fee_settlement_detail_report_batch.csv": (3, 0, "agreed"),
}
LEDGERS = {
    WIKI + "SmashPig__payments_accounting_report_chargeback.csv": (1, 0, "unproved"),
    WIKI + "SmashPig__payments_accounting_report_gravy_chargeback.csv": (1, 0, "unproved"),
}
HEADER = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),"
    "Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),"
    "Markup (NC),Scheme Fees (NC),Interchange (NC),Modification Merchant Reference,Batch Number"
)
BATCH = f"""\
{HEADER}
Co,Shop,PSP1,ORDER-1,visa,2026-01-01 12:00:00,CET,Settled,CAP1,EUR,,10.00,1,EUR,,9.70,,0.10,0.05,0.15,,7
Co,Shop,PSP2,ORDER-2,jcb,2026-07-01 12:00:00,CEST,Settled,CAP2,JPY,,1000,0.006,EUR,,5.88,0.12,,,,,7
Co,Shop,PSP1,ORDER-1,visa,2026-01-02 12:00:00,CET,refunded,REF1,EUR,4.00,,1,EUR,4.00,,0.00,,,,RET-1,7
Co,Shop,PSP3,ORDER-3,mc,2026-01-02 13:00:00,America/New_York,Chargeback,CB1,EUR,1.00,,1,EUR,3.00,,2.00,,,,,7
Co,Shop,,,,2026-01-03 00:00:00,CET,Fee,Fees January,,,,,EUR,0.58,,,,,,,7
Co,Shop,,,,2026-01-03 01:00:00,CET,MerchantPayout,"TX123XT batch 7, Shop",,,,,EUR,8.00,,,,,,,7
"""


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Signs, fees, kinds, numbers, zones and the batch's sum must be exactly these."""
    outcome = read_bytes(adyen_settlement.FORMAT, BATCH.encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.verdict == "agreed"
    columns = ("kind", "amount_minor", "fee_minor", "net_minor", "order_id", "channel_ref")
    assert outcome.frame.select(columns).rows() == [
        ("PAYMENT", 1000, 30, 970, "ORDER-1", "PSP1"),
        ("PAYMENT", 600, 12, 588, "ORDER-2", "PSP2"),
        ("REFUND", -400, 0, -400, "RET-1", "REF1"),
        ("CHARGEBACK", -100, 200, -300, "ORDER-3", "CB1"),
        ("FEE", -58, None, -58, None, None),
        ("PAYOUT", -800, None, -800, None, None),
    ]
    assert outcome.frame["original_ref"].to_list() == [None, None, "ORDER-1", "ORDER-3", None, None]
    assert outcome.frame["bank_ref"][5] == "TX123XT"
    assert outcome.frame["memo"][1] == "gross JPY 1000"
    assert [str(time)[11:16] for time in outcome.frame["occurred_at"][:4]] == [
        "11:00",
        "10:00",
        "11:00",
        "18:00",
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("EUR,,10.00", "EUR,,11.00", "gross 1100 less fees 30 is 1070, the stated net is 970"),
        ("9.70,,0.10", "9.70,,0.20", "gross 1000 less fees 40 is 960, the stated net is 970"),
        ("EUR,4.00,,1", "EUR,4.00,9.00,1", "gross 500 less fees 0 is 500, the stated net is -400"),
        ("4.00,,0.00,", "3.00,,,", "gross -400 less fees 0 is -400, the stated net is -300"),
    ],
)
def test_gross_less_fees_is_the_net(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """A row that does not come to its net is refused by itself, whatever its batch adds up to."""
    assert BATCH.count(old) == 1
    outcome = read_bytes(adyen_settlement.FORMAT, BATCH.replace(old, new).encode(), tmp_path)
    assert [reject.reasons for reject in outcome.rejects] == [(reason,)]


def test_a_net_that_something_else_moves_is_not_judged(tmp_path: Path) -> None:
    """The sender does not say how a markup of currency choice enters the net."""
    lines = BATCH.replace("EUR,,10.00", "EUR,,9.90").splitlines()
    cells = ["DCC Markup (NC)", "0.10", *[""] * 5]
    marked = [f"{line},{cell}" for line, cell in zip(lines, cells, strict=True)]
    outcome = read_bytes(adyen_settlement.FORMAT, "\n".join([*marked, ""]).encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.verdict == "agreed"


def test_columns_go_by_name(tmp_path: Path) -> None:
    """The same table with its columns turned round must give the same rows."""
    lines = [line.replace('"TX123XT batch 7, Shop"', "TX123XT") for line in BATCH.splitlines()]
    turned = "\n".join(",".join(reversed(line.split(","))) for line in lines) + "\n"
    first = read_bytes(adyen_settlement.FORMAT, "\n".join(lines).encode(), tmp_path).frame
    second = read_bytes(adyen_settlement.FORMAT, turned.encode(), tmp_path).frame
    wanted = ["kind", "amount_minor", "fee_minor", "net_minor", "order_id", "channel_ref"]
    assert first.select(wanted).equals(second.select(wanted))


@pytest.mark.parametrize(
    ("old", "new", "verdict", "rejects"),
    [
        (",8.00,", ",8.01,", "held", 0),
        (",9.70,", ",9.7,", "agreed", 0),
        (",9.70,", ",9.705,", "held", 1),
        ("2026-01-01 12:00:00,CET", "2026-01-01 12:00:00,CST", "held", 1),  # China or Chicago
        ("2026-01-02 13:00:00", "2026-03-08 02:30:00", "held", 1),  # does not exist there
        ("2026-01-01 12:00:00", "2026-02-30 12:00:00", "held", 1),
        (",Batch Number", ",Batch", "without Batch Number", 0),
    ],
)
def test_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str, rejects: int) -> None:
    """A wrong sum holds the batch; a bad cell is a reject with its reason, and holds it too."""
    assert old in BATCH
    outcome = read_bytes(adyen_settlement.FORMAT, BATCH.replace(old, new).encode(), tmp_path)
    assert verdict in outcome.verdict
    assert len(outcome.rejects) == rejects


@pytest.mark.parametrize(
    ("time", "name", "own_zone", "utc"),
    [
        ("2026-01-01 12:00:00", "CST", "Asia/Shanghai", "2026-01-01 04:00:00"),
        ("2026-01-01 12:00:00", "CST", "America/Chicago", "2026-01-01 18:00:00"),
        ("2026-07-01 12:00:00", "CST", "America/Chicago", ""),  # its clocks say CDT then
        ("2026-01-01 12:00:00", "IST", "Asia/Kolkata", "2026-01-01 06:30:00"),
        ("2026-07-01 12:00:00", "BST", "Europe/London", "2026-07-01 11:00:00"),
        ("2026-10-25 01:30:00", "BST", "Europe/London", "2026-10-25 00:30:00"),  # the first of two
        ("2026-01-01 12:00:00", "BST", "Asia/Kolkata", ""),
        ("2026-07-01 12:00:00", "BST", "", ""),
    ],
)
def test_a_zone_of_several_meanings_is_the_one_that_the_source_declares(
    tmp_path: Path, time: str, name: str, own_zone: str, utc: str
) -> None:
    """An abbreviation that several zones bear is never guessed."""
    raw = BATCH.replace("2026-01-01 12:00:00,CET", f"{time},{name}").encode()
    options = Options(own_zone=own_zone)
    outcome = read_bytes(adyen_settlement.FORMAT, raw, tmp_path, options)
    reasons = [reason for reject in outcome.rejects for reason in reject.reasons]
    if utc:
        assert reasons == []
        assert str(outcome.frame["occurred_at"][0]).startswith(utc)
    else:
        why = f"time zone {name} has several meanings: give the source its time_zone"
        assert reasons == [why]


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """A closed batch cut anywhere must be refused or held, or have lost what proves it."""
    data = BATCH.encode().rstrip()
    payout = data.index(b"Co,Shop,,,,2026-01-03 01")
    for cut in range(0, len(data), 7):
        outcome = read_bytes(adyen_settlement.FORMAT, data[:cut], tmp_path)
        if cut > payout:
            assert outcome.verdict != "agreed" or outcome.frame.height == 6, cut
        else:
            assert outcome.verdict != "agreed", cut


def test_corpus_outcomes() -> None:
    """Every Adyen file of the corpus must come out as it was judged by eye."""
    check_expectations(adyen_settlement.FORMAT, corpus_folder("adyen_settlement"), SETTLEMENTS)
    check_expectations(adyen_accounting.FORMAT, corpus_folder("adyen_payments_accounting"), LEDGERS)
    assert claimed_elsewhere(adyen_settlement.FORMAT, {"adyen_settlement"}) == []
    assert claimed_elsewhere(adyen_accounting.FORMAT, {"adyen_payments_accounting"}) == []


def test_ledger_counts_only_what_is_payable(tmp_path: Path) -> None:
    """Of the records of one payment only the one that makes money payable may have an amount."""
    header = (
        "Merchant Account,Psp Reference,Merchant Reference,Payment Method,Booking Date,TimeZone,"
        "Record Type,Modification Psp Reference,Main Currency,Main Amount,Settlement Currency,"
        "Payable (SC),Commission (SC),Markup (SC),Scheme Fees (SC),Interchange (SC)"
    )
    rows = [
        "Shop,P1,O1,visa,2026-01-01 00:00:00,UTC,Received,,EUR,10.00,,,,,,",
        "Shop,P1,O1,visa,2026-01-01 00:00:01,UTC,Authorised,,EUR,10.00,,,,,,",
        "Shop,P1,O1,visa,2026-01-02 00:00:00,UTC,Settled,C1,EUR,10.00,EUR,9.70,,0.10,0.05,0.15",
        "Shop,P1,O1,visa,2026-01-03 00:00:00,UTC,Refunded,R1,EUR,4.00,EUR,-4.00,,,,",
        "Shop,P2,O2,visa,2026-01-03 00:00:00,UTC,Refused,,EUR,5.00,,,,,,",
    ]
    data = "\n".join([header, *rows]).encode()
    frame = read_bytes(adyen_accounting.FORMAT, data, tmp_path).frame
    assert frame.select("kind", "state", "amount_minor", "net_minor").rows() == [
        ("OTHER", "PENDING", 0, 0),
        ("OTHER", "PENDING", 0, 0),
        ("PAYMENT", "SUCCESS", 1000, 970),
        ("REFUND", "SUCCESS", -400, -400),
        ("OTHER", "FAILED", 0, 0),
    ]


def test_a_report_may_come_as_a_workbook():
    """The workbook gives the rows of the text export; ids that lost digits must be given up."""
    path = corpus_file("adyen_settlement/*.xlsx")
    with pytest.raises(InputError, match="Psp Reference"):
        load_path(adyen_settlement.FORMAT, path)
    options = Options(ignore_columns=("Psp Reference", "Modification Reference"))
    result = load_path(adyen_settlement.FORMAT, path, options)
    assert result.frame.height == 20
    assert [reject.reasons for reject in result.rejects] == [  # its publisher wrote another gross
        ("gross 159800 less fees 666 is 159134, the stated net is 65934",)
    ]
    assert result.frame["net_minor"].sum() == -65934
    assert result.frame.filter(kind="PAYMENT")["order_id"].to_list()[0] == "19000000001"
    assert not result.agrees
