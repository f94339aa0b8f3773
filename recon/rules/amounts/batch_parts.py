"""What a batch is made of: payments' fees, fees given back, refunds, chargebacks, adjustments.

A payout that is off by exactly one of these parts left it out, or counted it twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from recon.core.codes import Kind
from recon.core.plan import Leg
from recon.rules.night import Matched

BATCH_PARTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "break_id": pl.String,
    "part_names": pl.List(pl.String),
    "part_minor": pl.List(pl.Int128),  # what the part adds to the net
}
_BY_KIND = {
    Kind.REFUND: "refunds",
    Kind.CHARGEBACK: "chargebacks",
    Kind.ADJUSTMENT: "adjustments",
    Kind.FEE: "booked fees",
}
_SEVERAL = 2  # a single row of a kind is named as a row


def batch_parts(differing: pl.DataFrame, matched: Matched, legs: Sequence[Leg]) -> pl.DataFrame:
    """Return, for batches of another sum (BREAKS), the parts of their net: columns BATCH_PARTS."""
    found = [
        _of_leg(differing.filter(pl.col("leg") == leg.name), matched, leg)
        for leg in legs
        if leg.passes[0].left_amount == "net_minor" and differing.height
    ]
    return pl.concat([pl.DataFrame(schema=BATCH_PARTS), *found])


def _of_leg(differing: pl.DataFrame, matched: Matched, leg: Leg) -> pl.DataFrame:
    """Return the parts of batches on one leg."""
    slim, group = matched.ledger.slim, matched.matches.key_group[leg.name]
    first = differing["txn_ids"].list.first().to_numpy()
    batches = differing.select(
        "break_id", group=pl.Series(group[np.searchsorted(slim["txn_id"].to_numpy(), first)])
    ).filter(pl.col("group") >= 0)
    inside = np.isin(group, batches["group"].to_numpy())
    rows = np.flatnonzero(inside & (slim["side"] == int(leg.left)).to_numpy())
    members = slim.select("kind", "fee_minor", "net_minor")[rows].with_columns(
        pl.Series("group", group[rows]), fee=0 - pl.col("fee_minor")
    )
    name = pl.when(pl.col("fee") < 0).then(pl.lit("fees")).otherwise(pl.lit("returned fees"))
    fees = (
        members.filter(pl.col("fee") != 0)
        .with_columns(name=name)
        .group_by("group", "name")
        .agg(minor=pl.col("fee").cast(pl.Int128).sum())
    )
    kinds = {int(kind): name for kind, name in _BY_KIND.items()}
    booked = (
        members.filter(pl.col("kind").is_in(list(kinds)))
        .with_columns(
            name=pl.col("kind").cast(pl.Int64).replace_strict(kinds, return_dtype=pl.String)
        )
        .group_by("group", "name")
        .agg(minor=pl.col("net_minor").cast(pl.Int128).sum(), rows=pl.len())
        .filter((pl.col("rows") >= _SEVERAL) & (pl.col("minor") != 0))
    )
    parts = (
        pl.concat([fees, booked.drop("rows")])
        .sort("group", "name")
        .group_by("group", maintain_order=True)
        .agg(part_names="name", part_minor="minor")
    )
    return batches.join(parts, on="group").select(*BATCH_PARTS)
