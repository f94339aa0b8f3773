"""Pairs that a SCORE pass weighed and did not link, as a published table."""

from __future__ import annotations

import polars as pl

from recon.core.evidence import reasons
from recon.core.plan import Leg
from recon.core.schema import DOUBTS, conform
from recon.rules.night import Matched

NOT_PROBABLE = "possible partners, none probable enough"
_PASS = {
    "leg": pl.UInt8,
    "pass_no": pl.UInt8,
    "leg_name": pl.String,
    "pass": pl.String,
    "confidence": pl.Int32,
    "working": pl.Boolean,
}


def doubt_table(matched: Matched, legs: tuple[Leg, ...]) -> pl.DataFrame:
    """Return the DOUBTS table: each pair, its probability, what was asked and what spoke."""
    passes = [
        (leg_no, pass_no, leg.name, step.name, step.confidence_ppm, step.business_days)
        for leg_no, leg in enumerate(legs)
        for pass_no, step in enumerate(leg.passes)
    ]
    found = matched.matches.doubts.join(
        pl.DataFrame(passes, schema=_PASS, orient="row"), on=["leg", "pass_no"], how="left"
    )
    ids = matched.ledger.slim["txn_id"]
    table = found.with_columns(
        left_txn_id=ids.gather(found["left"]),
        right_txn_id=ids.gather(found["right"]),
        leg="leg_name",
        reasons=reasons(found, working_days=pl.col("working")),
    )
    return conform(table, DOUBTS).sort(DOUBTS.key)


def doubtful(matched: Matched, leg: Leg, leg_no: int) -> pl.DataFrame:
    """Return the pairs (row, candidate) of a leg's right rows that are not probable enough."""
    asked = {number: step.confidence_ppm for number, step in enumerate(leg.passes)}
    pairs = matched.matches.doubts.filter(pl.col("leg") == leg_no)
    needed = pl.col("pass_no").replace_strict(asked, return_dtype=pl.Int32)
    return pairs.filter(pl.col("score") < needed).select(row="right", candidate="left").unique()
