"""XLSX (or old XLS) by declared mapping: one visible sheet, cells as text.

A spreadsheet keeps numbers as doubles: an id of 15 digits and more that is a number has lost its
tail, so a file with such a cell in a column that is read is refused, and so are formulas, whose
values are whatever the last program computed. Amounts are the shortest text of their double; one
that needs more decimals than its currency has is a reject later. Byte ranges are 0..0, the record
number is the row of the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.declared.delimited import check_columns, fields, source_columns
from recon.io.reading.contract import (
    Format,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    named_columns,
)
from recon.io.reading.spreadsheet import check_archive, refuse_lost, sheet_text


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
