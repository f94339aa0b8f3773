from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.visa_ctf import FORMAT
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
        147: "1",
        148: "00",
        152: "A12345",
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
        sale("15", 500),
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
    first = outcome.frame.row(0, named=True)
    assert (first["card"], first["merchant_id"]) == ("401200******1234", "MERCHANT1")
    assert (first["terminal_id"], first["auth_code"]) == ("TERM0001", "A12345")
    assert "identifier" in first["memo"]
    assert [str(day) for day in outcome.frame["clearing_date"]][::4] == ["2026-01-02", "2025-12-31"]
    assert FORMAT.recognise(probe_of(tmp_path / "input"))
    assert claimed_elsewhere(FORMAT, set()) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sale("10", 1), "its layout is not known"),
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
