"""Columns made of flat arrays, as polars sees them, without a copy."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.arrays.room import Room

Dtype = pl.DataType | type[pl.DataType]


@cache
def flat_type(dtype: Dtype) -> np.dtype[np.generic]:
    """Return the numbers that stand for a column in memory."""
    kind: np.dtype[np.generic] = pl.Series([], dtype=dtype).to_physical().to_numpy().dtype
    return kind


def fill(data: NDArray[np.generic], known: NDArray[np.bool_], values: pl.Series) -> None:
    """Put a column into a stretch of zeros; `known` (all true) says of each row if it has a value.

    What is unknown stays 0, and a column of nothing touches no memory.
    """
    if values.null_count() == len(values):
        known[:] = False
        return
    numbers = physical(values)
    if values.null_count():
        known[:] = values.is_not_null().to_numpy()
        numbers = numbers.fill_null(0)
    np.copyto(data, numbers.to_numpy())


def physical(values: pl.Series) -> pl.Series:
    """Return the integers that stand for a column: `to_physical` without a query."""
    dtype = values.dtype
    if dtype.is_integer():
        return values
    if isinstance(dtype, pl.Enum):
        return pl.Series(values.to_arrow(compat_level=pl.CompatLevel.newest()).indices)
    if isinstance(dtype, pl.Date | pl.Datetime):
        return values.cast(pl.Int32 if isinstance(dtype, pl.Date) else pl.Int64)
    return values.to_physical()


def series_of(
    name: str, dtype: Dtype, data: NDArray[np.generic], known: NDArray[np.bool_]
) -> pl.Series:
    """Return an array as a column of the given type; it shares the array's memory."""
    kind = pl.Series([], dtype=dtype).to_arrow().type
    valid = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    array = pa.Array.from_buffers(kind, len(data), [valid, pa.py_buffer(data)])
    column = pl.from_arrow(array)
    assert isinstance(column, pl.Series)
    return column.alias(name)


def merged(old: pl.Series, new: pl.Series, is_old: NDArray[np.bool_], room: Room) -> pl.Series:
    """Return two columns of one type as one, each value at the next place of its own."""
    data, known = room.array(is_old.size, flat_type(new.dtype)), np.ones(is_old.size, np.bool_)
    for values, mine in ((old, is_old), (new, ~is_old)):
        numbers = physical(values)
        data[mine] = (numbers.fill_null(0) if values.null_count() else numbers).to_numpy()
        if values.null_count():
            known[mine] = values.is_not_null().to_numpy()
    return series_of(new.name, new.dtype, data, known)
