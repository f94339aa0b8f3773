"""The life of a refund: its stages, which may follow which, and how long each lasted.

Each stage that a sender reports is a timestamp column, named as in `TIMES`. A refund stands at the
last stage that has a time; a time before that of the stage it follows is a fault of the data.
"""

from __future__ import annotations

from enum import IntEnum, unique

import polars as pl


@unique
class Stage(IntEnum):
    """Where a refund stands."""

    REQUESTED = 0
    REJECTED = 1  # final
    APPROVED = 2
    SUBMITTED = 3
    PROCESSING = 4
    FAILED = 5  # final; may be submitted again under the same number
    CLOSED = 6  # final
    ABNORMAL = 7  # the instrument cannot take it: another card, or the merchant's account
    SUCCEEDED = 8  # the channel says so; the payer may still wait
    PAYER_CREDITED = 9
    NOTIFIED = 10  # final


NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.REQUESTED: frozenset({Stage.APPROVED, Stage.REJECTED}),
    Stage.REJECTED: frozenset(),
    Stage.APPROVED: frozenset({Stage.SUBMITTED, Stage.CLOSED}),
    Stage.SUBMITTED: frozenset({Stage.PROCESSING, Stage.FAILED, Stage.CLOSED}),
    Stage.PROCESSING: frozenset({Stage.SUCCEEDED, Stage.FAILED, Stage.CLOSED, Stage.ABNORMAL}),
    Stage.FAILED: frozenset({Stage.SUBMITTED, Stage.CLOSED}),
    Stage.CLOSED: frozenset(),
    Stage.ABNORMAL: frozenset({Stage.PROCESSING, Stage.SUCCEEDED, Stage.CLOSED}),
    Stage.SUCCEEDED: frozenset({Stage.PAYER_CREDITED}),
    Stage.PAYER_CREDITED: frozenset({Stage.NOTIFIED}),
    Stage.NOTIFIED: frozenset(),
}
ENDED = frozenset({Stage.REJECTED, Stage.CLOSED, Stage.PAYER_CREDITED, Stage.NOTIFIED})
TIMES: dict[str, Stage] = {
    "requested_at": Stage.REQUESTED,
    "approved_at": Stage.APPROVED,
    "submitted_at": Stage.SUBMITTED,
    "accepted_at": Stage.PROCESSING,
    "completed_at": Stage.SUCCEEDED,
    "payer_credited_at": Stage.PAYER_CREDITED,
    "notified_at": Stage.NOTIFIED,
}


def may_follow(earlier: Stage, later: Stage) -> bool:
    """Return whether a refund may be at `later` some steps after `earlier`."""
    reached, front = {earlier}, {earlier}
    while front:
        front = {stage for place in front for stage in NEXT[place]} - reached
        reached |= front
    return later in reached and later != earlier


def standing(refunds: pl.DataFrame) -> pl.DataFrame:
    """Return the refunds with `stage` (number, null without any time), `since` and `disordered`.

    `since` is the time at which that stage began; `disordered` marks times that run backwards.
    """
    present = [name for name in TIMES if name in refunds.columns]
    if not present:
        return refunds.with_columns(
            stage=pl.lit(None, pl.Int8), since=pl.lit(None, pl.Datetime("us")), disordered=False
        )
    stage = pl.max_horizontal(
        pl.when(pl.col(name).is_not_null()).then(pl.lit(int(TIMES[name]), pl.Int8))
        for name in present
    )
    since = pl.coalesce(pl.col(name) for name in reversed(present))
    backwards = pl.lit(value=False)
    latest = pl.col(present[0])
    for name in present[1:]:
        backwards |= (pl.col(name) < latest).fill_null(value=False)
        latest = pl.max_horizontal(latest, pl.col(name))
    return refunds.with_columns(stage=stage, since=since, disordered=backwards)


def durations(refunds: pl.DataFrame) -> pl.DataFrame:
    """Return, for each refund and each stage that has ended, how long it lasted in seconds.

    Columns txn_id, stage (name), seconds; a stage ends when the next reported one begins.
    """
    present = [name for name in TIMES if name in refunds.columns]
    out = []
    for position, name in enumerate(present[:-1]):
        following = pl.coalesce(pl.col(later) for later in present[position + 1 :])
        out.append(
            refunds.select(
                "txn_id",
                stage=pl.lit(TIMES[name].name),
                seconds=(following - pl.col(name)).dt.total_seconds(),
            ).drop_nulls("seconds")
        )
    if not out:
        return pl.DataFrame(schema={"txn_id": pl.Int64, "stage": pl.String, "seconds": pl.Int64})
    return pl.concat(out).sort("txn_id", "stage")
