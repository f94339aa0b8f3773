"""Runs the kernels that cut text once on two lines, with the array types that readers use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels import json_objects, text_columns, tokenise
from recon.core.kernels import marks as marks_kernel
from recon.core.kernels import xml_elements as xml
from recon.core.texts.text import read_only

_TEXT = b'a,"b"\nc,d\n'
_XML = b'<s><!-- --><r x="1"><a>1</a></r></s>'


def warm_cut() -> None:
    """Find lines, records, marks and fields, and view the fields; blocks are read-only."""
    data = np.frombuffer(_TEXT, dtype=np.uint8)
    capacity = tokenise.count_byte(data, 10) + 2
    tokenise.holds_byte(data, 10)
    tokenise.after_last(data, 10)
    tokenise.may_hold(data, data[:3])
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
    begin, end = (read_only(spans[0, :records]) for spans in (starts, ends))
    text_columns.view_fields(data, begin, end, np.empty((records, 2), np.uint64))


def warm_json() -> None:
    """Cut one object; bytes are read-only."""
    data = np.frombuffer(b'{"a":1}', np.uint8)
    name_at, spans = read_only(np.array([0, 1])), np.zeros((1, 1), np.int64)
    offsets = np.array([0, len(data)])
    slot = np.zeros(1, np.int32)
    found = spans.copy(), spans.copy(), np.ones(1, np.uint8)
    json_objects.cut_objects(data, offsets, data[2:3], name_at, slot, *found)


def warm_xml() -> None:
    """Find the elements of one record; bytes are read-only."""
    data = np.frombuffer(_XML, np.uint8)
    names = np.frombuffer(b"sr", np.uint8)
    tree = [[0, 0, 1, -1, -1, 0], [0, 1, 2, -1, -1, 0], [1, 2, -1, -1, 0, 2]]
    state, opened = np.array([0, 1], np.int64), np.zeros((3, xml.OPEN_COLUMNS), np.int64)
    found, marked = np.empty((2, xml.FOUND_COLUMNS), np.int64), np.empty(2, np.uint8)
    attribute = np.frombuffer(b"x", np.uint8)
    wanted = names, read_only(np.array(tree, np.int32)), attribute
    xml.find_elements(data, 0, *wanted, 9, state, opened, found, marked)
    one = np.zeros(1, np.int64)
    xml.first_by_owner(one, one, marked[:1], np.zeros(1, np.int32), one.copy())
    xml.line_classes(data, one, one)


def _places(capacity: int) -> tuple[NDArray[Any], ...]:
    """Return the arrays that records and spans are written to."""
    return (
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int64),
        np.empty(capacity, dtype=np.int64),
        np.empty((2, capacity), dtype=np.int64),
        np.empty((2, capacity), dtype=np.int64),
    )
