"""A reversal or void that names a payment and undoes another amount of it: one break, not two.

Netting takes equal amounts only, so that the payment stays and its undoing stands alone. Where the
payment is a break already (the order is closed, nobody has one, it is a second charge), what was
undone of it is no break beside it: it makes the amount smaller, or comes to it exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from recon.core.codes import Code, Kind, Side, State
from recon.core.money import CURRENCIES, format_minor
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict
from recon.rules.refunds import compensated
from recon.rules.undone.netting import NETTING

_CODES = standing.numbers(
    standing.OTHERWISE
    | {Code.DUPLICATE_CHARGE, Code.MISSING_IN_MERCHANT, Code.AMOUNT_MISMATCH}
    | {Code.PAID_BY_OTHER_MEANS}
)


def settle(
    matched: Matched, legs: Sequence[Leg], before: Verdict, by_leg: Mapping[str, Verdict]
) -> tuple[Verdict, dict[str, Verdict]]:
    """Return the verdicts with lone undoings as part of the break of the payment that they name.

    `before` holds netting's verdict. An undoing that names rows of several breaks stays alone.
    """
    told = dict(by_leg)
    lone = alive(matched, before.waiting.filter(pl.col("leg") == NETTING))
    taken: list[int] = []
    good: list[int] = []
    for leg in legs:
        if lone.is_empty() or leg.right is Side.BANK:
            continue
        meetings = _meetings(matched, told[leg.name].findings, lone)
        if meetings.height:
            told[leg.name], over = _with_undoings(leg, matched, told[leg.name], meetings)
            taken += meetings["undo"].to_list()
            good += meetings.filter(pl.col("no").is_in(over))["undo"].to_list()
            lone = lone.filter(~lone.is_in(taken))
    return (_without(before, taken, good) if taken else before), told


def alive(matched: Matched, waiting: pl.DataFrame) -> pl.Series:
    """Return the waiting undoings that undo something; one of a pending payment may never do."""
    rows = waiting["row"].unique().sort()
    states = matched.ledger.slim["state"].gather(rows).to_numpy()
    return rows.filter(pl.Series(states != int(State.FAILED), dtype=pl.Boolean))


def _meetings(matched: Matched, findings: pl.DataFrame, lone: pl.Series) -> pl.DataFrame:
    """Return undoings with the one finding of whose payment they undo a part.

    Columns no (of the finding), undo (row) and undone_minor (below zero).
    """
    slim = matched.ledger.slim
    numbered = findings.with_row_index("no").filter(pl.col("code").is_in(_CODES))
    rows = numbered.select("no", row=pl.col("rows").list.head(pl.col("faulty"))).explode("row")
    rows = _with_facts(matched, rows.drop_nulls(), "row").filter(
        pl.col("kind") == int(Kind.PAYMENT)
    )
    undo = _with_facts(matched, pl.DataFrame({"undo": lone}), "undo")
    asked = compensated.keyed(matched, undo, "original_ref", "undo")
    key = ["side", "currency", "hi", "lo"]
    named = [
        compensated.keyed(matched, rows, column, "row").select("no", *key)
        for column in ("channel_ref", "order_id", "rrn")
    ]
    found = pl.concat(named).join(asked, on=key).unique(["no", "undo"])
    found = found.filter(pl.len().over("undo") == 1)
    undone = slim["amount_minor"].gather(found["undo"])
    return found.select("no", "undo", pl.Series("undone_minor", undone)).sort("no", "undo")


def _with_facts(matched: Matched, frame: pl.DataFrame, place: str) -> pl.DataFrame:
    facts = matched.ledger.slim[frame[place].to_numpy()].select("side", "kind", "currency")
    return pl.concat([frame, facts], how="horizontal")


def _with_undoings(
    leg: Leg, matched: Matched, verdict: Verdict, meetings: pl.DataFrame
) -> tuple[Verdict, list[int]]:
    """Return a leg's verdict in which findings count what was undone, and those that are over."""
    slim = matched.ledger.slim
    sums = meetings.group_by("no").agg(pl.col("undo"), pl.col("undone_minor").sum())
    told = verdict.findings.with_row_index("no").join(
        sums, on="no", how="left", maintain_order="left"
    )
    # Of the merchant's own undoing the merchant's figure is less, which is what is expected.
    by_merchant = pl.col("undo").list.first().is_in(_merchants(slim, meetings).implode())
    told = told.with_columns(
        rows=pl.concat_list("rows", pl.col("undo").fill_null(pl.lit([], pl.List(pl.Int64)))),
        actual_minor=pl.col("actual_minor")
        + pl.when(~by_merchant).then("undone_minor").otherwise(0).fill_null(0),
        expected_minor=pl.col("expected_minor")
        + pl.when(by_merchant).then("undone_minor").otherwise(0).fill_null(0),
        cause=pl.coalesce("cause", _cause(told)),
    )
    good = pl.col("undo").is_not_null() & (pl.col("actual_minor") == pl.col("expected_minor"))
    over = told.filter(good)["no"].to_list()
    shaped = told.select("no", *verdict.findings.columns)
    if over:
        cause = "made good by what was undone of it"
        return compensated.without(leg, verdict, shaped, over, cause), over
    return replace(verdict, findings=shaped.drop("no")), over


def _merchants(slim: pl.DataFrame, meetings: pl.DataFrame) -> pl.Series:
    """Return the undoings that the merchant's books show."""
    rows = meetings["undo"]
    return rows.filter(slim["side"].gather(rows) == int(Side.MERCHANT))


def _cause(told: pl.DataFrame) -> pl.Series:
    """Return in words how much was undone."""
    pairs = zip(told["undone_minor"].to_list(), told["currency"].to_list(), strict=True)
    texts = [
        None
        if undone is None
        else f"undone by another amount: {format_minor(-undone, CURRENCIES[currency])}"
        for undone, currency in pairs
    ]
    return pl.Series("cause", texts, dtype=pl.String)


def _without(before: Verdict, taken: Sequence[int], good: Sequence[int]) -> Verdict:
    """Return netting's verdict in which the taken undoings wait as part of another break.

    Those that made a difference good wait no longer.
    """
    first = pl.col("rows").list.first()
    mine = pl.col("row").is_in(taken) & (pl.col("leg") == NETTING)
    return replace(
        before,
        findings=before.findings.filter(~(first.is_in(taken) & (pl.col("leg") == NETTING))),
        waiting=before.waiting.filter(~(mine & pl.col("row").is_in(good))).with_columns(
            pl.when(~mine).then(name).alias(name) for name in ("anchor", "code")
        ),
    )
