"""Equally good partners: the tied rows are shown, none is picked."""

from __future__ import annotations

import polars as pl

from recon.core.codes import Code, Side
from recon.core.plan import Leg
from recon.rules.night import Matched, Night, Verdict
from recon.rules.one_sided import wait_until


def find(matched: Matched, leg: Leg, leg_no: int, night: Night) -> Verdict:
    """Return one finding a tie: the row, and every candidate that fits it equally well."""
    ties = matched.matches.ambiguous.filter(pl.col("leg") == leg_no)
    if ties.height == 0:
        return Verdict.of()
    slim = matched.ledger.slim
    shown = (
        ties.group_by("row")
        .agg(pl.col("candidate").unique().sort().alias("candidates"))
        .sort("row")
    )
    facts = slim[shown["row"].to_numpy()]
    lone = pl.concat(
        [shown, facts.select("side", "currency", "fingerprint", "amount_minor", "due_date")],
        how="horizontal",
    )
    asking = lone.filter(pl.col("side") == int(leg.right))
    findings = asking.select(
        pl.lit(int(Code.AMBIGUOUS)).alias("code"),
        pl.lit(leg.name).alias("leg"),
        pl.concat_list("row", "candidates").alias("rows"),
        faulty=pl.col("candidates").list.len() + 1,
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor="amount_minor",
        actual_minor="amount_minor",
        currency="currency",
        cause=pl.format("{} equally good partners", pl.col("candidates").list.len()),
        due_date="due_date",
    )
    return Verdict.of(findings, _waiting(matched, leg, lone["row"], night))


def _waiting(matched: Matched, leg: Leg, rows: pl.Series, night: Night) -> pl.DataFrame:
    """Let every tied row wait: a later file or a person's decision may settle the tie."""
    frame = matched.ledger.slim[rows.to_numpy()].with_columns(rows.alias("row"))
    parts = []
    for side, other in ((leg.left, leg.right), (leg.right, leg.left)):
        one = frame.filter(pl.col("side") == int(side))
        until = wait_until(one, Side(side), Side(other), night)
        parts.append(
            one.select(
                "row",
                pl.lit(leg.name).alias("leg"),
                pl.lit(int(other)).alias("waiting_for"),
                wait_until=until,
                anchor=pl.col("fingerprint").cast(pl.String),
                code=pl.lit(int(Code.AMBIGUOUS)),
            )
        )
    return pl.concat(parts)
