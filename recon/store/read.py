"""Read what was published: one table of one run, or all runs through DuckDB."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from recon.errors import VerificationError
from recon.store import snapshot
from recon.store.table_file import scan_table, table_of
from recon.store.workspace import Run, Workspace, sha256_of

DEFAULT_MEMORY = 4 << 30


def read_table(run_folder: Path, name: str) -> pl.DataFrame:
    """Return one published table of one run, with the column types of `recon.core.schema`.

    The bytes are first compared with the manifest: Parquet readers return altered data without an
    error for most flipped bits.

    Raises:
        VerificationError: a file is not as it was published.
    """
    manifest = json.loads((run_folder / "manifest.json").read_bytes())
    for entry in manifest["artefacts"]:
        if entry["path"] == f"{name}.parquet" or entry["path"].startswith(f"{name}/"):
            _check_bytes(run_folder / entry["path"], entry["sha256"])
    return scan(run_folder, name).collect()


def _check_bytes(path: Path, expected: str) -> None:
    found = sha256_of(path) if path.is_file() else "no file"
    if found != expected:
        raise VerificationError(
            f"expected the file as published (SHA-256 {expected}), found {found}",
            where=str(path),
            fix="restore the run's folder from a backup; `recon verify` lists all that differs",
        )


def scan(run_folder: Path, name: str) -> pl.LazyFrame:
    """Return a lazy read of one published table of one run (`transactions` is several files).

    For reading a few rows of large files: the bytes are not compared with the manifest. A table
    that has come since the run was published has no rows there.
    """
    table = table_of(name)
    if name == "transactions":
        return scan_table(sorted((run_folder / name).glob("*.parquet")), table)
    path = run_folder / f"{name}.parquet"
    if not path.exists() and not _listed(run_folder, path.name):
        return table.empty().lazy()
    return scan_table(path, table)


def _listed(run_folder: Path, artefact: str) -> bool:
    """Return whether a run's manifest names an artefact."""
    manifest = json.loads((run_folder / "manifest.json").read_bytes())
    return any(entry["path"] == artefact for entry in manifest["artefacts"])


def read_nights(workspace: Workspace, name: str, night: date | None = None) -> pl.DataFrame:
    """Return a table of the runs in force, all nights or one, with `run_id` and `business_date`.

    A night that has no run gives no rows.
    """
    table = table_of(name)
    runs = [run for day, run in workspace.newest_by_date().items() if night in {None, day}]
    marked = [
        read_table(run.folder, name).with_columns(
            pl.lit(run.run_id).alias("run_id"), pl.lit(run.business_date).alias("business_date")
        )
        for run in runs
    ]
    marks = {"run_id": pl.String(), "business_date": pl.Date()}
    return pl.concat([pl.DataFrame(schema={**table.schema, **marks}), *marked])


def open_snapshot(
    workspace: Workspace, *, memory_bytes: int = DEFAULT_MEMORY
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with every view and macro over all runs of the workspace.

    The newest run's own file is opened; when the workspace has moved since, or the definitions
    have changed, the views are made anew in memory. The connection can read nothing but `runs/`,
    loads no extensions, spills nothing to disk and its settings are locked. The caller closes it.
    """
    newest = workspace.resolve(None)
    connection = duckdb.connect(config=dict(snapshot.NO_EXTENSIONS))
    try:
        if not _attach(connection, workspace, newest):
            snapshot.define(connection, workspace.root, newest.run_id)
        _lock_down(connection, workspace, memory_bytes)
    except BaseException:
        connection.close()
        raise
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, workspace: Workspace, run: Run) -> bool:
    """Attach the run's published file; False when its definitions or its path are not today's."""
    if run.manifest["snapshot"]["definitions_sha256"] != snapshot.definitions_sha256():
        return False
    path = str(run.folder / "recon.duckdb").replace("'", "''")
    connection.execute(f"attach '{path}' as published (read_only)")
    connection.execute("use published")
    if connection.execute("select runs_folder()").fetchall() == [(str(workspace.runs),)]:
        return True
    connection.execute("use memory")
    connection.execute("detach published")
    return False


def _lock_down(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, memory_bytes: int
) -> None:
    """Close every door but reading published files. Limits hold only when made by SET."""
    allowed = "'" + f"{workspace.runs}/".replace("'", "''") + "'"
    connection.execute(f"set allowed_directories = [{allowed}]")
    connection.execute("set temp_directory = ''")
    connection.execute(f"set memory_limit = '{memory_bytes}B'")
    connection.execute("set python_enable_replacements = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
