"""Equally good partners: the tied rows are shown, none is picked."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from recon.core.codes import Code, Side
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.night import Matched, Night, Verdict
from recon.rules.one_sided import told_before
from recon.rules.one_sided.again import earlier_rows
from recon.rules.one_sided.doubts import NOT_PROBABLE, doubtful
from recon.rules.one_sided.patience import wait_until

EQUALLY_GOOD = "equally good partners"


def without_further(matched: Matched, leg: Leg, leg_no: int) -> Matched:
    """Return the books without ties of charges whose order, by its number, was met before.

    Keys decide first: such a charge is one too many, whatever order without a number its till and
    amount fit. Where a tie of one to one would be left, all stay tied: nobody linked those two.
    """
    ties = matched.matches.ambiguous
    mine = ties.filter(pl.col("leg") == leg_no)
    if mine.height == 0 or leg.right is Side.BANK:
        return matched
    side = matched.ledger.slim["side"].gather(mine["row"])
    asking = mine.filter(side == int(leg.right))["row"].unique().sort()
    told = standing.coded(matched.ledger, leg, standing.FURTHER)[asking.to_numpy()]
    asked = told_before.tellings(matched, leg, asking.to_frame(), leg.right)
    found = told_before.look_up(matched, leg, asked, leg.right).filter("further")["row"]
    carried = earlier_rows(matched, leg, asking.to_numpy(), leg.right).twin >= 0
    gone = pl.concat([asking.filter(pl.Series(told | carried)), found]).implode()
    rest = mine.filter(~pl.col("row").is_in(gone) & ~pl.col("candidate").is_in(gone))
    left = rest.group_by("row").agg(pl.col("candidate").n_unique())
    if rest.height == mine.height or (left["candidate"] == 1).any():
        return matched
    others = ties.filter(pl.col("leg") != leg_no)
    kept = pl.concat([others, rest]).sort("leg", maintain_order=True)
    return replace(matched, matches=replace(matched.matches, ambiguous=kept))


def find(matched: Matched, leg: Leg, leg_no: int, night: Night) -> Verdict:
    """Return one finding a tie: the row, and every candidate that fits it equally well."""
    ties = matched.matches.ambiguous.filter(pl.col("leg") == leg_no)
    if ties.height == 0:
        return Verdict.of()
    slim = matched.ledger.slim
    faint = doubtful(matched, leg, leg_no).with_columns(faint=pl.lit(value=True))
    shown = (
        ties.join(faint, on=["row", "candidate"], how="left")
        .group_by("row")
        .agg(
            pl.col("candidate").unique().sort().alias("candidates"),
            pl.col("faint").fill_null(value=False).all(),
        )
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
        cause=pl.format(
            "{} {}",
            pl.col("candidates").list.len(),
            pl.when("faint").then(pl.lit(NOT_PROBABLE)).otherwise(pl.lit(EQUALLY_GOOD)),
        ),
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
