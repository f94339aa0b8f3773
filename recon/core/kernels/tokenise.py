"""Cuts delimited text into records and fields.

All offsets are bytes into one block of whole physical lines (UTF-8, ended by LF or CRLF). A field
span is `[start, end)`; the end of a quoted field that holds doubled quotes is stored as `~end`.

A record with a fault that spans several physical lines is cut back to its first line: that line is
the faulty record and reading goes on at the next, so that one stray quote costs one row.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints

LINE_RECORD = 0  # the first line of a record
LINE_CONTINUED = 1  # a further line of a record with a line break inside quotes
LINE_BLANK = 2  # nothing, spaces, or empty cells
LINE_COMMENT = 3  # begins with the comment mark

FAULT_NONE = 0
FAULT_FEW = 1  # too few fields
FAULT_MANY = 2  # too many fields
FAULT_UNCLOSED = 3  # a quote that is opened and not closed
FAULT_AFTER_QUOTE = 4  # text between a closing quote and the delimiter
FAULT_CARRIAGE_RETURN = 5  # a carriage return inside the line

QUOTED_LINES = 100  # a quoted field spanning more lines than this counts as not closed

_TAB = 9
_LF = 10
_CR = 13
_SPACE = 32
_CTRL_Z = 26
_NO_QUOTE = -1
_STRIDE = 4096  # bytes that are looked at between two decisions
_FARTHEST = 255


@njit(cache=True, nogil=True)
def count_byte(data: Bytes, wanted: int) -> int:
    """Return how often the byte `wanted` occurs in `data` (uint8)."""
    total = 0
    for index in range(data.size):
        total += data[index] == wanted
    return total


@njit(cache=True, nogil=True)
def holds_byte(data: Bytes, wanted: int) -> bool:
    """Return whether the byte `wanted` occurs in `data` (uint8)."""
    sign = np.uint8(wanted)
    whole = data.size // _STRIDE * _STRIDE
    for begin in range(0, whole, _STRIDE):
        nearest = np.uint8(_FARTHEST)  # a least difference is found many bytes at a time
        for index in range(begin, begin + _STRIDE):
            nearest = min(nearest, np.uint8(data[index] ^ sign))
        if nearest == 0:
            return True
    is_there = False
    for index in range(whole, data.size):
        is_there |= data[index] == sign
    return is_there


@njit(cache=True, nogil=True)
def may_hold(data: Bytes, wanted: Bytes) -> bool:
    """Return whether the first three bytes of `wanted` occur in `data` (uint8), side by side."""
    one, two, three = wanted[0], wanted[1], wanted[2]
    begins = max(data.size - 2, 0)  # places at which three bytes may begin
    for begin in range(0, begins, _STRIDE):
        size = min(_STRIDE, begins - begin)
        first, then, last = data[begin:], data[begin + 1 :], data[begin + 2 :]
        nearest = np.uint8(_FARTHEST)
        for index in range(size):
            ends = np.uint8(np.uint8(then[index] ^ two) | np.uint8(last[index] ^ three))
            nearest = min(nearest, np.uint8(np.uint8(first[index] ^ one) | ends))
        if nearest == 0:
            return True
    return False


@njit(cache=True, nogil=True)
def after_last(data: Bytes, wanted: int) -> int:
    """Return the place just after the last byte `wanted` in `data` (uint8), 0 where none is."""
    place = data.size
    while place > 0 and data[place - 1] != wanted:
        place -= 1
    return place


@njit(cache=True, nogil=True)
def line_offsets(data: Bytes, out: Ints) -> int:
    """Write the offset of each line's first byte into `out`, then the end; return the lines.

    `out` (int64) needs one place more than there are lines. A last line without LF counts.
    """
    lines = 0
    begin = 0
    size = data.size
    for index in range(size):
        if data[index] == _LF:
            out[lines] = begin
            lines += 1
            begin = index + 1
    if begin < size:
        out[lines] = begin
        lines += 1
    out[lines] = size
    return lines


@njit(cache=True, nogil=True)
def _matches(data: Bytes, at: int, mark: Bytes) -> bool:
    """Return whether the bytes `mark` stand at offset `at`."""
    if at + mark.size > data.size:
        return False
    for index in range(mark.size):  # noqa: SIM110 (numba: no generators)
        if data[at + index] != mark[index]:
            return False
    return True


@njit(cache=True, nogil=True)
def _line_end(data: Bytes, begin: int) -> int:
    """Return the offset of the LF that ends the line at `begin`, or the size of the data."""
    at = begin
    while at < data.size and data[at] != _LF:
        at += 1
    return at


@njit(cache=True, nogil=True, inline="always")
def _text_end(data: Bytes, begin: int, end: int) -> int:
    """Return the end of a record whose LF stands at `end`, a CR before it left out."""
    return end - 1 if end > begin and data[end - 1] == _CR else end


@njit(cache=True, nogil=True)
def _is_blank(data: Bytes, begin: int, end: int, delimiter: Bytes) -> bool:
    """Return whether the line holds nothing but spaces, tabs, CR, Ctrl-Z, or empty cells.

    A spreadsheet writes its empty rows as delimiters; a delimiter of several bytes is text here.
    """
    mark = delimiter[0] if delimiter.size == 1 else _SPACE
    for index in range(begin, end):
        byte = data[index]
        if byte > _SPACE and byte != mark:
            return False
        if byte < _SPACE and byte != _CR and byte != _TAB and byte != _CTRL_Z and byte != mark:  # noqa: PLR1714 (numba: no sets)
            return False
    return True


@njit(cache=True, nogil=True)
def _is_padding(data: Bytes, at: int, delimiter: Bytes) -> bool:
    """Return whether a space or tab that is not the delimiter stands at `at`."""
    if at >= data.size or (data[at] != _SPACE and data[at] != _TAB):
        return False
    return not _matches(data, at, delimiter)


@njit(cache=True, nogil=True)
def _quoted(
    data: Bytes, begin: int, delimiter: Bytes, quote: int, padded: int
) -> tuple[int, int, int, int, int]:
    """Scan a quoted field whose opening quote stands at `begin`.

    Return (offset of the closing quote, offset of what follows it, lines passed, doubled quotes,
    fault). With `padded`, spaces and tabs may stand behind the closing quote.
    """
    at = begin + 1
    lines = 0
    doubled = 0
    size = data.size
    while at < size:
        byte = data[at]
        if byte == quote:
            if at + 1 < size and data[at + 1] == quote:
                doubled += 1
                at += 2
                continue
            after = at + 1
            while padded != 0 and _is_padding(data, after, delimiter):
                after += 1
            if (
                after < size
                and data[after] == _CR
                and (after + 1 == size or data[after + 1] == _LF)
            ):
                after += 1
            is_over = after == size or data[after] == _LF or _matches(data, after, delimiter)
            return at, after, lines, doubled, FAULT_NONE if is_over else FAULT_AFTER_QUOTE
        if byte == _LF:
            lines += 1
            if lines >= QUOTED_LINES:
                break
        at += 1
    return at, at, lines, doubled, FAULT_UNCLOSED


@njit(cache=True, nogil=True)
def _plain(data: Bytes, begin: int, delimiter: Bytes) -> tuple[int, bool]:
    """Scan an unquoted field; return (offset of what ends it, whether it holds a lone CR)."""
    first = delimiter[0]
    size = data.size
    at = begin
    lone = False
    while True:
        while at < size:  # kept this small: it runs once a byte
            byte = data[at]
            if byte == first or byte == _LF or byte == _CR:  # noqa: SIM109, PLR1714 (numba: no sets)
                break
            at += 1
        if at == size or data[at] == _LF:
            break
        if data[at] == _CR:
            lone = lone or (at + 1 < size and data[at + 1] != _LF)
        if data[at] == first and (delimiter.size == 1 or _matches(data, at, delimiter)):
            break
        at += 1
    return at, lone


@njit(cache=True, nogil=True)
def _record(
    data: Bytes,
    begin: int,
    delimiter: Bytes,
    quote: int,
    padded: int,
    slots: Ints,
    row: int,
    starts: Ints,
    ends: Ints,
) -> tuple[int, int, int, int]:
    """Cut the record at `begin`; return (end, fields, further lines, fault).

    `end` is the offset of the record's LF, or the size of the data.
    """
    at = begin
    fields = 0
    lines = 0
    size = data.size
    while True:
        start = at
        doubled = 0
        if quote != _NO_QUOTE and at < size and data[at] == quote:
            close, after, passed, doubled, fault = _quoted(data, at, delimiter, quote, padded)
            lines += passed
            if fault != FAULT_NONE:
                return close, fields, lines, fault
            start = at + 1
            end = close
            at = after
        else:
            at, lone = _plain(data, at, delimiter)
            if lone:
                return at, fields, lines, FAULT_CARRIAGE_RETURN
            end = at
            if (at == size or data[at] == _LF) and end > start and data[end - 1] == _CR:
                end -= 1
        if fields < slots.size:
            slot = slots[fields]
            if slot >= 0:
                starts[slot, row] = start
                ends[slot, row] = ~end if doubled else end
        fields += 1
        if at == size or data[at] == _LF:
            return at, fields, lines, FAULT_NONE
        at += delimiter.size


@njit(cache=True, nogil=True)
def tokenise(
    data: Bytes,
    delimiter: Bytes,
    quote: int,
    padded: int,
    comment: Bytes,
    slots: Ints,
    final: bool,  # noqa: FBT001 (kernels take positional arguments)
    line_class: Flags,
    row_line: Ints,
    row_fault: Flags,
    row_fields: Ints,
    row_begin: Ints,
    row_end: Ints,
    starts: Ints,
    ends: Ints,
) -> tuple[int, int, int]:
    """Cut a block into records; return (records, lines, bytes consumed).

    data        uint8, whole lines (the last may lack its LF when `final`)
    delimiter   uint8, one byte or more, not empty
    quote       the quote byte, or -1 for none
    padded      1: spaces and tabs may stand behind a closing quote
    comment     uint8, the comment mark, empty for none
    slots       int32 per expected field: the slot its span goes to, or -1; an arity of 0 takes any
    final       whether the file ends here: an open quote at the end is then a fault, else the open
                record is left for the next block and not consumed
    line_class  uint8 per line; per record row_line, row_fault (uint8), row_fields and row_begin,
                row_end (where it stands, without its line end); starts, ends (slots, records)
    """
    size = data.size
    at = 0
    line = 0
    row = 0
    while at < size:
        first = data[at]
        if first <= _SPACE or first == delimiter[0]:
            end = _line_end(data, at)
            if _is_blank(data, at, end, delimiter):
                line_class[line] = LINE_BLANK
                line += 1
                at = end + 1
                continue
        if comment.size > 0 and _matches(data, at, comment):
            line_class[line] = LINE_COMMENT
            line += 1
            at = _line_end(data, at) + 1
            continue
        end, fields, more, fault = _record(
            data, at, delimiter, quote, padded, slots, row, starts, ends
        )
        if fault == FAULT_UNCLOSED and end == size and not final:
            break
        if fault == FAULT_NONE and slots.size > 0 and fields != slots.size:
            fault = FAULT_FEW if fields < slots.size else FAULT_MANY
        if fault != FAULT_NONE:
            more = 0
            end = _line_end(data, at)
        row_line[row] = line
        row_fault[row] = fault
        row_fields[row] = fields
        row_begin[row] = at
        row_end[row] = _text_end(data, at, end)
        row += 1
        line_class[line] = LINE_RECORD
        line += 1
        line_class[line : line + more] = LINE_CONTINUED
        line += more
        at = end + 1
    return row, line, min(at, size)


@njit(cache=True, nogil=True)
def tokenise_marks(
    data: Bytes,
    marks: Ints,
    delimiter: Bytes,
    comment: Bytes,
    slots: Ints,
    line_class: Flags,
    row_line: Ints,
    row_fault: Flags,
    row_fields: Ints,
    row_begin: Ints,
    row_end: Ints,
    starts: Ints,
    ends: Ints,
) -> tuple[int, int]:
    """Do as `tokenise` does, for text without quotes, from the marks; return (records, lines).

    The marks are those of the delimiter's first byte.
    """
    size = data.size
    at = 0
    line = 0
    row = 0
    mark = 0
    while at < size:
        first = data[at]
        is_blank = (first <= _SPACE or first == delimiter[0]) and _is_blank(
            data, at, _line_end(data, at), delimiter
        )
        if is_blank or (comment.size > 0 and _matches(data, at, comment)):
            line_class[line] = LINE_BLANK if is_blank else LINE_COMMENT
            line += 1
            while mark < marks.size and data[marks[mark]] != _LF:
                mark += 1
            at = marks[mark] + 1 if mark < marks.size else size
            mark += 1
            continue
        end, mark, fields, fault = _marked_record(
            data, at, marks, mark, delimiter, slots, row, starts, ends
        )
        if fault == FAULT_NONE and slots.size > 0 and fields != slots.size:
            fault = FAULT_FEW if fields < slots.size else FAULT_MANY
        row_line[row] = line
        row_fault[row] = fault
        row_fields[row] = fields
        row_begin[row] = at
        row_end[row] = _text_end(data, at, end)
        row += 1
        line_class[line] = LINE_RECORD
        line += 1
        at = end + 1
    return row, line


@njit(cache=True, nogil=True)
def _is_text(data: Bytes, at: int, start: int, delimiter: Bytes) -> bool:
    """Return whether a delimiter's first byte stands at `at` without being a delimiter's begin."""
    return at < start or not _matches(data, at, delimiter)


@njit(cache=True, nogil=True, inline="always")
def _marked_record(
    data: Bytes,
    begin: int,
    marks: Ints,
    mark: int,
    delimiter: Bytes,
    slots: Ints,
    row: int,
    starts: Ints,
    ends: Ints,
) -> tuple[int, int, int, int]:
    """Cut the record at `begin`; return (end, next mark, fields, fault)."""
    size = data.size
    start = begin
    fields = 0
    fault = FAULT_NONE
    while True:
        at = marks[mark] if mark < marks.size else size
        mark += 1
        end = at
        is_last = at == size or data[at] == _LF
        if not is_last and data[at] == _CR:
            if at + 1 < size and data[at + 1] != _LF:
                fault = FAULT_CARRIAGE_RETURN
            continue
        if not is_last and delimiter.size > 1 and _is_text(data, at, start, delimiter):
            continue
        if is_last and end > start and data[end - 1] == _CR:
            end -= 1
        if fields < slots.size:
            slot = slots[fields]
            if slot >= 0:
                starts[slot, row] = start
                ends[slot, row] = end
        if fault == FAULT_NONE:
            fields += 1
        if is_last:
            return at, mark, fields, fault
        start = at + delimiter.size
