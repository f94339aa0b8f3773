"""Text columns of a block as spans of its bytes; as Arrow arrays they are views of them.

A column that says one thing on some rows and another on others is made of spans too: nothing is
copied, and whoever parses it finds its bytes where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.kernels import text_columns as kernel
from recon.core.texts.few_words import different_words
from recon.core.texts.text import TextBuffers, all_valid, read_only

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spans:
    """Where the cells of one column lie, row by row."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def where(self, chosen: Mask, other: Spans) -> Spans:
        """Return these cells on the chosen rows and those of `other` on the rest."""
        if chosen.all():
            return self
        return Spans(
            np.where(chosen, self.starts, other.starts), np.where(chosen, self.ends, other.ends)
        )


@dataclass(frozen=True, slots=True)
class CutText(Mapping[str, pa.Array]):
    """The columns of a block by name, each an array of `string_view` over the block's own bytes."""

    data: NDArray[np.uint8]  # UTF-8
    rows: int
    spans: Mapping[str, Spans]
    _views: dict[str, pa.Array] = field(default_factory=dict)
    _buffers: dict[str, TextBuffers] = field(default_factory=dict)

    def buffers(self, name: str) -> TextBuffers:
        """Return where the texts of a column lie; found when they are first asked for."""
        if name not in self._buffers:
            cells = self.spans[name]
            starts, ends = read_only(cells.starts), read_only(cells.ends)
            self._buffers[name] = TextBuffers(self.data, starts, ends, all_valid(self.rows))
        return self._buffers[name]

    def empty(self) -> Spans:
        """Return a column of empty cells."""
        nowhere = np.zeros(self.rows, np.int64)
        return Spans(nowhere, nowhere)

    def says(self, name: str, *words: str) -> tuple[Mask, ...]:
        """Return, for each of some words, the rows on which a column of few words says it."""
        texts, numbers = different_words(self.buffers(name))
        places = {text: at for at, text in enumerate(texts)}
        wanted = (places.get(word, len(texts)) for word in words)
        return tuple(np.asarray(numbers == place, np.bool_) for place in wanted)

    def is_filled(self, cells: Spans) -> Mask:
        """Return the rows whose cell is neither empty nor `0`."""
        size = cells.ends - cells.starts
        if not self.data.size:
            return np.zeros(self.rows, np.bool_)
        first = self.data[np.minimum(cells.starts, self.data.size - 1)]
        filled: Mask = (size > 1) | ((size == 1) & (first != ord("0")))
        return filled

    def with_spans(self, made: Mapping[str, Spans]) -> CutText:
        """Return the text with further columns, or others of the same name."""
        return CutText(self.data, self.rows, {**self.spans, **made})

    def __getitem__(self, name: str) -> pa.Array:
        """Return a column; it is made when it is first asked for."""
        if name not in self._views:
            self._views[name] = viewed(self.buffers(name))
        return self._views[name]

    def made(self) -> Iterator[tuple[pa.Array, TextBuffers]]:
        """Yield the columns that have been made, and where their texts lie."""
        for name, views in self._views.items():
            yield views, self.buffers(name)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a column of that name, without making it."""
        return name in self.spans

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.spans)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.spans)


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
    columns = zip(names, starts[:, :rows], ends[:, :rows], strict=True)
    return CutText(data, rows, {name: Spans(begin, end) for name, begin, end in columns})


def viewed(text: TextBuffers) -> pa.Array:
    """Return text as an Arrow array whose long values stay where they lie; nulls have spans too."""
    views = np.empty((len(text), 2), np.uint64)
    kernel.view_fields(text.data, text.starts, text.ends, views)
    valid = None if text.valid.all() else pa.py_buffer(np.packbits(text.valid, bitorder="little"))
    buffers = [valid, pa.py_buffer(views), pa.py_buffer(text.data)]
    return pa.Array.from_buffers(pa.string_view(), len(text), buffers)
