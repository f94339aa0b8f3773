"""Write a frame for people and programs: table, Markdown, CSV, JSON. Money stays exact."""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import polars as pl

from recon.core.texts import inert

SHOWN_ROWS = 200
SHOWN_WIDTH = 60
SCHEMA_VERSION = 1


def as_table(frame: pl.DataFrame) -> str:
    """Return aligned columns for a terminal: the first rows, and how many were left out."""
    shown = frame.head(SHOWN_ROWS)
    lines = aligned(shown)
    left_out = frame.height - shown.height
    if left_out:
        lines.append(f"... and {left_out} more rows (--format csv prints all)")
    else:
        lines.append(f"{frame.height} row{'' if frame.height == 1 else 's'}")
    return "\n".join(lines) + "\n"


def aligned(frame: pl.DataFrame) -> list[str]:
    """Return the lines of a table: head, rule, and every row."""
    cells = [[_cell(value) for value in row] for row in _money_cut(frame).rows()]
    right = [dtype.is_numeric() for dtype in frame.dtypes]
    widths = [
        max(map(_width, [name, *(row[column] for row in cells)]))
        for column, name in enumerate(frame.columns)
    ]
    lines = [_line(frame.columns, widths, right), "  ".join("-" * width for width in widths)]
    return lines + [_line(row, widths, right) for row in cells]


def as_markdown(frame: pl.DataFrame) -> str:
    """Return a Markdown table of all rows."""
    marks = ["---:" if dtype.is_numeric() else "---" for dtype in frame.dtypes]
    shown = _money_cut(frame).rows()
    rows = [frame.columns, marks, *([_cell(value) for value in row] for row in shown)]
    cells = [[text.replace("|", "\\|") for text in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def as_csv(frame: pl.DataFrame) -> str:
    """Return CSV of all rows. Text that a spreadsheet would run as a formula gets a leading '."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_inert(value) for value in row] for row in frame.iter_rows())
    return out.getvalue()


def as_json(frame: pl.DataFrame) -> str:
    """Return one JSON object: columns and rows. Whole numbers are numbers, decimals are text."""
    rows = [dict(zip(frame.columns, map(_plain, row), strict=True)) for row in frame.iter_rows()]
    document = {"schema_version": SCHEMA_VERSION, "columns": frame.columns, "rows": rows}
    return inert.json_text(document, indent=1) + "\n"


RENDERERS: dict[str, Callable[[pl.DataFrame], str]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "md": as_markdown,
}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value that a query can return
    """Return the value as JSON can hold it, without losing a digit."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and _is_whole(value) else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, pl.Series)):
        return [_plain(part) for part in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if value is None or isinstance(value, str):
        return value
    finite = isinstance(value, Real) and math.isfinite(value)
    return value if finite else str(value)


def _is_whole(value: Decimal) -> bool:
    """Return whether a decimal has no places at all, as 128-bit sums have."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= 0


def _money_cut(frame: pl.DataFrame) -> pl.DataFrame:
    """Return decimals without the zeros that no row of their column needs, two at the least.

    `money(...)` has the four decimals of the finest currency; a column of yuan is read with two.
    """
    return frame.with_columns(
        _least_places(frame[name], dtype.scale)
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.Decimal)
    )


def _least_places(column: pl.Series, scale: int) -> pl.Series:
    """Return a decimal column with the fewest places, from two, that lose nothing."""
    for places in range(2, scale):
        fewer = column.cast(pl.Decimal(38, places))
        if fewer.cast(column.dtype).equals(column):
            return fewer
    return column


def _cell(value: Any) -> str:  # noqa: ANN401 - any value that a query can return
    """Return the value as one line of text without control characters."""
    if value is None:
        return ""
    plain = _plain(value)
    text = json.dumps(plain, ensure_ascii=False) if isinstance(plain, (list, dict)) else str(plain)
    return inert.one_line(text)


def _inert(value: Any) -> str:  # noqa: ANN401 - any value that a query can return
    return inert.cell(value) if isinstance(value, str) else _cell(value)


def _width(text: str) -> int:
    """Return the columns a text takes on a terminal once it is cut."""
    return min(_columns(text), SHOWN_WIDTH)


def _columns(text: str) -> int:
    """Return the columns a text takes on a terminal: Chinese characters take two."""
    return len(text) + sum(unicodedata.east_asian_width(part) in "WF" for part in text)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for text, width, is_number in zip(map(_cut, cells), widths, right, strict=True):
        space = " " * (width - _width(text))
        padded.append(space + text if is_number else text + space)
    return "  ".join(padded).rstrip()


def _cut(text: str) -> str:
    """Return the text, shortened so that it takes the shown width."""
    if _columns(text) <= SHOWN_WIDTH:
        return text
    shown, used = "", 0
    for part in text:
        used += _columns(part)
        if used >= SHOWN_WIDTH:
            break
        shown += part
    return shown + "…" + " " * (SHOWN_WIDTH - 1 - _columns(shown))
