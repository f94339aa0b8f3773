"""How long each stage of a refund lasts: of one refund, and of all of a channel."""

from __future__ import annotations

import polars as pl

from recon.core import attributes
from recon.core.codes import Kind, Side, State
from recon.report.explain.identify import Fetch, rows_of
from recon.rules.refunds.stages import TIMES, Stage, durations

_TOLD: dict[
    str, tuple[str | pl.Expr | None, str | pl.Expr | None]
] = {  # stage's time -> where the merchant's row, the channel's row tell it
    "requested_at": (attributes.value("requested_at"), None),
    "approved_at": (attributes.value("approved_at"), None),
    "submitted_at": ("occurred_at", None),
    "accepted_at": (None, attributes.value("requested_at")),
    "completed_at": (None, "occurred_at"),
    "payer_credited_at": (None, "arrived_at"),
    "notified_at": (attributes.value("notified_at"), attributes.value("notified_at")),
}
STAGES = {
    "source": pl.String,
    "stage": pl.String,
    "refunds": pl.Int64,
    "median_seconds": pl.Int64,
    "seconds_95": pl.Int64,
}
_ORDER = pl.Enum([stage.name for stage in Stage])


def refund_times(fetch: Fetch, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the channel's refunds among `rows` with a time for each stage that a file tells.

    Columns: txn_id and source of the channel's row, then those of `TIMES`. A refund that failed
    has no time of completion. The merchant's row is the one that it is linked with.
    """
    refund = pl.col("kind").cast(pl.String) == Kind.REFUND.name
    theirs = rows.filter(refund & (pl.col("side").cast(pl.String) == Side.CHANNEL.name))
    ids = theirs["txn_id"].to_list()
    links = fetch("links", pl.col("right_txn_id").is_in(ids)).unique("right_txn_id", keep="last")
    ours = rows_of(fetch, links["left_txn_id"].to_list()).filter(
        refund & (pl.col("side").cast(pl.String) == Side.MERCHANT.name)
    )
    booked = ours.select("txn_id", *_times(0)).join(
        links.select("left_txn_id", "right_txn_id"), left_on="txn_id", right_on="left_txn_id"
    )
    done = pl.col("state").cast(pl.String) == State.SUCCESS.name
    told = theirs.select(
        "txn_id",
        "source",
        *(pl.when(done).then(time) if name == "completed_at" else time for name, time in _named(1)),
    )
    joined = told.join(
        booked.drop("txn_id"), left_on="txn_id", right_on="right_txn_id", how="left", suffix="_ours"
    )
    return joined.select(
        "txn_id",
        "source",
        *(
            pl.coalesce(name, f"{name}_ours") if f"{name}_ours" in joined.columns else pl.col(name)
            for name in TIMES
            if name in joined.columns
        ),
    )


def _named(side: int) -> list[tuple[str, pl.Expr]]:
    """Return each stage's time as the merchant's (0) or the channel's (1) row tells it."""
    found = []
    for name in TIMES:
        told = _TOLD[name][side]
        if isinstance(told, str):
            found.append((name, pl.col(told).alias(name)))
        elif told is not None:
            found.append((name, told.str.to_datetime("%Y-%m-%dT%H:%M:%SZ").alias(name)))
    return found


def _times(side: int) -> list[pl.Expr]:
    return [time for _, time in _named(side)]


def stage_times(times: pl.DataFrame) -> pl.DataFrame:
    """Return median and 95 % of each stage's seconds by source (STAGES), from `refund_times`.

    The 95 % is the shortest time that at least so many refunds kept to.
    """
    if times.height == 0:
        return pl.DataFrame(schema=STAGES)
    spans = durations(times).join(times.select("txn_id", "source"), on="txn_id")
    seconds = pl.col("seconds")
    summed = spans.group_by("source", "stage").agg(
        pl.len().cast(pl.Int64).alias("refunds"),
        seconds.quantile(0.5, "lower").cast(pl.Int64).alias("median_seconds"),
        seconds.quantile(0.95, "higher").cast(pl.Int64).alias("seconds_95"),
    )
    return summed.sort("source", pl.col("stage").cast(_ORDER))


def compared(fetch: Fetch, rows: pl.DataFrame) -> list[dict[str, object]]:
    """Return each ended stage of the refunds among `rows`, beside those of their whole source.

    Plain facts: txn_id, source, stage, seconds, and median_seconds, seconds_95, refunds of all
    published refunds of the source.
    """
    mine = refund_times(fetch, rows)
    if mine.height == 0:
        return []
    sources = mine["source"].unique().to_list()
    refund = pl.col("kind").cast(pl.String) == Kind.REFUND.name
    theirs = pl.col("side").cast(pl.String) == Side.CHANNEL.name
    every = fetch("transactions", refund & theirs & pl.col("source").is_in(sources))
    usual = stage_times(refund_times(fetch, every))
    own = durations(mine).join(mine.select("txn_id", "source"), on="txn_id")
    told = own.join(usual, on=["source", "stage"], how="left")
    return told.sort("txn_id", pl.col("stage").cast(_ORDER)).to_dicts()
