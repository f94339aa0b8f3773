"""One table as one Parquet file: sorted by its total key, the same bytes for the same rows.

128-bit sums are written as DECIMAL(38,0): polars' own 128-bit integers in Parquet are opaque bytes
to every other reader (tried: DuckDB 1.2 and 2.0 read a BLOB, pyarrow refuses the file).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from recon.core import schema

WIDE = pl.Decimal(38, 0)
ROW_GROUP_ROWS = 131_072
Totals = dict[str, dict[str, str]]  # currency -> column -> sum in minor units, as decimal text


def write_table(frame: pl.DataFrame, table: schema.Table, path: Path) -> None:
    """Write `frame` sorted by the table's key; the key must be unique and the schema exact.

    Raises:
        polars.exceptions.ComputeError, OSError: the disk refused; the caller decides.
    """
    ordered = _sorted(schema.check(frame, table), table)
    ordered.lazy().with_columns(_published(frame, table)).sink_parquet(
        path,
        compression="zstd",
        compression_level=1,  # measured on our tables: smaller files than level 3, and sooner
        statistics=True,
        row_group_size=ROW_GROUP_ROWS,
    )


def _published(frame: pl.DataFrame, table: schema.Table) -> list[pl.Expr]:
    """Return the columns that are cast, piece by piece, while the file is written.

    Words that stand as an Enum are written as they stand: a reader sees text either way.
    """
    return [
        pl.col(name).cast(WIDE if dtype == pl.Int128 else dtype)
        for name, dtype in table.schema.items()
        if dtype == pl.Int128
        or (frame.schema[name] != dtype and not isinstance(frame.schema[name], pl.Enum))
    ]


def scan_table(paths: Path | list[Path], table: schema.Table) -> pl.LazyFrame:
    """Return a lazy read of one or several files with the column types of `table`.

    A column that the table has got since a file was published is null there.
    """
    scan = pl.scan_parquet(paths, glob=False)
    present = set(scan.collect_schema())
    return scan.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in table.schema.items()
    )


def table_of(name: str) -> schema.Table:
    """Return the published table of that name; asking for another is our own mistake."""
    return {table.name: table for table in schema.PUBLISHED}[name]


def totals(frame: pl.LazyFrame, columns: Mapping[str, object]) -> tuple[int, Totals]:
    """Return the row count and, per currency, the 128-bit sum of every money column."""
    money = [name for name in columns if name.endswith("_minor")]
    if not money or "currency" not in columns:
        return int(frame.select(pl.len()).collect().item()), {}
    sums = (
        frame.group_by(pl.col("currency").cast(pl.String).fill_null(""))
        .agg(pl.len().alias("rows"), *(pl.col(name).cast(pl.Int128).sum() for name in money))
        .sort("currency")
        .collect()
    )
    by_currency = {
        row["currency"]: {name: str(row[name]) for name in money} for row in sums.to_dicts()
    }
    return int(sums["rows"].sum()), by_currency


def _sorted(frame: pl.DataFrame, table: schema.Table) -> pl.DataFrame:
    """Return the rows in key order, each key once; rows that stand so already are not moved."""
    if _ascends(frame, table):
        return frame
    ordered = frame.sort([pl.col(name).cast(table.schema[name]) for name in table.key])
    assert _ascends(ordered, table), f"{table.name}: the key {table.key} repeats"
    return ordered


def _ascends(frame: pl.DataFrame, table: schema.Table) -> bool:
    """Return whether every row's key is larger than the one before it."""
    smaller, equal = pl.lit(value=False), pl.lit(value=True)
    for name in table.key:
        own = pl.col(name).cast(table.schema[name])
        before = own.shift(1)
        smaller |= equal & (
            (before < own).fill_null(value=False) | (before.is_null() & own.is_not_null())
        )
        equal &= before.eq_missing(own)
    return bool(frame.select(smaller.slice(1).all()).item())
