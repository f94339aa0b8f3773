"""Columns of whole numbers as flat arrays, without a copy where that can be."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Rows = NDArray[np.int64]  # positions of rows in a table
Positions = NDArray[np.integer]  # of rows, or of words in a list


def numbers(column: pl.Series) -> NDArray[np.int64]:
    """Return a column of 64-bit integers with 0 for what is unknown; not to be written to.

    What stands behind a null in memory is anything; where it is 0 already, which the loader sees
    to, the column is given as it stands.
    """
    if column.null_count() == 0:
        return column.to_numpy()
    data = column.rechunk().to_arrow()
    raw = np.frombuffer(data.buffers()[1], np.int64)[data.offset : data.offset + len(column)]
    unknown = column.is_null().to_numpy()
    return np.where(unknown, 0, raw) if raw[unknown].any() else raw


def among(positions: Positions, wanted: Positions) -> NDArray[np.bool_]:
    """Return which positions (-1: none) are wanted ones; a table of flags answers, nothing sorts.

    `wanted` are positions too, none of them -1.
    """
    if wanted.size == 0 or positions.size == 0:
        return np.zeros(positions.size, np.bool_)
    flags = np.zeros(max(int(wanted.max()), int(positions.max())) + 2, np.bool_)
    flags[wanted] = True  # the last flag is that of -1
    found: NDArray[np.bool_] = flags.take(positions, mode="wrap")
    return found
