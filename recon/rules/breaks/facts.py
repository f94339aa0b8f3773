"""The one shape of what a rule family finds: facts about rows, in integers and words."""

from __future__ import annotations

import polars as pl

FACTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "code": pl.UInt16,  # number of `recon.core.codes.Code`
    "txn_id": pl.Int64,  # the row at fault
    "other_txn_ids": pl.List(pl.Int64),  # further rows of the same fact
    "expected_minor": pl.Int64,
    "actual_minor": pl.Int64,
    "cause": pl.String,
}


def facts(*frames: pl.DataFrame) -> pl.DataFrame:
    """Return frames of facts as one, missing columns null, sorted by row and code."""
    shaped = [
        frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in FACTS.items()
        )
        for frame in frames
        if frame.height
    ]
    if not shaped:
        return pl.DataFrame(schema=FACTS)
    joined = pl.concat(shaped)
    others = pl.col("other_txn_ids").fill_null(pl.lit([], dtype=pl.List(pl.Int64)))
    return joined.with_columns(others).sort("txn_id", "code", "cause", maintain_order=True)
