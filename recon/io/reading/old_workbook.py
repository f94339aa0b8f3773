"""Old workbooks (.xls, BIFF in an OLE2 container) as text cells.

Read with xlrd: it keeps the type of every cell, and damage is an exception. The reader used for
.xlsx ends the whole process on a damaged .xls, because it trusts the sizes that the file states.

A number of fifteen digits and more is refused: a spreadsheet keeps numbers as doubles, so its tail
is lost. Formulas of an old workbook cannot be told from values; their last value is read.
"""

from __future__ import annotations

import io
import struct
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from recon.errors import InputError
from recon.io.reading.contract import StagedFile

if TYPE_CHECKING:
    import xlrd

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SIZE_LIMIT: Final = 256 << 20  # bytes; a full sheet of 65,536 rows is far below
_DIGITS_KEPT: Final = 10**15
_ERROR_CODES: Final = 5  # cell type of `#N/A` and the like


def is_old_workbook(path: Path) -> bool:
    """Return whether a file is an OLE2 container, as .xls workbooks are."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def old_sheet_text(staged: StagedFile, member: str) -> pl.DataFrame:
    """Return the one wanted visible sheet as text, its first row as row 1; null is an empty cell.

    Raises InputError for a damaged workbook and for numbers that have lost digits.
    """
    import xlrd  # noqa: PLC0415 - few sources send old workbooks
    from xlrd.compdoc import CompDocError  # noqa: PLC0415 - as above

    damage = (
        xlrd.XLRDError,
        CompDocError,
        struct.error,
        AssertionError,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        NotImplementedError,
        RecursionError,  # a directory that runs in a circle
        TypeError,
        ValueError,
    )
    if staged.size > SIZE_LIMIT:
        raise _refused(staged.name, f"expected at most {SIZE_LIMIT} bytes, found {staged.size}")
    try:
        book = xlrd.open_workbook(file_contents=staged.path.read_bytes(), logfile=io.StringIO())
        sheet = _wanted(book, member, staged.name)
        rows = [[_text(cell, book.datemode, staged.name) for cell in row] for row in sheet]
    except damage as error:
        raise _refused(
            staged.name, f"expected a whole workbook, found: {type(error).__name__} {error}"
        ) from error
    width = max((len(row) for row in rows), default=0)
    padded = [[*row, *[None] * (width - len(row))] for row in rows]
    return pl.DataFrame(
        padded, schema={f"column_{at}": pl.String for at in range(width)}, orient="row"
    )


def _wanted(book: xlrd.Book, member: str, where: str) -> list[list[xlrd.sheet.Cell]]:
    """Return the rows of the one visible sheet whose name fits."""
    sheets = [sheet for sheet in book.sheets() if fnmatch(sheet.name, member or "*")]
    shown = [sheet for sheet in sheets if sheet.visibility == 0]
    if len(shown) != 1:
        raise InputError(
            f"expected one visible sheet, found {len(shown)} of {book.sheet_names()}",
            where=where,
            fix="set `member` of this source to the name of the sheet",
            code="FILE_SCHEMA",
        )
    return [shown[0].row(number) for number in range(shown[0].nrows)]


def _text(cell: xlrd.sheet.Cell, datemode: int, where: str) -> str | None:
    """Return a cell as text: a date as ISO, a number as its shortest decimal text."""
    import xlrd  # noqa: PLC0415 - as in `old_sheet_text`

    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        moment: datetime = xlrd.xldate_as_datetime(cell.value, datemode)
        return moment.isoformat(sep=" ", timespec="seconds")
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return _number(cell.value, where)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "true" if cell.value else "false"
    return str(xlrd.error_text_from_code.get(cell.value)) if cell.ctype == _ERROR_CODES else None


def _number(value: float, where: str) -> str:
    """Return a number's text; refuse one whose digits a double cannot have kept."""
    if not abs(value) < _DIGITS_KEPT:
        raise InputError(
            f"expected values whose digits are all there, found the number {value!r}",
            where=where,
            fix="format id columns as text before they are filled",
            code="FILE_SCHEMA",
        )
    text = repr(value)
    return text.removesuffix(".0") if "e" not in text else format(value, "f")


def _refused(where: str, problem: str) -> InputError:
    """Return the refusal of a workbook."""
    return InputError(
        problem,
        where=where,
        fix="ask for the file again, saved as .xlsx or as delimited text",
        code="FILE_SCHEMA",
    )
