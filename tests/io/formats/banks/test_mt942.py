from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.banks.mt942 import FORMAT
from tests.io.formats.examine import (
    canonical_of,
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
    read_path,
)

REPORT = """\
:20:INTERIM
:25:DE02120300000000202051
:28C:7/1
:34F:EURD0,
:34F:EURC100,
:13D:2601021815+0100
:61:2601020102C60,5NTRFPAYOUT-1//BANK-1
:86:/EREF/E2E-1//REMI/USTD//night/
:61:2601020102EC99,00NTRFEXPECTED
:61:2601020102RC0,50NTRFBACK
:90D:1EUR0,50
:90C:1EUR60,50
:86:statement text
-
"""


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Booked entries make up the sums; expected entries are pending rows outside of them."""
    outcome = read_bytes(FORMAT, REPORT.encode(), tmp_path)
    assert outcome.verdict == "agreed"
    assert outcome.reading.all_lines_accounted()
    frame, rejects = canonical_of(FORMAT, tmp_path / "input")
    assert rejects == []
    assert frame.select("amount_minor", "kind", "state", "bank_ref").rows() == [
        (6050, "CREDIT", "SUCCESS", "PAYOUT-1"),
        (9900, "CREDIT", "PENDING", "EXPECTED"),
        (-50, "DEBIT", "SUCCESS", "BACK"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (":90C:1EUR60,50", ":90C:1EUR60,51", "held"),
        (":90C:1EUR60,50", ":90C:2EUR60,50", "held"),
        (":90C:1EUR60,50", ":90C:1USD60,50", ":90C: is not a count, EUR and an amount"),
        (":34F:EURD0,", ":60F:C260101EUR0,00", "belongs to an MT940"),
        (":25:DE02120300000000202051\n", "", "no account (:25:)"),
        (":34F:EURD0,\n:34F:EURC100,\n", "", ":61: stands outside"),
    ],
)
def test_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    """Wrong sums hold the report; a report that is not whole is refused with the reason."""
    assert old in REPORT
    outcome = read_bytes(FORMAT, REPORT.replace(old, new).encode(), tmp_path)
    assert verdict in outcome.verdict


@pytest.mark.parametrize("tail", ["-\n", "-\n\n", "-", "-\n" + REPORT.replace("7/1", "7/2")])
def test_dash_behind_the_last_text_ends_the_message(tmp_path: Path, tail: str) -> None:
    """Without sums the text of the last entry must not take the end of the message for its own."""
    text = REPORT.partition(":90D:")[0] + ":86:/NAME/ACME\n"
    outcome = read_bytes(FORMAT, (text + tail).encode(), tmp_path)
    assert outcome.reading.all_lines_accounted()
    assert outcome.frame["counterparty"][2] == "ACME"
    outcome = read_bytes(FORMAT, (text + "-\nof Ghent\n-\n").encode(), tmp_path)
    assert outcome.frame["memo"][2].endswith("ACME-of Ghent")


def test_the_same_message_twice_is_refused(tmp_path: Path) -> None:
    """A report joined with itself has no balances that would show it; a later one differs."""
    twice = read_bytes(FORMAT, (REPORT + REPORT).encode(), tmp_path)
    assert "stands in the file already" in twice.verdict
    later = read_bytes(FORMAT, (REPORT + REPORT.replace("PAYOUT-1", "PAYOUT-2")).encode(), tmp_path)
    assert later.verdict == "agreed"


def test_corpus_outcomes() -> None:
    """Every MT942 file of the corpus must come out as it was judged by eye."""
    expected = {"WoLpH__mt940__mBank_mt942.sta": (3, 0, "agreed")}
    check_expectations(FORMAT, corpus_folder("mt942"), expected)
    stray = corpus_folder("mt940") / "WoLpH__mt940__self-provided_mt942.sta"
    assert read_path(FORMAT, stray).verdict == "held"  # :90D: tells 2,30, the entry 0,42
    assert claimed_elsewhere(FORMAT, {"mt942"}) == [f"mt940/{stray.name}"]
