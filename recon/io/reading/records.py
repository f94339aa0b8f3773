"""Physical lines with their bytes, and the assembling of rows: what line-based readers share."""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.kernels.xml_elements import line_classes
from recon.core.texts.text import read_only
from recon.errors import InputError
from recon.io.reading.contract import ControlTotal, Options, RawRows, Reading, Reject, StagedFile
from recon.io.reading.lines import encoding_named

LINE_LIMIT = 1 << 20  # bytes; no statement line is longer, a bomb is
_CHUNK = 1 << 20
Data = bytes | mmap
LATIN = ("utf-8", "cp1252")  # tried in order where a source declares no encoding
TEXT_LIMIT = 500  # characters of a refused line that are kept
_WHOLE = re.compile(r"[0-9]{1,38}")
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line: 1-based number, byte range without its line end, decoded text."""

    number: int
    start: int
    end: int
    text: str


def encodings_of(options: Options, usual: Sequence[str], where: str) -> Sequence[str]:
    """Return the encodings to try: the declared one, else the usual ones."""
    return (encoding_named(options.encoding, where),) if options.encoding else usual


def encoding_of(data: Data, encodings: Sequence[str], where: str) -> str:
    """Return the first of `encodings` that takes every byte; refuse the file if none does."""
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(data), _CHUNK):
                decoder.decode(data[start : start + _CHUNK])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise InputError(
        f"expected text in {' or '.join(encodings)}, found bytes that are none of it",
        where=where,
        fix="name the file's encoding in the source, or ask the sender for the file again",
        code="FILE_SCHEMA",
    )


def mapped(path: Path) -> Data:
    """Return a file's bytes without reading them all; they are let go of with the last user."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def file_lines(
    staged: StagedFile, options: Options, reading: Reading, usual: Sequence[str] = LATIN
) -> Iterator[Line]:
    """Yield the physical lines of a file, and count them.

    usual: the encodings that are tried where the source declares none. Raises InputError for NUL
    bytes, over-long lines and bytes outside every encoding.
    """
    encodings = encodings_of(options, usual, staged.name)
    for line in cut_lines(mapped(staged.path), encodings, staged.name):
        reading.lines += 1
        yield line


def cut_lines(data: Data, encodings: Sequence[str], where: str) -> Iterator[Line]:
    """Yield the physical lines of `data`; CRLF, LF and CR end a line, a BOM is not text."""
    nul = data.find(b"\x00")
    if nul >= 0:
        raise InputError(
            f"expected text, found NUL as byte {nul}",
            where=where,
            fix="ask the sender for the file again, transferred as binary",
            code="FILE_SCHEMA",
        )
    encoding = encoding_of(data, encodings, where)
    start = 3 if data[:3] == codecs.BOM_UTF8 else 0
    number = 1
    for match in _LINE_END.finditer(data, start):
        yield _line(data, number, start, match.start(), encoding, where)
        start = match.end()
        number += 1
    if start < len(data):
        yield _line(data, number, start, len(data), encoding, where)


def _line(data: Data, number: int, start: int, end: int, encoding: str, where: str) -> Line:
    """Return one line, refusing the file when it is too long to be one."""
    if end - start > LINE_LIMIT:
        raise InputError(
            f"expected lines of at most {LINE_LIMIT} bytes, found {end - start} in line {number}",
            where=where,
            fix="ask the sender for the file again",
            code="FILE_SCHEMA",
        )
    return Line(number, start, end, data[start:end].decode(encoding))


class Walker(Protocol):
    """What walks over the lines of a file, one after the other, and keeps where it stands."""

    rows: RowBuilder

    def take(self, line: Line) -> None:
        """Take the next line that is not blank."""


def walk(
    staged: StagedFile, options: Options, reading: Reading, walker: Walker, blank: str = " \t"
) -> Iterator[RawRows]:
    """Give every line of a file to `walker` and yield its rows as they come, the last ones aside.

    Lines of the characters `blank` only are counted. Raises InputError when the file is no text,
    and whatever refusal `walker` raises.
    """
    for line in file_lines(staged, options, reading):
        if line.text.strip(blank):
            walker.take(line)
            if walker.rows.is_ripe:
                yield from walker.rows.ripe()
        else:
            reading.blank_lines += 1


@dataclass(slots=True)
class RowBuilder:
    """Collects rows as text cells under fixed column names, and hands them over in batches."""

    names: tuple[str, ...]
    size: int = 16_384
    cells: list[tuple[str | None, ...]] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, place: tuple[int, int, int], cells: tuple[str | None, ...]) -> None:
        """Add a row: (record number, first byte, byte past the last) and one cell a column."""
        assert len(cells) == len(self.names)
        self.cells.append(cells)
        self.places.append(place)

    def batches(self) -> Iterator[RawRows]:
        """Yield everything collected, at most `size` rows at a time."""
        for first in range(0, len(self.cells), self.size):
            yield self._batch(slice(first, first + self.size))

    @property
    def is_ripe(self) -> bool:
        """Return whether there are rows enough for a batch."""
        return len(self.cells) >= self.size

    def ripe(self) -> Iterator[RawRows]:
        """Yield a batch as soon as there are rows enough, and forget them."""
        if self.is_ripe:
            yield from self.batches()
            self.cells.clear()
            self.places.clear()

    def _batch(self, part: slice) -> RawRows:
        """Return the rows of `part` as arrays."""
        columns = zip(*self.cells[part], strict=True)
        places = np.asarray(self.places[part], dtype=np.int64)
        return RawRows(
            {
                name: pa.array(values, type=pa.large_string())
                for name, values in zip(self.names, columns, strict=True)
            },
            np.ascontiguousarray(places[:, 0]),
            np.ascontiguousarray(places[:, 1]),
            np.ascontiguousarray(places[:, 2]),
        )


def whole_number(text: str) -> int | None:
    """Return a number of ASCII digits, None for anything else or for more than 38 digits."""
    return int(text) if _WHOLE.fullmatch(text) else None


def is_writable(text: str) -> bool:
    """Return whether a text has bytes; half a pair of UTF-16, as JSON can escape it, has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def compare_count(reading: Reading, name: str, text: str, computed: int) -> None:
    """Note a declared count beside ours; a blank one declares nothing, an unreadable one fails."""
    count = whole_number(text.strip())
    if count is not None:
        reading.controls.append(ControlTotal(name, count, computed))
    elif text.strip():
        reading.controls.append(ControlTotal(f"{name}: {text.strip()[:40]!r} is a number", 1, 0))


def csv_cells(text: str) -> list[str] | None:
    """Return the stripped cells of one CSV line, None when its quotes are not in order."""
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
    except csv.Error:
        return None


def account_for_spans(data: bytes, spans: Sequence[tuple[int, int]], reading: Reading) -> int:
    """Put every physical line of a document in one class; return how many there are.

    `spans`: first and last line of each record. Other lines are blank, or header before the last
    record, or trailer after it.
    """
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    covered = bytearray(len(lines) + 1)
    for first, last in spans:
        covered[first : last + 1] = b"\x01" * (last + 1 - first)
    last_record = max((last for _, last in spans), default=len(lines))
    reading.lines += len(lines)
    for number, line in enumerate(lines, start=1):
        if covered[number]:
            reading.record_lines += 1
        elif not line.strip():
            reading.blank_lines += 1
        elif number < last_record:
            reading.header_lines += 1
        else:
            reading.trailer_lines += 1
    return len(lines)


def account_for_records(data: Data, spans: NDArray[np.int64], reading: Reading) -> int:
    """Do as `account_for_spans` does of records by their bytes: int64 (records, 2), ascending."""
    starts, ends = np.ascontiguousarray(spans.T)
    text = read_only(np.frombuffer(data, np.uint8))
    held, blank, before, after = line_classes(text, starts, ends)
    if not held and after:
        before, after = after - 1, 1
    reading.lines += held + blank + before + after
    reading.record_lines += held
    reading.blank_lines += blank
    reading.header_lines += before
    reading.trailer_lines += after
    return int(held + blank + before + after)


class LineCount:
    """Puts every physical line in one class while a document is walked through."""

    def __init__(self) -> None:
        """Start before the first line."""
        self.record = self.blank = self.header = self.others = 0
        self.line = 1  # the one at hand
        self._holds_record = self._holds_text = False
        self._is_open = False

    def around(self, text: bytes) -> None:
        """Pass over text that is no record."""
        *whole, last = text.split(b"\n")
        for piece in whole:
            self._holds_text = self._holds_text or bool(piece.strip())
            self._close()
        self._holds_text = self._holds_text or bool(last.strip())
        self._is_open = self._is_open or bool(last)

    def inside(self, ends: int) -> None:
        """Pass over a record with so many line ends."""
        self._holds_record = self._is_open = True
        if ends:
            self._close()
            self.record += ends - 1
            self.line += ends - 1
            self._holds_record = self._is_open = True

    def _close(self) -> None:
        """End the line at hand."""
        if self._holds_record:
            self.record += 1
            self.header += self.others
            self.others = 0
        elif self._holds_text:
            self.others += 1
        else:
            self.blank += 1
        self.line += 1
        self._holds_record = self._holds_text = self._is_open = False

    def tell(self, reading: Reading) -> int:
        """End the last line, enter all of them and return how many there are.

        What follows the last record is trailer.
        """
        if self._is_open:
            self._close()
        if not self.record and self.others:
            self.header, self.others = self.others - 1, 1
        reading.lines += self.line - 1
        reading.record_lines += self.record
        reading.blank_lines += self.blank
        reading.header_lines += self.header
        reading.trailer_lines += self.others
        return self.line - 1


def refuse_row(
    reading: Reading, place: tuple[int, int, int], text: str, reasons: Sequence[str]
) -> None:
    """Put a row among the rejects, its text cut at 500 characters."""
    record_no, start, end = place
    reading.refuse(Reject(record_no, start, end, text[:TEXT_LIMIT], tuple(reasons)))
