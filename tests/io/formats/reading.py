"""Reads bytes or a file through one format, as the loader would."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from recon.io.loading.control import ControlSums
from recon.io.loading.normalise import Context, normalise
from recon.io.reading.contract import Format, Options, Probe, Reading, StagedFile

DAY = date(2026, 11, 21)
CORPUS = Path(
    os.environ.get("RECON_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")
).resolve()


@dataclass
class Result:
    """Rows as a frame of text, where each stands, and the account of the file."""

    frame: pl.DataFrame
    reading: Reading
    record_no: list[int]
    spans: list[tuple[int, int]]


def staged(path, name=""):
    """Return the staged file at `path`."""
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    return StagedFile(path, name or path.name, digest, len(raw), DAY)


def read_path(form: Format, path, options=None, name=""):
    """Read a whole file and check that every physical line is accounted for."""
    reading = Reading()
    frames, numbers, spans = [], [], []
    for rows in form.read(staged(path, name), options or Options(), reading):
        frames.append(pl.DataFrame({k: pl.from_arrow(v) for k, v in rows.columns.items()}))
        numbers += rows.record_no.tolist()
        spans += zip(rows.byte_start.tolist(), rows.byte_end.tolist(), strict=True)
        assert all(len(column) == len(rows.record_no) for column in rows.columns.values())
    assert reading.all_lines_accounted(), reading
    frame = pl.concat(frames) if frames else pl.DataFrame()
    return Result(frame, reading, numbers, spans)


def read_bytes(form: Format, tmp_path, raw, options=None, name="bill.csv"):
    """Write `raw` to a file and read it."""
    path = tmp_path / "staged"
    path.write_bytes(raw)
    return read_path(form, path, options, name)


def load_path(form: Format, path, options=None, name=""):
    """Read and normalise a whole file: the canonical frame, every reject, every control total."""
    options = options or Options()
    reading, frames, rejects = Reading(), [], []
    sums = ControlSums(form.controls(options), form.proofs)
    file = staged(path, name)
    for rows in form.read(file, options, reading):
        context = Context(DAY, file.name, form.side)
        frame, refused = normalise(rows, form, form.fields(options), options, context)
        sums.add(frame)
        frames.append(frame)
        rejects += refused
    assert reading.all_lines_accounted(), reading
    totals = [*sums.compare(reading, options.currency, file.name), *reading.controls]
    frame = pl.concat(frames) if frames else pl.DataFrame()
    rejects = sorted(reading.rejects + rejects, key=lambda reject: reject.record_no)
    return Loaded(frame, reading, rejects, totals)


def load_bytes(form: Format, tmp_path, raw, options=None, name="bill.csv"):
    """Write `raw` to a file, read and normalise it."""
    path = tmp_path / "staged"
    path.write_bytes(raw)
    return load_path(form, path, options, name)


@dataclass
class Loaded:
    """A file as the engine takes it."""

    frame: pl.DataFrame
    reading: Reading
    rejects: list
    totals: list

    def column(self, name):
        """Return one canonical column as a list."""
        return self.frame[name].to_list() if self.frame.height else []

    @property
    def agrees(self):
        """Return whether there are totals and all agree."""
        return bool(self.totals) and all(total.agrees for total in self.totals)

    @property
    def refused_lines(self):
        """Return the record numbers of the rejects."""
        return [reject.record_no for reject in self.rejects]


def corpus_file(pattern):
    """Return the one corpus file that fits `pattern`, or skip the test."""
    found = sorted(CORPUS.glob(pattern)) if CORPUS.is_dir() else []
    if not found:
        pytest.skip(f"no corpus file {pattern}; set RECON_CORPUS to the folder of real samples")
    return found[0]


def probe_of(path):
    """Return what recognition sees of a file."""
    raw = path.read_bytes()
    return Probe(path.name, len(raw), raw[:65536])
