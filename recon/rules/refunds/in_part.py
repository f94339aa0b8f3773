"""A refund that gives back a part of a difference: one break, of what is left, not two.

What gives back all of it ends the difference (`compensated.py`). A channel that refunds a part of
a charge that the books do not call paid has made that case smaller; the refund, which the books
know as little as the charge, is no case beside it. It is carried, and counted again each night.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from recon.core.codes import Code, Side
from recon.core.money import CURRENCIES, format_minor
from recon.core.plan import Leg
from recon.rules.night import Matched, Verdict
from recon.rules.refunds import compensated

_REFUND = int(Code.REFUND_UNBOOKED)


def settle(matched: Matched, leg: Leg, verdict: Verdict) -> Verdict:
    """Return the verdict with lone refunds as part of the difference that they make smaller."""
    if leg.right is Side.BANK or not (verdict.findings["code"] == _REFUND).any():
        return verdict
    told = verdict.findings.with_row_index("no")
    meetings = compensated.meetings(matched, told)
    if meetings.height == 0:
        return verdict
    once = meetings.filter(pl.len().over("refund_no") == 1)
    sums = (
        once.group_by("no", maintain_order=True)
        .agg(pl.col("refund_no"), pl.col("adds").sum(), pl.col("open").first())
        .filter((pl.col("adds") < 0) & (pl.col("open") + pl.col("adds") > 0))
    )
    if sums.height == 0:
        return verdict
    gone = sums["refund_no"].explode()
    refunds = told.filter(pl.col("no").is_in(gone.implode()))
    first = refunds.select(refund_no="no", refund=pl.col("rows").list.first())
    named = sums.explode("refund_no").join(first, on="refund_no").sort("refund")
    counted = named.group_by("no", maintain_order=True).agg(
        pl.col("refund"), pl.col("adds").first()
    )
    rest = told.filter(~pl.col("no").is_in(gone.implode()))
    rest = rest.join(counted, on="no", how="left", maintain_order="left")
    nothing = pl.lit([], pl.List(pl.Int64))
    findings = rest.with_columns(
        rows=pl.concat_list("rows", pl.col("refund").fill_null(nothing)),
        actual_minor=pl.col("actual_minor") + pl.col("adds").fill_null(0),
        cause=pl.coalesce(_cause(rest), "cause"),
    ).select(verdict.findings.columns)
    mine = pl.col("row").is_in(first["refund"].implode()) & (pl.col("code") == _REFUND)
    waiting = verdict.waiting.with_columns(
        pl.when(~mine.fill_null(value=False)).then(name).alias(name) for name in ("anchor", "code")
    )
    return replace(verdict, findings=findings, waiting=waiting)


def _cause(rest: pl.DataFrame) -> pl.Series:
    """Return in words how much was given back."""
    pairs = zip(rest["adds"].to_list(), rest["currency"].to_list(), strict=True)
    texts = [
        None if adds is None else f"refunded in part: {format_minor(-adds, CURRENCIES[currency])}"
        for adds, currency in pairs
    ]
    return pl.Series("cause", texts, dtype=pl.String)
