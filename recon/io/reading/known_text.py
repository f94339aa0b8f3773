"""Text columns whose bytes were found before: found again instead of copied out of their views.

polars keeps text as views, kernels want to know where bytes lie. A column that nobody has touched
since the reader gave it still has the memory of its views, and is known again by it.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from recon.core.texts.text import TextBuffers, text_buffers

_Place = tuple[int, int, int, int]
_NEWEST = pl.CompatLevel.newest()


class KnownText:
    """Where the bytes of a batch's text columns lie."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: dict[_Place, tuple[pa.Array, TextBuffers]] = {}

    def remember(self, column: pl.Series | pa.Array, buffers: TextBuffers) -> None:
        """Note where the text of a column lies."""
        views = _views(column)
        self._known[_place(views)] = (views, buffers)

    def buffers(self, column: pl.Series | pa.Array) -> TextBuffers:
        """Return where the text of a column lies; its views are kept alive meanwhile."""
        views = _views(column)
        known = self._known.get(_place(views))
        if known is None:
            known = (views, text_buffers(views))
            self._known[_place(views)] = known
        return known[1]


def _views(column: pl.Series | pa.Array) -> pa.Array:
    """Return a column as Arrow holds it."""
    return column.to_arrow(compat_level=_NEWEST) if isinstance(column, pl.Series) else column


def _place(views: pa.Array) -> _Place:
    """Return where views and validity of a column lie, from which row on, and how many rows."""
    validity, memory, *_ = views.buffers()
    addresses = (part.address if part is not None else 0 for part in (validity, memory))
    return (*addresses, views.offset, len(views))
