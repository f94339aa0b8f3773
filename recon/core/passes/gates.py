"""Which conditions of a pass some pairs of rows fail, and by how much: a pass's rules for one pair.

A pair that fails none would be linked by EXACT, UNIQUE, GROUP, WINDOW and BAND if its two rows were
alone in the world; `tests/core/passes/test_gates.py` holds that against the passes themselves.
SCORE and SUBSET ask more than these conditions: a probability, and that no other set adds up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Side
from recon.core.passes.band import band_of
from recon.core.passes.contract import NO_DAY, Facts
from recon.core.plan import Key, Leg, Method, Pass, key_name

Flags = NDArray[np.bool_]

_EQUAL = (Method.UNIQUE, Method.WINDOW)
_MONEY = (*_EQUAL, Method.BAND, Method.SCORE, Method.SUBSET)
_CURRENCY = (*_MONEY, Method.GROUP)


@dataclass(frozen=True)
class Pairs:
    """A left and a right row of a leg each, and the amounts by which they are compared."""

    left: Rows
    right: Rows
    left_amount: Rows
    right_amount: Rows

    def take(self, chosen: Rows) -> Pairs:
        """Return some of the pairs."""
        parts = (self.left, self.right, self.left_amount, self.right_amount)
        return Pairs(*(part[chosen] for part in parts))


@dataclass(frozen=True)
class Failed:
    """What each pair fails under one pass, an entry a pair."""

    key_missing: Flags  # a row has no key
    key: Flags  # both have one, and they differ
    flow: Flags  # a payment against a refund or an undoing
    currency: Flags
    amount_missing: Flags
    amount: Rows  # minor units beyond what is allowed, 0 where it is
    day_missing: Flags
    # Days (microseconds where the pass counts minutes) beyond the window: below 0 too early, above
    # too late.
    days: Rows

    @property
    def count(self) -> Rows:
        """Return how many conditions each pair fails."""
        parts = (
            self.key_missing, self.key, self.flow, self.currency, self.amount_missing,
            self.amount != 0, self.day_missing, self.days != 0,
        )  # fmt: skip
        failed: Rows = np.sum(parts, axis=0, dtype=np.int64)
        return failed


def failed(facts: Facts, leg: Leg, step: Pass, pairs: Pairs) -> Failed:
    """Return what the pairs fail under a pass of the leg."""
    none = np.zeros(pairs.left.size, np.bool_)
    missing, differs = _keys(facts, step, pairs)
    salted = step.method is Method.EXACT and Side.BANK not in (leg.left, leg.right)
    one, two = facts.amounts[step.left_amount].known, facts.amounts[step.right_amount].known
    unknown = ~(one[pairs.left] & two[pairs.right]) if step.method in _MONEY else none
    day_missing, days = _days(facts, step, pairs) if dated(step) else (none, none.astype(np.int64))
    return Failed(
        key_missing=missing,
        key=differs,
        flow=facts.flow[pairs.left] != facts.flow[pairs.right] if salted else none,
        currency=(
            facts.currency[pairs.left] != facts.currency[pairs.right]
            if step.method in _CURRENCY
            else none
        ),
        amount_missing=unknown,
        amount=np.where(unknown, 0, beyond(step, pairs.left_amount, pairs.right_amount)),
        day_missing=day_missing,
        days=days,
    )


def dated(step: Pass) -> bool:
    """Return whether a pass compares days."""
    if step.method is Method.UNIQUE:
        return any(step.reach)
    return step.method in _MONEY


def beyond(step: Pass, left: Rows, right: Rows) -> Rows:
    """Return by how many minor units right amounts lie beyond what the pass allows of left ones.

    Positive above the highest amount allowed, negative below the lowest, 0 inside.
    """
    if step.method in (Method.BAND, Method.SCORE):
        if step.tolerance_base == "right":
            low, high = band_of(step, right, -step.tolerance_sign)
            return -_outside(left, low, high)
        return _outside(right, *band_of(step, left, step.tolerance_sign))
    if step.method is Method.SUBSET:
        return _outside(right, left - step.tolerance_minor, left + step.tolerance_minor)
    return right - left if step.method in _EQUAL else np.zeros_like(left)


def _outside(value: Rows, low: Rows, high: Rows) -> Rows:
    """Return how far values lie above `high` (positive) or below `low` (negative)."""
    out: Rows = np.maximum(value - high, 0) + np.minimum(value - low, 0)
    return out


def _keys(facts: Facts, step: Pass, pairs: Pairs) -> tuple[Flags, Flags]:
    """Return which pairs miss a key, and of which both rows have one and they differ."""
    if not step.left_key:
        none = np.zeros(pairs.left.size, np.bool_)
        return none, none
    one, two = words(facts, step.left_key, pairs.left), words(facts, step.right_key, pairs.right)
    known = np.logical_and(one.any(axis=1), two.any(axis=1))
    return ~known, known & np.any(one != two, axis=1)


def words(facts: Facts, key: Key, rows: Rows) -> NDArray[np.uint64]:
    """Return the digests (n, 2) of some rows under a key; 0, 0 where a part of it is null."""
    return facts.digests[key_name(key)][rows]


def _days(facts: Facts, step: Pass, pairs: Pairs) -> tuple[Flags, Rows]:
    """Return which pairs miss a day, and how far the right row's day lies outside the window."""
    if step.clocked:
        due, shown = facts.moment[pairs.left], facts.moment[pairs.right]
    else:
        due, shown = facts.due_day[pairs.left], facts.value_day[pairs.right]
    opens = facts.own_day[pairs.left] if step.until_due else due
    if step.business_days:
        table = facts.business_days
        assert table is not None, f"pass {step.name}: business days are not given"
        due, shown, opens = table.count(due), table.count(shown), table.count(opens)
    missing = (due == NO_DAY) | (shown == NO_DAY) | (opens == NO_DAY)
    before, after = step.reach
    off = _outside(shown, opens - before, due + after)
    return missing, np.where(missing, 0, off)
