"""Whole rows by identity: the wide columns of the few rows that somebody has to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recon.core.schema import RECORD_BITS, TRANSACTIONS, conform


def read_rows(
    parts: Sequence[Path], carried: pl.DataFrame, txn_ids: NDArray[np.int64]
) -> pl.DataFrame:
    """Return the rows named by `txn_ids` (each once), sorted by txn_id, schema TRANSACTIONS.

    `parts` are transactions files, each of one input file and sorted by txn_id; `carried` holds
    rows of earlier nights, once a leg. A txn_id in neither is our bug: identities never dangle.
    """
    wanted = np.unique(txn_ids)
    kept = carried.filter(pl.col("txn_id").is_in(wanted)).unique("txn_id", keep="first")
    pieces = [conform(kept, TRANSACTIONS)]
    for part in parts:
        inside = _inside(part, wanted)
        if len(inside):
            rows = _scan(part).filter(pl.col("txn_id").is_in(inside)).collect()
            pieces.append(conform(rows, TRANSACTIONS))
    frame = pl.concat(pieces).sort("txn_id")
    assert frame.height == len(wanted), f"{len(wanted) - frame.height} rows cannot be found"
    return frame


def read_some(
    parts: Sequence[Path],
    carried: pl.DataFrame,
    columns: Sequence[str],
    txn_ids: NDArray[np.int64],
) -> pl.DataFrame:
    """Return some columns, `txn_id` among them, of rows as `read_rows` does."""
    wanted = np.unique(txn_ids)
    types = [pl.col(name).cast(TRANSACTIONS.schema[name]) for name in columns]
    kept = carried.filter(pl.col("txn_id").is_in(wanted)).unique("txn_id", keep="first")
    pieces = [kept.select(types)]
    for part in parts:
        inside = _inside(part, wanted)
        if len(inside):
            rows = _scan(part).filter(pl.col("txn_id").is_in(inside)).select(types)
            pieces.append(rows.collect())
    return pl.concat(pieces).sort("txn_id")


def may_have(part: Path, column: str) -> bool:
    """Tell from a part's own counts of nulls whether some row may have a value in a column."""
    metadata = pq.read_metadata(part)
    names = metadata.schema.to_arrow_schema().names
    if metadata.num_rows == 0 or column not in names:
        return False
    for group in range(metadata.num_row_groups):
        chunks = metadata.row_group(group)
        chunk = next(
            chunks.column(place)
            for place in range(chunks.num_columns)
            if chunks.column(place).path_in_schema == column
        )
        counts = chunk.statistics
        if counts is None or not counts.has_null_count or counts.null_count < chunk.num_values:
            return True
    return False


def read_columns(
    parts: Sequence[Path],
    sources: Sequence[str],
    columns: Sequence[str],
    where: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return some columns, `txn_id` among them, of the named sources' rows, sorted by txn_id.

    `where` chooses among the rows by these columns, while they are read.
    """
    chosen = [part for part in parts if part.name.rsplit("-", 1)[0] in set(sources)]
    if not chosen:
        return conform(pl.DataFrame(), TRANSACTIONS).select(columns)
    types = [pl.col(name).cast(TRANSACTIONS.schema[name]) for name in columns]
    scans = [pl.scan_parquet(part).select(types) for part in chosen]
    if where is not None:
        scans = [scan.filter(where) for scan in scans]
    return pl.concat(pl.collect_all(scans)).sort("txn_id")


def _inside(part: Path, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the identities that belong to the file of a part."""
    first = pl.scan_parquet(part).select(pl.col("txn_id").first()).collect()["txn_id"]
    if len(first) == 0 or first[0] is None:
        return wanted[:0]
    start = (int(first[0]) >> RECORD_BITS) << RECORD_BITS
    low, high = np.searchsorted(wanted, [start, start + (1 << RECORD_BITS)])
    return wanted[low:high]


def _scan(part: Path) -> pl.LazyFrame:
    """Return a part to filter by identity: that column is read first, the rest for the hits."""
    return pl.scan_parquet(part, parallel="prefiltered")
