"""Ask the published runs: one reading statement in, a frame out, nothing else possible."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl
import pyarrow as pa

from recon.errors import ResourceError, UsageError

SECONDS = 600.0
MOST_BYTES = 4 << 30
_BATCH = 100_000  # rows that are taken from DuckDB at a time
EXPLAIN = re.compile(r"^\s*explain\s+(analyze\s+)?", re.IGNORECASE)
FIX = (
    "write one SELECT (also FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, EXPLAIN SELECT); "
    "a PIVOT needs its values in an IN list; to keep a result, use --format parquet --output FILE"
)


def answer(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    *,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> pl.DataFrame:
    """Return the rows of one reading statement; 128-bit sums come as exact decimals.

    The connection itself cannot be told to only read, so anything but a SELECT is refused here:
    COPY and ATTACH could otherwise write beside the published files. seconds: to wait at most.
    most_bytes: that the answer may take; DuckDB's own limit does not count what it hands out.

    Raises:
        UsageError: it is not one reading statement, or DuckDB refused it (its words are repeated).
        ResourceError: it took longer, or answered more.
        KeyboardInterrupt: the statement was interrupted; DuckDB calls that an error of its own.
    """
    late = threading.Event()
    with _at_most(seconds, connection, late):
        return _answer(connection, statement, seconds, most_bytes, late)


def _answer(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    seconds: float,
    most_bytes: int,
    late: threading.Event,
) -> pl.DataFrame:
    """Return the answer of a statement, or refuse it in words; `late`: its time is over."""
    try:
        _check_reads(connection, statement)
        if EXPLAIN.match(statement):
            plans = connection.execute(statement).fetchall()
            return pl.DataFrame({"plan": [line for _, plan in plans for line in plan.split("\n")]})
        frame = _frame(connection.sql(statement), most_bytes)
    except (duckdb.Error, RuntimeError, OSError) as error:
        if late.is_set():
            raise ResourceError(
                f"expected an answer within {seconds:g} seconds, found none",
                where="query",
                fix="ask for fewer nights or rows, or wait longer with --timeout",
            ) from error
        if "interrupt" in str(error).lower():
            raise KeyboardInterrupt from error
        if not isinstance(error, duckdb.Error):
            raise
        raise UsageError(
            f"expected a statement that DuckDB takes, found: {error}",
            where="query",
            fix="`show tables` lists the views, `describe VIEW` its columns",
        ) from error
    except pl.exceptions.PolarsError as error:
        raise UsageError(
            f"expected columns that a frame can hold, found: {error}",
            where="query",
            fix="cast the column to text, for instance cast(a - b as varchar)",
        ) from error
    return frame


@contextmanager
def _at_most(
    seconds: float, connection: duckdb.DuckDBPyConnection, late: threading.Event
) -> Iterator[None]:
    """Interrupt the connection and set `late` when the block takes longer."""

    def end() -> None:
        late.set()
        connection.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _frame(rows: duckdb.DuckDBPyRelation, most_bytes: int) -> pl.DataFrame:
    """Return the rows, taken some at a time, and no more than the memory is to hold."""
    batches, size = [], 0
    with rows.to_arrow_reader(_BATCH) as reader:
        for batch in reader:
            size += batch.nbytes
            if size > most_bytes:
                raise ResourceError(
                    f"expected an answer of at most {most_bytes >> 20} MiB, found more",
                    where="query",
                    fix="ask for a sum or fewer rows (limit 1000), or raise --memory",
                )
            batches.append(batch)
        table = pa.Table.from_batches(batches, reader.schema)
    return pl.DataFrame(pl.from_arrow(table))


def _check_reads(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Refuse all but one SELECT, or EXPLAIN of one SELECT."""
    found = _kinds(connection, statement)
    explained = EXPLAIN.match(statement)
    if explained and found == ["EXPLAIN"]:
        found = _kinds(connection, statement[explained.end() :])
    if found != ["SELECT"]:
        raise UsageError(
            f"expected one statement that only reads, found {', '.join(found) or 'nothing'}",
            where="query",
            fix=FIX,
        )


def _kinds(connection: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    return [statement.type.name for statement in connection.extract_statements(text)]
