"""Find rows of one published table across nights: what `explain`, `trace` and the reports ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from recon.store.read import read_table, scan
from recon.store.workspace import Run, Workspace


@dataclass(frozen=True, slots=True)
class Lookup:
    """The runs that are searched, in date order."""

    runs: tuple[Run, ...]

    @staticmethod
    def in_force(workspace: Workspace, upto: Run | None = None) -> Lookup:
        """Return a lookup over the run in force of every night, up to and including `upto`.

        When `upto` is a superseded run, it stands in for the run in force of its night.
        """
        runs = workspace.newest_by_date()
        if upto is not None:
            runs = {day: run for day, run in runs.items() if day < upto.business_date}
            runs[upto.business_date] = upto
        return Lookup(tuple(runs.values()))

    def on(self, nights: Iterable[date]) -> Lookup:
        """Return a lookup over some of these nights."""
        chosen = set(nights)
        return Lookup(tuple(run for run in self.runs if run.business_date in chosen))

    def fetch(self, name: str, predicate: pl.Expr) -> pl.DataFrame:
        """Return the rows of table `name` that fit, of every night, with the column `night`."""
        scans = [
            scan(run.folder, name)
            .filter(predicate)
            .with_columns(pl.lit(run.business_date).alias("night"))
            for run in self.runs
        ]
        return pl.concat(pl.collect_all(scans)) if scans else pl.DataFrame()


def previous_open_items(workspace: Workspace, run: Run) -> pl.DataFrame:
    """Return what was carried into a run (table OPEN_ITEMS), empty on the first night."""
    name = run.manifest.get("previous_run_id")
    previous = workspace.find(str(name)) if name else None
    if previous is None:
        return read_table(run.folder, "open_items").clear()
    return read_table(previous.folder, "open_items")


def history(workspace: Workspace, run: Run, nights: int) -> Sequence[Run]:
    """Return the runs in force of the last nights up to `run`, in date order."""
    return Lookup.in_force(workspace, run).runs[-nights:]
