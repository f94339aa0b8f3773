"""Sums by group of tables in which little varies."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

_WORTH_LOOKING = 10_000  # rows


def summed_by(frame: pl.DataFrame, names: Sequence[str], sums: Sequence[pl.Expr]) -> pl.DataFrame:
    """Return one line a group: `names`, then `sums`; what is the same in every row is not hashed.

    Of a million rows of one file, or one day, nearly every column is the same. In a small frame
    looking costs more than hashing.
    """
    if frame.height < _WORTH_LOOKING:
        return frame.group_by(names).agg(*sums)
    varying = [name for name in names if not _constant(frame[name])]
    result = frame.group_by(varying).agg(*sums) if varying else frame.select(*sums)
    same = [
        pl.lit(frame[name].first(), frame[name].dtype).alias(name)
        for name in names
        if name not in varying
    ]
    return result.with_columns(same).select(*names, pl.exclude(names))


def _constant(column: pl.Series) -> bool:
    """Return whether a column holds one value, or none at all."""
    if column.null_count():
        return column.null_count() == len(column)
    return bool((column == column.first()).all())
