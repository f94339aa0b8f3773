from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recon.errors import InputError
from recon.io.formats.declared.parquet import FORMAT
from recon.io.reading.contract import Options, Probe
from tests.io.formats.reading import load_path, read_path

OPTIONS = Options(
    columns={"order_id": "id", "amount": "amt", "occurred_at": "at", "value_date": "day"}
)


def write(tmp_path, table):
    path = tmp_path / "staged"
    pq.write_table(table, path, row_group_size=2)
    return path


def table(amounts=None):
    return pa.table(
        {
            "id": pa.array([1, 20260101000000000001 % 2**63, 3], pa.int64()),
            "amt": amounts
            if amounts is not None
            else pa.array([Decimal("1.10"), Decimal("-0.05"), None], pa.decimal128(18, 2)),
            "at": pa.array(["2026-11-20 01:02:03"] * 3).cast(pa.timestamp("us")),
            "day": pa.array([dt.date(2026, 11, 21)] * 3),
        }
    )


def test_exact_columns_become_text_unrounded(tmp_path):
    """Decimals keep their digits, integers theirs, and the record number is the row's place."""
    result = read_path(FORMAT, write(tmp_path, table()), OPTIONS)
    assert result.frame["amt"].to_list() == ["1.10", "-0.05", None]
    assert result.frame["at"].to_list() == ["2026-11-20 01:02:03"] * 3
    assert result.frame["day"].to_list() == ["2026-11-21"] * 3
    assert result.record_no == [1, 2, 3]
    assert result.spans == [(0, 0)] * 3


@pytest.mark.parametrize("kind", [pa.timestamp("ms", "UTC"), pa.timestamp("us", "Europe/Paris")])
def test_an_instant_is_written_as_the_local_time_of_the_source(tmp_path, kind):
    """A column with a zone of its own keeps its instants, whatever the source's zone is."""
    instant = pa.array(["2026-11-20 23:30:00Z"] * 3).cast(pa.timestamp("ms", "UTC")).cast(kind)
    rows = table().set_column(2, "at", instant)
    result = read_path(FORMAT, write(tmp_path, rows), OPTIONS)  # Asia/Shanghai
    assert result.frame["at"].to_list() == ["2026-11-21 07:30:00"] * 3


def test_text_and_dictionary_columns_are_text(tmp_path):
    """Leading zeros and long numbers stay what they are."""
    amounts = pa.array(["001", "1e5", "12345678901234567890"]).dictionary_encode()
    result = read_path(FORMAT, write(tmp_path, table(amounts)), OPTIONS)
    assert result.frame["amt"].to_list() == ["001", "1e5", "12345678901234567890"]


def test_float_money_is_refused_with_the_fix(tmp_path):
    """A float has already been rounded: the file is refused, not repaired."""
    path = write(tmp_path, table(pa.array([1.1, 2.2, 3.3])))
    with pytest.raises(InputError, match="double") as caught:
        read_path(FORMAT, path, OPTIONS)
    assert "decimal" in caught.value.fix


def test_a_damaged_file_is_refused(tmp_path):
    """A cut file names itself; nothing else is raised."""
    path = write(tmp_path, table())
    raw = path.read_bytes()
    for size in range(0, len(raw), 97):
        path.write_bytes(raw[:size])
        with pytest.raises(InputError):
            read_path(FORMAT, path, OPTIONS)


def test_columns_are_checked_as_those_of_text(tmp_path):
    """A column that is not there refuses the file."""
    with pytest.raises(InputError, match="'gone'"):
        read_path(FORMAT, write(tmp_path, table()), Options(columns={"order_id": "gone"}))


def test_the_mark_is_recognised():
    """Parquet says what it is in its first bytes."""
    assert FORMAT.recognise(Probe("x", 10, b"PAR1...."))
    assert not FORMAT.recognise(Probe("x", 10, b"id,amt\n"))


@pytest.mark.parametrize("packed", [True, False])
def test_text_that_is_no_utf8_is_refused(tmp_path, packed):
    """The library does not look at the bytes of texts; handed on, they would break later."""
    path = tmp_path / "staged"
    names = pa.table({"id": ["ABCDEFGH"] * 4})
    pq.write_table(names, path, compression="none", use_dictionary=packed, write_statistics=False)
    path.write_bytes(path.read_bytes().replace(b"ABCDEFGH", b"AB\xff\xfeEFGH"))
    with pytest.raises(InputError, match="readable Parquet file"):
        read_path(FORMAT, path, Options(columns={"order_id": "id"}))


@pytest.mark.parametrize("scale", [3, 8, 18])
def test_zero_of_a_fine_scale_has_no_exponent(tmp_path, scale):
    """Arrow writes `0E-8`; an amount must be digits, and one that is too fine a reject."""
    amounts = pa.array([Decimal(0), Decimal("12.5"), Decimal("0.001")], pa.decimal128(30, scale))
    times = pa.array(["2026-01-02 10:00:00"] * 3)
    path = tmp_path / "fine.parquet"
    pq.write_table(
        pa.table({"no": pa.array(["A", "B", "C"]), "amount": amounts, "at": times}), path
    )
    options = Options(columns={"order_id": "no", "amount": "amount", "occurred_at": "at"})
    found = load_path(FORMAT, path, options)
    assert found.frame["amount_minor"].to_list() == [0, 1250]
    assert [reject.record_no for reject in found.rejects] == [3]
