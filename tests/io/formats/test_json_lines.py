from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats.contract import Options
from recon.io.formats.json_lines import FORMAT
from tests.io.formats.reading import load_bytes, read_bytes

OPTIONS = Options(
    columns={"order_id": "id", "amount": "money.total", "memo": "note"}, ignore_columns=("x",)
)


def read(tmp_path, *lines):
    return read_bytes(FORMAT, tmp_path, "\n".join(lines).encode(), OPTIONS)


def test_numbers_keep_their_characters(tmp_path):
    """Twenty digits, trailing zeros and exponents are the text that was sent."""
    result = read(
        tmp_path,
        '{"id": 12345678901234567890, "money": {"total": 1.10}, "note": null, "x": [1]}',
        '{"id": "007", "money": {"total": 1e2}}',
        '{"id": true, "money": {"total": "0.10"}, "note": "茶"}',
    )
    assert result.frame.rows() == [
        ("12345678901234567890", "1.10", None),
        ("007", "1e2", None),
        ("true", "0.10", "茶"),
    ]
    assert result.record_no == [1, 2, 3]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1, "id": 2, "money": {"total": 1}}',
        '{"id": NaN, "money": {"total": 1}}',
        '{"id": [1], "money": {"total": 1}}',
        '{"id": 1',
        '{"id": "\\ud800", "money": {"total": 1}}',  # half of a pair: it has no bytes
        "[1, 2]",
        '{"id": ' + "[" * 100_000 + "}",
        '{"id": 1} {"id": 2}',
    ],
)
def test_a_line_that_is_no_row_is_a_reject(tmp_path, line):
    """Doubled keys, NaN, nesting and broken text cost their own line."""
    good = '{"id": "A", "money": {"total": 1}, "note": "n"}'
    result = read(tmp_path, good, line, "", good)
    assert result.record_no == [1, 4]
    assert [reject.record_no for reject in result.reading.rejects] == [2]
    assert result.reading.blank_lines == 1


def test_new_and_lost_keys_are_refused(tmp_path):
    """A key nobody declared, or a mapped one that no row has, is drift."""
    with pytest.raises(InputError, match="'extra'"):
        read(tmp_path, '{"id": "A", "extra": 1}')
    with pytest.raises(InputError, match=r"note"):
        read(tmp_path, '{"id": "A", "money": {"total": 1}}')


def test_amounts_go_through_the_exact_parser(tmp_path):
    """An amount with an exponent is a reject, not a number near it."""
    raw = (
        b'{"id": "A", "money": {"total": 1e2}, "note": ""}\n'
        b'{"id": "B", "money": {"total": 1.20}, "note": ""}\n'
    )
    result = load_bytes(FORMAT, tmp_path, raw, OPTIONS)
    assert result.column("amount_minor") == [120]
    assert result.refused_lines == [1]


def test_a_file_of_refused_lines_only_is_given_up_in_the_middle(tmp_path, monkeypatch):
    """Lines that nobody could look at must be a refusal before they are all kept."""
    monkeypatch.setattr("recon.io.formats.contract.MOST_REJECTS", 3)
    with pytest.raises(InputError, match="at most 3 refused rows"):
        read(tmp_path, *"abcdefgh")
