"""Sums of a night fit 64 bits, or the night is refused by name before anything is added up.

A row has at most 10**15 minor units (`parse_money.LIMIT`). Groups, batches and their differences
are told in 64 bits; so much money in one source is a wrong unit or a made-up file.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recon.core.money import CURRENCIES
from recon.errors import InputError

SUM_LIMIT = 1 << 62  # minor units: the difference of two sums below it fits 64 bits
_MONEY = ("amount_minor", "fee_minor", "net_minor")


def refuse_beyond_sums(slim: pl.DataFrame, sources: Sequence[str]) -> None:
    """Raise InputError where the rows of a side in one currency add up to `SUM_LIMIT` or more.

    slim: table SLIM; sources: their names by number.
    """
    ends = slim.select(
        end.alias(f"{name} {place}")
        for name in _MONEY
        for place, end in enumerate((pl.col(name).min(), pl.col(name).max()))
    ).row(0)
    if max(abs(end or 0) for end in ends) * slim.height < SUM_LIMIT:
        return
    largest = pl.max_horizontal(pl.col(name).abs() for name in _MONEY).fill_null(0)
    by = slim.group_by("side", "currency", "source").agg(
        pl.len().alias("rows"),
        largest.max().alias("largest"),
        largest.cast(pl.Int128).sum().alias("total"),
    )
    total = pl.col("total").sum().over("side", "currency")
    worst = by.filter(total >= SUM_LIMIT).sort("total", "source", descending=True)
    if worst.is_empty():
        return
    row = worst.row(0, named=True)
    unit = "no currency" if row["currency"] is None else CURRENCIES[row["currency"]]
    raise InputError(
        f"expected the money of one side in one currency to add up to less than {SUM_LIMIT:,} "
        f"minor units, found {row['total']:,} in {row['rows']:,} rows of {unit}, the largest of "
        f"{row['largest']:,}",
        where=f"source {sources[row['source']]}",
        fix="see whether amounts are in another unit than the source declares ([source.units]), "
        "or take the file out; nothing was published",
        code="FILE_SCHEMA",
    )
