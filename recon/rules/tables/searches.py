"""What the matcher says beside its links: subset searches and doubtful pairs, as tables."""

from __future__ import annotations

import polars as pl

from recon.core.plan import Leg
from recon.core.schema import SEARCHES, conform
from recon.rules.night import Matched
from recon.rules.one_sided.doubts import doubt_table


def search_tables(matched: Matched, legs: tuple[Leg, ...]) -> dict[str, pl.DataFrame]:
    """Return the tables by name."""
    return {"searches": search_table(matched), "doubts": doubt_table(matched, legs)}


def search_table(matched: Matched) -> pl.DataFrame:
    """Return the SEARCHES table: every row that was searched for, and the answer."""
    found = matched.matches.searches
    table = found.with_columns(
        txn_id=matched.ledger.slim["txn_id"].gather(found["row"]),
        form=pl.when(pl.col("form") != "").then("form"),
    )
    return conform(table, SEARCHES).sort(SEARCHES.key)
