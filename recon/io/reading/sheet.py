"""A table inside titles and totals: the declarative reader behind most Chinese exports.

A `Sheet` says how the header is found (by its names, wherever it stands), which columns are wanted,
known or new, which lines are titles or totals, and what the totals declare.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import BinaryIO, Final

import numpy as np

from recon.core.kernels.tokenise import FAULT_FEW, FAULT_MANY, FAULT_NONE
from recon.errors import InputError
from recon.io.reading.contract import Options, Probe, RawRows, Reading
from recon.io.reading.cutting import Aside, Dialect, Layout, Tokens, cut_rows
from recon.io.reading.free_text import FreeText
from recon.io.reading.lines import Block, Lines, listed
from recon.io.reading.marks import MARKS, cells_of, is_guarded, quote_of, unguarded

HEAD_BYTES: Final = 1 << 16
TITLE_LINES: Final = 200  # a header further down is not looked for
_NEVER: Final = r"(?!)"
_WRAPPING: Final = " \t`'\"\ufeff"


@dataclass(frozen=True, slots=True)
class Sheet:
    """How one layout is found and cut."""

    required: tuple[str, ...]  # the header has all of these; without a header: all columns
    optional: tuple[str, ...] = ()  # read when there
    unread: tuple[str, ...] = ()  # known, not needed
    foreign: tuple[str, ...] = ()  # of a layout with all the required ones too: no header of ours
    delimiter: str = ","
    quote: str = ""
    encoding: str = ""  # empty: UTF-8 when the file's head is, else GB18030
    header: bool = True
    header_delimiter: str = ""  # where it is not the rows'; "space" for any run of blanks
    row: str = ""  # without a header: a pattern that the first row must fit
    empty: str = ""  # without a header: a pattern of the whole text of a day without rows
    short: int = 0  # so many cells may be lost at the end of a row
    wider: int = 0  # so many empty cells may stand behind the last column
    free_text: FreeText | None = None  # columns that hold the mark although nothing is quoted
    title: str = ""  # a pattern that must be found in the lines before the rows
    first_line: str = ""  # a pattern that the first filled line must begin with
    own_titles: str = ""  # a pattern of first lines that no other layout has, header cut off or not
    aside: str = _NEVER  # a pattern at the begin of lines that are no rows
    facts: str = ""  # a pattern with named groups, searched in the titles: facts of the file
    totals: str = ""  # a pattern with named groups, searched in titles and totals: declared
    totals_required: bool = False
    ending: str = ""  # a pattern of lines behind the rows, one of which every whole file has
    closed: bool = True  # a new column refuses the file


def column_name(cell: str) -> str:
    """Return a header cell's name: half-width, without spaces and marks around or before it."""
    text = unicodedata.normalize("NFKC", cell.strip(_WRAPPING).lstrip("/"))
    return re.sub(r"[\s`]+", "", text)


def sniffed_encoding(head: bytes) -> str:
    """Return utf-8 when the head is strict UTF-8 (its cut end aside), else gb18030."""
    head = head[:HEAD_BYTES]
    for cut in range(4):
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "utf-8"
    return "gb18030"


def split_cells(sheet: Sheet, line: str) -> list[str]:
    """Return the names in a header line."""
    if sheet.header_delimiter == "space":
        return [column_name(cell) for cell in line.split()]
    mark = sheet.header_delimiter or sheet.delimiter
    return [column_name(cell) for cell in cells_of(line, mark, sheet.quote or '"')]


def as_written(sheet: Sheet, lines: list[str]) -> Sheet:
    """Return the sheet with the mark and the quote of the file that begins with `lines`."""
    at = header_line(sheet, lines)
    if not sheet.header or at is None or _has_own_mark(sheet, lines[at]):
        return sheet
    mark = _mark_of(sheet, lines[at])
    assert mark is not None, "it is the header"
    quote = sheet.quote or quote_of(lines[at], lines[at + 1 :], mark)
    return replace(sheet, delimiter=mark, quote=quote, header_delimiter="")


def _are_ours(sheet: Sheet, names: Iterable[str]) -> bool:
    """Return whether all names that the sheet requires are there, and none of a like layout."""
    found = set(names)
    return found.issuperset(sheet.required) and found.isdisjoint(sheet.foreign)


def _has_own_mark(sheet: Sheet, line: str) -> bool:
    """Return whether a line is a header that is cut by another mark than the rows."""
    return bool(sheet.header_delimiter) and _are_ours(sheet, split_cells(sheet, line))


def _mark_of(sheet: Sheet, line: str) -> str | None:
    """Return the mark that cuts a line into the required names, the sheet's own before others."""
    for mark in (sheet.delimiter, *MARKS):
        if line.count(mark) >= len(sheet.required) - 1:
            names = split_cells(replace(sheet, delimiter=mark, header_delimiter=""), line)
            if _are_ours(sheet, names):
                return mark
    return None


def _is_header(sheet: Sheet, line: str) -> bool:
    """Return whether a line has the required names."""
    return _has_own_mark(sheet, line) or _mark_of(sheet, line) is not None


def header_line(sheet: Sheet, lines: list[str]) -> int | None:
    """Return the number of the header line, or of the first row when there is no header."""
    for number, line in enumerate(lines):
        if sheet.header:
            if _is_header(sheet, line):
                return number
        elif re.match(sheet.row, line) is not None:
            return number if len(split_cells(sheet, line)) == len(sheet.required) else None
        elif line.strip() and not re.match(f"{sheet.aside}|{sheet.title or _NEVER}", line):
            return None
    is_empty_day = sheet.empty and re.fullmatch(sheet.empty, "\n".join(lines).strip())
    return len(lines) if is_empty_day else None


def fits(sheet: Sheet, probe: Probe) -> bool:
    """Return whether the head of a file, or of a workbook, has this sheet's titles and header."""
    if probe.cells:
        return _fits_cells(sheet, probe.cells)
    lines = probe.text().lstrip("\ufeff").splitlines()[:TITLE_LINES]
    at = header_line(sheet, lines)
    if at is None:
        return len(probe.head) == probe.size and is_cut(sheet, lines)
    filled = next((line for line in lines if line.strip()), "")
    if sheet.first_line and not re.match(sheet.first_line, filled.strip(_WRAPPING)):
        return False
    return not sheet.title or re.search(sheet.title, "\n".join(lines[:at])) is not None


def is_cut(sheet: Sheet, lines: list[str]) -> bool:
    """Return whether lines are this sheet's own titles, and none of them is like its header."""
    begins = sheet.own_titles and re.match(sheet.own_titles, "\n".join(lines)) is not None
    return bool(begins) and not _likest(sheet, lines)


def _fits_cells(sheet: Sheet, rows: tuple[tuple[str, ...], ...]) -> bool:
    """Return whether the first rows of a workbook have this sheet's titles and header."""
    at = header_row(sheet, rows)
    if at is None:
        return False
    titles = [sheet.delimiter.join(row).rstrip(f"{sheet.delimiter} \t") for row in rows[:at]]
    filled = next((line for line in titles if line), "")
    if sheet.first_line and not re.match(sheet.first_line, filled.strip(_WRAPPING)):
        return False
    return not sheet.title or re.search(sheet.title, "\n".join(titles)) is not None


def header_row(sheet: Sheet, rows: Iterable[Sequence[str | None]]) -> int | None:
    """Return which row of a workbook has the required names; none for a sheet without a header."""
    if not sheet.header:
        return None
    for number, cells in enumerate(rows):
        if _are_ours(sheet, (column_name(cell or "") for cell in cells)):
            return number
    return None


def read_stream(
    sheet: Sheet, stream: BinaryIO, where: str, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the wanted columns of every row; fill facts and declared totals."""
    blocks = Lines(stream, where, options.encoding or sheet.encoding, sniffed_encoding)
    first = blocks.take()
    assert first is not None, "Lines refuses an empty file"
    declared, sheet = sheet, as_written(sheet, first.line_texts(TITLE_LINES))
    has_guards = is_guarded(first.raw[:HEAD_BYTES].tobytes())
    titles, header, first = _titles(sheet, first, options, reading, where)
    wanted = tuple(name for name in (*sheet.required, *sheet.optional) if name in header)
    filled = len(header)
    while not header[filled - 1]:
        filled -= 1
    wider = sheet.wider + len(header) - filled
    aside = Aside(re.compile(b"(?m)^(?:" + sheet.aside.encode() + b")"))
    batches = cut_rows(
        chain((first,), blocks),
        Dialect(sheet.delimiter.encode(), ord(sheet.quote) if sheet.quote else -1, trim=True),
        Layout(header[:filled], wanted),
        reading,
        give_back=blocks.give_back,
        repair=partial(_mend_tail, sheet, wider),
        aside=aside,
    )
    yield from unguarded(batches) if has_guards else batches
    if not re.search(f"(?m)^(?:{sheet.ending})", "\n".join(aside.lines)):
        raise InputError(
            "expected the end of the list or its totals behind the rows, found the end of the file",
            where=where,
            fix="download the file again: it is cut",
            code="FILE_TOTAL",
        )
    told = "\n".join((*titles, *aside.lines)).replace(sheet.delimiter, declared.delimiter)
    take_totals(sheet, told, reading, where)


def _titles(
    sheet: Sheet, block: Block, options: Options, reading: Reading, where: str
) -> tuple[list[str], tuple[str, ...], Block]:
    """Return the lines before the header, the names in it, and what follows."""
    lines = block.line_texts(TITLE_LINES)
    at = header_line(sheet, lines)
    if at is None:
        raise InputError(
            f"expected a header with {', '.join(sheet.required)}, "
            f"found {_likest(sheet, lines) or repr(lines[:3])[:300]}"
            + (": its titles, and cut behind them" if is_cut(sheet, lines) else ""),
            where=where,
            fix="check that this is the file that was meant; if the sender changed its columns,"
            " read it as `delimited` until the format is extended",
            code="FILE_SCHEMA",
        )
    if sheet.header:
        names = tuple(split_cells(sheet, lines[at]))
        check_names(sheet, names, options, f"{where}, line {at + 1}")
        passed = at + 1
    else:
        names, passed = sheet.required, at
    blank = sum(not line.strip(" ") for line in lines[:passed])
    reading.lines += passed
    reading.blank_lines += blank
    reading.header_lines += passed - blank
    titles = lines[:at]
    take_facts(sheet, titles, reading)
    return titles, names, block.after(passed)


def _likest(sheet: Sheet, lines: list[str]) -> str:
    """Return what the line that has most of the columns lacks; empty when none has half of them."""
    shared = [set(sheet.required) & set(split_cells(sheet, line)) for line in lines]
    at = max(range(len(lines)), key=lambda number: len(shared[number]), default=0)
    if not sheet.header or not lines or 2 * len(shared[at]) < len(sheet.required):
        return ""
    missing = [name for name in sheet.required if name not in shared[at]]
    return f"line {at + 1} without {', '.join(missing)}"


def take_facts(sheet: Sheet, titles: list[str], reading: Reading) -> None:
    """Fill the facts that the lines before the rows state."""
    if sheet.facts:
        for match in re.finditer(sheet.facts, "\n".join(titles)):
            reading.facts.update({k: v for k, v in match.groupdict().items() if v is not None})


def check_names(sheet: Sheet, names: tuple[str, ...], options: Options, where: str) -> None:
    """Refuse a header with columns that stand twice or that are new."""
    known = {*sheet.required, *sheet.optional, *sheet.unread, *options.ignore_columns, ""}
    wanted = {*sheet.required, *sheet.optional}
    problems = [f"column {name!r} stands twice" for name in wanted if names.count(name) > 1]
    if sheet.closed:
        problems += [f"column {name!r} is new" for name in names if name not in known]
    if problems:
        raise InputError(
            f"expected the known columns, found {listed(names)}: {listed(sorted(problems), '; ')}",
            where=where,
            fix="ask the sender what changed; list new columns that you do not need in"
            " ignore_columns of this source",
            code="FILE_SCHEMA",
        )


def _mend_tail(sheet: Sheet, wider: int, block: Block, tokens: Tokens, layout: Layout) -> None:
    """Accept rows wider by empty cells or by a free text, or shorter by cells that may be lost."""
    lost = len(layout.header) - tokens.row_fields
    may_be_short = (tokens.row_fault == FAULT_FEW) & (lost <= sheet.short)
    if block.final and block.data.size and block.data[-1] != ord("\n"):
        may_be_short &= tokens.row_line != block.lines - 1  # a last row without a line end is cut
    for row in np.flatnonzero(may_be_short).tolist():
        tokens.row_fault[row] = FAULT_NONE
        for slot, name in enumerate(layout.wanted):
            if layout.header.index(name) >= tokens.row_fields[row]:
                tokens.starts[slot, row] = tokens.ends[slot, row] = 0
    rows = np.flatnonzero(tokens.row_fault == FAULT_MANY).tolist()
    if not rows:
        return
    mark = sheet.delimiter.encode()
    lines = block.data.tobytes().split(b"\n")
    for row in rows:
        line = lines[tokens.row_line[row]].rstrip(b"\r")
        surplus = int(tokens.row_fields[row]) - len(layout.header)
        tail = line.rsplit(mark, surplus)[1:]
        if surplus <= wider and not b"".join(tail).strip(b' \t`"'):
            tokens.row_fault[row] = FAULT_NONE
    if sheet.free_text is not None:
        sheet.free_text.rejoin(mark, block, tokens, layout)


def take_totals(sheet: Sheet, text: str, reading: Reading, where: str) -> None:
    """Fill what the file declares; refuse it when its totals are missing or stand twice."""
    if not sheet.totals:
        return
    found = list(re.finditer(sheet.totals, text))
    declared: dict[str, str] = {}
    doubled = False
    for match in found:
        for name, value in match.groupdict().items():
            if value is not None:
                doubled = doubled or name in declared
                declared[name] = value.replace(",", "")
    if doubled or (sheet.totals_required and not declared):
        raise InputError(
            f"expected one set of totals, found {len(found)}: {[m[0] for m in found]!r:.300}",
            where=where,
            fix="download the file again: it is cut, or several files were joined",
            code="FILE_TOTAL",
        )
    reading.declared.update(declared)
