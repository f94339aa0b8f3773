"""Text columns of a block as spans of its bytes; as Arrow arrays they are views of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.kernels import text_columns as kernel
from recon.core.texts.text import TextBuffers, all_valid, read_only


@dataclass(frozen=True, slots=True)
class CutText(Mapping[str, pa.Array]):
    """The columns of a block by name, each an array of `string_view` over the block's own bytes."""

    names: Sequence[str]
    data: NDArray[np.uint8]  # UTF-8
    starts: NDArray[np.int64]  # (columns, rows), plain spans
    ends: NDArray[np.int64]
    _views: dict[str, pa.Array] = field(default_factory=dict)
    _buffers: dict[str, TextBuffers] = field(default_factory=dict)

    def buffers(self, name: str) -> TextBuffers:
        """Return where the texts of a column lie; found when they are first asked for."""
        if name not in self._buffers:
            column = self.names.index(name)
            starts, ends = read_only(self.starts[column]), read_only(self.ends[column])
            self._buffers[name] = TextBuffers(self.data, starts, ends, all_valid(len(starts)))
        return self._buffers[name]

    def __getitem__(self, name: str) -> pa.Array:
        """Return a column; it is made when it is first asked for."""
        if name not in self.names:
            raise KeyError(name)
        if name not in self._views:
            self._views[name] = viewed(self.buffers(name))
        return self._views[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a column of that name, without making it."""
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.names)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.names)


def cut_text(
    names: Sequence[str],
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: int,
    quote: int = -1,
    *,
    trim: bool = False,
) -> CutText:
    """Return columns of spans, changed in place: trimmed, and plain where ends are marked `~end`.

    starts, ends: (columns, rows or more), C order. quote: the byte that stands doubled in the
    fields so marked, or -1.
    """
    if trim:
        kernel.trim_fields(data, starts, ends, rows)
    if quote >= 0 and rows and int(ends[:, :rows].min(initial=0)) < 0:
        data = data.copy()
        kernel.undouble_quotes(data, starts, ends, rows, quote)
        data = read_only(data)
    return CutText(names, data, starts[:, :rows], ends[:, :rows])


def viewed(text: TextBuffers) -> pa.Array:
    """Return text as an Arrow array whose long values stay where they lie; nulls have spans too."""
    views = np.empty((len(text), 2), np.uint64)
    kernel.view_fields(text.data, text.starts, text.ends, views)
    valid = None if text.valid.all() else pa.py_buffer(np.packbits(text.valid, bitorder="little"))
    buffers = [valid, pa.py_buffer(views), pa.py_buffer(text.data)]
    return pa.Array.from_buffers(pa.string_view(), len(text), buffers)
