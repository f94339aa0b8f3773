"""Amounts that are finer than a minor unit: exact decimals, rounded as a bank can pay them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from recon.io.reading.statement import exponent_of

_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,9})?", re.ASCII)


def exact(text: str) -> Decimal | None:
    """Return a plain decimal whose sums stay exact, None for anything else."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def unit_of(currency: str) -> Decimal:
    """Return one minor unit of a currency."""
    return Decimal(1).scaleb(-exponent_of(currency))


def payable(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in whole minor units, halves away from zero."""
    return amount.quantize(unit_of(currency), ROUND_HALF_UP)
