"""A `Sheet` that was delivered as an XLSX workbook instead of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from recon.errors import InputError
from recon.io.formats.contract import Options, RawRows, Reading, StagedFile
from recon.io.formats.sheet import (
    TITLE_LINES,
    Sheet,
    check_names,
    column_name,
    read_sheet,
    take_facts,
    take_totals,
)
from recon.io.formats.xlsx import check_archive, sheet_text

_MAGIC: Final = b"PK\x03\x04"


def is_workbook(staged: StagedFile) -> bool:
    """Return whether a file is a zip archive, as workbooks are."""
    with staged.path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def read_either(
    sheet: Sheet, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Read a sheet from text or from a workbook, whichever was delivered."""
    read = read_workbook if is_workbook(staged) else read_sheet
    yield from read(sheet, staged, options, reading)


def read_workbook(
    sheet: Sheet, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the wanted columns of the one sheet; record numbers are its rows, bytes are 0..0."""
    check_archive(staged)
    frame = sheet_text(staged, options.member)
    at = _header_row(sheet, frame, staged.name)
    names = tuple(column_name(cell or "") for cell in frame.row(at))
    check_names(sheet, names, options, f"{staged.name}, row {at + 1}")
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
    for number, cells in enumerate(frame.head(TITLE_LINES).rows()):
        if set(sheet.required) <= {column_name(cell or "") for cell in cells}:
            return number
    raise InputError(
        f"expected a header row with {', '.join(sheet.required)}, found none",
        where=where,
        fix="check that this is the workbook that was meant, and its sheet",
        code="FILE_SCHEMA",
    )
