"""How a table was written out: marks, quotes, dates, and what guards its numbers.

The same export comes with another mark, or with quotes, once somebody has saved it from a
spreadsheet or chose so in the portal. Names in a header say which mark it is; nothing is guessed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from recon.io.reading.contract import RawRows
from recon.io.reading.cutting import frame_of, rows_of

MARKS: Final = (",", "\t", ";", "|")
CLOCK: Final = (  # the sender's, and what a spreadsheet makes of it
    "YYYY-MM-DD hh:mm:ss",
    "YYYY/M/D h:mm:ss",
    "YYYY/M/D h:mm",
)
DATE: Final = ("YYYY-MM-DD", "YYYY/M/D")
_GUARDED: Final = re.compile(rb"(?m)(?:^|[,\t;|]) *(?:=\"|'|\"'|\"=\"\")")


def cells_of(line: str, mark: str, quote: str) -> list[str]:
    """Return the cells of a line; quotes that are not in order are no quotes."""
    if quote and quote in line:
        try:
            return next(csv.reader([line], delimiter=mark, quotechar=quote), [])
        except csv.Error:
            pass
    return line.split(mark)


def quote_of(header: str, rows: Sequence[str], mark: str) -> str:
    """Return the quote that cells stand in, empty when they stand in none.

    It is one where the header's first name stands in it, or the first cell of the first row, or
    where a row has the header's number of cells (empty ones behind them aside) only if its quotes
    are taken for quotes.
    """
    width = len(cells_of(header, mark, '"'))
    filled = [row for row in rows if row.strip()]
    if any(line.startswith('"') for line in (header, *filled[:1])):
        return '"'
    quoted = (row for row in filled if f'{mark}"' in row and len(row.split(mark)) != width)
    return '"' if any(_fits_quoted(row, mark, width) for row in quoted) else ""


def _fits_quoted(row: str, mark: str, width: int) -> bool:
    """Return whether quotes hold marks, and leave none but empty cells behind a width."""
    cells = cells_of(row, mark, '"')
    held = len(cells) < len(row.split(mark))
    return held and len(cells) >= width and not any(cell.strip() for cell in cells[width:])


def is_guarded(head: bytes | bytearray) -> bool:
    """Return whether cells begin with what makes a spreadsheet take them as text."""
    return _GUARDED.search(head) is not None


def unguarded(batches: Iterator[RawRows]) -> Iterator[RawRows]:
    """Yield rows without what makes a spreadsheet take cells as text: `="7"` and `'7`."""
    bare = pl.all().str.replace(r'^=?"(.*)"$', "${1}").str.strip_prefix("'")
    for rows in batches:
        yield rows_of(frame_of(rows).select(bare), rows)
