"""Names the cause of amount differences where one fits to the last minor unit."""

from __future__ import annotations

import polars as pl

from recon.core.codes import Code, DisputeStatus
from recon.rules.causes import CausePolicy, find

_DIFFERENCES = (Code.AMOUNT_MISMATCH, Code.NET_MISMATCH, Code.REFUND_AMOUNT)


def name_causes(breaks: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """Return BREAKS with `cause` filled for new amount differences that have an exact one.

    `wide` holds the whole rows that the breaks name.
    """
    names = [code.name for code in _DIFFERENCES]
    open_ones = breaks.filter(
        pl.col("code").cast(pl.String).is_in(names)
        & (pl.col("status").cast(pl.String) == DisputeStatus.NEW.name)
        & pl.col("cause").is_null()
    )
    if open_ones.height == 0:
        return breaks
    facts = find(_differences(open_ones, wide), CausePolicy())
    known = facts.filter(pl.col("cause").is_not_null())
    by_row = dict(zip(known["txn_id"].to_list(), known["cause"].to_list(), strict=True))
    causes = {
        break_id: by_row[txn_id]
        for break_id, txn_id in open_ones.select(
            "break_id", pl.col("txn_ids").list.first()
        ).iter_rows()
        if txn_id in by_row
    }
    found = pl.col("break_id").replace_strict(causes, default=None, return_dtype=pl.String)
    return breaks.with_columns(cause=pl.coalesce("cause", found))


def _differences(breaks: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """Return what is known of each difference: amounts, the fee, the place, the rows of a sum."""
    listed = breaks.select("break_id", txn_id=pl.col("txn_ids")).explode("txn_id")
    rows = listed.join(
        wide.select("txn_id", "side", "fee_minor", "net_minor", "merchant_id", "terminal_id"),
        on="txn_id",
        how="left",
        maintain_order="left",
    )
    channel = pl.col("side").cast(pl.String) == "CHANNEL"
    facts = rows.group_by("break_id", maintain_order=True).agg(
        pl.col("fee_minor").filter(channel).drop_nulls().first(),
        pl.col("merchant_id").drop_nulls().first(),
        pl.col("terminal_id").drop_nulls().first(),
        pl.col("txn_id").filter(channel).alias("sibling_ids"),
        pl.col("net_minor").filter(channel).fill_null(0).alias("sibling_minor"),
    )
    summed = pl.col("code").cast(pl.String) == Code.NET_MISMATCH.name
    numbers = {code.name: int(code) for code in _DIFFERENCES}
    none = pl.lit([], dtype=pl.List(pl.Int64))
    return (
        breaks.join(facts, on="break_id", how="left", maintain_order="left")
        .with_columns(
            txn_id=pl.col("txn_ids").list.first(),
            code=pl.col("code").cast(pl.String).replace_strict(numbers, return_dtype=pl.UInt16),
            sibling_ids=pl.when(summed).then("sibling_ids").otherwise(none),
            sibling_minor=pl.when(summed).then("sibling_minor").otherwise(none),
            fee_minor=pl.when(~summed).then("fee_minor"),
        )
        .select(
            "txn_id",
            "code",
            "expected_minor",
            "actual_minor",
            "currency",
            "fee_minor",
            "merchant_id",
            "terminal_id",
            "sibling_ids",
            "sibling_minor",
        )
    )
