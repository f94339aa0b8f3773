"""From blocks of lines to text columns: records, fields, rejects and the account of every line."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.kernels import tokenise as kernel
from recon.core.kernels.marks import find_marks
from recon.io.reading.contract import RawRows, Reading, Reject, check_rejects, named_columns
from recon.io.reading.cut_text import CutText, cut_text
from recon.io.reading.known_text import KnownText
from recon.io.reading.lines import Block, line_offsets

WORKERS: Final = 2
AHEAD: Final = 3  # blocks in flight
_LINE_ASIDE: Final = 4
_LF: Final = 10
_PER_RECORD: Final = ("row_line", "row_fault", "row_fields", "row_begin", "row_end")
_REASONS: Final = {
    kernel.FAULT_FEW: "expected {arity} fields, found {found}",
    kernel.FAULT_MANY: "expected {arity} fields, found {found}",
    kernel.FAULT_UNCLOSED: "a quote is opened and not closed",
    kernel.FAULT_AFTER_QUOTE: "text follows a closing quote",
    kernel.FAULT_CARRIAGE_RETURN: "a carriage return inside the line: mixed line ends",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are cut."""

    delimiter: bytes
    quote: int = -1  # a byte, or -1 for none
    comment: bytes = b""
    trim: bool = False  # leave out spaces, tabs and back-ticks around every field


@dataclass(frozen=True, slots=True)
class Layout:
    """Which fields a record has and which of them are wanted, by position."""

    header: tuple[str, ...]
    wanted: tuple[str, ...]

    def slots(self) -> NDArray[np.int32]:
        """Return, for each field, its place among the wanted ones, or -1."""
        places = {name: place for place, name in enumerate(self.wanted)}
        return np.array([places.get(name, -1) for name in self.header], dtype=np.int32)


@dataclass(slots=True)
class Tokens:
    """Where the records and fields of a block are. See `kernel.tokenise`."""

    records: int
    lines: int
    line_class: NDArray[np.uint8]
    row_line: NDArray[np.int32]
    row_fault: NDArray[np.uint8]
    row_fields: NDArray[np.int32]
    row_begin: NDArray[np.int64]
    row_end: NDArray[np.int64]
    starts: NDArray[np.int64]  # (wanted columns, records or more), C order
    ends: NDArray[np.int64]


@dataclass(slots=True)
class Batch:
    """What one block gave."""

    rows: RawRows
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    record_lines: int = 0
    blank_lines: int = 0
    comment_lines: int = 0
    aside: list[str] = field(default_factory=list)
    is_open: bool = False  # the file ends here, in a record without a line end

    def enter(self, reading: Reading, aside: Aside | None = None) -> RawRows:
        """Add this batch to the account of the file and return its rows."""
        if aside is not None:
            aside.lines.extend(self.aside)
        reading.trailer_lines += len(self.aside)
        reading.lines += self.lines
        reading.record_lines += self.record_lines
        reading.blank_lines += self.blank_lines
        reading.comment_lines += self.comment_lines
        reading.rejects.extend(self.rejects)
        reading.is_open |= self.is_open
        return self.rows


def frame_of(rows: RawRows) -> pl.DataFrame:
    """Return the text columns as a frame, for deriving further text columns."""
    return pl.DataFrame({name: pl.from_arrow(column) for name, column in rows.columns.items()})


def rows_of(frame: pl.DataFrame, rows: RawRows, keep: NDArray[np.bool_] | None = None) -> RawRows:
    """Return `rows` with the columns of `frame`, of the rows to keep only.

    Where columns lie that the frame has as they were is not looked for again.
    """
    newest = pl.CompatLevel.newest()
    if keep is None or keep.all():
        columns = {column.name: column.to_arrow(compat_level=newest) for column in frame}
        return RawRows(columns, rows.record_no, rows.byte_start, rows.byte_end, _known(rows))
    kept = frame.filter(pl.Series(keep))
    columns = {column.name: column.to_arrow(compat_level=newest) for column in kept}
    return RawRows(columns, rows.record_no[keep], rows.byte_start[keep], rows.byte_end[keep])


def _known(rows: RawRows) -> KnownText:
    """Return where the text of rows lies, as far as it has been made into columns."""
    if isinstance(rows.columns, CutText):
        for views, buffers in rows.columns.made():
            rows.texts.remember(views, buffers)
    return rows.texts


@dataclass(slots=True)
class Aside:
    """Lines among the rows that are no rows (titles, totals): a pattern at the line's begin."""

    pattern: re.Pattern[bytes]  # over UTF-8, anchored with `(?m)^`
    lines: list[str] = field(default_factory=list)  # what was found, in order


Repair = Callable[[Block, Tokens, Layout], None]


def tokenise(block: Block, dialect: Dialect, layout: Layout) -> Tokens:
    """Find the records of a block; an open quote at its end leaves lines over, unless final."""
    capacity = block.lines + 1
    tokens = Tokens(
        0,
        0,
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.uint8),
        np.empty(capacity, dtype=np.int32),
        np.empty(capacity, dtype=np.int64),
        np.empty(capacity, dtype=np.int64),
        np.empty((len(layout.wanted), capacity), dtype=np.int64),
        np.empty((len(layout.wanted), capacity), dtype=np.int64),
    )
    out = (
        tokens.line_class,
        tokens.row_line,
        tokens.row_fault,
        tokens.row_fields,
        tokens.row_begin,
        tokens.row_end,
        tokens.starts,
        tokens.ends,
    )
    comment = np.frombuffer(dialect.comment, dtype=np.uint8)
    if _is_plain(block, dialect):
        marks = _marks(block.data, dialect.delimiter[0])
        tokens.records, tokens.lines = kernel.tokenise_marks(
            block.data,
            marks,
            np.frombuffer(dialect.delimiter, dtype=np.uint8),
            comment,
            layout.slots(),
            *out,
        )
    else:
        tokens.records, tokens.lines, _ = kernel.tokenise(
            block.data,
            np.frombuffer(dialect.delimiter, dtype=np.uint8),
            dialect.quote,
            int(dialect.trim),
            comment,
            layout.slots(),
            block.final,
            *out,
        )
    tokens.line_class = tokens.line_class[: tokens.lines]
    for name in _PER_RECORD:
        setattr(tokens, name, getattr(tokens, name)[: tokens.records])
    return tokens


def _is_plain(block: Block, dialect: Dialect) -> bool:
    """Return whether the block can be cut many bytes at a time: no quotes."""
    is_quoted = dialect.quote >= 0 and block.holds(dialect.quote)
    return not is_quoted and sys.byteorder == "little"


def _marks(data: NDArray[np.uint8], delimiter: int) -> NDArray[np.int32]:
    """Return where delimiters and line ends stand."""
    marks = np.empty(data.size, dtype=np.int32)  # what is not written to takes no memory
    return marks[: find_marks(data, delimiter, marks)]


def _put_aside(block: Block, tokens: Tokens, aside: Aside) -> list[str]:
    """Take the records that are titles or totals out of the tokens; return their text."""
    begins = [match.start() for match in aside.pattern.finditer(block.data.tobytes())]
    if not begins:
        return []
    offsets = line_offsets(block.data)
    found = np.searchsorted(offsets, np.array(begins), side="right") - 1
    is_aside = np.isin(tokens.row_line, found)
    texts = [
        block.data[offsets[line] : offsets[line + 1]].tobytes().decode().rstrip("\r\n")
        for line in tokens.row_line[is_aside].tolist()
    ]
    tokens.line_class[tokens.row_line[is_aside]] = _LINE_ASIDE
    for name in _PER_RECORD:
        setattr(tokens, name, getattr(tokens, name)[~is_aside])
    kept = np.flatnonzero(~is_aside)
    tokens.starts = np.ascontiguousarray(tokens.starts[:, kept])
    tokens.ends = np.ascontiguousarray(tokens.ends[:, kept])
    tokens.records = int(tokens.row_line.size)
    return texts


def finish(block: Block, tokens: Tokens, dialect: Dialect, layout: Layout) -> Batch:
    """Build the wanted text columns of the good rows, and the rejects of the others."""
    check_rejects(int(np.count_nonzero(tokens.row_fault)), "")
    begin, end = _raw_spans(block, tokens)
    reasons = _faults(block, tokens, layout)
    keep = np.ones(tokens.records, dtype=np.bool_)
    keep[list(reasons)] = False
    rejects = [
        Reject(
            int(block.first_line + tokens.row_line[row]),
            int(block.raw_start + begin[row]),
            int(block.raw_start + end[row]),
            raw_text(block, int(begin[row]), int(end[row])),
            tuple(reasons[row]),
        )
        for row in sorted(reasons)
    ]
    kept = keep if reasons else slice(None)
    rows = RawRows(
        _columns(block, tokens, keep, dialect, layout),
        tokens.row_line[kept].astype(np.int64) + block.first_line,
        begin[kept] + block.raw_start,
        end[kept] + block.raw_start,
    )
    kinds = np.bincount(tokens.line_class, minlength=4)
    return Batch(
        rows,
        rejects,
        tokens.lines,
        int(kinds[kernel.LINE_RECORD] + kinds[kernel.LINE_CONTINUED]),
        int(kinds[kernel.LINE_BLANK]),
        int(kinds[kernel.LINE_COMMENT]),
    )


def _ends_in_record(block: Block, tokens: Tokens) -> bool:
    """Return whether the last line is a record's and has no line end."""
    classes = tokens.line_class
    return classes.size > 0 and classes[-1] == kernel.LINE_RECORD and block.data[-1] != _LF


def raw_text(block: Block, begin: int, end: int) -> str:
    """Return a row as it was received; bytes that do not decode are shown as escapes."""
    return str(block.raw[begin:end].data, block.encoding, "backslashreplace")


def _last_lines(tokens: Tokens) -> NDArray[np.int64]:
    """Return each record's last physical line."""
    last = tokens.row_line.astype(np.int64)
    continued = np.flatnonzero(tokens.line_class == kernel.LINE_CONTINUED)
    if continued.size:
        owner = np.searchsorted(tokens.row_line, continued, side="right") - 1
        np.maximum.at(last, owner, continued)
    return last


def _raw_spans(block: Block, tokens: Tokens) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each record begins and ends in `block.raw`, its line end left out."""
    if block.is_raw:
        return tokens.row_begin, tokens.row_end
    offsets = block.raw_line_offsets()
    begin = offsets[tokens.row_line]
    end = offsets[_last_lines(tokens) + 1]
    raw = block.raw
    for mark in (10, 13):
        end = end - ((end > begin) & (raw[np.maximum(end - 1, 0)] == mark))
    return begin, end


def _faults(block: Block, tokens: Tokens, layout: Layout) -> dict[int, list[str]]:
    """Return every reason of every faulty record."""
    reasons: dict[int, list[str]] = {}
    for row in np.flatnonzero(tokens.row_fault).tolist():
        template = _REASONS[int(tokens.row_fault[row])]
        found = int(tokens.row_fields[row])
        reasons[row] = [template.format(arity=len(layout.header), found=found)]
    if block.undecodable and tokens.records:
        last = _last_lines(tokens)
        for line, why in block.undecodable.items():
            row = int(np.searchsorted(tokens.row_line, line, side="right")) - 1
            if row >= 0 and line <= last[row]:
                reasons.setdefault(row, []).append(why)
    return reasons


def _columns(
    block: Block, tokens: Tokens, keep: NDArray[np.bool_], dialect: Dialect, layout: Layout
) -> CutText:
    """Return the wanted columns of the kept rows."""
    starts, ends, rows = tokens.starts, tokens.ends, tokens.records
    if not keep.all():
        kept = np.flatnonzero(keep)
        starts = np.ascontiguousarray(starts[:, kept])
        ends = np.ascontiguousarray(ends[:, kept])
        rows = kept.size
    return cut_text(layout.wanted, block.data, starts, ends, rows, dialect.quote, trim=dialect.trim)


def cut_rows(
    blocks: Iterator[Block],
    dialect: Dialect,
    layout: Layout,
    reading: Reading,
    *,
    give_back: Callable[[Block, int], None] | None = None,
    repair: Repair | None = None,
    aside: Aside | None = None,
) -> Iterator[RawRows]:
    """Yield the rows of all blocks, in order, and account for every line.

    Columns are built by a few threads ahead of the consumer. A block that ends inside a quoted
    field hands its last lines to the next one (`give_back`), so blocks with quotes are tokenised
    one after the other. `repair` may put right the field spans of a block before columns are built;
    lines that fit `aside` are collected there and are no rows.
    """
    reading.columns = reading.columns or named_columns(layout.header)

    def whole(block: Block) -> Batch:
        return after_tokens(block, tokenise(block, dialect, layout))

    def after_tokens(block: Block, tokens: Tokens) -> Batch:
        texts = _put_aside(block, tokens, aside) if aside is not None else []
        if repair is not None:
            repair(block, tokens, layout)
        batch = finish(block, tokens, dialect, layout)
        batch.aside = texts
        batch.is_open = block.final and _ends_in_record(block, tokens)
        return batch

    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for block in blocks:
            if dialect.quote < 0 or not block.holds(dialect.quote):
                waiting.append(pool.submit(whole, block))
            else:
                tokens = tokenise(block, dialect, layout)
                if not block.final and give_back is not None:
                    give_back(block, tokens.lines)
                waiting.append(pool.submit(after_tokens, block, tokens))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result().enter(reading, aside)
        while waiting:
            yield waiting.popleft().result().enter(reading, aside)
