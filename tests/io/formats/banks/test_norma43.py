from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.banks.norma43 import FORMAT
from recon.io.reading.mask import mask_text
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

MOVED = {
    "sequra__norma43_parser__example2.n43": (0, 0, "does not end with an account end"),
    "sergief__norma43parser__movements.n43": (16, 0, "agreed"),
}
EXTENDED = {"pypi__csb43-1.1.0__sample_sepa.csb": (14, 0, "agreed")}
ACCOUNT = "00491234051234567890"[2:]
STATEMENT = [
    f"11{ACCOUNT}260101260131{'2'}{10000:014d}9783ACME",
    f"22    1234260102260103120071{2500:014d}0000000042INVOICE-7   000000000000",
    f"2301{'FEES OF THE MONTH, WRITTEN OVER BOTH FIELDS':76s}",
    f"22    1234260102260105040352{6050:014d}0000000000{'':12s}PAYOUT-1",
    f"33{ACCOUNT}{1:05d}{2500:014d}{1:05d}{6050:014d}2{13550:014d}978",
    f"88{'9' * 18}{5:06d}",
]
TEXT = "\r\n".join(STATEMENT) + "\r\n"


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Signs, references, words and all totals of a statement must be exactly these."""
    outcome = read_bytes(FORMAT, TEXT.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert len(outcome.totals) == 6
    assert outcome.frame.select("amount_minor", "kind", "bank_ref", "currency").rows() == [
        (-2500, "DEBIT", "INVOICE-7", "EUR"),
        (6050, "CREDIT", "PAYOUT-1", "EUR"),
    ]
    assert outcome.frame["memo"][0] == "FEES OF THE MONTH, WRITTEN OVER BOTH FIELDS 0000000042"
    assert [str(day) for day in outcome.frame["value_date"]] == ["2026-01-03", "2026-01-05"]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (f"2{13550:014d}", f"2{13551:014d}", "held"),
        (f"{1:05d}{6050:014d}2", f"{2:05d}{6050:014d}2", "held"),
        (f"{1:05d}{2500:014d}", f"{1:05d}{2501:014d}", "held"),
        (f"{5:06d}", f"{6:06d}", "held"),
        (f"1{2500:014d}0", f"3{2500:014d}0", "held"),  # the movement is a reject
        ("260102260103", "260102260230", "held"),
        ("9783ACME", "0003ACME", "is not one of ISO 4217"),
        ("2301", "9901", "no Norma 43 record"),
        (f"33{ACCOUNT}", f"33{ACCOUNT[:-1]}9", "expected the end (33) of account"),
        (f"{13550:014d}978", f"{13550:014d}840", "found that of 491234051234567890 in USD"),
    ],
)
def test_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    """Wrong totals and refused movements hold the file; wrong records refuse it."""
    assert old in TEXT
    assert verdict in read_bytes(FORMAT, TEXT.replace(old, new, 1).encode(), tmp_path).verdict


def test_an_account_that_could_be_a_card_is_kept(tmp_path: Path) -> None:
    """The number of the bank stands in front; cut, the account would match no declared one."""
    account = "305800010012340000"  # passes Luhn, and begins as cards do
    assert mask_text(account) != account
    outcome = read_bytes(FORMAT, TEXT.replace(ACCOUNT, account).encode(), tmp_path)
    assert set(outcome.frame["merchant_id"]) == {account}


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """A file cut anywhere must be refused or held, up to its last line end."""
    data = TEXT.encode()
    for cut in range(len(TEXT.rstrip())):
        assert not read_bytes(FORMAT, data[:cut], tmp_path).whole, cut


def test_the_amount_in_the_original_currency_is_kept(tmp_path: Path) -> None:
    """Record 24 behind a movement; zero, and a currency that is the account's, say nothing."""
    lines = [*STATEMENT[:4], f"2401840{6500:014d}", *STATEMENT[4:]]
    text = "\r\n".join(lines).replace(f"{5:06d}", f"{6:06d}")
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    kept = outcome.frame.select("base_minor", "base_currency").rows()
    assert kept == [(None, None), (6500, "USD")]


def test_movement_finer_than_its_currency_is_a_reject(tmp_path: Path) -> None:
    """Half a yen is named at its movement; the balances that it broke are not blamed."""
    text = TEXT.replace("9783ACME", "3923ACME").replace("978", "392")
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.verdict == "a balance is finer than JPY allows"
    text = text.replace(f"{13550:014d}", f"{13500:014d}")
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.verdict == "held"
    assert [reject.record_no for reject in outcome.rejects] == [4]
    assert "finer than JPY allows" in outcome.rejects[0].reasons[0]


def test_corpus_outcomes() -> None:
    """Every Norma 43 file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("norma43"), MOVED)
    check_expectations(FORMAT, corpus_folder("csb43_ext"), EXTENDED)
    assert claimed_elsewhere(FORMAT, {"norma43", "csb43_ext"}) == []
