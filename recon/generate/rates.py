"""Exchange rates of a world: yuan for a dollar, one a day, and the file that tells them."""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.generate.files import day_of
from recon.generate.text import padded

RATE_SCALE: Final = 10_000
_LOWEST: Final = 70_900  # 7.0900
_SWING: Final = 37  # the rate runs through this many steps, over and over
_STEP: Final = 17
_DAYS_TOLD: Final = 10


def dollar_rate(day: pl.Expr) -> pl.Expr:
    """Return yuan for a dollar, in ten-thousandths, of day numbers."""
    return _LOWEST + day.cast(pl.Int64) * 11 % _SWING * _STEP


def rate_text(rate: pl.Expr) -> pl.Expr:
    """Return a rate as its file tells it."""
    whole, rest = (rate // RATE_SCALE).cast(pl.String), padded(rate % RATE_SCALE, 4)
    return pl.concat_str(whole, pl.lit("."), rest)


def rates_file(night: int) -> str:
    """Return the rates of a night and the days before it, as CSV."""
    days = range(night - _DAYS_TOLD, night + 1)
    rates = pl.DataFrame({"day": list(days)}).select(dollar_rate(pl.col("day"))).to_series()
    told = rates.to_frame("rate").select(rate_text(pl.col("rate"))).to_series()
    lines = [f"{day_of(day)},USD,CNY,{rate}" for day, rate in zip(days, told, strict=True)]
    return "\n".join(["date,base,quote,rate", *lines]) + "\n"
