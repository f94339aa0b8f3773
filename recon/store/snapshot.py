"""`recon.duckdb`: documented views and macros over every published run.

The file holds definitions, no rows: the views read the Parquet files of all runs by wildcard, so a
file opened yesterday shows tonight's run tomorrow. It is written in storage version v1.2.0, which
every DuckDB client since 1.2 opens; DuckDB 2.0's own default is readable by no 1.x client.

For each table `T` there are `T` (per business date only the run published last), `T_all` (every
run, superseded ones too) and `T_latest` (the run the file belongs to; opened through CURRENT, the
newest). `T_latest` names its run instead of reading through CURRENT: a swap in the middle of a
query would otherwise mix two runs (seen under load).

Two macros say where the file belongs, `runs_folder()` and `this_run()`; all else is the same in
every file, so it is made once and copied.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
import polars as pl

from recon.core import schema
from recon.core.money import CURRENCIES, exponent
from recon.core.table import Column, Table
from recon.store.table_file import write_table
from recon.store.workspace import SCHEMA_FOLDER

STORAGE_VERSION = "v1.2.0"
PATH_COLUMNS = {
    "run_id": "the run, from the folder's name",
    "business_date": "the night, from the folder's name",
}
PLACES = {
    "runs_folder": "the folder of all runs, which every view reads",
    "this_run": "the run that this file belongs to",
}
NOTHING: Mapping[str, frozenset[str]] = {}
NO_EXTENSIONS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


@cache
def first_files(_definitions_sha256: str) -> Mapping[str, bytes]:
    """Return what stands in the folder of the empty run, by path: every table, and the template.

    The template is the file that every run's snapshot starts from. Making it takes DuckDB 0.2 s:
    it copies a view for every comment on a column of it. So a process makes it once.

    Raises:
        duckdb.IOException and others: the disk refused; the caller decides.
    """
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = empty_run(root)
        (folder / "transactions").mkdir(parents=True)
        for table in schema.PUBLISHED:
            write_table(table.empty(), table, folder / _empty_file(table))
        _build_template(template_of(root), root)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


def _empty_file(table: Table) -> str:
    """Return the path of a table in the folder of the empty run."""
    return "transactions/none.parquet" if table.name == "transactions" else f"{table.name}.parquet"


def _build_template(path: Path, root: Path) -> None:
    """Write every definition to a DuckDB file that does not exist yet."""
    with duckdb.connect(config=dict(NO_EXTENSIONS)) as connection:
        connection.execute("set threads = 1")
        version = _text(STORAGE_VERSION)
        connection.execute(f"attach {_text(str(path))} as snapshot (storage_version {version})")
        connection.execute("use snapshot")
        _run(connection, place_statements(root, "") + shared_statements())
        connection.execute("use memory")
        connection.execute("detach snapshot")


def build(path: Path, template: Path, root: Path, run_id: str) -> None:
    """Write the snapshot of a run at `path`: the template, and where this very run belongs."""
    shutil.copyfile(template, path)
    with duckdb.connect(path, config=dict(NO_EXTENSIONS)) as connection:
        connection.execute("set threads = 1")
        _run(connection, place_statements(root, run_id))


def define(connection: duckdb.DuckDBPyConnection, root: Path, run_id: str) -> None:
    """Create every view, comment and macro in the connection's current database.

    A column that a table has got since the runs were published is null in its views; a table that
    has come since has no rows.
    """
    absent = {table.name: _absent(connection, table, root) for table in schema.PUBLISHED}
    _run(connection, place_statements(root, run_id) + shared_statements(absent))


def _absent(connection: duckdb.DuckDBPyConnection, table: Table, root: Path) -> frozenset[str]:
    """Return the columns that no published file of a table has: all, where there is no file."""
    wanted = {column.name for column in table.columns}
    try:
        found = connection.execute(
            f"select distinct name from parquet_schema({_text(f'{root}/runs{_files_of(table)}')})"  # noqa: S608 - names from core.schema
        ).fetchall()
    except duckdb.IOException:  # the table itself is new: no run has a file of it
        return frozenset(wanted)
    return frozenset(wanted - {name for (name,) in found})


def _files_of(table: Table) -> str:
    """Return the wildcard over the files of a table, below the folder of all runs."""
    file = f"{table.name}/*.parquet" if table.name == "transactions" else f"{table.name}.parquet"
    return f"/*/*/{file}"


def _run(connection: duckdb.DuckDBPyConnection, statements: list[str]) -> None:
    """Run all in one transaction; one by one, each is made durable, ten times as slow (2.1 s)."""
    connection.execute("set parquet_metadata_cache = true")
    connection.execute("begin")
    for statement in statements:
        connection.execute(statement)
    connection.execute("commit")


def definitions_sha256() -> str:
    """Return the digest of all definitions; where a file belongs is none of them."""
    return hashlib.sha256(";\n".join(shared_statements()).encode()).hexdigest()


def place_statements(root: Path, run_id: str) -> list[str]:
    """Return the statements that say to which workspace and run a file belongs."""
    places = {"runs_folder": str(root / "runs"), "this_run": run_id}
    made = [f"create or replace macro {name}() as {_text(place)}" for name, place in places.items()]
    return [*made, *(f"comment on macro {name} is {_text(PLACES[name])}" for name in places)]


def shared_statements(absent: Mapping[str, frozenset[str]] = NOTHING) -> list[str]:
    """Return the statements that are the same in every file, in order.

    absent: table -> columns that the published files of a workspace lack.
    """
    tables = sorted(schema.PUBLISHED, key=lambda table: table.name != "runs")
    views = [
        line for table in tables for line in _views(table, absent.get(table.name, frozenset()))
    ]
    digits = "comment on macro minor_digits is 'the decimals of a currency'"
    return [*views, _minor_digits(), digits, *_macros()]


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


def _views(table: Table, absent: frozenset[str]) -> list[str]:
    """Return the statements that make the views of a table; `absent`: columns that no run has."""
    files_of_runs = f"runs_folder() || {_text(_files_of(table))}"
    source = f"read_parquet({files_of_runs}, union_by_name = true, filename = true)"
    if absent == {column.name for column in table.columns}:
        source = "(select null::varchar as filename) where false"  # no run has a file of it
    every = f"select {_selected(table, absent)} from {source}"  # noqa: S608 - names from core.schema
    in_force = f"{_select_all(table)} where run_id in (from runs_in_force select run_id)"
    own = f"{_select_all(table)} where run_id = this_run()"
    extent = "the run this file belongs to; the newest, when opened through CURRENT"
    return [
        *_view(table, f"{table.name}_all", every, "every run, superseded ones too"),
        *(_runs_in_force() if table.name == "runs" else []),
        *_view(table, table.name, in_force, "per business date the run published last"),
        *_view(table, f"{table.name}_latest", own, extent),
    ]


def _select_all(table: Table) -> str:
    columns = ", ".join(_quoted(name) for name in _names(table))
    return f"select {columns} from {table.name}_all"  # noqa: S608 - names from core.schema


def _view(table: Table, name: str, query: str, extent: str) -> list[str]:
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


def _column_comments(view: str, table: Table) -> list[str]:
    meanings = {column.name: column.meaning for column in table.columns}
    return [
        f"comment on column {view}.{_quoted(name)} is {_text(meanings.get(name, meaning))}"
        for name, meaning in {**dict.fromkeys(meanings, ""), **PATH_COLUMNS}.items()
    ]


def _names(table: Table) -> list[str]:
    own = [column.name for column in table.columns]
    return [name for name in PATH_COLUMNS if name not in own] + own


def _selected(table: Table, absent: frozenset[str]) -> str:
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


def _sql_type(column: Column) -> str:
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
