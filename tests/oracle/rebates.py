"""A month's rebate in exact fractions: slow, short and obvious."""

from __future__ import annotations

import math
from fractions import Fraction


def tier_at(measure, tiers):
    """Return the number of the last tier whose start is reached, or None."""
    reached = [number for number, (start, _) in enumerate(tiers) if measure >= start]
    return reached[-1] if reached else None


def portions(sales, tiers, *, by_count, excess):
    """Return the amount that belongs to each tier.

    `sales` is a list of (amount, is_payment) in time order; `tiers` of (start, rate).
    """
    volume = sum(amount for amount, _ in sales)
    count = sum(is_payment for _, is_payment in sales)
    out = [0] * len(tiers)
    if excess and not by_count:
        for number, (start, _) in enumerate(tiers):
            end = tiers[number + 1][0] if number + 1 < len(tiers) else max(volume, start)
            out[number] = max(0, min(volume, end) - start)
    elif excess:
        passed = 0
        for amount, is_payment in sales:
            if is_payment:
                tier = tier_at(passed, tiers)
                passed += 1
                if tier is not None:
                    out[tier] += amount
        returned = -sum(amount for amount, is_payment in sales if not is_payment)
        for number in reversed(range(len(tiers))):
            taken = min(returned, out[number])
            out[number] -= taken
            returned -= taken
    else:
        tier = tier_at(count if by_count else volume, tiers)
        if tier is not None:
            out[tier] = max(0, volume)
    return out


def rebate_minor(parts, tiers):
    """Return the sum of the parts at their rates, half-up once."""
    exact = sum((part * rate for part, (_, rate) in zip(parts, tiers, strict=True)), Fraction(0))
    return math.floor(exact + Fraction(1, 2))
