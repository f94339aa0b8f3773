"""Publish a run: build it whole and durable in the work area, then make it appear in one rename.

Order of steps, each of which may be the last one before a power cut:

1. tables, certificate, summary, snapshot and last the manifest are written in `work/<run-id>/`;
2. every table is read back and its counts and sums are compared with what was to be written;
3. files and folders are made durable (fsync); a failure is fatal and is never tried again;
4. one rename moves the folder into `runs/<business-date>/`: from here on it is published;
5. CURRENT is swapped by a rename. A kill between 4 and 5 is put right at the next start.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from recon.core import schema
from recon.core.arrays.pieces import Pieces
from recon.core.table import Table
from recon.errors import ResourceError
from recon.store import snapshot
from recon.store.table_file import Totals, totals, write_table
from recon.store.workspace import Run, Workspace, sha256_of, sync

ID_DIGITS = 12
SCHEMA_VERSION = 1
TRANSACTIONS_FOLDER = "transactions"
_WRITERS = 2  # tables written at once: one is hashed while another is compressed
DISK_REFUSALS = (
    OSError,
    pl.exceptions.ComputeError,
    duckdb.IOException,
    duckdb.TransactionException,  # a commit that could not be written
    duckdb.FatalException,  # a checkpoint that could not be written
)


def run_id(
    business_date: date,
    *,
    inputs: Sequence[tuple[str, str]],
    rules_sha256: str,
    version: str,
    previous_run_id: str | None,
) -> str:
    """Return the id of a run: its date and a digest of everything that decides its result.

    `inputs` are (source, SHA-256) pairs; their order does not matter.
    """
    facts = [
        business_date.isoformat(),
        sorted(inputs),
        rules_sha256,
        version,
        previous_run_id or "",
    ]
    digest = hashlib.sha256(json.dumps(facts, ensure_ascii=True).encode()).hexdigest()
    return f"{business_date:%Y%m%d}-{digest[:ID_DIGITS]}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Transactions that are ready to be published: files in the work area, and what they hold."""

    parts: tuple[Path, ...]
    entries: tuple[dict[str, Any], ...]  # of the manifest, one a part


def prepare(workspace: Workspace, parts: Sequence[Path]) -> Prepared:
    """Do what publishing takes that no verdict changes: read the parts back, make the views.

    Raises:
        OSError and others of `DISK_REFUSALS`: the disk refused. `publish` says so.
    """
    _ready_for_views(workspace)
    assert len({part.name for part in parts}) == len(parts), "two parts of one name"
    found = tuple(_part_entry(part) for part in sorted(parts))
    return Prepared(tuple(sorted(parts)), found)


def publish(
    workspace: Workspace,
    run_id: str,
    business_date: date,
    *,
    tables: Mapping[str, pl.DataFrame | Pieces],
    prepared: Callable[[], Prepared],
    manifest_extra: Mapping[str, Any],
    certificate: Mapping[str, Any],
    summary: Mapping[str, Any],
) -> Path:
    """Publish a run and return its folder. Call only while holding the lock.

    `tables` holds every published table but `transactions`; a table left out is published empty.
    `prepared` waits for what `prepare` makes of the transactions; their files are moved.
    `manifest_extra` says what only the caller knows (name, rules_sha256, versions, inputs,
    previous_run_id, ...).

    Raises:
        ResourceError: the disk refused. Nothing was published and the work area is gone, unless
            the message says that only CURRENT could not be swapped.
    """
    destination = workspace.run_folder(business_date, run_id)
    assert workspace.find(run_id) is None, f"{run_id} is published already; the caller asks first"
    assert certificate["balanced"], f"an unbalanced night is our bug: {certificate['failures']}"
    history = workspace.published()
    with _fatal(workspace, run_id):
        folder = workspace.work_folder(run_id) / "publish"
        folder.mkdir(mode=0o700)
        place = _place(history, business_date)
        entries = [
            *_write_tables(folder, tables, place),
            *_move_parts(folder, prepared()),
            _write_json(folder / "certificate.json", certificate),
            _write_json(folder / "summary.json", summary),
        ]
        run = {"run_id": run_id, "business_date": business_date.isoformat(), **place}
        run["snapshot"] = _write_snapshot(folder, workspace, run_id)
        _write_manifest(folder, {**manifest_extra, **run}, history, entries)
        _refuse_strays(folder, entries)
        _make_durable(folder)
        _appear(folder, destination)
    _settle(workspace, destination)
    shutil.rmtree(workspace.work / run_id, ignore_errors=True)
    return destination


def _write_manifest(
    folder: Path,
    facts: Mapping[str, Any],
    history: Sequence[Run],
    entries: Sequence[Mapping[str, Any]],
) -> None:
    """Write what the run is: its facts, the run published before it, and every file of it."""
    manifest = {
        **facts,
        "schema_version": SCHEMA_VERSION,
        "previous_manifest_sha256": history[-1].manifest_sha256() if history else None,
        "artefacts": sorted(entries, key=lambda entry: str(entry["path"])),
    }
    write_manifest(folder / "manifest.json", manifest)


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one transactions file, sorted, the way `publish` expects its parts."""
    write_table(frame, schema.TRANSACTIONS, path)


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write a manifest that proves itself: canonical text, with the digest of all the rest."""
    digest = hashlib.sha256(canonical(manifest)).hexdigest()
    path.write_bytes(canonical({**manifest, "self_sha256": digest}))


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the one text of a JSON document: sorted keys, two spaces, UTF-8, a final newline."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return (text + "\n").encode()


@contextmanager
def _fatal(workspace: Workspace, run_id: str) -> Iterator[None]:
    """Turn every refusal of the disk into one ResourceError, and give the space back."""
    try:
        yield
    except DISK_REFUSALS as error:
        shutil.rmtree(workspace.work / run_id, ignore_errors=True)
        raise ResourceError(
            f"expected to write the run, found: {error}",
            where=str(workspace.root),
            fix="free disk space or mend the disk, then run again; nothing was published",
        ) from error


def _ready_for_views(workspace: Workspace) -> None:
    """Make the empty run, so that every view's wildcard matches a file, and the views' template.

    Made anew when a definition has changed; the digest of the definitions comes last.
    """
    folder = snapshot.empty_run(workspace.root)
    digest_file = folder / "definitions.sha256"
    digest = snapshot.definitions_sha256()
    if digest_file.exists() and digest_file.read_text() == digest:
        return
    digest_file.unlink(missing_ok=True)
    (folder / TRANSACTIONS_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in snapshot.first_files(digest).items():
        draft = folder / f"{name}.draft"
        draft.write_bytes(content)
        draft.replace(folder / name)
    digest_file.write_text(digest)


def _place(history: Sequence[Run], business_date: date) -> dict[str, Any]:
    """Return the run's place in the order of publication and the run that it supersedes."""
    same_night = [run for run in history if run.business_date == business_date]
    return {
        "sequence": history[-1].sequence + 1 if history else 1,
        "supersedes": same_night[-1].run_id if same_night else None,
    }


def _move_parts(folder: Path, prepared: Prepared) -> list[dict[str, Any]]:
    """Move the transactions to where they are published; a night of none has an empty file."""
    target = folder / TRANSACTIONS_FOLDER
    target.mkdir(mode=0o700)
    for part in prepared.parts:
        part.rename(target / part.name)
    if prepared.parts:
        return list(prepared.entries)
    none = target / "none.parquet"
    write_part(schema.TRANSACTIONS.empty(), none)
    return [_part_entry(none)]


def _part_entry(path: Path) -> dict[str, Any]:
    name = f"{TRANSACTIONS_FOLDER}/{path.name}"
    return _entry(path, name, *totals(path, schema.TRANSACTIONS))


def _write_tables(
    folder: Path, tables: Mapping[str, pl.DataFrame | Pieces], place: Mapping[str, Any]
) -> list[dict[str, Any]]:
    single = {table.name: table for table in schema.PUBLISHED if table is not schema.TRANSACTIONS}
    assert tables.keys() <= single.keys(), f"unknown tables: {tables.keys() - single.keys()}"
    rows = {name: tables.get(name, table.empty()) for name, table in single.items()}
    runs = rows["runs"]
    assert isinstance(runs, pl.DataFrame), "a run is one row"
    rows["runs"] = _placed(runs, place)
    jobs = [(folder, table, rows[name]) for name, table in single.items()]
    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(lambda job: _write_one(*job), jobs))


def _write_one(folder: Path, table: Table, rows: pl.DataFrame | Pieces) -> dict[str, Any]:
    """Write one table, read it back, and refuse the disk that returns something else."""
    path = folder / f"{table.name}.parquet"
    written = write_table(rows, table, path)
    found = totals(path, table)
    if found != written:
        raise ResourceError(
            f"expected to read back what was written ({written}), found {found}",
            where=str(path),
            fix="check the disk and the memory of this machine, then run again",
        )
    return _entry(path, path.name, *found)


def _placed(runs: pl.DataFrame, place: Mapping[str, Any]) -> pl.DataFrame:
    marks = [pl.lit(value).alias(name) for name, value in place.items()]
    return schema.conform(runs.with_columns(marks), schema.RUNS)


def _write_json(path: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    path.write_bytes(canonical(document))
    return _entry(path, path.name, 1, {})


def _write_snapshot(folder: Path, workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Write the DuckDB file. Its bytes differ from run to run, so its digest stands beside it."""
    path = folder / "recon.duckdb"
    snapshot.build(path, snapshot.template_of(workspace.root), workspace.root, run_id)
    (folder / "recon.duckdb.sha256").write_text(f"{sha256_of(path)}  recon.duckdb\n")
    return {
        "path": path.name,
        "sha256_in": "recon.duckdb.sha256",
        "definitions_sha256": snapshot.definitions_sha256(),
    }


def _entry(path: Path, name: str, rows: int, sums: Totals) -> dict[str, Any]:
    """Return what the manifest says of a file that is `name` in the run's folder."""
    return {
        "path": name,
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "rows": rows,
        "totals": sums,
    }


def _refuse_strays(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to publish a folder that holds anything but what the manifest says.

    DuckDB goes on in silence when it cannot remove its log beside the finished file (seen by
    failing its unlink), and what the log holds may then be missing in the file.
    """
    wanted = {str(entry["path"]) for entry in entries}
    wanted |= {"manifest.json", "recon.duckdb", "recon.duckdb.sha256"}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if found != wanted:
        raise OSError(f"files that do not belong in a run: {sorted(found ^ wanted)}")


def _make_durable(folder: Path) -> None:
    for place, _, names in os.walk(folder, topdown=False):
        for name in sorted(names):
            path = Path(place) / name
            path.chmod(0o600)
            sync(path)
        sync(Path(place))


def _appear(folder: Path, destination: Path) -> None:
    """Move the finished folder into `runs/`: the moment of publishing."""
    destination.parent.mkdir(mode=0o700, exist_ok=True)
    sync(destination.parent.parent)
    folder.rename(destination)


def _settle(workspace: Workspace, destination: Path) -> None:
    """Make the rename durable and point CURRENT at the run, which is published by now."""
    try:
        sync(destination.parent)
        workspace.point_current_at(destination)
    except OSError as error:
        raise ResourceError(
            f"expected to point CURRENT at the run, found: {error}",
            where=str(destination),
            fix="mend the disk, then run again: the run is whole, and the next start points at it",
        ) from error
