from __future__ import annotations

import re
from pathlib import Path

import pytest

from recon.io.formats.banks import camt052, camt053, camt054
from tests.io.formats.banks.test_camt053 import STATEMENT
from tests.io.formats.examine import (
    canonical_of,
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

REPORTS = {
    "genkgo__camt__camt052.v1.xml": (1, 0, "unproved"),
    "genkgo__camt__camt052.v2.other-account.xml": (1, 0, "unproved"),
    "genkgo__camt__camt052.v2.with-account-name.xml": (1, 0, "unproved"),
    "genkgo__camt__camt052.v2.xml": (1, 0, "unproved"),
    "genkgo__camt__camt052.v8.xml": (1, 0, "unproved"),
    "viafintech__camt_parser__valid_example.xml": (2, 0, "agreed"),
    "viafintech__camt_parser__valid_example_with_dates.xml": (1, 0, "unproved"),
}
NOTIFICATIONS = {
    "OCA__bank-statement-import__test-camt054.xml": (1, 0, "unproved"),
    "genkgo__camt__camt054.v2.with-account-name.xml": (1, 0, "unproved"),
    "genkgo__camt__camt054.v2.xml": (1, 0, "unproved"),
    "viafintech__camt_parser__valid_example.xml": (5, 0, "unproved"),
}


def as_message(number: str, element: str, part: str) -> bytes:
    text = STATEMENT.replace("camt.053", number).replace("BkToCstmrStmt", element)
    return text.replace("<Stmt>", f"<{part}>").replace("</Stmt>", f"</{part}>").encode()


REPORT = as_message("camt.052", "BkToCstmrAcctRpt", "Rpt")
NOTIFICATION = as_message("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn")


def test_corpus_outcomes() -> None:
    """Every report and notification of the corpus must come out as it was judged by eye."""
    check_expectations(camt052.FORMAT, corpus_folder("camt052"), REPORTS)
    check_expectations(camt054.FORMAT, corpus_folder("camt054"), NOTIFICATIONS)


def test_recognise_their_own_files_only() -> None:
    """No file may be taken for a report or notification that is not one."""
    assert claimed_elsewhere(camt052.FORMAT, {"camt052"}) == []
    assert claimed_elsewhere(camt054.FORMAT, {"camt054"}) == []


@pytest.mark.parametrize(
    ("form", "data"), [(camt052.FORMAT, REPORT), (camt054.FORMAT, NOTIFICATION)]
)
def test_rows_are_those_of_a_statement(tmp_path: Path, form, data: bytes) -> None:
    """The same entries must give the same rows in all three messages; pending ones are pending."""
    outcome = read_bytes(form, data, tmp_path)
    assert outcome.verdict == "agreed"
    frame, rejects = canonical_of(form, tmp_path / "input")
    assert rejects == []
    assert frame["amount_minor"].to_list() == [6050, -10000, -5000, -3050, 450]
    assert frame["state"].to_list() == ["SUCCESS"] * 4 + ["PENDING"]
    assert read_bytes(form, data.replace(b"<Sum>245.5<", b"<Sum>246<"), tmp_path).verdict == "held"


@pytest.mark.parametrize("form", [camt052.FORMAT, camt053.FORMAT, camt054.FORMAT])
@pytest.mark.parametrize("data", [REPORT, STATEMENT.encode(), NOTIFICATION])
def test_the_three_messages_are_never_confused(tmp_path: Path, form, data: bytes) -> None:
    """A message of another number must be refused by name, so that no entry counts twice."""
    own = form.name.replace("camt", "camt.").encode() in data
    outcome = read_bytes(form, data, tmp_path)
    assert (outcome.refusal is None) == own
    if not own:
        assert "expected camt.05" in outcome.verdict
        assert outcome.refusal is not None
        assert outcome.refusal.code == "FILE_SCHEMA"


def test_interim_balance_ends_a_report_but_only_a_page_of_a_statement(tmp_path: Path) -> None:
    """A report tells the balance of its hour: no further page of it is waited for."""
    report, statement = (data.replace(b"CLBD", b"ITBD") for data in (REPORT, STATEMENT.encode()))
    assert read_bytes(camt052.FORMAT, report, tmp_path).verdict == "agreed"
    wrong = report.replace(b"<Sum>245.5<", b"<Sum>246<")
    assert read_bytes(camt052.FORMAT, wrong, tmp_path).verdict == "held"
    outcome = read_bytes(camt053.FORMAT, statement, tmp_path)
    assert next(one.name for one in outcome.totals if not one.agrees).endswith(
        "next page is in the file"
    )


@pytest.mark.parametrize(
    ("form", "part", "data"),
    [(camt052.FORMAT, b"Rpt", REPORT), (camt054.FORMAT, b"Ntfctn", NOTIFICATION)],
)
def test_the_same_message_twice_is_refused(tmp_path: Path, form, part: bytes, data: bytes) -> None:
    """Neither has balances that chain, so nothing else would show that it counts twice."""
    start, end = data.index(b"  <%b>" % part), data.index(b"</%b>" % part) + len(part) + 4
    outcome = read_bytes(form, data[:end] + data[start:], tmp_path)
    assert "once, found 12 with the same entries again" in outcome.verdict


@pytest.mark.parametrize(
    ("form", "part", "data"),
    [(camt052.FORMAT, b"Rpt", REPORT), (camt054.FORMAT, b"Ntfctn", NOTIFICATION)],
)
def test_an_entry_of_an_earlier_report_counts_once(
    tmp_path: Path, form, part: bytes, data: bytes
) -> None:
    """A later report of the day may begin with what the one before it told."""
    data = re.sub(rb"<Bal>.*?</Bal>", b"", data, flags=re.DOTALL)
    start, end = data.index(b"  <%b>" % part), data.index(b"</%b>" % part) + len(part) + 4
    later = data[start:end].replace(b"<Id>S1", b"<Id>S2").replace(b"BANK-2", b"BANK-3")
    outcome = read_bytes(form, data[:end] + later + data[end:], tmp_path)
    wanted = f"found BANK-1 in an earlier {part.decode()} of the account as well"
    assert [reject.reasons for reject in outcome.rejects] == [
        (f"expected each entry once, {wanted}",)
    ]
    assert outcome.frame.height == 9  # entries without the bank's own reference are all kept
    assert outcome.verdict == "agreed"  # the totals of the later one count all of it
    lost = later.replace(b"<Sum>245.5<", b"<Sum>246<")
    assert read_bytes(form, data[:end] + lost + data[end:], tmp_path).verdict == "held"
