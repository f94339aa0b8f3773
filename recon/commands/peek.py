"""The head of a generic file as text: its header, some rows, how it is cut. Nothing is decided."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from recon.commands.aligned import cells_of
from recon.commands.header_words import TOTALS
from recon.errors import InputError

if TYPE_CHECKING:
    from recon.io.reading.contract import StagedFile

SAMPLE_ROWS = 200
_HEAD_BYTES = 1 << 18
_TAIL_BYTES = 1 << 13
_DELIMITERS = (",", ";", "\t", "|")
_WRAPPED = re.compile(r"^[ \t`']|^=?\"|[ \t`]$")
_PAIR = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")  # a Chinese character; accents stand alone
_PARQUET = b"PAR1"
_ARROW = b"ARROW1"
_DUCK, _DUCK_PLACE = b"DUCK", slice(8, 12)
_SQLITE = b"SQLite format 3\x00"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Head:
    """The first rows of a table; without a header line the columns are named 1, 2, ..."""

    format: str  # delimited, fixed_width, json_lines, xlsx, parquet, arrow, query or sqlite
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # at most SAMPLE_ROWS, each as wide as `columns`
    skip_lines: int = 0
    has_header: bool = True
    encoding: str = "utf-8"
    delimiters: tuple[str, ...] = (",",)  # all that cut the file equally well
    padded: bool = False  # spaces, tabs, back-ticks, `="..."` or `'` stand around cells
    totals: tuple[str, ...] = ()  # the words that begin lines of totals behind the header
    members: tuple[str, ...] = ()  # of a database: its tables, the one that was looked at first
    ranges: tuple[str, ...] = ()  # of fixed width: the bytes of each column, 1-8

    def declared(self, column: str) -> str:
        """Return a column, or two with ` + ` between, as a rule file names it."""
        if not self.ranges:
            return column
        return " + ".join(self.ranges[self.columns.index(part)] for part in column.split(" + "))

    def values(self, column: str) -> list[str]:
        """Return the values of a column, or of two with ` + ` between, that are not blank."""
        places = [self.columns.index(part) for part in column.split(" + ")]
        joined = (" ".join(row[place].strip() for place in places) for row in self.rows)
        return [value.strip() for value in joined if value.strip()]


def peek(path: Path, folder: Path) -> Head:
    """Return the head of a generic file; `folder` takes its copy.

    It is delimited or aligned text, JSON lines, an XLSX workbook, Parquet, Arrow or a database.
    """
    from datetime import date

    from recon.io.staging.stage import stage

    staged = stage(path, folder / "staging", date(1970, 1, 1))
    with staged.path.open("rb") as file:
        start = file.read(_HEAD_BYTES)
        file.seek(max(len(start), staged.size - _TAIL_BYTES))
        end = file.read()
    if start.startswith(_PARQUET):
        return _parquet(staged)
    if start.startswith(_ARROW):
        return _arrow(staged)
    if start[_DUCK_PLACE] == _DUCK or start.startswith(_SQLITE):
        return _database(staged, "sqlite" if start.startswith(_SQLITE) else "query")
    if start.startswith(_ZIP):
        return _workbook(staged)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _json_lines(start, staged.name)
    return _delimited(start, end, staged.name)


def _json_lines(start: bytes, name: str) -> Head:
    """Return the head of a file with an object a line; what lies inside an object is `a.b`."""
    encoding, text = _decoded(start, name)
    lines = text.splitlines()
    if len(start) == _HEAD_BYTES:
        lines = lines[:-1]
    rows: list[dict[str, str]] = []
    for line in islice((line for line in lines if line.strip()), SAMPLE_ROWS):
        try:
            value = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            raise _unreadable(name, f"lines that are no whole JSON objects ({error})") from error
        rows.append(dict(_leaves(value, "")))
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    cells = tuple(tuple(row.get(key, "") for key in columns) for row in rows)
    return Head("json_lines", columns, cells, encoding=encoding)


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of every value that is no object; lists stand as their JSON."""
    if isinstance(value, dict) and (value or not path):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, str) or value is None:
        yield path, value or ""
    else:
        yield path, json.dumps(value)


def _parquet(staged: StagedFile) -> Head:
    """Return the head of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(staged.path) as file:
            names = tuple(file.schema_arrow.names)
            found = next(file.iter_batches(SAMPLE_ROWS), None)
            cells = found.to_pylist() if found is not None else []
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(staged.name, f"a Parquet file that does not open ({error})") from error
    return Head("parquet", names, tuple(_texts(row[name] for name in names) for row in cells))


def _arrow(staged: StagedFile) -> Head:
    """Return the head of an Arrow file."""
    import pyarrow as pa

    try:
        with pa.OSFile(str(staged.path), "rb") as source, pa.ipc.open_file(source) as file:
            names = tuple(file.schema.names)
            cells = []
            if file.num_record_batches:
                batch = file.get_batch(0)
                batch.validate(full=True)
                cells = batch.slice(0, SAMPLE_ROWS).to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(staged.name, f"an Arrow file that does not open ({error})") from error
    return Head("arrow", names, tuple(_texts(row[name] for name in names) for row in cells))


def _database(staged: StagedFile, kind: str) -> Head:
    """Return the head of the first table of a DuckDB (query) or SQLite database."""
    from recon.io.formats.declared import query, sqlite

    first_rows = sqlite.first_rows if kind == "sqlite" else query.first_rows
    tables, columns, rows = first_rows(staged, SAMPLE_ROWS)
    if not tables:
        raise _unreadable(staged.name, "a database without a table or a view")
    cells = tuple(_texts(row) for row in rows)
    return Head(kind, tuple(columns), cells, members=tuple(tables))


def _workbook(staged: StagedFile) -> Head:
    """Return the head of the one visible sheet of a workbook."""
    from recon.io.reading.spreadsheet import check_archive, sheet_text

    check_archive(staged)
    rows = [_texts(row) for row in sheet_text(staged, "").head(SAMPLE_ROWS).iter_rows()]
    return _headed("xlsx", rows, staged.name)


def _delimited(start: bytes, end: bytes, name: str) -> Head:
    """Return the head of a text file, cut at the delimiter that makes most columns of it."""
    encoding, text = _decoded(start, name)
    closing = end.decode(encoding, "replace").splitlines()[1:]
    lines = text.splitlines()
    if len(start) == _HEAD_BYTES:
        lines = lines[:-1]
    widths = {mark: _width(lines, mark) for mark in _DELIMITERS}
    widest = max(widths.values())
    if widest < 2:  # noqa: PLR2004 - one cell a line is no table
        aligned = _aligned(lines, encoding)
        if aligned is not None:
            return aligned
        raise _unreadable(name, "lines that neither a comma, a semicolon, a tab nor a bar cuts")
    best = tuple(mark for mark in _DELIMITERS if widths[mark] == widest)
    cells = list(islice(csv.reader(lines, delimiter=best[0]), SAMPLE_ROWS))
    rows = [_texts(row) for row in cells]
    head = _headed("delimited", rows, name)
    return replace(
        head,
        encoding=encoding,
        delimiters=best,
        padded=any(_WRAPPED.search(cell) for row in cells[head.skip_lines :] for cell in row),
        totals=total_words([*lines[head.skip_lines :], *closing]),
    )


def _aligned(lines: Sequence[str], encoding: str) -> Head | None:
    """Return the head of fixed-width text whose columns spaces part, None where none do."""
    found = cells_of([line.encode(encoding) for line in lines[:SAMPLE_ROWS]])
    if found is None:
        return None
    ranges, cells = found
    rows = [tuple(cell.decode(encoding).strip() for cell in row) for row in cells]
    has_header = not any(_is_value(cell) for cell in rows[0])
    names = rows[0] if has_header and len(set(rows[0])) == len(ranges) else ranges
    data = tuple(rows[has_header:])
    if not any(all(map(_is_value, column)) for column in zip(*data, strict=True)):
        return None  # words that happen to stand below each other
    return Head("fixed_width", names, data, int(has_header), encoding=encoding, ranges=ranges)


def _decoded(start: bytes, name: str) -> tuple[str, str]:
    """Return the encoding that decodes the head, and its text; the end may be cut."""
    for encoding in ("utf-8", "gb18030" if _PAIR.search(start) else "cp1252"):
        for cut in range(4):
            try:
                text = start[: len(start) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\x00" not in text:
                return encoding, text.removeprefix("\ufeff")
    raise _unreadable(name, "bytes that are neither text, nor a workbook, nor Parquet")


def _width(lines: Sequence[str], mark: str) -> int:
    """Return the commonest number of cells of a line that a delimiter gives."""
    return _commonest(len(row) for row in islice(csv.reader(lines, delimiter=mark), 20) if any(row))


def _commonest(widths: Iterable[int]) -> int:
    """Return the commonest width, of several the widest: lines before the header are narrow."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _headed(form: str, rows: Sequence[tuple[str, ...]], name: str) -> Head:
    """Return rows with their header: the first row as wide as the table."""
    widths = [len(row) for row in rows if any(row)]
    if not widths:
        raise _unreadable(name, "no row")
    width = _commonest(widths)
    first = next(
        (n for n, row in enumerate(rows) if len(row) == width and all(row[: width - 1])),
        next(n for n, row in enumerate(rows) if len(row) == width),
    )
    has_header = not any(_is_value(cell) for cell in rows[first])
    columns = rows[first] if has_header else tuple(str(n + 1) for n in range(width))
    data = rows[first + has_header :]
    kept = tuple(row for row in data if len(row) == width and any(row) and not TOTALS.match(row[0]))
    totals = total_words(row[0] for row in data if row)
    return Head(form, columns, kept, first, has_header, totals=totals)


def total_words(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the different words for a total that lines begin with."""
    found = (TOTALS.match(line.strip('"')) for line in lines)
    return tuple(dict.fromkeys(match[0] for match in found if match is not None))


def _is_value(cell: str) -> bool:
    """Return whether a cell is a number, a date or a time, which no header is."""
    return bool(cell) and not any(char.isalpha() for char in cell)


def _texts(cells: object) -> tuple[str, ...]:
    """Return cells as text without spaces around; nothing is the empty text."""
    assert hasattr(cells, "__iter__")
    return tuple("" if cell is None else str(cell).strip() for cell in cells)


def _unreadable(name: str, found: str) -> InputError:
    """Return the error about a file that no table can be seen in."""
    return InputError(
        f"expected delimited text, JSON lines, an XLSX workbook or Parquet, found {found}",
        where=name,
        fix="fixed width whose columns no spaces part is declared by hand, see docs/formats.md",
        code="FILE_SCHEMA",
    )
