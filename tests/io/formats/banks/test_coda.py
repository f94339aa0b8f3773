from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.banks.coda import FORMAT
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

PY, PHP = "pypi__pycoda-1.1.0__Coda_v2_3_", "wimverstuyf__php-coda-parser__"
EXPECTED = {
    PY + "faulty_globalisation.txt": (11, 0, "agreed"),
    PY + "multi_statements.txt": (41, 0, "agreed"),
    PY + "single_statement.txt": (30, 0, "agreed"),
    PHP + "sample1.cod": (4, 0, "agreed"),
    PHP + "sample10.cod": (2, 0, "agreed"),
    PHP + "sample11.cod": (1, 0, "agreed"),
    PHP + "sample2.cod": (0, 0, "finer than EUR allows"),
    PHP + "sample3.cod": (2, 0, "held"),  # its publisher cut movements
    PHP + "sample7.cod": (3, 0, "held"),
    PHP + "sample8.cod": (2, 0, "agreed"),
    PHP + "sample9.cod": (1, 0, "held"),
}


def movement(sequence: int, detail: int, sign: int, thousandths: int, message: str = "") -> str:
    structured = "1" if message.startswith("101") else "0"
    line = f"21{sequence:04d}{detail:04d}{f'BANK-{sequence}-{detail}':21s}{sign}{thousandths:015d}"
    line += f"05012600150000{structured}{message:53s}0601260070 0"
    return f"{line:128s}"


STATEMENT = [
    f"{'0000005012672505        00265207  ACME':127s}2",
    f"12007{'BE68539007547034':34s}EUR0{100000:015d}040126ACME",
    movement(1, 0, 0, 60500, "101000003505158"),
    f"2200010000{'':53s}{'PAYOUT-1':35s}",
    f"2300010000{'BE12':37s}{'ACQUIRER':35s}of the night",
    movement(2, 0, 1, 30000),
    movement(2, 1, 1, 10000),
    movement(2, 2, 1, 20000),
    "4 00020000 a free message",
    f"8007{'BE68539007547034':34s}EUR0{130500:015d}050126",
    f"{'9':16s}{8:06d}{30000:015d}{60500:015d}{'':75s}2",
]
TEXT = "\n".join(STATEMENT) + "\n"


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Globalised movements open when they add up; references and signs must be exactly these."""
    outcome = read_bytes(FORMAT, TEXT.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.reading.all_lines_accounted()
    assert outcome.frame.select("amount_minor", "kind", "bank_ref", "merchant_id").rows() == [
        (6050, "CREDIT", "PAYOUT-1", "BE68539007547034"),
        (-1000, "DEBIT", "BANK-2-1", "BE68539007547034"),
        (-2000, "DEBIT", "BANK-2-2", "BE68539007547034"),
    ]
    assert "ACQUIRER" in outcome.frame["memo"][0]
    assert "ACQUIRER" in outcome.frame["counterparty"][0]
    assert "of the night" in outcome.frame["memo"][0]
    assert str(outcome.frame["value_date"][0]) == "2026-01-05"
    assert [row["record_no"] for row in outcome.rows] == [3, 7, 8]


def test_details_that_do_not_add_up_stay_closed(tmp_path: Path) -> None:
    """When the details are not the movement, the movement alone must be the row."""
    outcome = read_bytes(FORMAT, TEXT.replace(f"{20000:015d}", f"{20010:015d}").encode(), tmp_path)
    assert outcome.frame["amount_minor"].to_list() == [6050, -3000]
    assert outcome.verdict == "agreed"


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (f"{130500:015d}050126", f"{130510:015d}050126", "held"),
        (f"{8:06d}{30000:015d}", f"{9:06d}{30000:015d}", "held"),
        (f"{8:06d}{30000:015d}", f"{8:06d}{30010:015d}", "held"),
        (f"0{60500:015d}0501", f"0{60505:015d}0501", "held"),  # half a cent
        ("2200010000", "2200030000", "belongs to no movement"),
        ("2100020000", "2100030000", "held"),  # its details are no longer its own
        ("8007", "7007", "no CODA record"),
        ("0000005012672505", "1000005012672505", "has not begun"),
    ],
)
def test_damage_is_noticed(tmp_path: Path, old: str, new: str, verdict: str) -> None:
    """Wrong totals hold the file, wrong order refuses it."""
    assert old in TEXT
    assert verdict in read_bytes(FORMAT, TEXT.replace(old, new, 1).encode(), tmp_path).verdict


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """A file cut anywhere must be refused or held, unless only padding is lost."""
    data = TEXT.encode()
    for cut in range(len(data) - 78):
        assert not read_bytes(FORMAT, data[:cut], tmp_path).whole, cut


def test_currencies_of_any_number_of_decimals_are_exact(tmp_path: Path) -> None:
    """Thousandths are yen, cents, fils or the finer unit of a currency of four decimals."""
    for currency, minor in (("JPY", 60), ("KWD", 60000), ("CLF", 600000)):
        text = TEXT.replace("EUR", currency).replace("60500", "60000").replace("130500", "130000")
        outcome = read_bytes(FORMAT, text.encode(), tmp_path)
        assert outcome.verdict == "agreed", (currency, outcome.verdict)
        assert outcome.frame["amount_minor"][0] == minor


def test_movement_finer_than_its_currency_is_a_reject(tmp_path: Path) -> None:
    """A tenth of a cent is named at its movement; the balances are not blamed."""
    lines = [line.replace(f"{60500:015d}05", f"{60501:015d}05") for line in STATEMENT]
    outcome = read_bytes(FORMAT, ("\n".join(lines) + "\n").encode(), tmp_path)
    assert outcome.verdict == "held"
    assert [reject.record_no for reject in outcome.rejects] == [3]
    assert "finer than EUR allows" in outcome.rejects[0].reasons[0]


def test_details_without_their_movement_are_all_rows(tmp_path: Path) -> None:
    """Where the globalised record is lost, no detail may be lost with it."""
    lines = [line for line in STATEMENT if not line.startswith("2100020000")]
    outcome = read_bytes(FORMAT, ("\n".join(lines) + "\n").encode(), tmp_path)
    assert outcome.frame["amount_minor"].to_list() == [6050, -1000, -2000]
    assert outcome.verdict == "held"  # the trailer counts the lost record


def test_corpus_outcomes() -> None:
    """Every CODA file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("coda"), EXPECTED)
    assert claimed_elsewhere(FORMAT, {"coda"}) == []


def test_parts_of_a_detail_are_its_words(tmp_path: Path) -> None:
    """A detail of a batch may be told in parts of its own: they are no further rows, nor lost."""
    typed = {6: "20150000", 7: "70150000", 8: "70150000"}
    lines = [*STATEMENT]
    for at, code in ((5, typed[6]), (6, typed[7]), (7, typed[8])):
        lines[at] = lines[at].replace("00150000", code)
    parts = [movement(2, 3, 1, 19000, "GOODS"), movement(2, 4, 1, 1000, "VAT")]
    lines[8:8] = [part.replace("00150000", "90150000") for part in parts]
    text = "\n".join(lines).replace(f"{8:06d}{30000:015d}", f"{10:06d}{30000:015d}") + "\n"
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame["amount_minor"].to_list() == [6050, -1000, -2000]
    assert outcome.frame["memo"][2] == "GOODS VAT //BANK-2-2"
    assert outcome.reading.all_lines_accounted()


def test_the_reason_of_a_returned_payment_is_kept(tmp_path: Path) -> None:
    """Why a payment came back stands behind the client reference (record 22)."""
    client = f"2200010000{'':53s}{'PAYOUT-1':35s}"
    assert client in TEXT
    text = TEXT.replace(client, f"{client}{'KREDBEBB':11s}   2AC04")
    frame = read_bytes(FORMAT, text.encode(), tmp_path).frame
    assert frame["attributes"].to_list() == ['{"reason":"AC04"}', None, None]


def test_version_1_is_refused(tmp_path: Path) -> None:
    """Its records have other fields, so that its amounts would be read from wrong places."""
    header = STATEMENT[0]
    outcome = read_bytes(FORMAT, TEXT.replace(header, header[:-1] + "1").encode(), tmp_path)
    assert outcome.verdict == "expected version 2 in the header, found '1'"


def test_the_same_statement_twice_is_refused(tmp_path: Path) -> None:
    """Where its movements come to nothing, no balance would show that it counts twice."""
    even = [*STATEMENT]
    even[2] = movement(1, 0, 0, 30000, "101000003505158")
    even[-2] = even[-2].replace(f"{130500:015d}", f"{100000:015d}")
    even[-1] = even[-1].replace(f"{60500:015d}", f"{30000:015d}")
    text = "\n".join(even) + "\n"
    assert read_bytes(FORMAT, text.encode(), tmp_path).verdict == "agreed"
    twice = read_bytes(FORMAT, (text * 2).encode(), tmp_path)
    assert twice.verdict == "the same statement stands in the file already"
    other = text.replace("12007", "12008")
    assert read_bytes(FORMAT, (text + other).encode(), tmp_path).verdict == "agreed"
