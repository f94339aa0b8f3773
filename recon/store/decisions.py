"""Decisions of people, kept beside the runs: `decisions/<sequence>-<sha>.parquet`, append-only.

A file is one import and is never changed. The next night reads `in_force`: of several decisions on
one dispute the one imported last counts.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from recon.core.schema import DECISIONS, conform
from recon.store import lock
from recon.store.table_file import write_table
from recon.store.workspace import Workspace, sync

_FOLDER = "decisions"
_SHA_DIGITS = 16


def append(workspace: Workspace, decisions: pl.DataFrame, sha256: str) -> Path | None:
    """Keep one import (DECISIONS without `sequence`); None when these bytes were imported before.

    Raises LockedError while a run holds the workspace.
    """
    folder = workspace.root / _FOLDER
    with lock.hold(workspace):
        folder.mkdir(mode=0o700, exist_ok=True)
        kept = _files(folder)
        if any(path.stem.endswith(sha256[:_SHA_DIGITS]) for path in kept):
            return None
        sequence = int(kept[-1].name.partition("-")[0]) + 1 if kept else 1
        path = folder / f"{sequence:06d}-{sha256[:_SHA_DIGITS]}.parquet"
        draft = path.with_suffix(".draft")
        numbered = decisions.with_columns(sequence=pl.lit(sequence))
        write_table(conform(numbered, DECISIONS), DECISIONS, draft)
        sync(draft)
        draft.rename(path)
        sync(folder)
    return path


def read_all(workspace: Workspace) -> pl.DataFrame:
    """Return every decision ever imported, in order (table DECISIONS)."""
    files = _files(workspace.root / _FOLDER)
    frames = [conform(pl.read_parquet(path, glob=False), DECISIONS) for path in files]
    return pl.concat([DECISIONS.empty(), *frames])


def in_force(workspace: Workspace) -> pl.DataFrame:
    """Return the decision that counts for each dispute: the one imported last."""
    ordered = read_all(workspace).sort("sequence", "row_no")
    return ordered.unique("dispute_id", keep="last", maintain_order=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []
