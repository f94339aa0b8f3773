"""Amounts that are finer than a minor unit: exact decimals, rounded as a bank can pay them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import polars as pl

from recon.io.reading.statement import exponent_of

FINEST: Final = 9  # decimals that are read
_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,9})?", re.ASCII)
_PARTS: Final = r"^([+-]?)([0-9]{1,15})(?:\.([0-9]{0,9}))?$"


def exact(text: str) -> Decimal | None:
    """Return a plain decimal whose sums stay exact, None for anything else."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def unit_of(currency: str) -> Decimal:
    """Return one minor unit of a currency."""
    return Decimal(1).scaleb(-exponent_of(currency))


def payable(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in whole minor units, halves away from zero."""
    return amount.quantize(unit_of(currency), ROUND_HALF_UP)


def exacts(text: pl.Expr) -> pl.Expr:
    """Return what `exact` does of each text, in units of the `FINEST` decimal, Int128."""
    parts = text.str.extract_groups(_PARTS).struct
    fraction = parts.field("3").fill_null("").str.pad_end(FINEST, "0")
    value = (parts.field("2") + fraction).cast(pl.Int128)
    return pl.when(parts.field("1") == "-").then(value * -1).otherwise(value)


def payables(value: pl.Expr, unit: pl.Expr) -> pl.Expr:
    """Return what `payable` does of each of the `exacts`, in minor units.

    unit: how many of the finest decimal one minor unit of the row has.
    """
    rounded = (value.abs() + unit // 2) // unit
    return pl.when(value < 0).then(rounded * -1).otherwise(rounded)
