"""Reads a file or bytes with one format, and says in one word how its controls came out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from recon.errors import InputError
from recon.io.formats import FORMATS
from recon.io.formats.contract import Format, Options, Probe, Reading, Reject, StagedFile
from recon.io.normalise import Context, normalise

CORPUS = Path(os.environ.get("RECON_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
NIGHT = date(2026, 1, 15)


@dataclass
class Outcome:
    """What reading gave: rows as dicts (with record_no, byte_start, byte_end), and the account."""

    rows: list[dict]
    reading: Reading
    refusal: InputError | None = None

    @property
    def verdict(self) -> str:
        """Return agreed, held, unproved, or the refusal's problem."""
        if self.refusal is not None:
            return self.refusal.problem
        if not self.reading.controls:
            return "unproved"
        return "agreed" if all(one.agrees for one in self.reading.controls) else "held"

    @property
    def whole(self) -> bool:
        """Return whether the file would be accepted."""
        return self.verdict in {"agreed", "unproved"}


def read_path(form: Format, path: Path, options: Options | None = None) -> Outcome:
    """Read the file at `path`."""
    staged = StagedFile(path, path.name, "", path.stat().st_size, NIGHT)
    reading = Reading()
    rows: list[dict] = []
    try:
        for batch in form.read(staged, options or Options(), reading):
            names = list(batch.columns)
            columns = [batch.columns[name].to_pylist() for name in names]
            for number, cells in enumerate(zip(*columns, strict=True)):
                row = dict(zip(names, cells, strict=True))
                row["record_no"] = int(batch.record_no[number])
                row["byte_start"] = int(batch.byte_start[number])
                row["byte_end"] = int(batch.byte_end[number])
                rows.append(row)
    except InputError as refusal:
        return Outcome([], reading, refusal)
    return Outcome(rows, reading)


def canonical_of(
    form: Format, path: Path, options: Options | None = None
) -> tuple[pl.DataFrame, list[Reject]]:
    """Return the canonical rows of a file, empty columns left out, and what was refused of them."""
    options = options or Options()
    staged = StagedFile(path, path.name, "", path.stat().st_size, NIGHT)
    frames, rejects = [], []
    for batch in form.read(staged, options, Reading()):
        context = Context(NIGHT, path.name, form.side)
        frame, refused = normalise(batch, form, form.fields(options), options, context)
        frames.append(frame)
        rejects.extend(refused)
    return pl.concat(frames) if frames else pl.DataFrame(), rejects


def read_bytes(form: Format, data: bytes, folder: Path, name: str = "input") -> Outcome:
    """Read `data` as a file."""
    path = folder / name
    path.write_bytes(data)
    return read_path(form, path)


def probe_of(path: Path) -> Probe:
    """Return what recognition sees of a plain file."""
    with path.open("rb") as file:
        return Probe(path.name, path.stat().st_size, file.read(65536))


def corpus_folder(name: str) -> Path:
    """Return a folder of the corpus; skip the test when there is no corpus."""
    folder = CORPUS / name
    if not folder.is_dir():
        pytest.skip(f"no corpus at {CORPUS} (set RECON_CORPUS)")
    return folder


def check_expectations(form: Format, folder: Path, expected: dict[str, tuple]) -> None:
    """Assert rows, rejects and verdict of every file of a folder, and that each line is counted."""
    found = {}
    for path in sorted(folder.iterdir()):
        outcome = read_path(form, path)
        verdict = outcome.verdict
        wanted = expected.get(path.name, (0, 0, ""))[2]
        if outcome.refusal is not None and wanted and wanted in verdict:
            verdict = wanted
        rejects = 0 if outcome.refusal else len(outcome.reading.rejects)
        found[path.name] = (len(outcome.rows), rejects, verdict)
        if outcome.refusal is None:
            assert outcome.reading.all_lines_accounted(), path.name
            numbers = [row["record_no"] for row in outcome.rows]
            numbers += [reject.record_no for reject in outcome.reading.rejects]
            assert len(set(numbers)) == len(numbers), path.name
    assert found == expected


def claimed_elsewhere(form: Format, own: set[str]) -> list[str]:
    """Return the corpus files outside the folders `own` that the format takes for its own."""
    return [
        f"{folder.name}/{path.name}"
        for folder in sorted(corpus_folder(".").iterdir())
        if folder.is_dir() and folder.name not in own
        for path in sorted(folder.iterdir())
        if path.is_file() and form.recognise(probe_of(path))
    ]


def registered(name: str) -> Format:
    """Return the format of that name, as the engine lists it."""
    return next(form for form in FORMATS if form.name == name)
