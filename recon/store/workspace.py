"""Where runs live on disk, and in which order they were published.

    WORKSPACE/
      staging/                        private copies of the inputs, by content hash
      work/<run-id>/                  where a run is built; removed when the run ends or died
      runs/<business-date>/<run-id>/  published runs; never modified
      runs/_schema/empty/             every table with no rows, so that views always find a file
      CURRENT -> runs/...             the run published last
      lock                            held by the one writer

The order of publication is kept in the manifests themselves (`sequence`, and the SHA-256 of the
manifest before), not in a history file beside them: a manifest appears in the same atomic rename
as its run, so there is no second file that a crash could leave behind or ahead.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from recon.errors import ResourceError, UsageError

GLOB_CHARACTERS = frozenset("*?[]")
CHUNK = 1 << 20
DATE_LENGTH = len("2026-01-31")
SCHEMA_FOLDER = "_schema"


@dataclass(frozen=True, slots=True)
class Run:
    """A published run: its place in the order of publication, and where it lies."""

    sequence: int
    run_id: str
    business_date: date
    folder: Path
    manifest: Mapping[str, Any]

    def manifest_sha256(self) -> str:
        """Return the SHA-256 of the manifest's bytes, which the next manifest repeats."""
        return sha256_of(self.folder / "manifest.json")


class Workspace:
    """The folders of one reconciliation. Constructing it touches nothing."""

    def __init__(self, path: str | Path) -> None:
        """Keep the absolute path; a path with wildcard characters is refused."""
        self.root = Path(path).absolute()
        bad = sorted(GLOB_CHARACTERS & set(str(self.root)))
        if bad:
            raise UsageError(
                f"expected a path without wildcard characters, found {' '.join(bad)}",
                where=str(self.root),
                fix="rename the folder or choose another --workspace",
            )
        self.staging = self.root / "staging"
        self.work = self.root / "work"
        self.runs = self.root / "runs"
        self.current = self.root / "CURRENT"
        self.lock_file = self.root / "lock"
        self._known: dict[Path, Run] = {}  # published runs never change, so each is read once

    def prepare(self) -> None:
        """Create the folders, readable by their owner only."""
        try:
            for folder in (self.root, self.staging, self.work, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(
                f"expected a folder we can write to, found: {error.strerror}",
                where=str(self.root),
                fix="give the runner write access, or choose another --workspace",
            ) from error

    def recover(self) -> None:
        """Clean up after a killed run. Call only while holding the lock.

        The rename into `runs/` is the moment of publishing. A run killed between that rename and
        the swap of CURRENT is whole, so CURRENT is rolled forward to it.
        """
        newest = self.latest()
        try:
            for stale in sorted(self.work.iterdir()):
                shutil.rmtree(stale)
            if newest is not None and self.current.resolve() != newest.folder.resolve():
                self.point_current_at(newest.folder)
        except OSError as error:
            raise ResourceError(
                f"expected to clear the work area of a killed run, found: {error}",
                where=str(self.work),
                fix="give the runner write access to all of the workspace",
            ) from error

    def run_folder(self, business_date: date, run_id: str) -> Path:
        """Return where the run lies once it is published."""
        return self.runs / business_date.isoformat() / run_id

    def work_folder(self, run_id: str) -> Path:
        """Return the private folder in which the run is built, made if need be."""
        folder = self.work / run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def published(self) -> list[Run]:
        """Return every published run in the order of publication."""
        manifests = self.runs.glob("*/*/manifest.json")
        paths = [path for path in manifests if len(path.parts[-3]) == DATE_LENGTH]
        for path in paths:
            if path not in self._known:
                self._known[path] = _read_run(path)
        found = [self._known[path] for path in paths]
        return sorted(found, key=lambda run: run.sequence)

    def latest(self) -> Run | None:
        """Return the run that was published last, or None in a new workspace."""
        runs = self.published()
        return runs[-1] if runs else None

    def newest_by_date(self) -> dict[date, Run]:
        """Return for each business date the run published last, in date order."""
        newest = {run.business_date: run for run in self.published()}
        return dict(sorted(newest.items()))

    def previous(self, business_date: date) -> Run | None:
        """Return the state that a run of `business_date` continues from.

        That is the newest run of the greatest business date before it; None on the first night.
        """
        earlier = [run for day, run in self.newest_by_date().items() if day < business_date]
        return earlier[-1] if earlier else None

    def find(self, run_id: str) -> Run | None:
        """Return the published run of that id, or None."""
        return next((run for run in self.published() if run.run_id == run_id), None)

    def resolve(self, selector: str | None) -> Run:
        """Return the run a person means: nothing (the last), a date, a run id or its beginning."""
        runs = self.published()
        if not runs:
            raise UsageError(
                "expected at least one published run, found none",
                where=str(self.root),
                fix="run `recon run CONFIG --date D`, or name the right folder with --workspace",
            )
        if not selector:
            return runs[-1]
        by_date = [run for run in runs if run.business_date.isoformat() == selector]
        if by_date:
            return by_date[-1]
        by_id = [run for run in runs if run.run_id.startswith(selector)]
        exact = [run for run in by_id if run.run_id == selector]
        if len(exact or by_id) == 1:
            return (exact or by_id)[0]
        raise UsageError(
            f"expected a run id, its beginning or a date, found {selector!r}, "
            f"which fits {len(by_id)} runs",
            where=str(self.root),
            fix="`recon runs` lists every run",
        )

    def point_current_at(self, folder: Path) -> None:
        """Swap CURRENT to `folder` in one atomic step, and make the swap durable."""
        successor = self.root / "CURRENT.next"
        successor.unlink(missing_ok=True)
        successor.symlink_to(folder.relative_to(self.root), target_is_directory=True)
        successor.replace(self.current)
        sync(self.root)


def sync(path: Path) -> None:
    """Make a file or folder durable; any failure is the caller's to treat as fatal."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read_run(path: Path) -> Run:
    """Read the manifest of a published run; a damaged one is named, never skipped."""
    try:
        manifest = json.loads(path.read_bytes())
        return Run(
            sequence=int(manifest["sequence"]),
            run_id=str(manifest["run_id"]),
            business_date=date.fromisoformat(manifest["business_date"]),
            folder=path.parent,
            manifest=manifest,
        )
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ResourceError(
            f"expected a manifest as published, found: {error!r}",
            where=str(path),
            fix="restore the run's folder from a backup; `recon verify` names what is damaged",
        ) from error
