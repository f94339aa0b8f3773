"""Runs the kernels that cut text once on two lines, with the array types that readers use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels import text_columns, tokenise

_ROOM = 8  # bytes behind each column that a whole word may be written to
_TEXT = b'a,"b"\nc,d\n'


def warm_cut() -> None:
    """Find lines, records, marks and fields, and copy the fields; blocks are read-only."""
    data = np.frombuffer(_TEXT, dtype=np.uint8)
    capacity = tokenise.count_byte(data, 10) + 2
    tokenise.line_offsets(data, np.empty(capacity, dtype=np.int64))
    comma, comment = np.frombuffer(b",", dtype=np.uint8), np.frombuffer(b"", dtype=np.uint8)
    slots = np.arange(2, dtype=np.int32)
    out = _places(capacity)
    records, _, _ = tokenise.tokenise(data, comma, 34, 0, comment, slots, True, *out)  # noqa: FBT003 - kernels take positions
    marks = np.empty(data.size, dtype=np.int32)
    words = data[: data.size // 8 * 8].view(np.uint64)
    found = tokenise.find_marks(data, words, 44, marks)
    records, _ = tokenise.tokenise_marks(data, marks[:found], comma, comment, slots, *out)
    starts, ends = out[-2:]
    offsets = np.empty((2, records + 1), dtype=np.int32)
    text_columns.measure_fields(data, starts, ends, records, 34, 0, offsets)
    bases = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(offsets[:, records] + _ROOM)))
    values = np.empty(bases[-1], dtype=np.uint8)
    text_columns.copy_fields(data, starts, ends, records, 34, offsets, bases, values)


def _places(capacity: int) -> tuple[NDArray[Any], ...]:
    """Return the arrays that records and spans are written to."""
    return (
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty((2, capacity), dtype=np.int32),
        np.empty((2, capacity), dtype=np.int32),
    )
