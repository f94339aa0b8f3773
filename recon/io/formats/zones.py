"""Local times whose zone stands in a column of their own, made UTC."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta

import polars as pl

# Abbreviations with one meaning in payment reports. Those with several (CST, IST) are left out.
_HOURS = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "WET": 0,
    "BST": 1,
    "CET": 1,
    "CEST": 2,
    "MEZ": 1,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "SGT": 8,
    "HKT": 8,
    "AWST": 8,
    "JST": 9,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
    "BRT": -3,
    "EDT": -4,
    "EST": -5,
    "CDT": -5,
    "MDT": -6,
    "MST": -7,
    "PDT": -7,
    "PST": -8,
    "AKST": -9,
    "HST": -10,
}


def in_stated_zone(frame: pl.DataFrame, zones: pl.Series) -> pl.DataFrame:
    """Return `frame` with `occurred_at` made UTC by the zone that each row states.

    `zones` holds abbreviations (PST means UTC-8, in summer too) or IANA names. A row whose zone is
    neither, or whose local time does not exist or stands twice, gets a `reject_reason`.
    """
    stated = zones.str.strip_chars().alias("_zone")
    local = pl.col("occurred_at")
    utc = pl.lit(None, dtype=frame.schema["occurred_at"])
    for zone in stated.drop_nulls().unique().sort().to_list():
        made = _utc(local, zone)
        if made is not None:
            utc = pl.when(pl.col("_zone") == zone).then(made).otherwise(utc)
    refused = local.is_not_null() & pl.col("_utc").is_null()
    return (
        frame.with_columns(stated)
        .with_columns(utc.alias("_utc"))
        .with_columns(
            pl.when(refused)
            .then(pl.format("local time {} has no one UTC time in zone {}", local, "_zone"))
            .alias("reject_reason"),
            pl.col("_utc").alias("occurred_at"),
        )
        .drop("_utc", "_zone")
    )


def _utc(local: pl.Expr, zone: str) -> pl.Expr | None:
    """Return the UTC time of a local time in one zone, None for an unknown zone."""
    if zone in _HOURS:
        return local - timedelta(hours=_HOURS[zone])
    if "/" not in zone or zone not in zoneinfo.available_timezones():
        return None
    placed = local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return placed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
