"""A query over an SQLite database file, by declared mapping.

As `query` is for DuckDB: one file, `member` names a table or view in it or is one SELECT over them,
every mapped value becomes text, exactly. It runs on the private copy, opened read-only; nothing but
reading is authorised. The file is checked whole before it is asked.

A value of SQLite has a type of its own, whatever its column was declared as: text and integers are
read, a floating-point number refuses the file (money that was a float has been rounded; a column
declared as decimal keeps floats). A result has no order and no bytes of its own: rows are sorted by
all columns, the record number is the place in that order, the byte range is 0..0. A query or view
that asks for the clock, the machine's zone or chance is refused.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.declared.delimited import check_columns, fields, source_columns
from recon.io.formats.declared.query import quoted, refuse_unsteady
from recon.io.reading.contract import (
    Format,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    named_columns,
)

BATCH_ROWS: Final = 1 << 16
_MAGIC: Final = b"SQLite format 3\x00"
_LOG_PLACE: Final = 18  # 2: changes may stand in a log beside the file
_READING: Final = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)
_UNSTEADY: Final = re.compile(
    r"\b(?:random|randomblob|current_(?:date|time|timestamp)|last_insert_rowid|(?:total_)?changes)\b"
    r"|\b(?:date|time|datetime|julianday|unixepoch)\s*\(\s*\)|\bstrftime\s*\(\s*'[^']*'\s*\)"
    r"|['\"](?:now|localtime|utc)['\"]",
    re.IGNORECASE,
)
_SETTINGS: Final = (
    "pragma trusted_schema = off",
    "pragma temp_store = memory",
    "pragma query_only = on",
)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row of the result as text."""
    try:
        with closing(_opened(staged, reading)) as connection:
            yield from _batches(connection, staged.name, options, reading)
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError) as error:
        raise _unanswered(staged, str(error)) from error


def first_rows(
    staged: StagedFile, count: int
) -> tuple[list[str], list[str], list[tuple[str, ...]]]:
    """Return the tables and views of a database, and of the first of them columns and some rows.

    Everything is text as it is read; what cannot be read exactly is written out, to be seen.
    """
    try:
        with closing(_opened(staged, Reading())) as connection:
            tables = _tables(connection)
            if not tables:
                return [], [], []
            found = connection.execute(f"select * from {quoted(tables[0])} limit {count}")  # noqa: S608 - a table's own name, quoted, on a connection that may only read
            rows = [
                tuple("" if cell is None else str(cell) for cell in row) for row in found.fetchall()
            ]
            return tables, [column[0] for column in found.description], rows
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError) as error:
        raise _unanswered(staged, str(error)) from error


def _unanswered(staged: StagedFile, found: str) -> InputError:
    """Return the error about a database that does not answer."""
    return InputError(
        f"expected a database and a query that SQLite answers, found: {found[:300]}",
        where=staged.name,
        fix="correct `member` of this source, or ask for the database again",
        code="FILE_SCHEMA",
    )


def _opened(staged: StagedFile, reading: Reading) -> sqlite3.Connection:
    """Return a connection to the private copy that can do nothing but read it."""
    with staged.path.open("rb") as file:
        head = file.read(_LOG_PLACE + 1)
    if not head.startswith(_MAGIC):
        raise InputError(
            "expected an SQLite database file, found another file",
            where=staged.name,
            fix="deliver the database file itself; queries stand in the rule file, as `member`",
            code="FILE_SCHEMA",
        )
    if head[_LOG_PLACE:] == b"\x02":
        reading.notes.append("what stood in a -wal file beside the database is not in it")
    connection = sqlite3.connect(
        f"file:{quote(str(staged.path.resolve()))}?mode=ro&immutable=1", uri=True
    )
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        found = connection.execute("pragma quick_check(1)").fetchone()
        connection.set_authorizer(_authorised)
    except BaseException:
        connection.close()
        raise
    if found != ("ok",):
        connection.close()
        raise _unanswered(staged, f"a damaged database ({found})")
    return connection


def _authorised(action: int, _first: str | None, second: str | None, *_where: str | None) -> int:
    """Return whether a statement may do this: read, and call functions that load no code."""
    may = action in _READING and second != "load_extension"
    return sqlite3.SQLITE_OK if may else sqlite3.SQLITE_DENY


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables and views."""
    names = "select name from sqlite_master where type in ('table', 'view') order by name"
    return [str(name) for (name,) in connection.execute(names) if not name.startswith("sqlite_")]


def _batches(
    connection: sqlite3.Connection, where: str, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the batches of the result, sorted."""
    query = _query(connection, options.member, where)
    _check_steady(connection, query, where)
    shape = connection.execute(f"select * from ({query}\n) limit 0")  # noqa: S608 - one SELECT, on a connection that may only read
    columns = tuple(column[0] for column in shape.description)
    check_columns(columns, options, where)
    reading.columns = named_columns(columns)
    wanted = source_columns(options)
    places = ", ".join(quoted(name) for name in wanted)
    order = ", ".join(f"{quoted(name)} collate binary" for name in wanted)
    result = connection.execute(f"select {places} from ({query}\n) order by {order}")  # noqa: S608 - the same
    done = 0
    while rows := result.fetchmany(BATCH_ROWS):
        cells = zip(*rows, strict=True)
        arrays = {
            name: pa.array([_as_text(cell, name, where) for cell in column], pa.large_string())
            for name, column in zip(wanted, cells, strict=True)
        }
        count = len(rows)
        reading.lines += count
        reading.record_lines += count
        nowhere = np.zeros(count, dtype=np.int64)
        yield RawRows(
            arrays, np.arange(done + 1, done + count + 1, dtype=np.int64), nowhere, nowhere
        )
        done += count


def _query(connection: sqlite3.Connection, member: str, where: str) -> str:
    """Return the one SELECT that the source asks for."""
    text = member.strip().rstrip(";")
    tables = _tables(connection)
    if text in tables:
        return f"select * from {quoted(text)}"  # noqa: S608 - the name of a table that exists, quoted
    if re.match(r"(?:select|with)\b", text, re.IGNORECASE) is None:
        raise InputError(
            f"expected `member` to be a table, a view or one SELECT, found {member!r}",
            where=where,
            fix=f"write a SELECT, or one of: {', '.join(tables[:20]) or 'no table is there'}",
            code="FILE_SCHEMA",
        )
    return text


def _check_steady(connection: sqlite3.Connection, query: str, where: str) -> None:
    """Refuse a query whose answer may be another one when it is asked again."""
    views = connection.execute("select name, sql from sqlite_master where type = 'view'")
    definitions = {str(name): str(sql) for name, sql in views}
    refuse_unsteady(query, definitions, _UNSTEADY.search, where)


def _as_text(cell: object, name: str, where: str) -> str | None:
    """Return one value as exact text, None for null."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return str(cell)
    found = "a floating-point number" if isinstance(cell, float) else "bytes"
    raise InputError(
        f"expected text and integers, column {name!r} has {found}: {str(cell)[:40]}",
        where=where,
        fix="keep amounts as text or as integer minor units; if no digit of them was lost, write "
        f"printf('%.2f', {name}) as {name} in `member`",
        code="FILE_SCHEMA",
    )


def _recognise(probe: Probe) -> bool:
    """Return whether the file carries the mark of an SQLite database."""
    return probe.head.startswith(_MAGIC)


FORMAT: Final = Format(
    name="sqlite",
    title_en="Query over an SQLite database, by declared mapping",
    title_zh="SQLite 数据库查询（按声明的列映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
