"""Fixed-width text: fields are places in the bytes of a line, as specifications count them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.texts.text import read_only
from recon.io.reading.contract import RawRows, Reading, Reject
from recon.io.reading.cut_text import cut_text
from recon.io.reading.cutting import raw_text
from recon.io.reading.lines import Block, is_ascii

_BLANKS: Final = (32, 26, 9)  # space, and the Ctrl-Z that closes some files


@dataclass(frozen=True, slots=True)
class Slice:
    """A named field of a line: bytes `[start, end)`."""

    name: str
    start: int
    end: int
    trim: bool = True  # leave out the spaces around it


def slices_of(widths: Sequence[int], names: dict[int, str], keep: frozenset[str]) -> list[Slice]:
    """Return the wanted fields of a line of `widths` with one space between; numbers from 1.

    Fields named in `keep` are not trimmed.
    """
    result = []
    at = 0
    for number, width in enumerate(widths, start=1):
        if number in names:
            name = names[number]
            result.append(Slice(name, at, at + width, name not in keep))
        at += width + 1
    return result


def cut_fixed(
    blocks: Iterable[Block],
    length: int,
    slices: Sequence[Slice],
    reading: Reading,
    *,
    longer: bool = False,
    counted: str = "",
) -> Iterator[RawRows]:
    """Yield the fields of every line of exactly `length` bytes; other lines are rejects.

    With `longer`, lines may go on behind the last field. `counted` is the encoding in whose bytes
    the places are counted, where a file may come in another.
    """
    for block in blocks:
        yield _cut_block(block, _counted(block, counted), length, slices, reading, longer)


def _counted(block: Block, encoding: str) -> Block:
    """Return a block's lines in the encoding that places count; byte ranges are not of it."""
    if not encoding or block.encoding == encoding or is_ascii(block.raw):
        return block
    text = block.data.tobytes().decode()
    raw = np.frombuffer(text.encode(encoding), np.uint8)
    return replace(block, raw=read_only(raw), encoding=encoding)


def _cut_block(
    received: Block,
    block: Block,
    length: int,
    slices: Sequence[Slice],
    reading: Reading,
    longer: bool,  # noqa: FBT001 (passed through)
) -> RawRows:
    raw = block.raw
    begin, end = line_spans(block)
    first, last = (begin, end) if received is block else line_spans(received)
    sizes = end - begin
    blank = _blank_lines(block, begin, end)
    fitting = sizes >= length if longer else sizes == length
    keep = fitting & ~blank
    keep[list(block.undecodable)] = False
    for line in np.flatnonzero(~keep & ~blank).tolist():
        reasons = [block.undecodable[line]] if line in block.undecodable else []
        if not fitting[line]:
            least = "at least " if longer else ""
            reasons.append(f"expected a line of {least}{length} bytes, found {sizes[line]}")
        here, there = int(first[line]), int(last[line])
        reading.refuse(
            Reject(
                block.first_line + line,
                block.raw_start + here,
                block.raw_start + there,
                raw_text(received, here, there),
                tuple(reasons),
            )
        )
    reading.lines += begin.size
    reading.blank_lines += int(blank.sum())
    reading.record_lines += int((~blank).sum())
    starts = begin[keep]
    columns = {
        piece.name: _column(raw, starts + piece.start, starts + piece.end, piece.trim, block)
        for piece in slices
    }
    numbers = np.flatnonzero(keep).astype(np.int64) + block.first_line
    return RawRows(columns, numbers, first[keep] + block.raw_start, last[keep] + block.raw_start)


def line_spans(block: Block) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each line begins and ends in `block.raw`, without LF and CR."""
    offsets = block.raw_line_offsets()
    begin, end = offsets[:-1], offsets[1:]
    raw = block.raw
    for mark in (10, 13):
        end = end - ((end > begin) & (raw[np.maximum(end - 1, 0)] == mark))
    return begin, end


def _blank_lines(
    block: Block, begin: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which lines hold nothing but spaces and tabs (or a closing Ctrl-Z)."""
    blank = np.asarray(end == begin, dtype=np.bool_)
    raw = block.raw
    filled = np.flatnonzero(~blank)
    first, last = raw[begin[filled]], raw[end[filled] - 1]
    for line in filled[np.isin(first, _BLANKS) & np.isin(last, _BLANKS)].tolist():
        blank[line] = not raw[begin[line] : end[line]].tobytes().strip(b" \t\x1a")
    return blank


def _column(
    raw: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    trim: bool,  # noqa: FBT001 (as the kernel's argument)
    block: Block,
) -> pa.Array:
    """Return one column as text."""
    first, last = starts.copy()[None, :], ends.copy()[None, :]
    text = cut_text(("",), raw, first, last, starts.size, trim=trim)
    if is_ascii(block.raw):
        return text[""]
    part = text.buffers("")
    spans = zip(part.starts.tolist(), part.ends.tolist(), strict=True)
    return pa.array([raw_text(block, start, end) for start, end in spans], type=pa.string())
