from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.china_banks.settlement_bob import FORMAT
from tests.io.formats.examine import claimed_elsewhere, read_bytes

FILE = """<?xml version="1.0" encoding="GB2312"?>
<Records name="商户对账">
<Record MerCode="M1" OrderNum="O1" PayAcctNo="622848*********1517" PayType="01" Amt="000000010050" TranTime="20261120100000"/>
<Record MerCode="M1" OrderNum="O1" PayAcctNo="622848*********1517" PayType="04" Amt="000000000050" TranTime="20261120110000"/>
<Record MerCode="M1" OrderNum="O2" PayAcctNo="622848*********1517" PayType="02" Amt="000000000001" TranTime="20261120120000"/>
</Records>
"""  # noqa: E501 (a file's own lines)


def test_records_of_fen_get_kind_state_and_sign(tmp_path: Path) -> None:
    """A refund is money out, a failed payment moved nothing, amounts are fen."""
    data = FILE.encode("gb18030")
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert outcome.frame.select("kind", "state", "amount_minor", "order_id").rows() == [
        ("PAYMENT", "SUCCESS", 10050, "O1"),
        ("REFUND", "SUCCESS", -50, "O1"),
        ("PAYMENT", "FAILED", 1, "O2"),
    ]
    first = outcome.rows[0]
    assert data[first["byte_start"] : first["byte_end"]].startswith(b"<Record MerCode")
    assert [row["record_no"] for row in outcome.rows] == [3, 4, 5]
    assert outcome.reading.all_lines_accounted()
    assert claimed_elsewhere(FORMAT, set()) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('PayType="01"', 'PayType="09"', "09"),
        ('Amt="000000010050"', 'Amt="100.50"', "100.50"),
        (' TranTime="20261120100000"', "", "lacks TranTime"),
        ('Amt="000000010050"', 'Amt="-00000010050"', "of a payment; expected none below zero"),
    ],
)
def test_bad_records_are_rejects(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """An unknown type, yuan instead of fen and a lost attribute refuse the record."""
    outcome = read_bytes(FORMAT, FILE.replace(old, new).encode("gb18030"), tmp_path)
    assert reason in " ".join(outcome.rejects[0].reasons)
    assert outcome.frame.height == 2


def test_every_cut_is_refused(tmp_path: Path) -> None:
    """A document that does not close its root is cut."""
    data = FILE.encode("gb18030")
    for cut in range(0, len(data) - 2, 7):
        assert read_bytes(FORMAT, data[:cut], tmp_path).refusal is not None, cut
