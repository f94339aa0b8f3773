"""Reads a file or bytes with one format, and says in one word how its controls came out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from recon.errors import InputError
from recon.io.formats import FORMATS
from recon.io.loading.control import ControlSums
from recon.io.loading.normalise import Context, normalise
from recon.io.reading.contract import (
    ControlTotal,
    Format,
    Options,
    Probe,
    RawRows,
    Reading,
    Reject,
    StagedFile,
)

CORPUS = Path(os.environ.get("RECON_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
NIGHT = date(2026, 1, 15)


@dataclass
class Outcome:
    """What reading gave: rows as the sender's text, canonical rows, all rejects, the account."""

    rows: list[dict]  # with record_no, byte_start, byte_end
    reading: Reading
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    rejects: list[Reject] = field(default_factory=list)
    totals: list[ControlTotal] = field(default_factory=list)
    refusal: InputError | None = None

    @property
    def verdict(self) -> str:
        """Return agreed, held, unproved, or the refusal's problem."""
        if self.refusal is not None:
            return self.refusal.problem
        if not self.totals:
            return "unproved"
        return "agreed" if all(one.agrees for one in self.totals) else "held"

    @property
    def whole(self) -> bool:
        """Return whether the file would be accepted."""
        return self.verdict in {"agreed", "unproved"}


def read_path(form: Format, path: Path, options: Options | None = None) -> Outcome:
    """Read the file at `path` as the loader does: cut, made canonical, controls compared."""
    options = options or Options()
    staged = StagedFile(path, path.name, "", path.stat().st_size, NIGHT)
    outcome = Outcome([], Reading())
    sums = ControlSums(form.controls(options), form.proofs)
    frames = []
    try:
        for batch in form.read(staged, options, outcome.reading):
            outcome.rows += _texts(batch)
            context = Context(NIGHT, path.name, form.side)
            frame, refused = normalise(batch, form, form.fields(options), options, context)
            outcome.rejects += refused
            sums.add(frame)
            frames.append(frame)
        totals = sums.compare(outcome.reading, options.currency, path.name)
    except InputError as refusal:
        return Outcome([], outcome.reading, refusal=refusal)
    outcome.totals = [*outcome.reading.controls, *totals]
    outcome.rejects += outcome.reading.rejects
    outcome.frame = pl.concat(frames) if frames else pl.DataFrame()
    return outcome


def _texts(batch: RawRows) -> list[dict]:
    """Return the rows of a batch as dicts of text, with their places."""
    columns = {name: column.to_pylist() for name, column in batch.columns.items()}
    columns["record_no"] = batch.record_no.tolist()
    columns["byte_start"] = batch.byte_start.tolist()
    columns["byte_end"] = batch.byte_end.tolist()
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def canonical_of(
    form: Format, path: Path, options: Options | None = None
) -> tuple[pl.DataFrame, list[Reject]]:
    """Return the canonical rows of a file and everything that was refused of it."""
    outcome = read_path(form, path, options)
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome.frame, outcome.rejects


def read_bytes(form: Format, data: bytes, folder: Path, options: Options | None = None) -> Outcome:
    """Read `data` as a file."""
    path = folder / "input"
    path.write_bytes(data)
    return read_path(form, path, options)


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


def check_expectations(
    form: Format, folder: Path, expected: dict[str, tuple], options: Options | None = None
) -> None:
    """Assert canonical rows, rejects and verdict of every file; that all lines are counted."""
    found = {}
    for path in sorted(folder.iterdir()):
        outcome = read_path(form, path, options)
        verdict = outcome.verdict
        wanted = expected.get(path.name, (0, 0, ""))[2]
        if outcome.refusal is not None and wanted and wanted in verdict:
            verdict = wanted
        found[path.name] = (outcome.frame.height, len(outcome.rejects), verdict)
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
