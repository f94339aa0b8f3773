"""Samples of the formats that are read by a declared mapping."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from recon.io.reading.contract import Options
from tests.io.formats.sample_file import AT, Sample, text

MAPPED = Options(columns={"order_id": "id", "amount": "amt", "occurred_at": "at"})


def table() -> pa.Table:
    """Return two orders as a table."""
    return pa.table(
        {"id": ["A", "B"], "amt": [Decimal("1.10"), Decimal("-0.05")], "at": [AT, AT]},
        schema=pa.schema([("id", pa.string()), ("amt", pa.decimal128(18, 2)), ("at", pa.string())]),
    )


def parquet() -> bytes:
    """Return the table as Parquet."""
    out = io.BytesIO()
    pq.write_table(table(), out)
    return out.getvalue()


def arrow() -> bytes:
    """Return the table as an Arrow IPC file."""
    out = io.BytesIO()
    with pa.ipc.new_file(out, table().schema) as file:
        file.write_table(table())
    return out.getvalue()


def database() -> bytes:
    """Return the table inside a DuckDB database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        with duckdb.connect(path) as connection:
            connection.execute('create table paid (id varchar, amt decimal(18, 2), "at" varchar)')
            rows = [("A", "1.10", AT), ("B", "-0.05", AT)]
            connection.executemany("insert into paid values (?, ?, ?)", rows)
        return path.read_bytes()


def sqlite_database() -> bytes:
    """Return the table inside an SQLite database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('create table paid (id text, amt text, "at" text)')
        rows = [("A", "1.10", AT), ("B", "-0.05", AT)]
        connection.executemany("insert into paid values (?, ?, ?)", rows)
        connection.commit()
        return connection.serialize()


def workbook(rows: list[list[object]]) -> bytes:
    """Return rows as a workbook."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    book.close()
    return out.getvalue()


def mapped() -> dict[str, Sample]:
    """Return the samples of formats that are read by declared mapping."""
    rows = [["id", "amt", "at"], ["A", 1.1, AT], ["B", "-0.05", AT]]
    ranges = Options(columns={"order_id": "1-4", "amount": "5-9"})
    query = Options(columns=MAPPED.columns, member="paid")
    return {
        "delimited": Sample(text("id,amt,at", f"A,1.00,{AT}", f'"B",2.00,{AT}'), 2, MAPPED),
        "fixed_width": Sample(text("A001 1.00", "A002 2.00"), 2, ranges),
        "json_lines": Sample(
            text(*(json.dumps({"id": i, "amt": "1.00", "at": AT}) for i in "AB")), 2, MAPPED
        ),
        "parquet": Sample(parquet(), 2, MAPPED),
        "arrow": Sample(arrow(), 2, MAPPED),
        "query": Sample(database(), 2, query),
        "sqlite": Sample(sqlite_database(), 2, query),
        "xlsx": Sample(workbook(rows), 2, MAPPED),
    }
