"""`recon.duckdb`: documented views and macros over every published run.

The file holds definitions, no rows: the views read the Parquet files of all runs by wildcard, so a
file opened yesterday shows tonight's run tomorrow. It is written in storage version v1.2.0, which
every DuckDB client since 1.2 opens; DuckDB 2.0's own default is readable by no 1.x client.

For each table `T` there are `T` (per business date only the run published last), `T_all` (every
run, superseded ones too) and `T_latest` (the run the file belongs to; opened through CURRENT, the
newest). `T_latest` names its run instead of reading through CURRENT: a swap in the middle of a
query would otherwise mix two runs (seen under load).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import duckdb
import polars as pl

from recon.core import schema
from recon.core.money import CURRENCIES, exponent
from recon.store.workspace import SCHEMA_FOLDER

STORAGE_VERSION = "v1.2.0"
PATH_COLUMNS = {
    "run_id": "the run, from the folder's name",
    "business_date": "the night, from the folder's name",
}
NOTHING: Mapping[str, frozenset[str]] = {}
NO_EXTENSIONS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def build_template(path: Path, root: Path) -> None:
    """Write the file that every run's snapshot starts from, at `path`, which must not exist.

    To define a view DuckDB opens every file that its wildcard matches, three times over; after a
    year of nights that takes 2 s. So it is done once, not every night.

    Raises:
        duckdb.IOException and others: the disk refused; the caller decides.
    """
    with duckdb.connect(config=dict(NO_EXTENSIONS)) as connection:
        connection.execute("set threads = 1")
        version = _text(STORAGE_VERSION)
        connection.execute(f"attach {_text(str(path))} as snapshot (storage_version {version})")
        connection.execute("use snapshot")
        _run(connection, shared_statements(root))
        connection.execute("use memory")
        connection.execute("detach snapshot")


def build(path: Path, template: Path, run_id: str) -> None:
    """Write the snapshot of a run at `path`: the template, and the views of this very run."""
    shutil.copyfile(template, path)
    with duckdb.connect(path, config=dict(NO_EXTENSIONS)) as connection:
        connection.execute("set threads = 1")
        _run(connection, run_statements(run_id))


def define(connection: duckdb.DuckDBPyConnection, root: Path, run_id: str) -> None:
    """Create every view, comment and macro in the connection's current database.

    A column that a table has got since the runs were published is null in its views.
    """
    absent = {table.name: _absent(connection, table, root) for table in schema.PUBLISHED}
    _run(connection, shared_statements(root, absent) + run_statements(run_id))


def _absent(
    connection: duckdb.DuckDBPyConnection, table: schema.Table, root: Path
) -> frozenset[str]:
    """Return the columns that no published file of a table has."""
    wanted = {column.name for column in table.columns}
    try:
        found = connection.execute(
            f"select distinct name from parquet_schema({_files_of(table, root)})"  # noqa: S608 - names from core.schema
        ).fetchall()
    except duckdb.IOException:  # the table itself is new: no run has a file of it
        return frozenset()
    return frozenset(wanted - {name for (name,) in found})


def _files_of(table: schema.Table, root: Path) -> str:
    """Return the wildcard over the files of a table, as text of a statement."""
    file = f"{table.name}/*.parquet" if table.name == "transactions" else f"{table.name}.parquet"
    return _text(str(root / "runs" / "*" / "*" / file))


def _run(connection: duckdb.DuckDBPyConnection, statements: list[str]) -> None:
    """Run all in one transaction; one by one, each is made durable, ten times as slow (2.1 s)."""
    connection.execute("set parquet_metadata_cache = true")
    connection.execute("begin")
    for statement in statements:
        connection.execute(statement)
    connection.execute("commit")


def definitions_sha256(root: Path = Path("/WORKSPACE")) -> str:
    """Return the digest of all definitions, by default with the workspace's path left out."""
    text = ";\n".join(shared_statements(root) + run_statements("RUN"))
    return hashlib.sha256(text.encode()).hexdigest()


def shared_statements(root: Path, absent: Mapping[str, frozenset[str]] = NOTHING) -> list[str]:
    """Return the statements that are the same for every run of a workspace, in order.

    absent: table -> columns that its published files lack.
    """
    tables = sorted(schema.PUBLISHED, key=lambda table: table.name != "runs")
    views = [
        line
        for table in tables
        for line in _shared_views(table, root, absent.get(table.name, frozenset()))
    ]
    return [*views, _minor_digits(), *_macros()]


def run_statements(run_id: str) -> list[str]:
    """Return the statements that define the views of one run."""
    extent = "the run this file belongs to; the newest, when opened through CURRENT"
    return [
        line
        for table in schema.PUBLISHED
        for line in _view(
            table,
            f"{table.name}_latest",
            f"{_select_all(table)} where run_id = {_text(run_id)}",
            extent,
        )
    ]


def _minor_digits() -> str:
    """Return the macro that knows the decimals of each currency, from the one list of them."""
    by_digits: dict[int, list[str]] = {}
    for currency in CURRENCIES:
        by_digits.setdefault(exponent(currency), []).append(_text(currency))
    cases = " ".join(
        f"when currency in ({', '.join(names)}) then {digits}"
        for digits, names in sorted(by_digits.items())
    )
    return f"create macro minor_digits(currency) as case {cases} end"


def _macros() -> list[str]:
    """Return the statements of `views.sql`, which are separated by a semicolon and a blank line."""
    script = files("recon.store").joinpath("views.sql").read_text(encoding="utf-8")
    pieces = (piece.strip().rstrip(";") for piece in script.split(";\n\n"))
    return [piece for piece in pieces if piece]


def _shared_views(table: schema.Table, root: Path, absent: frozenset[str]) -> list[str]:
    source = f"read_parquet({_files_of(table, root)}, union_by_name = true, filename = true)"
    every = f"select {_selected(table, absent)} from {source}"  # noqa: S608 - names from core.schema
    in_force = f"{_select_all(table)} where run_id in (from runs_in_force select run_id)"
    return [
        *_view(table, f"{table.name}_all", every, "every run, superseded ones too"),
        *(_runs_in_force() if table.name == "runs" else []),
        *_view(table, table.name, in_force, "per business date the run published last"),
    ]


def _select_all(table: schema.Table) -> str:
    columns = ", ".join(_quoted(name) for name in _names(table))
    return f"select {columns} from {table.name}_all"  # noqa: S608 - names from core.schema


def _view(table: schema.Table, name: str, query: str, extent: str) -> list[str]:
    return [
        f"create view {name} as {query}",
        f"comment on view {name} is {_text(f'{table.row_is}; {extent}')}",
        *_column_comments(name, table),
    ]


def _runs_in_force() -> list[str]:
    newest = "select business_date, arg_max(run_id, sequence) as run_id from runs_all group by all"
    return [
        f"create view runs_in_force as {newest}",
        "comment on view runs_in_force is 'per business date the run published last'",
        "comment on column runs_in_force.business_date is 'the night'",
        "comment on column runs_in_force.run_id is 'the run that counts for that night'",
    ]


def _column_comments(view: str, table: schema.Table) -> list[str]:
    meanings = {column.name: column.meaning for column in table.columns}
    return [
        f"comment on column {view}.{_quoted(name)} is {_text(meanings.get(name, meaning))}"
        for name, meaning in {**dict.fromkeys(meanings, ""), **PATH_COLUMNS}.items()
    ]


def _names(table: schema.Table) -> list[str]:
    own = [column.name for column in table.columns]
    return [name for name in PATH_COLUMNS if name not in own] + own


def _selected(table: schema.Table, absent: frozenset[str]) -> str:
    """Return the select list: the table's own columns, and run and night where it has none."""
    own = {column.name: column for column in table.columns}
    folder = "regexp_extract(filename, '/runs/([^/]+)/([^/]+)/', {})"
    from_path = {
        "run_id": folder.format(2),
        "business_date": f"try_cast({folder.format(1)} as date)",
    }
    pieces = []
    for name in _names(table):
        column = own.get(name)
        if column is None:
            pieces.append(f"{from_path[name]} as {name}")
        elif name in absent:
            pieces.append(f"cast(null as {_sql_type(column)}) as {_quoted(name)}")
        elif column.dtype == pl.Int128:
            pieces.append(f"cast({name} as hugeint) as {name}")
        else:
            pieces.append(_quoted(name))
    return ", ".join(pieces)


def _sql_type(column: schema.Column) -> str:
    """Return DuckDB's name for the type of a column."""
    names = {pl.Int64: "bigint", pl.Int32: "integer", pl.Int128: "hugeint", pl.Date: "date"}
    names |= {pl.Boolean: "boolean", pl.Datetime: "timestamp"}
    return names.get(column.dtype.base_type(), "varchar")


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def empty_run(root: Path) -> Path:
    """Return the folder of the empty run, which makes every view's wildcard match a file."""
    return root / "runs" / SCHEMA_FOLDER / "empty"


def template_of(root: Path) -> Path:
    """Return where the template of a workspace's snapshots lies."""
    return empty_run(root) / "recon.duckdb"
