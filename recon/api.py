"""The Python interface: the nightly job, one file, and the published tables, as frames."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from recon.core.schema import TRANSACTIONS, conform
from recon.io.formats import FORMATS
from recon.io.one_file import format_of, read_alone
from recon.io.reading.contract import Options
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules
from recon.store.read import open_snapshot as open_views
from recon.store.read import read_table
from recon.store.workspace import Workspace

_HOW_TO_NAME = "name it with format_name, or declare its columns in a rule file"


@dataclass(frozen=True, slots=True)
class Night:
    """A published night: what it came to, and its tables."""

    run_id: str
    folder: Path
    exit_code: int
    repeated: bool  # it was finished before; nothing was done
    summary: dict[str, Any]

    def table(self, name: str) -> pl.DataFrame:
        """Return a published table, for instance `disputes`, as a Polars frame."""
        return read_table(self.folder, name)

    def arrow(self, name: str) -> pa.Table:
        """Return a published table as an Arrow table."""
        return self.table(name).to_arrow()


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One file as it was understood: rows, refused rows, and its control totals."""

    transactions: pl.DataFrame
    rejects: pl.DataFrame
    inputs: pl.DataFrame


def reconcile(config: str | Path, business_date: date, *, threads: int = 2) -> Night:
    """Reconcile one business date by a rule file and publish it; a finished night is a no-op.

    Raises ReconError subclasses with what was expected, what was found, and the fix.
    """
    rule_file = read_rules(Path(config), tuple(item.name for item in FORMATS))
    done = run_night(rule_file, business_date, threads=threads)
    return Night(done.run_id, done.folder, done.exit_code, done.repeated, done.summary)


def load(
    file: str | Path,
    *,
    business_date: date,
    format_name: str | None = None,
    options: Options | None = None,
) -> LoadedFile:
    """Read one file without a rule file; nothing is kept.

    The format is recognised by content unless it is named. `business_date` gives the year to dates
    without one. Raises InputError when no single format fits.
    """
    path = Path(file)
    with tempfile.TemporaryDirectory(prefix="recon-") as folder:
        name = format_name or format_of(path, Path(folder), _HOW_TO_NAME)
        loaded = read_alone(path, name, options or Options(), business_date, Path(folder))
        frames = [conform(pl.read_parquet(part), TRANSACTIONS) for part in loaded.parts]
    rows = pl.concat(frames) if frames else pl.DataFrame()
    return LoadedFile(rows, loaded.rejects, loaded.inputs)


@contextmanager
def open_snapshot(workspace: str | Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only, sandboxed DuckDB connection with the views of every published night."""
    with open_views(Workspace(workspace)) as connection:
        yield connection
