"""Ask the published runs: one reading statement in, a frame out, nothing else possible."""

from __future__ import annotations

import re

import duckdb
import polars as pl

from recon.errors import UsageError

EXPLAIN = re.compile(r"^\s*explain\s+(analyze\s+)?", re.IGNORECASE)
FIX = (
    "write one SELECT (also FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, EXPLAIN SELECT); "
    "a PIVOT needs its values in an IN list; to keep a result, use --format parquet --output FILE"
)


def answer(connection: duckdb.DuckDBPyConnection, statement: str) -> pl.DataFrame:
    """Return the rows of one reading statement; 128-bit sums come as exact decimals.

    The connection itself cannot be told to only read, so anything but a SELECT is refused here:
    COPY and ATTACH could otherwise write beside the published files.

    Raises:
        UsageError: it is not one reading statement, or DuckDB refused it (its words are repeated).
        KeyboardInterrupt: the statement was interrupted; DuckDB calls that an error of its own.
    """
    try:
        _check_reads(connection, statement)
        if EXPLAIN.match(statement):
            plans = connection.execute(statement).fetchall()
            return pl.DataFrame({"plan": [line for _, plan in plans for line in plan.split("\n")]})
        frame: pl.DataFrame = connection.sql(statement).pl()
    except (duckdb.Error, RuntimeError) as error:
        if "interrupt" in str(error).lower():
            raise KeyboardInterrupt from error
        if not isinstance(error, duckdb.Error):
            raise
        raise UsageError(
            f"DuckDB refused the statement: {error}",
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
