"""Text columns that have been Arrow arrays before: found again instead of converted again.

polars keeps text as views, kernels and Parquet want bytes and offsets. The same column is asked for
several times a batch (content digest, wide table, keys), and mostly it is the reader's own array,
untouched. A column is known again by the memory of its views, which is kept alive meanwhile.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl
import pyarrow as pa

from recon.core.text import arrow_text

_Place = tuple[int, int, int, int]
SHARED_ROWS = 1 << 17
_NEWEST = pl.CompatLevel.newest()


class KnownText:
    """The Arrow arrays (`large_string`) of a batch's text columns."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: dict[_Place, tuple[pa.Array, pa.Array]] = {}

    def remember(self, series: pl.Series, array: pa.Array) -> None:
        """Note that `array` is the text of `series`."""
        views = series.to_arrow(compat_level=_NEWEST)
        self._known[_place(views)] = (views, array.cast(pa.large_string()))

    def array(self, series: pl.Series) -> pa.Array:
        """Return a text column as one Arrow array."""
        if series.null_count() == len(series):
            return repeated(None, len(series))
        views = series.to_arrow(compat_level=_NEWEST)
        known = self._known.get(_place(views))
        if known is None:
            known = (views, arrow_text(views).cast(pa.large_string()))
            self._known[_place(views)] = known
        return known[1]


@lru_cache(maxsize=256)
def _stretch(text: str | None, room: int) -> pa.Array:
    """Return an array of one value, or of nulls; it is shared and only ever sliced."""
    if text is None:
        return pa.nulls(room, pa.large_string())
    return pa.repeat(pa.scalar(text, pa.large_string()), room)


def repeated(text: str | None, rows: int) -> pa.Array:
    """Return a text column of one value, without memory of its own where rows are few."""
    if rows > SHARED_ROWS:
        return _stretch.__wrapped__(text, rows)
    return _stretch(text, SHARED_ROWS).slice(0, rows)


def _place(views: pa.Array) -> _Place:
    """Return where views and validity of a column lie, from which row on, and how many rows."""
    validity, memory, *_ = views.buffers()
    addresses = (part.address if part is not None else 0 for part in (validity, memory))
    return (*addresses, views.offset, len(views))
