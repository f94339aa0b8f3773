"""XLSX (or old XLS) by declared mapping: one visible sheet, cells as text.

A spreadsheet keeps numbers as doubles: an id of 15 digits and more that is a number has lost its
tail, so a file with such a cell in a column that is read is refused, and so are formulas, whose
values are whatever the last program computed. Amounts are the shortest text of their double; one
that needs more decimals than its currency has is a reject later. Byte ranges are 0..0, the record
number is the row of the sheet.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fnmatch import fnmatch
from typing import Final

import fastexcel
import numpy as np
import polars as pl
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.archive import DAMAGE
from recon.io.formats.contract import (
    Format,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    named_columns,
)
from recon.io.formats.delimited import check_columns, fields, source_columns
from recon.io.formats.old_workbook import is_old_workbook, old_sheet_text

SHEET_BYTES: Final = 1 << 30  # of XML, decompressed
RATIO_LIMIT: Final = 200
_FREE: Final = 1 << 20
_NUMBER: Final = re.compile(rb'<c r="([A-Z]+[0-9]+)"(?: s="[0-9]+")?(?: t="n")?><v>([^<]+)</v>')
_DIGITS: Final = 15
LOST_DIGITS: Final = rf"^-?[0-9]{{{_DIGITS},}}$"
Lost = Mapping[str, str]  # a number whose digits are lost, as `_kept` writes it -> where it stands
MOST_ROWS: Final = 1 << 20  # what a sheet can have
_ROW: Final = re.compile(rb"""\br=["'][A-Z]*([0-9]{1,7})["']""")
_FAR_COLUMN: Final = re.compile(rb"""\br=["']([A-Z]{2,3})[0-9]""")
_FREE_CELLS: Final = 1 << 22  # of a table, whatever is in it
_SPARSE: Final = 100  # beyond that, places of the table to one cell that is there


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row of the sheet."""
    lost = check_archive(staged)
    frame = sheet_text(staged, options.member)
    header, skipped = _header(frame, options, staged.name)
    check_columns(header, options, staged.name)
    reading.columns = named_columns(header)
    wanted = {name: frame.to_series(header.index(name)) for name in source_columns(options)}
    refuse_lost(lost, wanted, staged.name)
    frame.columns = [f"column_{place}" for place in range(frame.width)]
    rows = frame.slice(skipped)
    empty = rows.select(pl.all_horizontal(pl.all().is_null() | (pl.all() == ""))).to_series()
    aside = _comments(rows, options.comment)
    reading.lines += frame.height
    reading.header_lines += skipped
    reading.blank_lines += int(empty.sum())
    reading.comment_lines += int(aside.sum())
    is_row = ~(empty | aside)
    reading.record_lines += int(is_row.sum())
    kept = rows.filter(is_row)
    columns: dict[str, pa.Array] = {
        name: kept[f"column_{header.index(name)}"].to_arrow(compat_level=pl.CompatLevel.oldest())
        for name in source_columns(options)
    }
    nowhere = np.zeros(kept.height, dtype=np.int64)
    numbers = np.flatnonzero(is_row.to_numpy()).astype(np.int64) + skipped + 1
    yield RawRows(columns, numbers, nowhere, nowhere)


def _comments(rows: pl.DataFrame, mark: str) -> pl.Series:
    """Return which rows begin with the declared mark: remarks and totals."""
    if not mark:
        return pl.repeat(value=False, n=rows.height, eager=True)
    return rows.to_series(0).str.starts_with(mark).fill_null(value=False)


def sheet_text(staged: StagedFile, member: str, rows: int | None = None) -> pl.DataFrame:
    """Return the one sheet that is wanted as text, its first row as row 1.

    rows: at most so many of the first rows, all when it is not given.
    """
    if is_old_workbook(staged.path):
        return old_sheet_text(staged, member).head(rows or MOST_ROWS)
    try:
        book = fastexcel.read_excel(staged.path)
        names = [
            name
            for name in book.sheet_names
            if fnmatch(name, member or "*") and _visible(book, name)
        ]
        if len(names) != 1:
            raise InputError(
                f"expected one visible sheet, found {len(names)} of {book.sheet_names}",
                where=staged.name,
                fix="set `member` of this source to the name of the sheet",
                code="FILE_SCHEMA",
            )
        sheet = book.load_sheet(
            names[0], header_row=None, dtypes="string", skip_rows=0, n_rows=rows
        )
        return sheet.to_polars()
    except fastexcel.FastExcelError as error:
        raise InputError(
            f"expected a readable workbook, found: {str(error).splitlines()[0]}",
            where=staged.name,
            fix="ask for the file again, saved as .xlsx without a password",
            code="FILE_SCHEMA",
        ) from error


def _visible(book: fastexcel.ExcelReader, name: str) -> bool:
    """Return whether a sheet is shown."""
    return bool(book.load_sheet(name, header_row=None, n_rows=0).visible == "visible")


def check_archive(staged: StagedFile) -> Lost:
    """Refuse damaged or exploding workbooks and formulas; return the numbers that lost digits.

    A part is a sheet by its content: the workbook may name its sheets as it likes.
    """
    lost: dict[str, str] = {}
    if is_old_workbook(staged.path):
        return lost
    try:
        with zipfile.ZipFile(staged.path) as archive:
            for info in archive.infolist():
                _check_size(info, staged.name)
                xml = archive.read(info)
                if b"sheetData" in xml:
                    _check_spread(xml, info.filename, staged.name)
                    _check_formulas(xml, info.filename, staged.name)
                    _note_lost(xml, info.filename, lost)
    except DAMAGE as error:
        raise InputError(
            f"expected a whole workbook, found: {error}",
            where=staged.name,
            fix="ask for the file again, saved as .xlsx without a password",
            code="FILE_SCHEMA",
        ) from error
    return lost


def _check_size(info: zipfile.ZipInfo, where: str) -> None:
    """Refuse a sheet that is compressed beyond reason."""
    is_bomb = info.file_size > _FREE and info.file_size > RATIO_LIMIT * info.compress_size
    if info.file_size > SHEET_BYTES or is_bomb:
        raise InputError(
            f"expected a sheet of at most {SHEET_BYTES} bytes, found {info.file_size}",
            where=where,
            fix="ask for the data as delimited text or Parquet",
            code="FILE_SCHEMA",
        )


def _check_spread(xml: bytes, part: str, where: str) -> None:
    """Refuse a sheet with cells so far apart that the table between them does not fit memory.

    The reader makes a full table of all rows and columns up to the furthest cell, and ends the
    process when it cannot.
    """
    rows = max((int(match[1]) for match in _ROW.finditer(xml)), default=0)
    furthest = max((match[1] for match in _FAR_COLUMN.finditer(xml)), key=_column, default=b"Z")
    table = rows * _column(furthest)
    if rows > MOST_ROWS or table > max(_FREE_CELLS, _SPARSE * xml.count(b"<c ")):
        raise InputError(
            f"expected a sheet of rows without gaps, found {rows} rows and cells up to column "
            f"{furthest.decode()} in {part}",
            where=where,
            fix="delete stray cells below and beside the table, and empty rows between",
            code="FILE_SCHEMA",
        )


def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _check_formulas(xml: bytes, part: str, where: str) -> None:
    """Refuse formulas: their values are whatever the last program computed."""
    if b"<f>" in xml or b"<f " in xml or b"<f/>" in xml:
        raise InputError(
            f"expected values, found a formula in {part}",
            where=where,
            fix="paste formulas as values before the file is delivered",
            code="FILE_SCHEMA",
        )


def _note_lost(xml: bytes, part: str, lost: dict[str, str]) -> None:
    """Note every number of so many digits that a double has cut them, as the text it becomes."""
    for match in _NUMBER.finditer(xml):
        size = len(re.sub(rb"\..*", b"", match[2]).lstrip(b"-"))
        if (b"." not in match[2] and size >= _DIGITS) or b"E+" in match[2].upper():
            text = match[2].decode()
            with contextlib.suppress(ArithmeticError):  # no number, so no cell that is read
                place = f"{match[1].decode()} in {part}"
                lost.setdefault(_kept(text), f"the number {text} in {place}")


def _kept(text: str) -> str:
    """Return the digits of a long number that a double keeps: the first fifteen, and its size."""
    return f"{Decimal(text):.14e}"


def refuse_lost(lost: Lost, columns: Mapping[str, pl.Series], where: str) -> None:
    """Refuse a workbook when a column that is read holds numbers whose digits are lost."""
    for name, cells in columns.items():
        long = cells.filter(cells.str.contains(LOST_DIGITS)) if lost else cells.clear()
        found = next((lost[_kept(text)] for text in long if _kept(text) in lost), "")
        if found:
            raise InputError(
                f"expected values whose digits are all there, found {found}, column {name!r}",
                where=where,
                fix="format id columns as text before they are filled; to do without the column, "
                "list it in ignore_columns of this source",
                code="FILE_SCHEMA",
            )


def _header(frame: pl.DataFrame, options: Options, where: str) -> tuple[tuple[str, ...], int]:
    """Return the column names and how many rows of the sheet stand before the data."""
    if not options.header:
        return tuple(str(place + 1) for place in range(frame.width)), options.skip_lines
    for number in range(options.skip_lines, frame.height):
        cells = frame.row(number)
        if any(cells):
            return tuple((cell or "").strip() for cell in cells), number + 1
    raise InputError(
        "expected a header row, found none",
        where=where,
        fix="check the sheet and skip_lines of this source",
        code="FILE_EMPTY",
    )


def _recognise(_probe: Probe) -> bool:
    """Return False: a workbook is read by declaration, never by its looks."""
    return False


FORMAT: Final = Format(
    name="xlsx",
    title_en="XLSX workbook, by declared mapping",
    title_zh="XLSX 工作簿（按声明的列映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
