"""Cells of a workbook as text: one visible sheet, and no number that has lost a digit unsaid.

Digits beyond the fifteenth are lost where a number is kept as a double, and what a formula shows is
whatever the last program computed: files with either in a column that is read are refused.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatch
from typing import Final

import fastexcel
import polars as pl

from recon.errors import InputError
from recon.io.reading.archive import DAMAGE
from recon.io.reading.contract import StagedFile
from recon.io.reading.old_workbook import is_old_workbook, old_sheet_text

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
