"""What the subset searches of the night said, as a published table."""

from __future__ import annotations

import polars as pl

from recon.core.schema import SEARCHES, conform
from recon.rules.night import Matched


def search_table(matched: Matched) -> pl.DataFrame:
    """Return the SEARCHES table: every row that was searched for, and the answer."""
    found = matched.matches.searches
    table = found.with_columns(
        txn_id=matched.ledger.slim["txn_id"].gather(found["row"]),
        form=pl.when(pl.col("form") != "").then("form"),
    )
    return conform(table, SEARCHES).sort(SEARCHES.key)
