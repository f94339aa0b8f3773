from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.banks.qif import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
    read_path,
)

NAMES = ("test_qif.qif", "test_qif_dmy.qif", "test_qif_ymd.qif")
PREFIX = "OCA__bank-statement-import__"


def test_dates_are_never_guessed() -> None:
    """Without a declared pattern every row of the corpus is a reject that names the pattern."""
    folder = corpus_folder("qif")
    check_expectations(FORMAT, folder, {PREFIX + name: (0, 5, "unproved") for name in NAMES})
    assert claimed_elsewhere(FORMAT, {"qif"}) == []


@pytest.mark.parametrize(
    ("name", "pattern"), list(zip(NAMES, ("M/D/YY", "D/M/YY", "YY/M/D"), strict=True))
)
def test_declared_dates_give_the_same_days(name: str, pattern: str) -> None:
    """The three corpus files say the same in three orders: with the order declared, they agree."""
    path = corpus_folder("qif") / (PREFIX + name)
    outcome = read_path(FORMAT, path, Options(currency="USD", date_patterns=(pattern,)))
    assert outcome.rejects == []
    rows = outcome.frame.select("value_date", "amount_minor", "memo").rows()
    assert [(str(day), amount) for day, amount, _ in rows][:2] == [
        ("2013-08-12", -100000),
        ("2013-08-15", -7546),
    ]
    assert rows[0][2] == "Delta PC"


def test_rows_are_of_the_account_named_before_them(tmp_path: Path) -> None:
    """An export of several accounts must keep them apart."""
    entry = "D2026-01-02\nT1.00\n^\n"
    text = f"!Account\nNTill\nTBank\n^\n!Type:Bank\n{entry}!Account\nNCard\n^\n!Type:CCard\n{entry}"
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.frame["merchant_id"].to_list() == ["Till", "Card"]
    assert outcome.reading.all_lines_accounted()


def test_a_cut_entry_refuses_the_file(tmp_path: Path) -> None:
    """A file that ends inside an entry must be refused; an unknown line makes a reject."""
    text = "!Type:Bank\nD2026-01-02\nT1.00\nN7\n^\nD2026-01-03\nT2.00\n^\n"
    whole = read_bytes(FORMAT, text.encode(), tmp_path)
    assert whole.frame["amount_minor"].to_list() == [100, 200]
    assert whole.frame["bank_ref"].to_list() == ["7", None]
    assert "the file is cut" in read_bytes(FORMAT, text[:-2].encode(), tmp_path).verdict
    odd = read_bytes(FORMAT, text.replace("N7", "?7").encode(), tmp_path)
    assert [reject.record_no for reject in odd.rejects] == [2]
    stocks = read_bytes(FORMAT, b"!Type:Invst\n^\n", tmp_path)
    assert "not a bank or card account" in stocks.verdict


def test_an_opening_balance_is_no_movement(tmp_path: Path) -> None:
    """It stands first and names the account in brackets; such a payee further down is a payee."""
    opening = "D2026-01-01\nT1,000.00\nCX\nPOpening Balance\nL[Till]\n^\n"
    entry = "D2026-01-02\nT-1.00\nPShop\n^\n"
    text = f"!Type:Bank\n{opening}{entry}{opening}"
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.frame.select("amount_minor", "merchant_id").rows() == [
        (-100, "Till"),
        (100_000, "Till"),
    ]
    assert outcome.reading.all_lines_accounted()
    payee = text.replace("L[Till]", "LSales")
    assert read_bytes(FORMAT, payee.encode(), tmp_path).frame.height == 3


def test_two_entries_are_never_one(tmp_path: Path) -> None:
    """Where the mark between two entries is lost, the second one must not vanish in the first."""
    first, second = "D2026-01-02\nT1.00\nPA\n", "D2026-01-03\nT2.00\nPB\n"
    address = "A1 Main St\nACity\nSFood\n$1.00\nSFee\n$1.00\n"
    whole = read_bytes(FORMAT, f"!Type:Bank\n{first}^\n{second}{address}^\n".encode(), tmp_path)
    assert whole.frame["amount_minor"].to_list() == [100, 200]
    joined = read_bytes(FORMAT, f"!Type:Bank\n{first}{second}^\n".encode(), tmp_path)
    assert joined.rejects[0].reasons[0] == (
        "expected one D in an entry, found another at line 5: the ^ between two entries is lost"
    )
    wrapped = f"!Type:Bank\n{first}MInvoice 12\nM\nMof May\n^\n".encode()
    assert read_bytes(FORMAT, wrapped, tmp_path).frame["memo"].to_list() == ["A Invoice 12 of May"]
    accounts = f"!Type:Bank\n{first}!Type:CCard\n{second}^\n"
    assert "not ended by ^" in read_bytes(FORMAT, accounts.encode(), tmp_path).verdict


def test_options_and_lists_take_no_entries_away(tmp_path: Path) -> None:
    """An option behind the type is no new section; a list of categories names no account."""
    entry = "D2026-01-02\nT1.00\n^\n"
    categories = "!Type:Cat\nNFood\nE\n^\n"
    text = f"!Account\nNTill\n^\n{categories}!Type:Bank\n!Option:MDY\n{entry}!Type:CCard\n{entry}"
    text += categories
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.frame.select("amount_minor", "merchant_id").rows() == [(100, "Till")] * 2
    assert outcome.reading.all_lines_accounted()
    assert "not a bank or card account" in read_bytes(FORMAT, b"!Foo\n", tmp_path).verdict
    for none in (text + "!Account\nNCard\n^\n", categories):
        assert "found none at its end" in read_bytes(FORMAT, none.encode(), tmp_path).verdict
