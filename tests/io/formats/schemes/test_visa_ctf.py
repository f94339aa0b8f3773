from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.schemes.visa_ctf import FORMAT
from tests.io.formats.examine import claimed_elsewhere, probe_of, read_bytes


def record(code: str, tcr: str, cells: dict[int, str]) -> str:
    text = list(f"{code}0{tcr}".ljust(168))
    for first, cell in cells.items():
        text[first - 1 : first - 1 + len(cell)] = cell
    return "".join(text)


def sale(code: str, amount: int, **other: str) -> str:
    cells = {
        5: "4012000000001234",
        27: "74123456001123456789012",
        58: "1230",
        77: f"{amount:012d}",
        89: other.get("currency", "978"),
        92: "ACME STORE".ljust(25),
        117: "BERLIN".ljust(13),
        133: "5999",
        147: other.get("usage", "1"),
        148: other.get("reason", "00"),
        152: "A12345",
        162: "90",
        164: other.get("cleared", "6002"),
    }
    return record(code, "0", cells)


FILE = "\n".join(
    [
        record("90", "0", {5: "412345", 11: "26002"}),
        sale("05", 6050),
        record("05", "1", {81: "MERCHANT1", 96: "TERM0001"}),
        record("05", "5", {5: "123456789012345"}),
        sale("06", 1000),
        sale("25", 6050),
        sale("15", 500, reason="13"),
        sale("36", 70, cleared="5365"),
        record("91", "0", {}),
        record("92", "0", {}),
    ]
)


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Codes give kinds and signs; later records of a transaction add their fields to it."""
    outcome = read_bytes(FORMAT, FILE.encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.reading.all_lines_accounted()
    assert outcome.frame.select("kind", "amount_minor").rows() == [
        ("PAYMENT", 6050),
        ("REFUND", -1000),
        ("REVERSAL", -6050),
        ("CHARGEBACK", -500),
        ("ADJUSTMENT", -70),
    ]
    arn = "74123456001123456789012"
    assert outcome.frame["original_ref"].to_list() == [None, None, arn, None, None]
    first = outcome.frame.row(0, named=True)
    assert (first["card"], first["merchant_id"]) == ("401200******1234", "MERCHANT1")
    assert (first["terminal_id"], first["auth_code"]) == ("TERM0001", "A12345")
    assert "identifier" in first["memo"]
    assert outcome.frame["attributes"].to_list()[2:4] == [
        '{"entry_mode":"swiped"}',
        '{"entry_mode":"swiped","reason":"13"}',
    ]
    assert [str(day) for day in outcome.frame["clearing_date"]][::4] == ["2026-01-02", "2025-12-31"]
    assert FORMAT.recognise(probe_of(tmp_path / "input"))
    assert claimed_elsewhere(FORMAT, set()) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sale("09", 1), "its layout is not known"),
        (sale("05", 1, usage="7"), "usage code '7' is none of 1, 2, 9"),
        (sale("05", 1, currency="000"), "no currency number"),
        (sale("05", 1).replace("000000000001", "00000000000x"), "is not twelve digits"),
        (sale("05", 1, cleared="6367"), "is no day (YDDD)"),
        (record("05", "1", {}), "has no record with TCR 0"),
    ],
)
def test_bad_transactions_are_rejects(tmp_path: Path, bad: str, reason: str) -> None:
    """A transaction that is not read in full must be a reject with its reason."""
    lines = FILE.splitlines()
    data = "\n".join([lines[0], bad, *lines[4:]]).encode()
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert any(reason in one for one in outcome.rejects[0].reasons)
    assert outcome.frame.height == 4


def test_every_cut_is_refused(tmp_path: Path) -> None:
    """A file without its trailer must be refused, wherever it was cut."""
    data = FILE.encode()
    for cut in range(0, len(data) - 167, 5):
        assert read_bytes(FORMAT, data[:cut], tmp_path).refusal is not None, cut


def fee(code: str, amount: int, sender: str, receiver: str) -> str:
    cells = {5: receiver, 11: sender, 17: "0240", 24: "0113", 28: "4012000000001234567"}
    cells |= {62: f"{amount:012d}", 74: "978", 77: "COLLECTION FEE", 164: "6002"}
    return record(code, "0", cells)


REQUEST = record(
    "52",
    "0",
    {5: "4012000000001234000", 24: "74123456001123456789012", 59: "000000006050", 71: "978"}
    | {74: "ACME STORE", 115: "5999", 136: "30", 164: "6002"},
)


def trailer(code: str, counts: tuple[int, int, int], source: int, number: int = 1) -> str:
    monetary, records, transactions = counts
    cells = {16: f"{source:015d}", 31: f"{monetary:012d}", 43: f"{number:06d}"}
    cells |= {49: f"{records:012d}", 75: f"{transactions:09d}", 102: f"{source:015d}"}
    return record(code, "0", cells)


BATCH = [record("90", "0", {5: "412345"}), sale("05", 6050), record("05", "1", {}), sale("06", 100)]
PROVED = [*BATCH, trailer("91", (2, 4, 3), 6150), trailer("92", (2, 5, 4), 6150)]


@pytest.mark.parametrize("own", [1, 0])
def test_trailers_prove_the_file(tmp_path: Path, own: int) -> None:
    """Counts and sums agree, whether the writer counts the trailers or not."""
    closing = [trailer("91", (2, 3 + own, 2 + own), 6150)]
    closing += [trailer("92", (2, 3 + 2 * own, 2 + 2 * own), 6150)]
    outcome = read_bytes(FORMAT, "\n".join([*BATCH, *closing]).encode(), tmp_path)
    assert outcome.verdict == "agreed"
    assert len(outcome.totals) == 11


def test_a_changed_digit_of_an_amount_is_found(tmp_path: Path) -> None:
    """One wrong digit disagrees with the batch's and the file's sum, told with the line."""
    data = "\n".join(PROVED).replace("000000006050", "000000006051").encode()
    outcome = read_bytes(FORMAT, data, tmp_path)
    wrong = [total for total in outcome.totals if not total.agrees]
    assert [(one.name, one.declared, one.computed) for one in wrong] == [
        ("line 5: source amounts of the batch", 6150, 6151),
        ("line 5: destination amounts of the batch", 6150, 6151),
        ("line 6: source amounts of the file", 6150, 6151),
        ("line 6: destination amounts of the file", 6150, 6151),
    ]


def test_amounts_without_minor_units_are_hundredths(tmp_path: Path) -> None:
    """One hundred yen are 10000; a part of a yen is a reject. No processing day is no fault."""
    sales = [sale("05", 10000, currency="392", cleared="0000"), sale("05", 10050, currency="392")]
    outcome = read_bytes(
        FORMAT, "\n".join([BATCH[0], *sales, record("92", "0", {})]).encode(), tmp_path
    )
    assert outcome.frame.select("amount_minor", "currency", "clearing_date").rows() == [
        (100, "JPY", None)
    ]
    assert "a part of one JPY" in outcome.rejects[0].reasons[0]


@pytest.mark.parametrize(
    ("code", "usage", "kind", "minor"),
    [
        ("05", "1", "PAYMENT", 700),
        ("05", "2", "ADJUSTMENT", 700),
        ("05", "9", "ADJUSTMENT", 700),
        ("06", "9", "ADJUSTMENT", -700),
        ("25", "2", "ADJUSTMENT", -700),
        ("26", "2", "ADJUSTMENT", 700),
        ("15", "9", "CHARGEBACK", -700),
    ],
)
def test_what_is_presented_again_is_no_second_sale(
    tmp_path: Path, code: str, usage: str, kind: str, minor: int
) -> None:
    """A presentment after a chargeback (2) or of a dispute (9) has the reference of the sale."""
    data = "\n".join([BATCH[0], sale(code, 700, usage=usage), record("92", "0", {})])
    outcome = read_bytes(FORMAT, data.encode(), tmp_path)
    assert outcome.frame.select("kind", "amount_minor").rows() == [(kind, minor)]


def test_three_decimals_are_hundredths_too(tmp_path: Path) -> None:
    """Amounts have two decimals whatever the currency: 1.230 dinars are 123."""
    data = "\n".join([BATCH[0], sale("05", 123, currency="414"), record("92", "0", {})])
    outcome = read_bytes(FORMAT, data.encode(), tmp_path)
    assert outcome.frame.select("amount_minor", "currency").rows() == [(1230, "KWD")]


def test_fees_go_by_who_sends_them_and_requests_move_nothing(tmp_path: Path) -> None:
    """The file's own BIN says whose money a fee is; reports and requests are in no sum."""
    batch = [BATCH[0], sale("05", 6050), fee("10", 500, "999999", "412345")]
    batch += [fee("10", 400, "412345", "999999"), fee("20", 30, "999999", "412345"), REQUEST]
    batch += [record("46", "0", {77: "1" * 12}), record("46", "1", {})]
    closing = [trailer(code, (4, 7, 6), 6980) for code in ("91", "92")]
    outcome = read_bytes(FORMAT, "\n".join([*batch, *closing]).encode(), tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame.select("kind", "amount_minor", "card").rows() == [
        ("PAYMENT", 6050, "401200******1234"),
        ("FEE", -500, "401200******4567"),
        ("FEE", 400, "401200******4567"),
        ("FEE", 30, "401200******4567"),
        ("RETRIEVAL", 6050, "401200******1234"),
    ]
    assert outcome.reading.comment_lines == 2
    others = "\n".join([BATCH[0], fee("10", 500, "999999", "888888"), record("92", "0", {})])
    told = read_bytes(FORMAT, others.encode(), tmp_path)
    assert "whose money it is, is not told" in told.rejects[0].reasons[0]


@pytest.mark.parametrize("codes", [("92",), ("91", "92"), ("46", "92")])
def test_a_file_without_sales_is_known(tmp_path: Path, codes: tuple[str, ...]) -> None:
    """A day of nothing, or of reports alone, is still this format; a header may lose its blanks."""
    lines = [record("90", "0", {5: "412345", 11: "26002"}).rstrip()]
    lines += [record(code, "0", {}) for code in codes]
    outcome = read_bytes(FORMAT, "\n".join(lines).encode(), tmp_path)
    assert FORMAT.recognise(probe_of(tmp_path / "input"))
    assert (outcome.frame.height, outcome.rejects) == (0, [])
    assert outcome.reading.comment_lines == codes.count("46")
