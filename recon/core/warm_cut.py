"""Runs the kernels that cut text once on two lines, with the array types that readers use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels import marks as marks_kernel
from recon.core.kernels import text_columns, tokenise
from recon.core.text import read_only

_TEXT = b'a,"b"\nc,d\n'


def warm_cut() -> None:
    """Find lines, records, marks and fields, and view the fields; blocks are read-only."""
    data = np.frombuffer(_TEXT, dtype=np.uint8)
    capacity = tokenise.count_byte(data, 10) + 2
    tokenise.line_offsets(data, np.empty(capacity, dtype=np.int64))
    comma, comment = np.frombuffer(b",", dtype=np.uint8), np.frombuffer(b"", dtype=np.uint8)
    slots = np.arange(2, dtype=np.int32)
    out = _places(capacity)
    records, _, _ = tokenise.tokenise(data, comma, 34, 0, comment, slots, True, *out)  # noqa: FBT003 - kernels take positions
    marks = np.empty(data.size, dtype=np.int32)
    found = marks_kernel.find_marks(data, 44, marks)
    records, _ = tokenise.tokenise_marks(data, marks[:found], comma, comment, slots, *out)
    starts, ends = out[-2:]
    text_columns.trim_fields(data, starts, ends, records)
    text_columns.undouble_quotes(data.copy(), starts, ends, records, 34)
    begin, end = (read_only(spans[0, :records].astype(np.int64)) for spans in (starts, ends))
    text_columns.view_fields(data, begin, end, np.empty((records, 2), np.uint64))


def _places(capacity: int) -> tuple[NDArray[Any], ...]:
    """Return the arrays that records and spans are written to."""
    return (
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int32),
        np.empty((2, capacity), dtype=np.int32),
        np.empty((2, capacity), dtype=np.int32),
    )
