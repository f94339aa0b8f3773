"""Payments that look like one charged twice: how likely it is, from what tells the two apart.

Keys decide first (`recon.rules.duplicates`); this is the evidence where no reference tells. A
customer who pays the same sum again within minutes is usually a genuine customer: a second coffee,
a bill in parts. What a retry is weighed against is learned from tonight's repeats that have an
order each, which are genuine for sure: how many the merchant has, and how soon they come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.kernels.arrays import Reals
from recon.core.kernels.repeats import chain_repeats
from recon.core.passes.order import sort_order

SECOND = 1_000_000
MILLION = 1_000_000.0
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class RepeatModel:
    """How retries and genuine repeats behave; times in seconds, shares in parts per million.

    The window and the retries' law follow the time-outs and duplicate windows that gateways
    publish. What is said of genuine repeats and of the books is a first guess, worth so many
    payments or repeats; the night's own rows move it.
    """

    window: int = 300  # longest gap that can still be a retry
    span: int = 3_600  # longest chain
    mean_gap: float = 45.0  # retries follow an exponential law of this mean
    retry_ppm: float = 20.0  # payments that are charged twice; a quarter of them is complained of
    repeat_ppm: float = 1_000.0  # payments that a customer repeats, before the merchant is known
    repeat_weight: float = 2_000.0  # payments that this first guess counts for
    steps: tuple[int, ...] = (0, 60, 120, 300)  # genuine repeats by gap, and their shares
    shares: tuple[float, ...] = (0.042, 0.540, 0.418)  # measured at one merchant
    shares_weight: float = 30.0  # repeats
    same_item: float = 0.5  # genuine repeats that buy the same again, whatever its price
    unbooked_ppm: float = 500.0  # payments that the books miss, before the source is known
    unbooked_weight: float = 2_000.0
    unbooked_if_twice: float = 0.9  # a charge made twice has one order
    same_authorisation: float = 10_000.0  # odds: the one authorisation was presented twice
    next_trace: float = 3.0  # odds: nothing else happened at the terminal in between
    other_trace: float = 0.3  # odds: something did
    attempt_if_retry: float = 0.3  # retries before which the file shows an attempt that failed
    attempt_ppm: float = 10_000.0  # payments that follow a failed attempt otherwise
    split: float = 0.1  # odds: three or more in a row, or an amount at a usual limit


@dataclass(frozen=True)
class Repeats:
    """Payments that follow an equal one closely; positions among the payments given."""

    row: Rows  # the later payment
    before: Rows  # the payment right before it
    first: Rows  # the first of the chain
    gap: Rows  # seconds
    chain: Rows  # payments of the chain


def find_repeats(same: Rows, time: Rows, model: RepeatModel) -> Repeats:
    """Return the payments that come soon after an equal one.

    same: number of the payer at one till, the amount and the currency; time: microseconds.
    Reversed and voided payments are left out before.
    """
    order = sort_order(same, time, np.arange(same.size))
    chain, gap = np.empty(order.size, np.int64), np.empty(order.size, np.int64)
    window, span = model.window * SECOND, model.span * SECOND
    chain_repeats(same[order], time[order], window, span, chain, gap)
    later = np.flatnonzero(gap >= 0)
    size = np.bincount(chain, minlength=order.size)
    return Repeats(
        row=order[later],
        before=order[later - 1],
        first=order[chain[later]],
        gap=gap[later] // SECOND,
        chain=size[chain[later]],
    )


@dataclass(frozen=True)
class Signs:
    """What is known of each repeat besides its gap."""

    unbooked: Flags  # the books have the first payment's order and none for this one
    ordered: Flags  # the books have an order of its own for this one
    payments: Rows  # of the merchant, all of them
    repeats: Rows  # of the merchant, genuine ones
    by_gap: Rows  # genuine repeats of the night in each step of the gap, shape (steps - 1,)
    visits: Rows  # further payments of the card at the merchant
    popularity: Reals  # how common the amount is at the merchant; 1 is as common as most
    missed: Rows  # payments of the source that the books miss, repeats left out
    booked: Rows  # payments of the source that the books could have
    attempts: Flags  # the source's file shows attempts that failed
    attempted: Flags  # such an attempt of the card, till and amount stands right before
    same_authorisation: Flags
    trace_gap: Rows  # difference of the trace numbers, 0 where unknown
    at_limit: Flags  # an amount at which payments are split


def probabilities(gap: Rows, chain: Rows, signs: Signs, model: RepeatModel) -> Reals:
    """Return the probability that each repeat is the same charge again."""
    genuine = base_rate(signs, model) * genuine_density(gap, signs.by_gap, model)
    genuine = genuine * (1 + signs.visits)  # who comes often comes again
    genuine = genuine * (model.same_item + (1 - model.same_item) * signs.popularity)
    odds = model.retry_ppm / MILLION * np.exp(-gap / model.mean_gap) / model.mean_gap / genuine
    odds = odds * np.where(signs.unbooked, model.unbooked_if_twice / missed_rate(signs, model), 1.0)
    odds = odds * np.where(signs.ordered, 1 - model.unbooked_if_twice, 1.0)
    odds = odds * np.where(signs.same_authorisation, model.same_authorisation, 1.0)
    traced = np.where(np.abs(signs.trace_gap) == 1, model.next_trace, model.other_trace)
    odds = odds * np.where(signs.trace_gap == 0, 1.0, traced)
    odds = odds * attempt_odds(signs, model)
    odds = odds * np.where((chain > 2) | signs.at_limit, model.split, 1.0)  # noqa: PLR2004 - a pair
    out: Reals = odds / (1.0 + odds)
    return out


def base_rate(signs: Signs, model: RepeatModel) -> Reals:
    """Return the share of the merchant's payments that are repeats, held towards the usual one."""
    guess = model.repeat_ppm / MILLION * model.repeat_weight
    out: Reals = (signs.repeats + guess) / (signs.payments + model.repeat_weight)
    return out


def missed_rate(signs: Signs, model: RepeatModel) -> Reals:
    """Return the share of the source's payments that the books miss, for whatever reason."""
    guess = model.unbooked_ppm / MILLION * model.unbooked_weight
    out: Reals = (signs.missed + guess) / (signs.booked + model.unbooked_weight)
    return out


def attempt_odds(signs: Signs, model: RepeatModel) -> Reals:
    """Return what a failed attempt right before says; nothing where the file shows none ever."""
    share, rate = model.attempt_if_retry, model.attempt_ppm / MILLION
    shown = np.where(signs.attempted, share / rate, (1 - share) / (1 - rate))
    out: Reals = np.where(signs.attempts, shown, 1.0)
    return out


def genuine_density(gap: Rows, by_gap: Rows, model: RepeatModel) -> Reals:
    """Return how many genuine repeats of one come a second, at each gap."""
    steps = np.array(model.steps)
    known = by_gap + np.array(model.shares) * model.shares_weight
    place = step_of(gap, model)
    out: Reals = (known / known.sum() / np.diff(steps))[place]
    return out


def step_of(gap: Rows, model: RepeatModel) -> Rows:
    """Return the step of the model in which each gap falls."""
    found: Rows = np.searchsorted(np.array(model.steps), gap, side="right") - 1
    return np.clip(found, 0, len(model.shares) - 1)
