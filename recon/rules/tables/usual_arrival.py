"""When a channel's money usually reaches the bank, learned from the payouts of earlier nights.

The cycle says on which day a payout should come; how many days after it, and in which hours, the
channel's credits really came is a fact of its own history. It is told to people and makes no break.
Where the rule file declares the hours, they count, and nothing is learned.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import PayoutState
from recon.rules.days.cycles import ALL_DAY
from recon.rules.night import Night, conformed

LEAST = 5  # payouts that came, before anything is said of the next one
_MOST = 0.95
_CAME = [PayoutState.ARRIVED.name, PayoutState.LATE.name]
_MINUTES = 60
USUAL: dict[str, pl.DataType | type[pl.DataType]] = {
    "leg": pl.String,
    "source": pl.String,
    "currency": pl.String,
    "usual_of": pl.Int64,  # payouts that it is learned from
    "usual_days": pl.Int64,  # days after `expected_from` by which half of them had come
    "usual_days_most": pl.Int64,  # and 95 % of them
    "usual_hours": pl.String,  # hours in which they came, where the bank tells a time
}


def usual(told: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return what is usual for each leg, source and currency (columns USUAL).

    `told` are payouts of earlier nights (PAYOUTS). Days are counted from the day of the cycle, so
    that weekends and holidays make nothing unusual. Quantiles are payouts that really came.
    """
    zones = {
        source.name: source.time_zone or night.rules.time_zone
        for source in night.rules.sources
        if source.settlement.arrives == ALL_DAY
    }
    came = told.filter(
        pl.col("state").cast(pl.String).is_in(_CAME) & pl.col("source").is_in(list(zones))
    ).with_columns(
        lag=(pl.col("value_date") - pl.col("expected_from")).dt.total_days(),
        minute=pl.coalesce(
            pl.when(pl.col("source") == name).then(_minute(zone)) for name, zone in zones.items()
        )
        if zones
        else pl.lit(None, pl.Int64),
    )
    timed = pl.col("minute").filter(pl.col("minute") > 0)  # midnight is a day without a time
    learned = (
        came.drop_nulls("lag")
        .group_by("leg", "source", "currency")
        .agg(
            pl.len().cast(pl.Int64).alias("usual_of"),
            _rank(pl.col("lag"), 0.5).alias("usual_days"),
            _rank(pl.col("lag"), _MOST).alias("usual_days_most"),
            pl.when(timed.len() >= LEAST)
            .then(pl.format("{}-{}", _clock(timed.min()), _clock(timed.max())))
            .alias("usual_hours"),
        )
        .filter(pl.col("usual_of") >= LEAST)
    )
    return conformed(learned, USUAL)


def _minute(zone: str) -> pl.Expr:
    """Return the minute of the day at which a credit was booked, by the clock of a zone."""
    moment = pl.col("arrived_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return moment.dt.hour().cast(pl.Int64) * _MINUTES + moment.dt.minute().cast(pl.Int64)


def _rank(days: pl.Expr, share: float) -> pl.Expr:
    """Return the value that so many of the values do not exceed: one of them, never between two."""
    place = (days.len() * share).ceil().cast(pl.Int64) - 1
    return days.sort().get(place)


def _clock(minute: pl.Expr) -> pl.Expr:
    parts = (minute // _MINUTES, minute % _MINUTES)
    return pl.format("{}:{}", *(part.cast(pl.String).str.zfill(2) for part in parts))
