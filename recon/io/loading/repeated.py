"""Columns that hold one value, or nothing, on every row: made once, and only ever sliced."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

SHARED_ROWS = 1 << 17


def repeated(
    value: str | int | None, dtype: pl.DataType | type[pl.DataType], rows: int
) -> pl.Series:
    """Return a column of one value, without memory of its own where rows are few."""
    if rows > SHARED_ROWS:
        return _stretch.__wrapped__(value, dtype, rows)
    return _stretch(value, dtype, SHARED_ROWS).head(rows)


@lru_cache(maxsize=256)
def _stretch(
    value: str | int | None, dtype: pl.DataType | type[pl.DataType], rows: int
) -> pl.Series:
    """Return a column of one value."""
    return pl.Series([value], dtype=dtype).new_from_index(0, rows)
