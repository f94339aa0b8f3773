"""XLSX by declared mapping: one visible sheet, cells as text.

A spreadsheet keeps numbers as doubles: an id of 15 digits and more that is a number has lost its
tail, so a file with such a cell is refused, and so are formulas, whose values are whatever the last
program computed. Amounts are the shortest text of their double; one that needs more decimals than
its currency has is a reject later. Byte ranges are 0..0, the record number is the row of the sheet.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Final

import fastexcel
import numpy as np
import polars as pl
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.contract import Format, Options, Probe, RawRows, Reading, StagedFile
from recon.io.formats.delimited import check_columns, fields, source_columns

SHEET_BYTES: Final = 1 << 30  # of XML, decompressed
RATIO_LIMIT: Final = 200
_FREE: Final = 1 << 20
_NUMBER: Final = re.compile(rb'<c r="([A-Z]+[0-9]+)"(?: s="[0-9]+")?(?: t="n")?><v>([^<]+)</v>')
_DIGITS: Final = 15


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row of the sheet."""
    check_archive(staged)
    frame = sheet_text(staged, options.member)
    header, skipped = _header(frame, options, staged.name)
    check_columns(header, options, staged.name)
    frame.columns = [f"column_{place}" for place in range(frame.width)]
    rows = frame.slice(skipped)
    empty = rows.select(pl.all_horizontal(pl.all().is_null() | (pl.all() == ""))).to_series()
    reading.lines += frame.height
    reading.header_lines += skipped
    reading.blank_lines += int(empty.sum())
    reading.record_lines += int((~empty).sum())
    kept = rows.filter(~empty)
    columns: dict[str, pa.Array] = {
        name: kept[f"column_{header.index(name)}"].to_arrow(compat_level=pl.CompatLevel.oldest())
        for name in source_columns(options)
    }
    nowhere = np.zeros(kept.height, dtype=np.int64)
    numbers = np.flatnonzero(~empty.to_numpy()).astype(np.int64) + skipped + 1
    yield RawRows(columns, numbers, nowhere, nowhere)


def sheet_text(staged: StagedFile, member: str) -> pl.DataFrame:
    """Return the one sheet that is wanted as text, its first row as row 1."""
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
        sheet = book.load_sheet(names[0], header_row=None, dtypes="string", skip_rows=0)
        return sheet.to_polars()
    except fastexcel.FastExcelError as error:
        raise InputError(
            f"expected a readable workbook, found: {error}",
            where=staged.name,
            fix="ask for the file again, saved as .xlsx without a password",
            code="FILE_SCHEMA",
        ) from error


def _visible(book: fastexcel.ExcelReader, name: str) -> bool:
    """Return whether a sheet is shown."""
    return bool(book.load_sheet(name, header_row=None, n_rows=0).visible == "visible")


def check_archive(staged: StagedFile) -> None:
    """Refuse damaged or exploding workbooks, formulas, and numbers that have lost digits."""
    try:
        with zipfile.ZipFile(staged.path) as archive:
            for info in archive.infolist():
                if info.filename.startswith("xl/worksheets/sheet"):
                    _check_size(info, staged.name)
                    _check_cells(archive.read(info), info.filename, staged.name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise InputError(
            f"expected a whole workbook, found: {error}",
            where=staged.name,
            fix="ask for the file again, saved as .xlsx without a password",
            code="FILE_SCHEMA",
        ) from error


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


def _check_cells(xml: bytes, part: str, where: str) -> None:
    """Refuse formulas, and numbers of so many digits that a double has cut them."""
    problem = ""
    if b"<f>" in xml or b"<f " in xml:
        problem = "a formula"
    for match in _NUMBER.finditer(xml):
        digits = re.sub(rb"[eE].*|[^0-9]", b"", match[2]).strip(b"0")
        size = len(re.sub(rb"\..*", b"", match[2]).lstrip(b"-"))
        if (b"." not in match[2] and size >= _DIGITS) or b"E+" in match[2].upper():
            problem = (
                f"the number {match[2].decode()} ({len(digits)} digits) in {match[1].decode()}"
            )
            break
    if problem:
        raise InputError(
            f"expected values whose digits are all there, found {problem} in {part}",
            where=where,
            fix="format id columns as text before they are filled, and paste formulas as values",
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
