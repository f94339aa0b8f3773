"""One table as one Parquet file: sorted by its total key, the same bytes for the same rows.

128-bit sums are written as DECIMAL(38,0): polars' own 128-bit integers in Parquet are opaque bytes
to every other reader (tried: DuckDB 1.2 and 2.0 read a BLOB, pyarrow refuses the file).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from recon.core import schema
from recon.core.arrays.pieces import Pieces
from recon.core.arrays.sums import summed_by
from recon.core.table import Table

WIDE = pl.Decimal(38, 0)
_PARQUET: Mapping[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,  # measured on our tables: smaller files than level 3, and sooner
    "statistics": True,
    "row_group_size": 131_072,
}
Totals = dict[str, dict[str, str]]  # currency -> column -> sum in minor units, as decimal text


def write_table(rows: pl.DataFrame | Pieces, table: Table, path: Path) -> tuple[int, Totals]:
    """Write rows sorted by the table's key; the key must be unique and the schema exact.

    A table in pieces is in order already. Returns the count and the totals of what was written.

    Raises:
        polars.exceptions.ComputeError, OSError: the disk refused; the caller decides.
    """
    if isinstance(rows, pl.DataFrame):
        whole = _sorted(schema.check(rows, table), table)
        whole.lazy().with_columns(_published(whole, table)).sink_parquet(path, **_PARQUET)
        return _told([_sums(whole, table.schema)], table.schema)
    pieces = rows.make()
    first = schema.check(next(pieces), table)
    written = _Written(table, chain([first], pieces))
    source = register_io_source(written.frames, schema=first.schema)
    published = source.with_columns(_published(first, table))
    del first  # goes when the second is asked for
    try:
        published.sink_parquet(path, **_PARQUET)
    except Exception as error:
        if written.failure is not None:
            raise written.failure from error  # not the disk, but what made the rows
        raise
    return written.totals()


class _Written:
    """The pieces of a table on their way into a file: in order, counted and summed."""

    def __init__(self, table: Table, pieces: Iterator[pl.DataFrame]) -> None:
        """Start before the first piece."""
        self.failure: Exception | None = None  # why a piece could not be made
        self._table = table
        self._pieces = pieces
        self._sums: list[pl.DataFrame] = []

    def frames(
        self,
        columns: list[str] | None,
        _predicate: pl.Expr | None,
        _most: int | None,
        _batch: int | None,
    ) -> Iterator[pl.DataFrame]:
        """Yield the pieces, as polars asks an outside source for them."""
        try:
            for frame in self._checked():
                yield frame if columns is None else frame.select(columns)
        except Exception as error:
            self.failure = error
            raise

    def _checked(self) -> Iterator[pl.DataFrame]:
        """Yield the pieces once they are known to be in order."""
        last: pl.DataFrame | None = None
        for frame in self._pieces:
            seam = frame.head(1) if last is None else pl.concat([last, frame.head(1)])
            in_order = _ascends(seam, self._table) and _ascends(frame, self._table)
            assert in_order, f"{self._table.name}: the key {self._table.key} does not ascend"
            self._sums.append(_sums(frame, self._table.schema))
            last = frame.tail(1) if frame.height else last
            yield frame

    def totals(self) -> tuple[int, Totals]:
        """Return the count and the totals of all pieces."""
        return _told(self._sums, self._table.schema)


def scan_table(paths: Path | list[Path], table: Table) -> pl.LazyFrame:
    """Return a lazy read of one or several files with the column types of `table`.

    A column that the table has got since a file was published is null there.
    """
    scan = pl.scan_parquet(paths, glob=False)
    present = set(scan.collect_schema())
    return scan.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in table.schema.items()
    )


def table_of(name: str) -> Table:
    """Return the published table of that name; asking for another is our own mistake."""
    return {table.name: table for table in schema.PUBLISHED}[name]


def stretches(path: Path, table: Table, columns: Sequence[str]) -> Iterator[pl.LazyFrame]:
    """Yield some columns of a file, a row group at a time.

    So each is decoded once, into memory of the one before: a million rows at once take new memory
    each time, which the system clears first.
    """
    rows = scan_table(path, table).select(columns)
    metadata = pq.read_metadata(path)
    start = 0
    for group in range(metadata.num_row_groups):
        height = metadata.row_group(group).num_rows
        yield rows.slice(start, height)
        start += height


def totals(path: Path, table: Table) -> tuple[int, Totals]:
    """Return the row count of a file and, per currency, the 128-bit sum of every money column."""
    money = _money(table.schema)
    if not money:
        return pq.read_metadata(path).num_rows, {}
    wanted = ["currency", *money]
    pieces = [_sums(rows.collect(), table.schema) for rows in stretches(path, table, wanted)]
    return _told(pieces, table.schema)


def _published(frame: pl.DataFrame, table: Table) -> list[pl.Expr]:
    """Return the columns that are cast, piece by piece, while the file is written.

    Words that stand as an Enum are written as they stand: a reader sees text either way.
    """
    held = frame.schema
    return [
        pl.col(name).cast(WIDE if dtype == pl.Int128 else dtype)
        for name, dtype in table.schema.items()
        if dtype == pl.Int128 or (held[name] != dtype and not isinstance(held[name], pl.Enum))
    ]


def _sums(frame: pl.DataFrame, columns: Mapping[str, object]) -> pl.DataFrame:
    """Return `rows` and, where there is money, its sums by currency."""
    money = _money(columns)
    if not money:
        return frame.select(pl.len().alias("rows"))
    sums = pl.len().alias("rows"), *(pl.col(name).cast(pl.Int128).sum() for name in money)
    by_currency = summed_by(frame, ("currency",), sums)
    return by_currency.with_columns(pl.col("currency").cast(pl.String).fill_null(""))


def _told(sums: Sequence[pl.DataFrame], columns: Mapping[str, object]) -> tuple[int, Totals]:
    """Return sums of several pieces as one count and its totals."""
    money = _money(columns)
    rows, whole = 0, defaultdict[str, Counter[str]](Counter)
    for line in (line for piece in sums for line in piece.to_dicts()):
        rows += line["rows"]
        for name in money:
            whole[line["currency"]][name] += line[name]
    return rows, {
        currency: {name: str(whole[currency][name]) for name in money} for currency in sorted(whole)
    }


def _money(columns: Mapping[str, object]) -> list[str]:
    """Return the money columns of a table whose rows have a currency."""
    return [name for name in columns if name.endswith("_minor") and "currency" in columns]


def _sorted(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the rows in key order, each key once; rows that stand so already are not moved."""
    if _ascends(frame, table):
        return frame
    ordered = frame.sort([pl.col(name).cast(table.schema[name]) for name in table.key])
    assert _ascends(ordered, table), f"{table.name}: the key {table.key} repeats"
    return ordered


def _ascends(frame: pl.DataFrame, table: Table) -> bool:
    """Return whether every row's key is larger than the one before it; null is the smallest.

    A column of the key is only looked at where the ones before it are equal: hardly ever.
    """
    if frame.height <= 1:
        return True
    at: pl.Series | None = None  # the later row of each pair that is equal so far; None for all
    for name in table.key:
        own = frame[name].cast(table.schema[name])
        earlier, later = (
            (own.head(-1), own.slice(1)) if at is None else (own.gather(at - 1), own.gather(at))
        )
        if (later < earlier).any():  # of a null polars does not say so
            return False
        if own.null_count() and (later.is_null() & earlier.is_not_null()).any():
            return False
        alike = later.eq_missing(earlier) if own.null_count() else later == earlier
        equal = alike.arg_true()
        at = equal + 1 if at is None else at.gather(equal)
        if at.is_empty():
            return True
    return False
