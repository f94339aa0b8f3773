"""The order of work: money at risk times urgency, in integers, the same on every machine."""

from __future__ import annotations

from datetime import date

import polars as pl

from recon.core.money import exponent

# How much a case weighs by the days left until it must be acted on; overdue weighs most.
_WEIGHTS = ((0, 8), (1, 4), (3, 2))
_FINEST = 4  # decimals of the finest currency
AGE_BANDS = ((1, "0-1"), (3, "2-3"), (7, "4-7"), (30, "8-30"), (60, "31-60"), (90, "61-90"))
OLDEST_BAND = "90+"


def by_priority(disputes: pl.DataFrame, night: date) -> pl.DataFrame:
    """Return DISPUTES with `days_left`, ordered by money at risk x urgency, resolved ones last.

    Amounts of several currencies are compared figure by figure, in major units: no rate is known.
    """
    units = {
        currency: 10 ** (_FINEST - exponent(currency))
        for currency in disputes["currency"].drop_nulls().unique().to_list()
    }
    scale = pl.col("currency").replace_strict(units, default=1, return_dtype=pl.Int64)
    left = (pl.col("due_at") - pl.lit(night)).dt.total_days()
    weight = pl.lit(1)
    for days, value in reversed(_WEIGHTS):
        weight = pl.when(left <= days).then(pl.lit(value)).otherwise(weight)
    ranked = disputes.with_columns(
        days_left=left,
        resolved=pl.col("status").cast(pl.String) == "RESOLVED",
        weight_=pl.col("amount_minor").cast(pl.Int128) * scale * weight,
    )
    keys = ["resolved", "weight_", "due_at", "dispute_id"]
    return ranked.sort(keys, descending=[False, True, False, False]).drop("weight_", "resolved")


def age_band(days: pl.Expr) -> pl.Expr:
    """Return the band of an age in days, as text."""
    band = pl.lit(OLDEST_BAND)
    for limit, name in reversed(AGE_BANDS):
        band = pl.when(days <= limit).then(pl.lit(name)).otherwise(band)
    return band


def bands() -> list[str]:
    """Return the names of the bands, youngest first."""
    return [name for _, name in AGE_BANDS] + [OLDEST_BAND]
