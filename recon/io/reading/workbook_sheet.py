"""A `Sheet` that was delivered as a workbook (XLSX, XLS) instead of text."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import polars as pl

from recon.errors import InputError
from recon.io.reading.archive import DAMAGE, is_zip
from recon.io.reading.contract import Options, RawRows, Reading, StagedFile, named_columns
from recon.io.reading.old_workbook import is_old_workbook
from recon.io.reading.sheet import (
    TITLE_LINES,
    Sheet,
    check_names,
    column_name,
    header_row,
    read_stream,
    take_facts,
    take_totals,
)
from recon.io.reading.spreadsheet import check_archive, refuse_lost, sheet_text

_PARTS: Final = "xl/"  # where every XLSX workbook keeps its parts


def is_workbook(staged: StagedFile) -> bool:
    """Return whether a file is a workbook, new or old."""
    if is_old_workbook(staged.path):
        return True
    if not is_zip(staged.path):
        return False
    try:
        with zipfile.ZipFile(staged.path) as archive:
            return any(name.startswith(_PARTS) for name in archive.namelist())
    except DAMAGE:
        return False


def head_cells(staged: StagedFile) -> tuple[tuple[str, ...], ...]:
    """Return the first rows of a workbook's one visible sheet, none when it does not open."""
    try:
        check_archive(staged)
        frame = sheet_text(staged, "", TITLE_LINES)
    except InputError:
        return ()
    return tuple(tuple((cell or "").strip() for cell in row) for row in frame.rows())


def read_either(
    sheet: Sheet, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Read a sheet from text or from a workbook, whichever was delivered."""
    if is_workbook(staged):
        yield from read_workbook(sheet, staged, options, reading)
        return
    with staged.path.open("rb") as stream:
        yield from read_stream(sheet, stream, staged.name, options, reading)


def read_workbook(
    sheet: Sheet, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the wanted columns of the one sheet; record numbers are its rows, bytes are 0..0."""
    lost = check_archive(staged)
    frame = sheet_text(staged, options.member)
    at = _header_row(sheet, frame, staged.name)
    names = tuple(column_name(cell or "") for cell in frame.row(at))
    check_names(sheet, names, options, f"{staged.name}, row {at + 1}")
    reading.columns = named_columns(names)
    texts = [_line(sheet, cells) for cells in frame.rows()]
    is_blank = np.array([not text for text in texts])
    is_aside = np.array([re.match(sheet.aside, text) is not None for text in texts])
    is_row = ~is_blank & ~is_aside
    is_row[: at + 1] = False
    reading.lines += frame.height
    reading.blank_lines += int(is_blank.sum())
    reading.header_lines += int((~is_blank[: at + 1]).sum())
    reading.record_lines += int(is_row.sum())
    reading.trailer_lines += int((is_aside & ~is_blank)[at + 1 :].sum())
    take_facts(sheet, texts[:at], reading)
    kept = frame.filter(pl.Series(is_row))
    wanted = [name for name in (*sheet.required, *sheet.optional) if name in names]
    refuse_lost(lost, {name: kept.to_series(names.index(name)) for name in wanted}, staged.name)
    columns = {
        name: kept.to_series(names.index(name))
        .fill_null("")
        .str.strip_chars(" \t`")
        .to_arrow(compat_level=pl.CompatLevel.oldest())
        for name in wanted
    }
    nowhere = np.zeros(kept.height, dtype=np.int64)
    yield RawRows(columns, np.flatnonzero(is_row).astype(np.int64) + 1, nowhere, nowhere)
    others = [text for text, row in zip(texts, is_row.tolist(), strict=True) if not row]
    take_totals(sheet, "\n".join(others), reading, staged.name)


def _line(sheet: Sheet, cells: tuple[str | None, ...]) -> str:
    """Return a row as the line that the text export would have."""
    return sheet.delimiter.join(cell or "" for cell in cells).rstrip(sheet.delimiter + " \t")


def _header_row(sheet: Sheet, frame: pl.DataFrame, where: str) -> int:
    """Return the row that has the required names."""
    at = header_row(sheet, frame.head(TITLE_LINES).rows())
    if at is not None:
        return at
    raise InputError(
        f"expected a header row with {', '.join(sheet.required)}, found none",
        where=where,
        fix="check that this is the workbook that was meant, and its sheet",
        code="FILE_SCHEMA",
    )


def sheet_rows(
    frame: pl.DataFrame, first: int, columns: Mapping[str, pl.Series], reading: Reading
) -> RawRows:
    """Return the filled rows of a sheet from row `first` (0-based) on, and count all its rows.

    frame: the whole sheet as text. columns: of it, those that are wanted, whole.
    """
    empty = frame.select(pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == ""))
    filled = ~empty.to_series().to_numpy()
    is_row = filled.copy()
    is_row[:first] = False
    reading.lines += frame.height
    reading.blank_lines += int((~filled).sum())
    reading.header_lines += int(filled[:first].sum())
    reading.record_lines += int(is_row.sum())
    texts = {
        name: column.filter(pl.Series(is_row)).to_arrow(compat_level=pl.CompatLevel.oldest())
        for name, column in columns.items()
    }
    nowhere = np.zeros(int(is_row.sum()), dtype=np.int64)
    return RawRows(texts, np.flatnonzero(is_row).astype(np.int64) + 1, nowhere, nowhere)
