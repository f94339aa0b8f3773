"""One staged file -> its Parquet part, its slim columns, its key digests and its rejects.

The wide rows go to disk batch by batch; only what the matcher needs stays in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.digest import Occurrences, digest, digest_rows, fingerprints
from recon.core.money import CURRENCY_NUMBER
from recon.core.plan import InputFile, Key, key_name
from recon.core.schema import RECORD_BITS, RECORD_LIMIT, SLIM, TRANSACTIONS, words
from recon.core.text import TextColumn
from recon.errors import InputError
from recon.io.control import ControlSums
from recon.io.disk import writing
from recon.io.drift import check_drift
from recon.io.formats.contract import (
    Columns,
    Format,
    Options,
    RawRows,
    Reading,
    Reject,
    StagedFile,
)
from recon.io.mask import mask_rejects
from recon.io.normalise import Context, canonical, normalise

Finish = Callable[[pl.DataFrame, InputFile], pl.DataFrame]

_FILE_BITS = 63 - RECORD_BITS
_FILE_ID_DIGITS = 16
_NAME_LENGTH = 40
# The row's own content, each column with its permanent number; never renumber, only append.
_CONTENT = {
    "kind": 1,
    "state": 2,
    "merchant_id": 3,
    "terminal_id": 4,
    "order_id": 5,
    "channel_ref": 6,
    "bank_ref": 7,
    "rrn": 8,
    "stan": 9,
    "auth_code": 10,
    "card": 11,
    "batch_id": 12,
    "original_ref": 13,
    "product": 14,
    "amount_minor": 15,
    "fee_minor": 16,
    "net_minor": 17,
    "currency": 18,
    "occurred_at": 19,
    "clearing_date": 20,
    "value_date": 21,
    "memo": 22,
    "base_minor": 23,
    "base_currency": 24,
    "arrived_at": 25,
    "issuer": 26,
}
# Few values a file: dictionaries. Numbers that grow: differences. A digest does not pack at all.
_DICTIONARY = ["side", "source", "file_id", "kind", "state", "merchant_id", "terminal_id"]
_DICTIONARY += ["batch_id", "product", "currency", "clearing_date", "value_date", "due_date"]
_DICTIONARY += ["base_currency", "issuer"]
_DIFFERENCES = ["txn_id", "record_no", "byte_start", "byte_end", "occurred_at"]
_DIFFERENCES += ["amount_minor", "fee_minor", "net_minor"]
_STATISTICS = ["txn_id", "amount_minor", "occurred_at", "clearing_date", "value_date"]
_PARQUET: dict[str, object] = {
    "compression": {
        name: "none" if name in (*_DIFFERENCES, "fingerprint") else "zstd"
        for name in TRANSACTIONS.schema
    },
    "compression_level": {
        name: 1 for name in TRANSACTIONS.schema if name not in (*_DIFFERENCES, "fingerprint")
    },
    "use_dictionary": _DICTIONARY,
    "column_encoding": dict.fromkeys(_DIFFERENCES, "DELTA_BINARY_PACKED"),
    "write_statistics": _STATISTICS,
    "write_page_checksum": True,
}


NO_KEYS = (0, 0)  # strides of a stretch of digests in which every key is null


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
    on_rows: Callable[[InputFile, int], None] | None

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
    slim: list[pl.DataFrame] = field(default_factory=list)
    digests: dict[str, list[NDArray[np.uint64]]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    sums: ControlSums = field(default_factory=lambda: ControlSums(()))

    def discard_rows(self) -> None:
        """Forget the rows and remove them from disk; their count stays."""
        self.slim.clear()
        self.digests.clear()
        self.path.unlink(missing_ok=True)


def read_part(job: Job) -> Part:
    """Read one staged file to the end. Raises InputError when it is refused as a whole."""
    fields = job.fmt.fields(job.options)
    context = Context(job.business_date, job.file.path.name, job.file.side)
    part = Part(job.part_path)
    part.sums = ControlSums(job.fmt.controls(job.options), job.fmt.proofs)
    writer = _RowWriter(job, part)
    with writer:
        for raw in job.fmt.read(job.staged, job.options, part.reading):
            _check_columns(job, part)
            _check_records(raw, job.file.path.name)
            frame, rejects = normalise(raw, job.fmt, fields, job.options, context)
            part.rejects.extend(rejects)
            part.sums.add(frame)
            writer.write(canonical(frame))
            if job.on_rows is not None:
                job.on_rows(job.file, part.rows)
    _check_columns(job, part)
    part.rejects.extend(mask_rejects(part.reading.rejects))
    assert part.reading.all_lines_accounted(), (
        f"{job.file.path.name}: {job.fmt.name} left physical lines unaccounted: {part.reading}"
    )
    return part


def _check_columns(job: Job, part: Part) -> None:
    """Refuse a file whose columns have changed, before a row of it is taken."""
    if not part.rows:
        check_drift(job.earlier, part.reading.columns, job.options, job.file.path.name)


class _RowWriter:
    """Gives rows their identity, writes them to the part, and keeps their slim columns."""

    def __init__(self, job: Job, part: Part) -> None:
        """Write nothing yet: a part without rows leaves no file."""
        self._job = job
        self._part = part
        self._writer: pq.ParquetWriter | None = None
        self._occurrences = Occurrences()
        self._last_record = 0

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the part; remove it when reading failed."""
        try:
            if self._writer is not None:
                with writing(self._part.path.parent):
                    self._writer.close()
        finally:
            if kind is not None:
                self._part.path.unlink(missing_ok=True)

    def write(self, frame: pl.DataFrame) -> None:
        """Write one batch of accepted rows."""
        if not frame.height:
            return
        self._check_order(frame["record_no"])
        digests = digest_rows(frame, _CONTENT)
        occurrences = self._occurrences.add(digests)
        frame = self._identified(frame, fingerprints(self._job.file.source, digests, occurrences))
        frame = self._job.finish(frame, self._job.file).select(
            pl.col(name).cast(dtype) for name, dtype in TRANSACTIONS.schema.items()
        )
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        self._append(table)
        self._part.slim.append(_slim(frame, self._job.file.source_no, occurrences))
        for key in self._job.keys:
            found = digest([_as_text(table, frame, name) for name in key])
            if not found.any():
                found = np.broadcast_to(np.uint64(0), found.shape)  # takes no memory
            self._part.digests.setdefault(key_name(key), []).append(found)
        self._part.rows += frame.height

    def _check_order(self, record_no: pl.Series) -> None:
        """Assert that record numbers only grow, so that each row has an identity of its own."""
        numbers = record_no.to_numpy()
        assert int(numbers[0]) > self._last_record, f"{self._job.fmt.name}: record numbers repeat"
        assert bool((np.diff(numbers) > 0).all()), f"{self._job.fmt.name}: record numbers repeat"
        self._last_record = int(numbers[-1])

    def _identified(self, frame: pl.DataFrame, prints: NDArray[np.int64]) -> pl.DataFrame:
        """Return the rows with everything that only the loader knows."""
        job = self._job
        return frame.with_columns(
            txn_id=pl.lit(job.identity.number << RECORD_BITS, pl.Int64) + pl.col("record_no"),
            side=pl.lit(job.file.side.name, dtype=words(Side)),
            source=pl.lit(job.file.source),
            file_id=pl.lit(job.identity.file_id),
            fingerprint=pl.Series(prints),
        ).select(TRANSACTIONS.schema.keys())

    def _append(self, table: pa.Table) -> None:
        """Write one row group."""
        folder = self._part.path.parent
        with writing(folder):
            if self._writer is None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(self._part.path, table.schema, **_PARQUET)
                self._part.path.chmod(0o600)
            self._writer.write_table(table)


def _as_text(table: pa.Table, frame: pl.DataFrame, name: str) -> TextColumn:
    """Return a column as text: as it stands where it is text, else what its values are called."""
    return table[name] if frame[name].dtype == pl.String else frame[name].cast(pl.String)


def _check_records(raw: RawRows, name: str) -> None:
    """Refuse a file with more records than a row identity can count."""
    if len(raw.record_no) and int(raw.record_no[-1]) >= RECORD_LIMIT:
        raise InputError(
            f"expected fewer than {RECORD_LIMIT} records in a file, found more",
            where=name,
            fix="have the file split",
            code="FILE_SCHEMA",
        )


def _slim(frame: pl.DataFrame, source_no: int, occurrences: NDArray[np.uint32]) -> pl.DataFrame:
    """Return the rows as the matcher sees them."""
    return frame.select(
        "txn_id",
        pl.col("side").to_physical().cast(pl.UInt8),
        pl.lit(source_no, pl.UInt16).alias("source"),
        pl.col("kind").to_physical().cast(pl.UInt8),
        pl.col("state").to_physical().cast(pl.UInt8),
        "amount_minor",
        "fee_minor",
        "net_minor",
        pl.col("currency").replace_strict(CURRENCY_NUMBER, return_dtype=pl.UInt16),
        "occurred_at",
        "clearing_date",
        "value_date",
        "due_date",
        "fingerprint",
        pl.Series("occurrence", occurrences),
    ).select(pl.col(name).cast(dtype) for name, dtype in SLIM.schema.items())
