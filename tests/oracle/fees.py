"""Fee formulas in exact fractions of major units: slow, short and obvious."""

from __future__ import annotations

import math
from fractions import Fraction


def rounded(value, mode):
    """Return a non-negative fraction as an integer, by the mode's name."""
    whole = math.floor(value)
    rest = value - whole
    if rest == 0 or mode == "floor":
        return whole
    if mode == "ceiling":
        return whole + 1
    if mode.startswith("digit_"):
        return whole + (math.floor(rest * 10) >= int(mode[6:]))
    if rest != Fraction(1, 2):
        return whole + (rest > Fraction(1, 2))
    return {"half_up": whole + 1, "half_down": whole, "half_even": whole + whole % 2}[mode]


def band_value(amount, bounds, values):
    """Return the value of the first band whose bound is above the amount, else the last."""
    for bound, value in zip(bounds, values[:-1], strict=True):
        if amount < bound:
            return value
    return values[-1]


def fee_minor(amount_minor, form, mode="half_up", unit="minor"):
    """Return the fee in minor units of an amount in minor units (100 to the major unit).

    `form` is a dict: rates or flats (lists), bounds, step, full, floor, cap, above, plus; money in
    major units as Fractions.
    """
    amount = Fraction(amount_minor, 100)
    grain = 100 if unit == "minor" else 100_000
    if amount <= form.get("above", -1):
        fee = Fraction(0)
    else:
        bounds = form.get("bounds", [])
        if "rates" in form:
            exact = amount * band_value(amount, bounds, form["rates"])
        elif "step" in form:
            steps = amount / form["step"]
            count = math.floor(steps) if form.get("full") else math.ceil(steps)
            exact = count * form["flats"][0]
        else:
            exact = band_value(amount, bounds, form["flats"])
        fee = Fraction(rounded(exact * grain, mode), grain) if "rates" in form else exact
        fee = max(fee, form.get("floor", fee))
        fee = min(fee, form.get("cap", fee))
    fee += form.get("plus", 0)
    return rounded(fee * 100, "half_up")


def choose(lines, attributes, amount_minor, day):
    """Return the name of the winning line, None for none, or "tied".

    A line is a dict: name, rank, when (attribute -> set of words), low, high, first, last.
    """
    fitting = [
        line
        for line in lines
        if all(attributes.get(name) in words for name, words in line["when"].items())
        and line["low"] <= amount_minor < line["high"]
        and line["first"] <= day <= line["last"]
    ]
    if not fitting:
        return None
    best = max(line["rank"] for line in fitting)
    winners = [line["name"] for line in fitting if line["rank"] == best]
    return winners[0] if len(winners) == 1 else "tied"
