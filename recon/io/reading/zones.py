"""Local times whose zone stands in a column of their own, made UTC."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta

import polars as pl

from recon.io.reading.contract import Constant, Options

HOME = "_home"  # the helper column of the zone that the rule file gives a source
# Abbreviations with one meaning in payment reports; those with several are below.
_HOURS = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "WET": 0,
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
_SEVERAL = ("BST", "CST", "IST")  # Britain or Bangladesh; China, Chicago or Cuba; India or Ireland


def home(options: Options) -> dict[str, Constant]:
    """Return the helper field that `in_stated_zone` needs beside the times."""
    return {HOME: Constant(options.own_zone)}


def in_stated_zone(frame: pl.DataFrame, zones: pl.Series) -> pl.DataFrame:
    """Return `frame` with `occurred_at` made UTC by the zone that each row states.

    `zones` holds abbreviations (PST means UTC-8, in summer too) or IANA names. An abbreviation of
    several zones (CST) means the one that the rule file gives the source, where the clocks of that
    zone bear this name. A row whose zone is none of these, or whose local time does not exist or
    stands twice, gets a `reject_reason`.
    """
    stated = zones.str.strip_chars().alias("_zone")
    local = pl.col("occurred_at")
    own = str(frame[HOME][0]) if frame.height else ""
    utc = pl.lit(None, dtype=frame.schema["occurred_at"])
    for zone in stated.drop_nulls().unique().sort().to_list():
        made = _utc(local, zone, own)
        if made is not None:
            utc = pl.when(pl.col("_zone") == zone).then(made).otherwise(utc)
    refused = local.is_not_null() & pl.col("_utc").is_null()
    several = pl.format("time zone {} has several meanings: give the source its time_zone", "_zone")
    return (
        frame.with_columns(stated)
        .with_columns(utc.alias("_utc"))
        .with_columns(
            pl.when(refused & pl.col("_zone").is_in(_SEVERAL))
            .then(several)
            .when(refused)
            .then(pl.format("local time {} has no one UTC time in zone {}", local, "_zone"))
            .alias("reject_reason"),
            pl.col("_utc").alias("occurred_at"),
        )
        .drop("_utc", "_zone", HOME)
    )


def _utc(local: pl.Expr, zone: str, own: str) -> pl.Expr | None:
    """Return the UTC time of a local time in one zone, None for an unknown zone."""
    if zone in _HOURS:
        return local - timedelta(hours=_HOURS[zone])
    if zone in _SEVERAL:
        return _utc_by_name(local, zone, own) if own else None
    if "/" not in zone or zone not in zoneinfo.available_timezones():
        return None
    return _without_zone(local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null"))


def _utc_by_name(local: pl.Expr, name: str, own: str) -> pl.Expr:
    """Return the UTC time of a local time whose zone bears this name then, null where it does not.

    Of an hour that stands twice the name tells which is meant.
    """
    first, second = (
        local.dt.replace_time_zone(own, ambiguous=which, non_existent="null")
        for which in ("earliest", "latest")
    )
    named = [
        pl.when(placed.dt.strftime("%Z") == name).then(_without_zone(placed))
        for placed in (first, second)
    ]
    return pl.coalesce(named)


def _without_zone(placed: pl.Expr) -> pl.Expr:
    """Return UTC times without their zone."""
    return placed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
