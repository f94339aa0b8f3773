"""Breaks to candidate disputes: who lost how much, what to do by when, where the proof lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import BENIGN, Code, OutOfPocket, Severity
from recon.core.schema import DISPUTES, conform, words
from recon.rules.disputes.catalogue import Entry, catalogue
from recon.rules.disputes.double_recovery import guarded
from recon.rules.disputes.schemes import last_days, scheme_of
from recon.rules.disputes.text import explained, told_rows
from recon.rules.night import Night

_NOT_CASES = frozenset(
    {*BENIGN, Code.FILE_MISSING, Code.FILE_EMPTY, Code.FILE_TOTAL, Code.FILE_SCHEMA}
)
_EVIDENCE = ("side", "source", "file_id", "record_no", "txn_id", "amount_minor")
_DEADLINES = (Code.RETRIEVAL_DUE,)  # their rows' due date is the day by which to answer
_OF_SEVERAL = (  # their rows are equals: the members of a batch, tied candidates
    Code.AMBIGUOUS,
    Code.MISSING_SETTLEMENT,
    Code.NET_MISMATCH,
    Code.LATE_SETTLEMENT,
    Code.PAYOUT_BOUNCED,
    Code.FUNDS_FROZEN,
    Code.SETTLED_UNRECONCILED,
    Code.REFUND_NOT_SETTLED,
)
CERTAIN_PPM = 1_000_000


def dispute_rows(breaks: pl.DataFrame) -> NDArray[np.int64]:
    """Return the txn_ids whose whole rows `build` needs."""
    cases = breaks.filter(_is_case())
    return cases["txn_ids"].explode().drop_nulls().unique().to_numpy()


def build(
    breaks: pl.DataFrame, wide: pl.DataFrame, run_id: str, night: Night, decided: pl.DataFrame
) -> pl.DataFrame:
    """Return the DISPUTES table.

    `wide` holds the whole rows of `dispute_rows(breaks)`; `decided` (table DECISIONS) what people
    decided before tonight, one row a dispute.
    """
    cases = breaks.filter(_is_case())
    if cases.height == 0:
        return DISPUTES.empty()
    formats = {item.name: item.format for item in night.rules.sources}
    facts = _evidence(cases, wide.with_columns(scheme=scheme_of(formats)), night.rules.time_zone)
    frame = cases.join(facts, on="break_id", how="left", maintain_order="left")
    frame = frame.join(last_days(frame), on="break_id", how="left", maintain_order="left")
    frame = frame.with_columns(
        dispute_id=pl.format("D{}", pl.col("break_id").str.slice(1)),
        run_id=pl.lit(run_id),
        amount_minor=_at_risk(),
        confidence=pl.col("confidence").fill_null(CERTAIN_PPM),
        age_days=(pl.lit(night.business_date) - pl.col("first_seen")).dt.total_days(),
        severity=_per_code(
            {
                code: night.rules.breaks.severity_of(code, entry.severity).name
                for code, entry in catalogue().items()
            }
        ).cast(words(Severity)),
        out_of_pocket=_out_of_pocket().cast(words(OutOfPocket)),
        label_zh=_per_code({c: e.label_zh for c, e in catalogue().items()}),
        label_en=_per_code({c: e.label_en for c, e in catalogue().items()}),
        suggested_action=_by_direction(lambda e: e.action_en, lambda e: e.action_otherwise_en),
        suggested_action_zh=_by_direction(lambda e: e.action_zh, lambda e: e.action_otherwise_zh),
        due_at=_due_at(night.rules.breaks.act_within_days),
    )
    known = decided.select("dispute_id", "decision", decision_note="note")
    frame = frame.join(known, on="dispute_id", how="left", maintain_order="left")
    return guarded(conform(explained(frame), DISPUTES).sort("dispute_id"))


def _is_case() -> pl.Expr:
    return ~pl.col("code").cast(pl.String).is_in([code.name for code in _NOT_CASES])


def _out_of_pocket() -> pl.Expr:
    """Return who has lost money: of some codes it depends on which side holds more."""
    return _by_direction(
        lambda entry: entry.out_of_pocket.name,
        lambda entry: (entry.other_loser or entry.out_of_pocket).name,
    )


def _by_direction(usual: Callable[[Entry], str], otherwise: Callable[[Entry], str]) -> pl.Expr:
    """Return what is usual of a code, or else where the difference is to the other one's loss."""
    entries = catalogue().items()
    less = {c: (e.out_of_pocket_less and otherwise(e)) or usual(e) for c, e in entries}
    more = {c: (e.out_of_pocket_more and otherwise(e)) or usual(e) for c, e in entries}
    difference = pl.col("difference_minor")
    return (
        pl.when(difference < 0)
        .then(_per_code(less))
        .when(difference > 0)
        .then(_per_code(more))
        .otherwise(_per_code({c: usual(e) for c, e in entries}))
    )


def _due_at(agreed: Mapping[str, int]) -> pl.Expr:
    """Return the day by which to act; a request that names its own deadline is due by that.

    It is no later than the card scheme takes the case, unless that was over from the start.
    """
    days = {c: agreed.get(c.name, e.act_within_days) for c, e in catalogue().items()}
    within = _per_code(days, pl.Int64)
    ours = pl.col("first_seen") + pl.duration(days=within)
    theirs = pl.col("scheme_limit_at")
    in_time = theirs >= pl.col("first_seen")
    usual = pl.when(in_time).then(pl.min_horizontal(ours, theirs)).otherwise(ours)
    stated = pl.col("code").cast(pl.String).is_in([code.name for code in _DEADLINES])
    return pl.when(stated).then(pl.coalesce("due_date", usual)).otherwise(usual)


def _per_code(values: Mapping[Code, object], dtype: type[pl.DataType] = pl.String) -> pl.Expr:
    """Return a column that looks the break's code up in `values`."""
    named = {code.name: value for code, value in values.items()}
    return pl.col("code").cast(pl.String).replace_strict(named, return_dtype=dtype)


def _at_risk() -> pl.Expr:
    """Return the money at risk: the difference, or the whole amount where both sides agree."""
    difference = pl.col("difference_minor").abs()
    return pl.when(difference > 0).then(difference).otherwise(pl.col("actual_minor").abs())


def _evidence(cases: pl.DataFrame, wide: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """Return per break the pointers to its rows, their references and what its sentence tells."""
    listed = (
        cases.select("break_id", "txn_ids", _of_several())
        .explode("txn_ids")
        .rename({"txn_ids": "txn_id"})
        .filter(pl.col("txn_id").is_not_null())
        .join(wide, on="txn_id", how="left", maintain_order="left")
    )
    pointers = pl.struct(
        pl.col(name).cast(pl.String) if name == "side" else pl.col(name) for name in _EVIDENCE
    )
    return listed.group_by("break_id", maintain_order=True).agg(
        pointers.alias("evidence"),
        *told_rows(time_zone),
        *_of_scheme(time_zone),
        *(_named(name) for name in ("merchant_id", "order_id", "bank_ref")),
        _named("channel_ref", besides="order_id"),
    )


def _of_scheme(time_zone: str) -> tuple[pl.Expr, pl.Expr]:
    """Return the card scheme of the first row that has one, and the day on which it cleared."""
    local = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone)
    cleared = pl.coalesce("clearing_date", local.dt.date())
    known = pl.col("scheme").is_not_null()
    return (
        pl.col("scheme").filter(known).first(),
        cleared.filter(known).first().alias("cleared"),
    )


def _of_several() -> pl.Expr:
    """Return whether the rows of a break are equals, of which none speaks for the others."""
    codes = [code.name for code in _OF_SEVERAL]
    return pl.col("code").cast(pl.String).is_in(codes).alias("of_several")


def _named(name: str, besides: str | None = None) -> pl.Expr:
    """Return the reference that a break is told by: that of its first row which has one.

    Equals with several references are told by none; where they share the reference `besides`, as
    the rows of one order do, the first row's own is told.
    """
    one = ~pl.col("of_several").first() | (_spoken(name).n_unique() == 1)
    if besides is not None:
        one |= _spoken(besides).n_unique() == 1
    return pl.when(one).then(_spoken(name).first()).alias(name)


def _spoken(name: str) -> pl.Expr:
    """Return the values of a reference on the side of the first row that has it."""
    has = pl.col(name).is_not_null()
    return pl.col(name).filter(has & (pl.col("side") == pl.col("side").filter(has).first()))
