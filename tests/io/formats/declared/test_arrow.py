"""Arrow IPC files: exact text, places as record numbers, damage named."""

from __future__ import annotations

import random
from decimal import Decimal

import pyarrow as pa

from recon.io.formats import recognised
from recon.io.formats.declared.arrow import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.examine import probe_of, read_bytes, read_path

OPTIONS = Options(columns={"order_id": "no", "amount": "amount", "occurred_at": "paid"})


def written(path, amounts, compression=None):
    """Write four orders in batches of three and return the path."""
    table = pa.table(
        {
            "no": pa.array(["A", "B", "C", "D"]).dictionary_encode(),
            "amount": amounts,
            "paid": pa.array(["2026-03-10 08:00:00"] * 4).cast(pa.timestamp("us")),
        }
    )
    options = pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=True)
    with pa.ipc.new_file(path, table.schema, options=options) as file:
        file.write_table(table, max_chunksize=3)
    return path


def decimals():
    """Return four exact amounts."""
    return pa.array([Decimal("1.10"), Decimal("-0.05"), Decimal("2.00"), Decimal("9.99")])


def test_exact_columns_become_text(tmp_path):
    """Decimals keep their digits over batches; plain and packed files give the same rows."""
    for compression in (None, "zstd"):
        path = written(tmp_path / "orders.arrow", decimals(), compression)
        found = read_path(FORMAT, path, OPTIONS)
        assert [(row["no"], row["amount"], row["record_no"]) for row in found.rows] == [
            ("A", "1.10", 1),
            ("B", "-0.05", 2),
            ("C", "2.00", 3),
            ("D", "9.99", 4),
        ]
        assert found.frame["amount_minor"].to_list() == [110, -5, 200, 999]
        assert found.reading.all_lines_accounted()
        assert [form.name for form in recognised(probe_of(path))] == ["arrow"]


def test_floats_and_drift_are_refused(tmp_path):
    """Money that was a float, and columns that nobody declared, refuse the file."""
    floats = pa.array([1.1, 2.2, 3.3, 4.4])
    found = read_path(FORMAT, written(tmp_path / "orders.arrow", floats), OPTIONS)
    assert "column 'amount' has type double" in found.refusal.problem
    path = written(tmp_path / "orders.arrow", decimals())
    found = read_path(FORMAT, path, Options(columns={"order_id": "no", "amount": "amount"}))
    assert "'paid' is neither mapped" in found.refusal.problem


def test_damaged_files_give_rows_or_a_named_error(tmp_path):
    """Cut and changed bytes never end in anything but rows or a refusal."""
    data = written(tmp_path / "orders.arrow", decimals()).read_bytes()
    chance = random.Random(7)  # noqa: S311 - repeatable accidents, no secrets
    for trial in range(120):
        wrong = bytearray(data)
        for _ in range(chance.choice([1, 2, 8])):
            wrong[chance.randrange(8, len(wrong))] = chance.randrange(256)
        cut = chance.randrange(8, len(wrong)) if trial % 4 == 0 else len(wrong)
        found = read_bytes(FORMAT, bytes(wrong[:cut]), tmp_path, OPTIONS)
        assert found.refusal is None or found.refusal.code == "FILE_SCHEMA"


def test_a_stream_is_refused_as_a_stream(tmp_path):
    """It is whole, and would not show it if it were not: the fix says what to write instead."""
    table = pa.table({"no": ["A"]})
    path = tmp_path / "orders.arrows"
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)
    refusal = read_path(FORMAT, path, OPTIONS).refusal
    assert "found an Arrow stream" in refusal.problem
    assert "Feather" in refusal.fix
