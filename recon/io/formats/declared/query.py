"""A query over a DuckDB database file, by declared mapping.

The input is one database file, staged and hashed like any other; `member` of the source names a
table or view in it, or is one SELECT over them. It runs on the private copy, opened read-only, with
one thread, no extension, no other file within reach, and nothing spilled to disk. Every column
becomes text, exactly; a floating-point column is refused: money that was a float has been rounded.

A result has no order and no bytes of its own: rows are sorted by all columns, the record number is
the place in that order, the byte range is 0..0. A query, or a view or macro that it names, that
asks for the clock or for chance (`now()`, `random()`, a sample) is refused: asked again it would
answer something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.declared.delimited import check_columns, fields, source_columns
from recon.io.formats.declared.parquet import FINE_SCALE
from recon.io.reading.contract import Format, Options, Probe, RawRows, Reading, StagedFile

BATCH_ROWS: Final = 1 << 18
_MAGIC: Final = b"DUCK"
_MAGIC_PLACE: Final = slice(8, 12)  # after the checksum of the first block
_MEMORY: Final = "2GB"
_EXACT: Final = re.compile(
    r"U?(?:TINY|SMALL|HUGE|BIG)?INT(?:EGER)?|DECIMAL\([0-9]+,[0-9]+\)|VARCHAR|UUID|DATE|BOOLEAN"
    r"|ENUM\(.*\)|\"NULL\"",
    re.DOTALL,
)
_SCALE: Final = re.compile(r"DECIMAL\([0-9]+,([0-9]+)\)")
_TIMES: Final = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
NO_CODE: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$", re.DOTALL
)
_CLOCK_OR_SAMPLE: Final = re.compile(
    r"\b(?:current_(?:date|time|timestamp)|localtime(?:stamp)?|tablesample|using\s+sample)\b",
    re.IGNORECASE,
)
_SETTINGS: Final = (
    "set threads = 1",
    f"set memory_limit = '{_MEMORY}'",
    "set temp_directory = ''",
    "set python_enable_replacements = false",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row of the result as text."""
    try:
        with _opened(staged) as connection:
            yield from _batches(connection, staged.name, options, reading)
    except (duckdb.Error, pa.ArrowException) as error:
        raise _unanswered(staged, error) from error


def first_rows(
    staged: StagedFile, count: int
) -> tuple[list[str], list[str], list[tuple[str, ...]]]:
    """Return the tables and views of a database, and of the first of them columns and some rows.

    Everything is text as it is read; what cannot be read exactly is cast, to be seen.
    """
    try:
        with _opened(staged) as connection:
            found = connection.execute(
                "select table_name from information_schema.tables"
                " where table_catalog = 'input' and table_schema = 'main' order by all"
            ).fetchall()
            tables = [str(name) for (name,) in found]
            if not tables:
                return [], [], []
            shape = connection.sql(f"from {quoted(tables[0])}")
            columns = list(shape.columns)
            texts = ", ".join(
                f"strftime({quoted(name)}, '%Y-%m-%d %H:%M:%S')"
                if str(kind) in _TIMES
                else f"cast({quoted(name)} as varchar)"
                for name, kind in zip(columns, shape.types, strict=True)
            )
            rows = connection.execute(
                f"select {texts} from {quoted(tables[0])} limit {count}"  # noqa: S608 - names of the database itself, quoted, on a sandboxed connection
            ).fetchall()
    except duckdb.Error as error:
        raise _unanswered(staged, error) from error
    return tables, columns, rows


def _unanswered(staged: StagedFile, error: Exception) -> InputError:
    """Return the error about a database that does not answer."""
    return InputError(
        f"expected a database and a query that DuckDB answers, found: {str(error)[:300]}",
        where=staged.name,
        fix="correct `member` of this source, or ask for the database again",
        code="FILE_SCHEMA",
    )


def _opened(staged: StagedFile) -> duckdb.DuckDBPyConnection:
    """Return a connection to the private copy that can do nothing but read it."""
    if not _is_database(_head(staged)):
        raise InputError(
            "expected a DuckDB database file, found another file",
            where=staged.name,
            fix="deliver the database file itself; queries stand in the rule file, as `member`",
            code="FILE_SCHEMA",
        )
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    # An instance of our own with the file attached: opened by its path, two sources that read one
    # file would share an instance and its locked settings.
    connection = duckdb.connect(config=settings)
    path = str(staged.path).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as input (read_only)")
        connection.execute("use input")
        for setting in _SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _batches(
    connection: duckdb.DuckDBPyConnection, where: str, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the batches of the result, sorted."""
    query = _query(connection, options.member, where)
    _check_steady(connection, query, where)
    shape = connection.sql(query)
    check_columns(tuple(shape.columns), options, where)
    kinds = dict(zip(shape.columns, map(str, shape.types), strict=True))
    reading.columns = tuple((name, _kind(kind)) for name, kind in kinds.items())
    wanted = source_columns(options)
    texts = ", ".join(_as_text(name, kinds[name], where) for name in wanted)
    result: Any = connection.sql(f"select {texts} from ({query}\n) order by all")  # noqa: S608 - the statement was checked to be one SELECT, on a sandboxed connection
    done = 0
    for batch in result.to_arrow_reader(BATCH_ROWS):
        count = batch.num_rows
        reading.lines += count
        reading.record_lines += count
        columns = {name: batch.column(name) for name in wanted}
        nowhere = np.zeros(count, dtype=np.int64)
        record_no = np.arange(done + 1, done + count + 1, dtype=np.int64)
        yield RawRows(columns, record_no, nowhere, nowhere)
        done += count


def _query(connection: duckdb.DuckDBPyConnection, member: str, where: str) -> str:
    """Return the one SELECT that the source asks for."""
    text = member.strip().rstrip(";")
    tables = [row[0] for row in connection.execute("show tables").fetchall()]
    if text in tables:
        return f"select * from {quoted(text)}"  # noqa: S608 - the name of a table that exists, quoted
    is_query = re.match(r"(?:select|from|with)\b", text, re.IGNORECASE) is not None
    found = connection.extract_statements(text) if is_query else []
    if [statement.type.name for statement in found] != ["SELECT"]:
        raise InputError(
            f"expected `member` to be a table, a view or one SELECT, found {member!r}",
            where=where,
            fix=f"write a SELECT, or one of: {', '.join(tables[:20]) or 'no table is there'}",
            code="FILE_SCHEMA",
        )
    return found[0].query.strip().rstrip(";")


def _check_steady(connection: duckdb.DuckDBPyConnection, query: str, where: str) -> None:
    """Refuse a query whose answer may be another one when it is asked again."""
    functions = (
        "select distinct function_name from duckdb_functions() "
        "where stability <> 'CONSISTENT' and function_name <> 'error'"
    )
    names = "|".join(re.escape(row[0]) for row in connection.execute(functions).fetchall())
    called = re.compile(rf"\b(?:{names})(?=\s*\()", re.IGNORECASE)
    definitions = dict(
        connection.execute(
            "select view_name, sql from duckdb_views() where not internal union all "
            "select function_name, macro_definition from duckdb_functions() "
            "where not internal and macro_definition is not null"
        ).fetchall()
    )

    def found_in(text: str) -> re.Match[str] | None:
        code = NO_CODE.sub(" ", text)
        return called.search(code) or _CLOCK_OR_SAMPLE.search(code)

    refuse_unsteady(query, definitions, found_in, where)


def refuse_unsteady(
    query: str,
    definitions: dict[str, str],
    found_in: Callable[[str], re.Match[str] | None],
    where: str,
) -> None:
    """Refuse a query if something unsteady is found in it, or in the definition of what it names.

    `definitions` are those of views and macros, by name.
    """
    left = dict(definitions)
    texts = [query]
    for text in texts:
        if found := found_in(text):
            raise InputError(
                f"expected a query that answers the same each time, found {found[0]}",
                where=where,
                fix="leave the clock and chance out of the query and of the views it reads; rows "
                "of a day are chosen by a column of the table",
                code="FILE_SCHEMA",
            )
        named = [
            name
            for name in left
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
        ]
        texts += [left.pop(name) for name in named]


def _kind(kind: str) -> str:
    """Return a type in a word, as far as it matters: text is empty, integers are one."""
    scale = _SCALE.fullmatch(kind)
    if scale:
        return f"decimal of scale {scale[1]}"
    if kind.endswith(("INT", "INTEGER")):
        return "integer"
    return "" if kind == "VARCHAR" else kind.strip('"').lower()


def _as_text(name: str, kind: str, where: str) -> str:
    """Return the expression that writes a column as exact text."""
    column = quoted(name)
    scale = _SCALE.fullmatch(kind)
    if scale and int(scale[1]) >= FINE_SCALE:
        plain = f"rtrim(rtrim(cast({column} as varchar), '0'), '.')"
        return f"{plain} as {column}"
    if kind in _TIMES:
        return f"strftime({column}, '%Y-%m-%d %H:%M:%S') as {column}"
    if _EXACT.fullmatch(kind):
        return f"cast({column} as varchar) as {column}"
    raise InputError(
        f"expected text, integer, decimal, date or timestamp columns; column {name!r} has type "
        f"{kind[:60]}",
        where=where,
        fix="write amounts as decimal(18, 2) or as integer minor units, an instant as local time "
        "(`column at time zone 'Asia/Shanghai'`), other columns as text",
        code="FILE_SCHEMA",
    )


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _is_database(head: bytes) -> bool:
    """Return whether the bytes begin as a DuckDB database does."""
    return head[_MAGIC_PLACE] == _MAGIC


def _head(staged: StagedFile) -> bytes:
    """Return the first bytes of the copy."""
    with staged.path.open("rb") as file:
        return file.read(_MAGIC_PLACE.stop)


def _recognise(probe: Probe) -> bool:
    """Return whether the file carries the mark of a DuckDB database."""
    return _is_database(probe.head)


FORMAT: Final = Format(
    name="query",
    title_en="Query over a DuckDB database, by declared mapping",
    title_zh="DuckDB 数据库查询（按声明的列映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
