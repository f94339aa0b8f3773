"""The slim rows and key digests of one file until all are there: in memory, or in a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.io.staging.disk import writing

Digests = NDArray[np.uint64]
Piece = TypeVar("Piece")
NO_KEYS = (0, 0)  # strides of a stretch of digests in which every key is null
_DIGEST = pa.binary(16)


class SlimRows:
    """Batches of slim rows in their order, with the digests of every key, shape (rows, 2)."""

    def __init__(self, path: Path | None = None) -> None:
        """Start empty; with a path the batches are kept there, uncompressed and without memory."""
        self._path = path
        self._series: dict[str, deque[pl.Series]] = {}
        self._words: dict[str, deque[Digests]] = {}
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self.keys: tuple[str, ...] = ()  # names of the keys that have digests
        self.height = 0

    def add(self, slim: pl.DataFrame, digests: Mapping[str, Digests]) -> None:
        """Keep one batch. Raises ResourceError when the disk refuses."""
        self.height += slim.height
        self.keys = tuple(digests)
        if self._path is None:
            for series in slim:
                self._series.setdefault(series.name, deque()).append(series)
            for name, words in digests.items():
                self._words.setdefault(name, deque()).append(words)
            return
        batch = slim.to_arrow()
        for name, words in digests.items():
            batch = batch.append_column(name, _packed(words))
        with writing(self._path.parent):
            if self._writer is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._writer = pa.ipc.new_file(str(self._path), batch.schema)
                self._path.chmod(0o600)
            self._writer.write_table(batch)

    def column(self, name: str, *, last: bool = False) -> Iterator[pl.Series]:
        """Yield one column, batch by batch; asked for the `last` time, its memory goes."""
        if self._path is None:
            yield from _pieces(self._series, name, last=last)
        for batch in self._batches():
            yield _series(batch, name)

    def digests(self, name: str, *, last: bool = False) -> Iterator[Digests]:
        """Yield the digests of one key, batch by batch."""
        if self._path is None:
            yield from _pieces(self._words, name, last=last)
        for batch in self._batches():
            yield _unpacked(batch[name])

    def clear(self) -> None:
        """Forget every row, and remove the file."""
        self._series.clear()
        self._words.clear()
        self.height = 0
        if self._path is not None:
            self.close()
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the file; the rows can be read from then on."""
        if self._writer is not None:
            assert self._path is not None
            with writing(self._path.parent):
                self._writer.close()
            self._writer = None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of the file, as pages of it; none where rows stand in memory."""
        if self._path is None or self.height == 0:
            return
        self.close()
        with pa.memory_map(str(self._path)) as pages, pa.ipc.open_file(pages) as file:
            for number in range(file.num_record_batches):
                yield file.get_batch(number)


def _series(batch: pa.RecordBatch, name: str) -> pl.Series:
    """Return one column of a batch."""
    column = pl.from_arrow(batch[name])
    assert isinstance(column, pl.Series)
    return column


def _pieces(kept: dict[str, deque[Piece]], name: str, *, last: bool) -> Iterator[Piece]:
    """Yield what is kept under a name; the `last` time each piece goes when the next is asked."""
    if not last:
        yield from kept.get(name, ())
        return
    pieces = kept.pop(name, deque())
    while pieces:
        yield pieces.popleft()


def _packed(words: Digests) -> pa.Array:
    """Return digests as an Arrow column; nulls where no row has a key."""
    if words.strides == NO_KEYS:
        return pa.nulls(len(words), _DIGEST)
    data = pa.py_buffer(np.ascontiguousarray(words))
    return pa.Array.from_buffers(_DIGEST, len(words), [None, data])


def _unpacked(column: pa.Array) -> Digests:
    """Return an Arrow column as digests."""
    if len(column) and column.null_count == len(column):
        return np.broadcast_to(np.uint64(0), (len(column), 2))
    data = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)
    return data[column.offset : column.offset + len(column)]
