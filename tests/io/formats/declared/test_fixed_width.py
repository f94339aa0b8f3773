from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats.declared.fixed_width import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.reading import load_bytes, read_bytes

OPTIONS = Options(
    columns={"order_id": "1-4", "memo": "5-8", "amount": "9-14", "occurred_at": "15-22 + 23-28"},
    encoding="gbk",
    amount_unit="minor",
    skip_lines=1,
    time_patterns=("YYYYMMDD hhmmss",),
)


def test_ranges_count_bytes_not_characters(tmp_path):
    """Two Chinese characters fill four bytes, and what follows does not move."""
    raw = "TITLE\nA001茶壶00010020261120101112 rest\nA002tea 00020020261120101113\n".encode("gbk")
    result = load_bytes(FORMAT, tmp_path, raw, OPTIONS)
    assert result.column("order_id") == ["A001", "A002"]
    assert result.column("memo") == ["茶壶", "tea"]
    assert result.column("amount_minor") == [100, 200]
    assert str(result.column("occurred_at")[0]) == "2026-11-20 02:11:12"
    assert result.reading.header_lines == 1


def test_short_lines_are_rejects_and_blank_lines_are_counted(tmp_path):
    """A cut line is refused alone."""
    raw = b"T\nA001\n\n   \nA002tea 00020020261120101113\n"
    result = read_bytes(FORMAT, tmp_path, raw, OPTIONS)
    assert [reject.record_no for reject in result.reading.rejects] == [2]
    assert result.reading.blank_lines == 2
    assert result.record_no == [5]


@pytest.mark.parametrize("column", ["amount", "8-4", "0-4", "5", "a-b"])
def test_a_range_that_cannot_be_read_is_refused(tmp_path, column):
    """The fix says how ranges are written."""
    with pytest.raises(InputError, match="range of bytes") as caught:
        read_bytes(FORMAT, tmp_path, b"x\n", Options(columns={"amount": column}))
    assert "first-last" in caught.value.fix
