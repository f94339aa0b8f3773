from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.io.formats.banks.bai2 import FORMAT
from tests.io.formats.examine import (
    canonical_of,
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

EXPECTED = {
    "ministryofjustice__bai2__citi_example.bai2": (1, 0, "agreed"),
    "ministryofjustice__bai2__nwb_example.bai2": (5, 0, "agreed"),
    "ministryofjustice__bai2__svb_us_example.bai2": (2, 0, "agreed"),
    "moov-io__bai2__sample1.txt": (17, 0, "agreed"),
    "moov-io__bai2__sample2.txt": (4, 0, "agreed"),
    "moov-io__bai2__sample3.txt": (26, 0, "agreed"),
}
REPORT = """\
01,BANK,CUSTOMER,260102,2400,7,,,2/
02,CUSTOMER,BANK,1,260102,9999,EUR,2/
03,ACC-1,,010,+10000,,,015,13050,,,/
88,100,6050,1,,400,3000,1,/
16,195,6050,V,260105,,BANK-1,PAYOUT-1,ACME, settlement
88,of the night / ref 7
88,and more/
16,455,3000,S,1000,1000,1000,,BILL-2,fee/
49,41150,7/
03,ACC-2,JPY,010,0,,/
16,142,700,,,,/
49,700,3/
98,41850,2,12/
99,41850,1,14/
"""


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Signs, references, funds types, currencies and wrapped text must be exactly these."""
    outcome = read_bytes(FORMAT, REPORT.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.reading.controls
    assert outcome.reading.all_lines_accounted()
    assert [row["record_no"] for row in outcome.rows] == [5, 8, 11]
    frame, rejects = canonical_of(FORMAT, tmp_path / "input")
    assert rejects == []
    columns = ("merchant_id", "amount_minor", "currency", "kind", "bank_ref")
    assert frame.select(columns).rows() == [
        ("ACC-1", 6050, "EUR", "CREDIT", "PAYOUT-1"),
        ("ACC-1", -3000, "EUR", "DEBIT", "BILL-2"),
        ("ACC-2", 700, "JPY", "CREDIT", None),
    ]
    assert frame["value_date"].to_list()[0].isoformat() == "2026-01-05"
    assert frame["memo"][0] == "ACME, settlement of the night / ref 7 and more //BANK-1"
    first = outcome.rows[0]
    piece = REPORT.encode()[first["byte_start"] : first["byte_end"]]
    assert piece.startswith(b"16,195")
    assert piece.endswith(b"and more/")


ONE = """\
01,BANK,CUSTOMER,260102,2400,7,,,2/
02,CUSTOMER,BANK,1,260102,9999,USD,2/
03,ACC-1,/
16,{code},{amount},,B,C,words/
49,{total},3/
98,{total},1,5/
99,{total},1,7/
"""


@pytest.mark.parametrize(
    ("code", "amount", "kind", "minor"),
    [
        ("920", "100", "CREDIT", 100),  # the bank's own codes
        ("975", "100", "DEBIT", -100),
        ("721", "100", "CREDIT", 100),  # a loan is paid
        ("760", "100", "DEBIT", -100),  # and drawn
        ("890", "", "OTHER", 0),  # information that moves nothing
    ],
)
def test_a_type_code_says_where_money_goes(
    tmp_path: Path, code: str, amount: str, kind: str, minor: int
) -> None:
    """Codes beyond the common ranges must be signed as the specification says."""
    report = ONE.format(code=code, amount=amount, total=amount or "0")
    outcome = read_bytes(FORMAT, report.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame.select("kind", "amount_minor").rows() == [(kind, minor)]


@pytest.mark.parametrize(
    ("code", "amount"), [("475", "-100"), ("890", "100"), ("015", "100"), ("701", "100")]
)
def test_an_amount_that_its_code_does_not_sign_is_refused(
    tmp_path: Path, code: str, amount: str
) -> None:
    """A sign beside a debit code says two things; a state is no movement."""
    report = ONE.format(code=code, amount=amount, total=amount)
    outcome = read_bytes(FORMAT, report.encode(), tmp_path)
    assert (outcome.frame.height, len(outcome.rejects)) == (0, 1)


def test_files_may_follow_each_other_but_not_the_same_twice(tmp_path: Path) -> None:
    """Two files in one delivery are both read; one file joined with itself is refused."""
    one = ONE.format(code="475", amount="100", total="100").encode()
    other = one.replace(b"2400,7", b"2400,8")
    outcome = read_bytes(FORMAT, one + other, tmp_path)
    assert (outcome.verdict, outcome.frame.height) == ("agreed", 2)
    assert "stands here already" in read_bytes(FORMAT, one + one, tmp_path).verdict


def test_bytes_are_those_of_the_file_in_any_encoding(tmp_path: Path) -> None:
    """The byte range of a record must be right in a file of one byte a character too."""
    for encoding in ("cp1252", "utf-8"):
        report = REPORT.replace("ACME", "M\u00fcller / 16,").encode(encoding)
        outcome = read_bytes(FORMAT, report, tmp_path)
        row = outcome.rows[-1]
        assert report[row["byte_start"] : row["byte_end"]] == b"16,142,700,,,,/"


def test_corpus_outcomes() -> None:
    """Every BAI2 file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("bai2"), EXPECTED)
    assert claimed_elsewhere(FORMAT, {"bai2"}) == []


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """A file cut at any byte must be refused or held, unless only the end mark is lost."""
    data = REPORT.encode()
    last = REPORT.index("99,41850")
    for cut in range(len(data)):
        outcome = read_bytes(FORMAT, data[:cut], tmp_path)
        assert not outcome.whole or (cut > last and len(outcome.rows) == 3), cut


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("49,41150,7/", "49,41151,7/", "held"),
        ("49,41150,7/", "49,41150,8/", "held"),
        ("98,41850,2,12/", "98,41850,3,12/", "held"),
        ("99,41850,1,14/", "99,41850,1,15/", "held"),
        ("16,195,6050", "16,195,6051", "held"),
        ("16,195,6050", "16,795,6050", "agreed"),  # the row is a reject, the sums are right
        ("16,195,6050", "16,195,60.50", "held"),
        ("49,41150,7/\n", "", "an open 03 has no trailer"),
        ("02,CUSTOMER,BANK,1", "02,CUSTOMER,BANK,4", "marked as a test"),
        ("99,41850,1,14/\n", "", "does not end with its 99"),
        ("99,41850,1,14/\n", "99,41850,1,14/\n16,1,2,3/\n", "stands outside a file"),
    ],
)
def test_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    """A wrong total, count or order must hold or refuse the file."""
    assert old in REPORT
    outcome = read_bytes(FORMAT, REPORT.replace(old, new).encode(), tmp_path)
    assert verdict in outcome.verdict
    if new[:6] == "16,795" or new == "16,195,60.50":
        assert len(outcome.reading.rejects) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*REPORT.splitlines(), "x", "", "88,1", "16,", "03,,"]), max_size=20)
)
def test_any_lines_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """Whatever the order of the lines, each is accounted for or the file is refused."""
    folder = tmp_path_factory.mktemp("any", numbered=True)
    outcome = read_bytes(FORMAT, "\n".join(lines).encode(), folder)
    if outcome.refusal is None:
        assert outcome.reading.all_lines_accounted()


def test_a_record_that_no_line_ends_any_more_is_refused(tmp_path: Path, monkeypatch) -> None:
    """Lines without end behind one record must be refused with the place where it begins."""
    monkeypatch.setattr("recon.io.formats.banks.bai2.CONTINUATIONS", 5)
    lines = REPORT.splitlines(keepends=True)
    outcome = read_bytes(FORMAT, "".join([*lines[:8], *["a\n"] * 9, *lines[8:]]).encode(), tmp_path)
    assert "more than 5 lines continue the record 16" in outcome.verdict
    assert outcome.refusal.where.endswith("line 8")


@pytest.mark.parametrize(("status", "verb"), [("2", "deletes"), ("3", "corrects")])
def test_an_account_beside_the_one_it_undoes_is_refused(
    tmp_path: Path, status: str, verb: str
) -> None:
    """Both would count; alone, it is noted, for the one before may stand in an earlier file."""
    group = "02,R,B,1,260102,,USD,2/\n03,7,,,,,/\n16,142,500,0,,X/\n49,500,3/\n98,500,1,5/\n"
    again = group.replace("B,1,", f"B,{status},")
    head = "01,B,R,260102,0300,7,,,2/\n"
    both = read_bytes(FORMAT, f"{head}{group}{again}99,1000,2,12/\n".encode(), tmp_path)
    assert both.verdict == (
        f"expected account 7 of 260102 once, found it at line 3, and a group of status {status} "
        f"that {verb} it"
    )
    alone = read_bytes(FORMAT, f"{head}{again}99,500,1,7/\n".encode(), tmp_path)
    assert alone.verdict == "agreed"
    assert alone.reading.notes == [f"line 2: the group {verb} an earlier one (status {status})"]
    for other in (again.replace("260102", "260101"), again.replace("03,7", "03,8")):
        apart = read_bytes(FORMAT, f"{head}{group}{other}99,1000,2,12/\n".encode(), tmp_path)
        assert apart.verdict == "agreed"


def test_credits_and_debits_must_each_be_what_the_account_states(tmp_path: Path) -> None:
    """A changed type code turns a sign, and no total of a trailer shows it."""
    turned = REPORT.replace("16,195,6050", "16,495,6050")
    outcome = read_bytes(FORMAT, turned.encode(), tmp_path)
    assert [one.name for one in outcome.totals if not one.agrees] == [
        "line 9 account ACC-1: credits",
        "line 9 account ACC-1: debits",
    ]
    fewer = REPORT.replace("88,100,6050,1", "88,100,7050,2").replace("41150", "42150")
    fewer = fewer.replace("41850", "42850")
    assert read_bytes(FORMAT, fewer.encode(), tmp_path).verdict == "agreed"  # not all are detailed
