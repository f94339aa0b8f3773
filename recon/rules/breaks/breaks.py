"""Findings to breaks: stable identities, first seen, still open, resolved tonight."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from recon.core.codes import BENIGN, Code, DisputeStatus
from recon.core.money import CURRENCIES
from recon.core.schema import BREAKS, conform, words
from recon.rules.breaks.standing import BATCHES, FURTHER, KEPT_AS_TOLD, OTHERWISE, numbers
from recon.rules.night import Matched, Night

REJECTED = "a person decided that it is no break"
_BENIGN = [int(code) for code in BENIGN]
_CODE_NAME = {int(code): code.name for code in Code}


def break_identity(name: str, code: int, leg: str, anchor: str) -> str:
    """Return the identity of a break: the same on every night and every re-run."""
    text = "\x1f".join((name, str(code), leg, anchor))
    return "B" + hashlib.sha256(text.encode()).hexdigest()[:16]


def build(
    findings: pl.DataFrame, matched: Matched, opening: pl.DataFrame, night: Night
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the BREAKS table and the anchors: anchor, code, leg -> break_id, since.

    What a person rejected is told a last time, as over. Rows that are missing somewhere wait on,
    untold, so that what comes late meets them.
    """
    every = _as_told(_identified(findings, night), matched)
    every = every.with_columns(over=_over(every, matched, night))
    named = every.filter(pl.col("over").is_null())
    known = (
        opening.filter(pl.col("break_id").is_not_null())
        .group_by("break_id")
        .agg(pl.col("break_since").min().alias("since"))
    )
    named = named.join(known, on="break_id", how="left", maintain_order="left")
    anchors = every.join(known, on="break_id", how="left", maintain_order="left").select(
        "anchor",
        "code",
        "leg",
        "break_id",
        over=pl.when(pl.col("code").is_in(numbers(KEPT_AS_TOLD))).then("over"),
        since=pl.coalesce("since", pl.lit(night.business_date)),
    )
    tonight = _table(named, matched, night)
    untold = matched.rejected - frozenset(matched.told["break_id"])
    resolved = _resolved(opening, named, matched, night)
    if untold:
        resolved = resolved.filter(~pl.col("break_id").is_in(sorted(untold)))
        new = every.filter(
            pl.col("break_id").is_in(sorted(untold))
            & ~pl.col("break_id").is_in(known["break_id"].implode())
        )
        new = new.with_columns(since=pl.lit(None, pl.Date), cause="over")
        resolved = pl.concat([resolved, rejected(_table(new, matched, night), matched.rejected)])
    ended = every.select("break_id", "over").drop_nulls()
    resolved = resolved.join(ended, on="break_id", how="left", maintain_order="left")
    resolved = conform(resolved.with_columns(cause=pl.coalesce("over", "cause")), BREAKS)
    table = pl.concat([tonight, resolved]).sort("break_id")
    assert table["break_id"].n_unique() == table.height, "two breaks share an identity"
    return table, anchors


def _over(named: pl.DataFrame, matched: Matched, night: Night) -> pl.Series:
    """Return why a difference that was told before is told no more; null where it is.

    A person has rejected it, or it has stood so long that no later row will put it right.
    """
    days = night.rules.breaks.keep_days
    kept = pl.col("code").cast(pl.String).is_in([code.name for code in KEPT_AS_TOLD])
    age = (pl.lit(night.business_date) - pl.col("first_seen")).dt.total_days()
    late = pl.lit(f"not put right within {days} days; no longer carried")
    told = matched.told.filter(kept).select("break_id", late=pl.when(age >= days).then(late))
    frame = named.join(told, on="break_id", how="left", maintain_order="left")
    mine = pl.col("break_id").is_in(sorted(matched.rejected)) & ~pl.col("code").is_in(_BENIGN)
    return frame.select(pl.when(mine).then(pl.lit(REJECTED)).otherwise("late")).to_series()


def rejected(told: pl.DataFrame, ids: frozenset[str]) -> pl.DataFrame:
    """Return BREAKS in which those that a person rejected are over."""
    mine = pl.col("break_id").is_in(sorted(ids))
    resolved = pl.lit(DisputeStatus.RESOLVED.name).cast(words(DisputeStatus))
    return told.with_columns(
        status=pl.when(mine).then(resolved).otherwise("status"),
        cause=pl.when(mine).then(pl.lit(REJECTED)).otherwise("cause"),
    )


def _as_told(named: pl.DataFrame, matched: Matched) -> pl.DataFrame:
    """Give breaks that are told again by one carried row the other rows of the night before.

    Of a further charge only the row at fault is carried: its twin and the order have left the
    ledger; so has the counterpart that told another story; of a batch only its credit is carried.
    A batch's cause is sought anew: its figures may change.
    """
    code = pl.col("code").cast(pl.String)
    told = matched.told.filter(code.is_in([one.name for one in FURTHER | OTHERWISE | BATCHES]))
    further = code.is_in([one.name for one in FURTHER | OTHERWISE])
    known = told.select(
        "break_id",
        told_ids="txn_ids",
        told_cause=pl.when(further).then("cause"),
        told_confidence=pl.when(further).then("confidence"),
    )
    frame = named.join(known, on="break_id", how="left", maintain_order="left")
    again = pl.col("told_ids").is_not_null() & (pl.col("rows").list.len() == 1)
    return frame.with_columns(
        also=pl.when(again).then(pl.col("told_ids").list.slice(1)).otherwise("also"),
        cause=pl.coalesce(pl.when(again).then("told_cause"), "cause"),
        confidence=pl.coalesce(pl.when(again).then("told_confidence"), "confidence"),
    ).drop("told_ids", "told_cause", "told_confidence")


def _identified(findings: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Add `break_id`; findings that share code, leg and anchor are told apart by their order."""
    ordered = findings.with_columns(pl.col("rows").list.first().alias("first")).sort(
        "code", "leg", "anchor", "first"
    )
    again = pl.int_range(pl.len()).over("code", "leg", "anchor")
    ordered = ordered.with_columns(again=again)
    identities = [
        break_identity(night.rules.name, code, leg, anchor if again == 0 else f"{anchor}#{again}")
        for code, leg, anchor, again in zip(
            ordered["code"].to_list(),
            ordered["leg"].to_list(),
            ordered["anchor"].to_list(),
            ordered["again"].to_list(),
            strict=True,
        )
    ]
    return ordered.with_columns(pl.Series("break_id", identities, pl.String)).drop("first", "again")


def _table(named: pl.DataFrame, matched: Matched, night: Night) -> pl.DataFrame:
    """Return the table BREAKS of named findings."""
    slim = matched.ledger.slim
    first = named["rows"].list.first().to_numpy()
    group = matched.matches.group[first]
    ids = slim["txn_id"].to_numpy()
    sources = {number: source.name for number, source in enumerate(night.rules.sources)}
    benign = pl.col("code").is_in([int(code) for code in BENIGN])
    seen_before = pl.col("since").is_not_null() & ~benign
    frame = named.with_columns(
        txn_ids=_gathered(named["rows"], ids).list.concat(named["also"].fill_null([])),
        group_id=pl.Series(ids[group], dtype=pl.Int64),
        source=slim["source"]
        .gather(first)
        .replace_strict(sources, default=None, return_dtype=pl.String),
        currency=_currency(named["currency"]),
        status=_status(seen_before),
        first_seen=pl.coalesce("since", pl.lit(night.business_date)),
        business_date=pl.lit(night.business_date),
        difference_minor=pl.col("actual_minor") - pl.col("expected_minor"),
        code=pl.col("code").replace_strict(_CODE_NAME, return_dtype=pl.String).cast(words(Code)),
    )
    return conform(frame, BREAKS)


def _status(seen_before: pl.Expr) -> pl.Expr:
    return (
        pl.when(seen_before)
        .then(pl.lit(DisputeStatus.OPEN.name))
        .otherwise(pl.lit(DisputeStatus.NEW.name))
        .cast(words(DisputeStatus))
    )


def _currency(positions: pl.Series) -> pl.Series:
    return positions.replace_strict(
        dict(enumerate(CURRENCIES)), default=None, return_dtype=pl.String
    )


def _gathered(rows: pl.Series, ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.Series:
    """Return lists of row positions as lists of txn_ids."""
    flat = rows.explode().to_numpy()
    frame = pl.DataFrame({"break": np.repeat(np.arange(len(rows)), rows.list.len().to_numpy())})
    frame = frame.with_columns(pl.Series("txn_id", ids[flat], pl.Int64))
    return frame.group_by("break", maintain_order=True).agg("txn_id")["txn_id"]


def _resolved(
    opening: pl.DataFrame, named: pl.DataFrame, matched: Matched, night: Night
) -> pl.DataFrame:
    """Return breaks of earlier nights that are not true tonight: their rows met their money."""
    waiting = named["break_id"].implode()
    gone = opening.filter(pl.col("break_id").is_not_null() & ~pl.col("break_id").is_in(waiting))
    if gone.height == 0:
        return BREAKS.empty()
    amount = pl.when(pl.col("waiting_for") == "BANK").then("net_minor").otherwise("amount_minor")
    ids = matched.ledger.slim["txn_id"].to_numpy()
    frame = (
        gone.sort("break_id", "txn_id")
        .group_by("break_id", maintain_order=True)
        .agg(
            pl.col("break_code").first().alias("code"),
            pl.col("leg").first(),
            pl.col("txn_id").alias("txn_ids"),
            pl.col("txn_id").first().alias("first_id"),
            pl.col("source").first(),
            amount.cast(pl.Int128).sum().cast(pl.Int64).alias("expected_minor"),
            pl.col("currency").first(),
            pl.col("break_since").min().alias("first_seen"),
            pl.col("wait_until").max().alias("due_date"),
        )
    )
    rows = np.searchsorted(ids, frame["first_id"].to_numpy())
    frame = frame.with_columns(
        group_id=pl.Series(ids[matched.matches.group[rows]], dtype=pl.Int64),
        actual_minor="expected_minor",
        difference_minor=pl.lit(0),
        status=pl.lit(DisputeStatus.RESOLVED.name).cast(words(DisputeStatus)),
        business_date=pl.lit(night.business_date),
        cause=pl.lit("the missing row arrived"),
    )
    return _put_right(conform(frame, BREAKS), matched)


def _put_right(resolved: pl.DataFrame, matched: Matched) -> pl.DataFrame:
    """Give differences that are over the figures and rows under which they were told."""
    kept = [code.name for code in KEPT_AS_TOLD]
    told = matched.told.filter(pl.col("code").cast(pl.String).is_in(kept))
    money = ("expected_minor", "actual_minor", "difference_minor", "currency")
    figures = ("txn_ids", *money, "due_date")
    known = told.select("break_id", *(pl.col(name).alias(f"told_{name}") for name in figures))
    frame = resolved.join(known, on="break_id", how="left", maintain_order="left")
    mine = pl.col("told_txn_ids").is_not_null()
    frame = frame.with_columns(
        *(pl.when(mine).then(f"told_{name}").otherwise(name).alias(name) for name in figures),
        cause=pl.when(mine).then(pl.lit("put right by a later row")).otherwise("cause"),
    )
    return conform(frame, BREAKS)
