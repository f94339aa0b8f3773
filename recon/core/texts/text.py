"""Text columns as the kernels see them: bytes that lie somewhere, and where each row's begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", bound=NDArray[Any])
TextColumn: TypeAlias = Any  # TextBuffers, or pa.Array, pa.ChunkedArray or pl.Series of text


@dataclass(frozen=True, slots=True)
class TextBuffers:
    """UTF-8 bytes of all rows; row i is `data[starts[i]:ends[i]]`."""

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    valid: NDArray[np.uint8]  # 1 where the row is not null

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.valid)

    def __getitem__(self, rows: slice) -> TextBuffers:
        """Return some of the rows; the bytes stay where they are."""
        return TextBuffers(self.data, self.starts[rows], self.ends[rows], self.valid[rows])

    def text(self, index: int) -> str:
        """Return one row as text, empty where it is null; for messages, not for bulk work."""
        if not self.valid[index]:
            return ""
        raw = self.data[self.starts[index] : self.ends[index]]
        return raw.tobytes().decode("utf-8", errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class TextViews:
    """Arrow's views of all rows; see `recon.core.kernels.vocabulary` for their shape."""

    views: NDArray[np.uint64]  # (n, 2)
    data: NDArray[np.uint8]  # the buffers of long texts, one behind the other
    base: NDArray[np.int64]  # where each buffer begins in `data`
    valid: NDArray[np.uint8]  # 1 where the row is not null; empty if none is

    def __getitem__(self, rows: slice) -> TextViews:
        """Return some of the rows."""
        return TextViews(self.views[rows], self.data, self.base, self.valid[rows])


def text_views(column: pl.Series) -> TextViews:
    """Return the views of a text column; nothing is copied but long texts in several buffers."""
    array = column.to_arrow(compat_level=pl.CompatLevel.newest())
    _, memory, *parts = array.buffers()
    views = np.frombuffer(memory, np.uint64).reshape(-1, 2)[array.offset :][: len(array)]
    pieces = [np.frombuffer(part, np.uint8) for part in parts if part is not None]
    data = np.concatenate([np.zeros(0, np.uint8), *pieces]) if len(pieces) != 1 else pieces[0]
    base = np.cumsum([0, *(piece.size for piece in pieces)])
    valid = _validity(array) if array.null_count else np.zeros(0, np.uint8)
    return TextViews(read_only(views), read_only(data), read_only(base), read_only(valid))


def arrow_text(column: TextColumn) -> pa.Array:
    """Return a text column as one Arrow array of `string` or `large_string`."""
    array = column.to_arrow() if isinstance(column, pl.Series) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return array
    return array.cast(pa.large_string())


def has_nulls(column: TextColumn) -> bool:
    """Return whether a text column has a null."""
    count = column.null_count
    return int(count() if callable(count) else count) > 0


def text_buffers(column: TextColumn) -> TextBuffers:
    """Return the buffers of a text column; a slice keeps its parent's bytes."""
    if isinstance(column, TextBuffers):
        return column
    array = arrow_text(column)
    size = len(array)
    _, offset_buffer, data_buffer = array.buffers()
    wide = pa.types.is_large_string(array.type)
    offset_type = np.dtype(np.int64 if wide else np.int32)
    offsets = np.zeros(size + 1, np.int64)
    if size and offset_buffer is not None:
        raw = np.frombuffer(
            offset_buffer, offset_type, size + 1, array.offset * offset_type.itemsize
        )
        offsets = raw.astype(np.int64, copy=False)
    data = np.zeros(0, np.uint8)
    if data_buffer is not None and data_buffer.size:
        data = np.frombuffer(data_buffer, np.uint8)
    offsets = read_only(offsets)
    return TextBuffers(read_only(data), offsets[:-1], offsets[1:], _validity(array))


def all_valid(rows: int) -> NDArray[np.uint8]:
    """Return the validity of rows of which none is null."""
    return _ONES[:rows] if rows <= _ONES.size else read_only(np.ones(rows, np.uint8))


def read_only(array: Numbers) -> Numbers:
    """Return a view that cannot be written, so that a kernel is compiled for one type, not two."""
    view = array.view()
    view.flags.writeable = False
    return view


_ONES: Final = read_only(np.ones(1 << 17, np.uint8))


def _validity(array: pa.Array) -> NDArray[np.uint8]:
    """Return one byte a row, 1 where the row is not null."""
    if array.null_count == 0:
        return all_valid(len(array))
    valid: NDArray[np.bool_] = array.is_valid().to_numpy(zero_copy_only=False)
    return read_only(valid.view(np.uint8))
