"""One staged file -> its Parquet part, its slim columns, its key digests and its rejects.

The wide rows go to disk batch by batch; what the matcher needs stays in memory, where it may.
Batches are parsed and completed by several threads and taken in the file's order, so that nothing
depends on the number of threads.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.plan import InputFile, Key
from recon.core.schema import RECORD_BITS, RECORD_LIMIT
from recon.core.texts.digest import Occurrences
from recon.errors import InputError
from recon.io.loading.batch import Completed, Finish, Prepared, complete, prepared
from recon.io.loading.control import ControlSums
from recon.io.loading.drift import check_drift
from recon.io.loading.normalise import Context, normalise
from recon.io.loading.part_writer import PartWriter
from recon.io.loading.slim_rows import SlimRows
from recon.io.loading.whose import Whose
from recon.io.reading.contract import (
    Columns,
    Format,
    Options,
    RawRows,
    Reading,
    Reject,
    StagedFile,
    check_rejects,
)
from recon.io.reading.known_text import KnownText
from recon.io.reading.mask import mask_rejects, without_secrets

_FILE_BITS = 63 - RECORD_BITS
_FILE_ID_DIGITS = 16
_NAME_LENGTH = 40
_LEAST_BYTES = 16  # of a row, where a reader tells no places
_AHEAD = 2  # batches in each step beside the one that is waited for

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Who a file is inside its source: 35 bits for row identities, 16 hex digits for people."""

    number: int
    file_id: str

    @classmethod
    def of(cls, source: str, sha256: str) -> FileIdentity:
        """Return the identity of content within a source."""
        name = hashlib.sha256(f"{source}\0{sha256}".encode()).hexdigest()
        return cls(int(name, 16) >> (256 - _FILE_BITS), name[:_FILE_ID_DIGITS])


@dataclass(frozen=True, slots=True)
class Job:
    """Everything needed to load one staged file."""

    file: InputFile
    staged: StagedFile
    identity: FileIdentity
    fmt: Format
    options: Options
    keys: tuple[Key, ...]
    folder: Path  # where the part goes
    business_date: date
    finish: Finish
    earlier: tuple[Columns, ...]  # what the source's files had before
    threads: int = 1
    is_paged: bool = False  # slim rows are kept in a file until all are there

    @property
    def slim_path(self) -> Path | None:
        """Return where the slim rows go; None where memory is no matter."""
        return self.part_path.with_suffix(".arrow") if self.is_paged else None

    @property
    def part_path(self) -> Path:
        """Return where the rows of the file go; a source's name is data, not a path."""
        source = "".join(
            sign if sign.isalnum() or sign in "_-" else "_" for sign in self.file.source
        )
        return self.folder / f"{source[:_NAME_LENGTH]}-{self.identity.file_id}.parquet"


@dataclass(slots=True)
class Part:
    """What reading one file gave."""

    path: Path
    rows: int = 0
    slim: SlimRows = field(default_factory=SlimRows)
    rejects: list[Reject] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    sums: ControlSums = field(default_factory=lambda: ControlSums(()))
    whose: Whose = field(default_factory=Whose)

    def discard_rows(self) -> None:
        """Forget the rows and remove them from disk; their count stays."""
        self.slim.clear()
        self.path.unlink(missing_ok=True)

    def take(self, batch: Completed) -> None:
        """Keep what the night needs of a batch beside its file."""
        self.slim.add(batch.slim, batch.digests)
        self.rows += batch.slim.height


def load_file(job: Job) -> Part:
    """Read one staged file to the end. Raises InputError when it is refused as a whole."""
    part = Part(job.part_path, slim=SlimRows(job.slim_path), whose=Whose(job.options.merchant_id))
    part.sums = ControlSums(job.fmt.controls(job.options), job.fmt.proofs)
    steps = _Steps(job, part)
    with (
        PartWriter(part.path) as writer,
        ThreadPoolExecutor(max(1, job.threads)) as pool,
        ThreadPoolExecutor(1) as scribe,
    ):
        ready = in_order(pool, steps.prepare, steps.checked())
        done = in_order(pool, steps.complete, steps.counted(ready))
        for batch in in_order(scribe, lambda batch: _written(batch, writer), done):
            part.take(batch)
    steps.check_columns()
    names = [name for name, _ in part.reading.columns]
    part.rejects.extend(without_secrets(mask_rejects(part.reading.rejects), names))
    assert part.reading.all_lines_accounted(), (
        f"{job.file.path.name}: {job.fmt.name} left physical lines unaccounted: {part.reading}"
    )
    return part


def _written(batch: Completed, writer: PartWriter) -> Completed:
    """Write the rows of a batch and return it; on a thread of its own, for reading goes on."""
    writer.append(batch.table)
    return batch


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[Given], Made], given: Iterable[Given]
) -> Iterator[Made]:
    """Yield `work` of everything given, in its order, a few ahead of the consumer."""
    waiting: deque[Future[Made]] = deque()
    try:
        for one in given:
            waiting.append(pool.submit(work, one))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for left in waiting:
            left.cancel()


class _Steps:
    """What happens to the batches of one file, one step after the other."""

    def __init__(self, job: Job, part: Part) -> None:
        """Start before the first batch."""
        self._job = job
        self._part = part
        self._fields = job.fmt.fields(job.options)
        self._context = Context(job.business_date, job.file.path.name, job.file.side)
        self._occurrences = Occurrences()
        self._last_record = 0

    def checked(self) -> Iterator[RawRows]:
        """Yield the raw batches of the file, its columns and record numbers in order."""
        for raw in self._job.fmt.read(self._job.staged, self._job.options, self._part.reading):
            self.check_columns()
            self._check_records(raw)
            refused = len(self._part.reading.rejects) + len(self._part.rejects)
            check_rejects(refused, self._job.file.path.name)
            yield raw

    def prepare(self, raw: RawRows) -> Prepared:
        """Return the accepted rows of a batch, parsed. Any thread may do it."""
        job = self._job
        texts = KnownText()
        frame, rejects = normalise(raw, job.fmt, self._fields, job.options, self._context, texts)
        return prepared(frame, rejects, texts)

    def counted(self, batches: Iterable[Prepared]) -> Iterator[tuple[Prepared, NDArray[np.uint32]]]:
        """Yield the batches with rows, and how many equal rows stand before each row."""
        for batch in batches:
            self._part.rejects.extend(batch.rejects)
            self._part.sums.add(batch.frame)
            self._part.whose.add(batch.frame["merchant_id"])
            if batch.frame.height:
                self._check_order(batch.frame["record_no"])
                self._occurrences.expect(self._likely_rows(batch.frame))
                yield batch, self._occurrences.add(batch.digests)

    def _likely_rows(self, frame: pl.DataFrame) -> int:
        """Return how many rows the file has if all are as long as those of its first batch."""
        taken = int(frame["byte_end"][-1]) - int(frame["byte_start"][0])
        bytes_a_row = max(taken // frame.height, _LEAST_BYTES)
        return self._job.staged.size // bytes_a_row + frame.height

    def complete(self, counted: tuple[Prepared, NDArray[np.uint32]]) -> Completed:
        """Return a batch as it is kept. Any thread may do it."""
        batch, occurrences = counted
        job = self._job
        identity = job.identity.number, job.identity.file_id
        return complete(batch, occurrences, job.file, identity, job.keys, job.finish)

    def check_columns(self) -> None:
        """Refuse a file whose columns have changed, before a row of it is taken."""
        job, part = self._job, self._part
        if not part.rows:
            check_drift(job.earlier, part.reading.columns, job.options, job.file.path.name)

    def _check_records(self, raw: RawRows) -> None:
        """Refuse a file with more records than a row identity can count."""
        if len(raw.record_no) and int(raw.record_no[-1]) >= RECORD_LIMIT:
            raise InputError(
                f"expected fewer than {RECORD_LIMIT} records in a file, found more",
                where=self._job.file.path.name,
                fix="have the file split",
                code="FILE_SCHEMA",
            )

    def _check_order(self, record_no: pl.Series) -> None:
        """Assert that record numbers only grow, so that each row has an identity of its own."""
        numbers = record_no.to_numpy()
        grows = int(numbers[0]) > self._last_record and (numbers[1:] > numbers[:-1]).all()
        assert grows, f"{self._job.fmt.name}: record numbers repeat"
        self._last_record = int(numbers[-1])
