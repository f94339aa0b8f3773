"""Payments that look like one charged twice: chains of equal card, merchant and amount, scored.

Keys decide first (`recon.rules.duplicates`); this is the evidence where no reference tells. Each
repeat weighs a retry (soon after, the same amount for sure) against a genuine second purchase (a
customer's own rate, an amount as popular as the merchant's price list makes it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.kernels.radix import salt_digests
from recon.core.kernels.repeats import chain_repeats
from recon.core.passes.key_groups import decode, match_keys
from recon.core.passes.order import sort_order

SECOND = 1_000_000
REPEAT_SCHEMA = {
    "chain": pl.Int64,
    "row": pl.Int64,
    "gap_seconds": pl.Int64,
    "probability_ppm": pl.Int32,
}


@dataclass(frozen=True)
class RetryModel:
    """How retries behave; the defaults are the time-outs and windows that gateways publish."""

    window_seconds: int = 300  # longest gap that can still be a retry
    span_seconds: int = 3_600  # longest chain
    mean_gap_seconds: float = 45.0  # retries follow an exponential law of this mean
    retry_ppm: int = 500  # share of payments that are charged twice
    rate_prior_payments: float = 0.5  # Gamma prior of a customer's rate at one merchant:
    rate_prior_seconds: float = 86_400.0  # so many payments in so many seconds


@dataclass(frozen=True)
class Payments:
    """Approved payments of one side that still stand: reversals and voids are netted before.

    Rows are positions in the slim table; a digest (n, 2) of each names its card at its merchant
    and its merchant; times are microseconds.
    """

    row: NDArray[np.int64]
    customer: NDArray[np.uint64]
    merchant: NDArray[np.uint64]
    amount: NDArray[np.int64]
    currency: NDArray[np.int64]
    time: NDArray[np.int64]


def groups_of(digest: NDArray[np.uint64], *salts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first position with the same digest and salts, for every position."""
    out = digest.copy()
    for salt in salts:
        salt_digests(out, salt)
    return decode(match_keys(out, out, threads=1)).left.astype(np.int64)


def find_repeats(payments: Payments, model: RetryModel | None = None) -> pl.DataFrame:
    """Return the rows of every chain of two payments or more, REPEAT_SCHEMA, by chain and time.

    The first row of a chain is the charge itself and has no probability; every further row has
    the probability of being the same charge again.
    """
    model = RetryModel() if model is None else model
    same = groups_of(payments.customer, payments.currency, payments.amount)
    order = sort_order(same, payments.time, payments.row)
    chain, gap = np.empty(order.size, np.int64), np.empty(order.size, np.int64)
    window, span = model.window_seconds * SECOND, model.span_seconds * SECOND
    chain_repeats(same[order], payments.time[order], window, span, chain, gap)
    members = np.bincount(chain, minlength=order.size)[chain] > 1
    probability = probabilities(payments, model, order, gap)
    row = payments.row[order]
    return pl.DataFrame(
        {
            "chain": row[chain][members],
            "row": row[members],
            "gap_seconds": np.where(gap < 0, -1, gap // SECOND)[members],
            "probability_ppm": np.where(gap < 0, 0, probability * 1_000_000)[members].astype(
                np.int32
            ),
        },
        schema=REPEAT_SCHEMA,
    ).sort("chain", maintain_order=True)


def probabilities(
    payments: Payments, model: RetryModel, order: NDArray[np.int64], gap: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probability that each row repeats the charge before it."""
    seconds = np.maximum(gap, 0) / SECOND
    customer = groups_of(payments.customer)
    count = np.bincount(customer, minlength=customer.size)[customer]
    days = (int(payments.time.max()) - int(payments.time.min())) / SECOND if order.size else 0.0
    rate = (count + model.rate_prior_payments) / (days + model.rate_prior_seconds)
    merchant = groups_of(payments.merchant)
    price = groups_of(payments.merchant, payments.currency, payments.amount)
    shop_rows = np.bincount(merchant, minlength=merchant.size)[merchant]
    popular = np.bincount(price, minlength=price.size)[price] / shop_rows
    retry = -np.log(model.mean_gap_seconds) - seconds / model.mean_gap_seconds
    genuine = np.log(rate[order]) - rate[order] * seconds + np.log(popular[order])
    prior = np.log(model.retry_ppm / (1_000_000 - model.retry_ppm))
    odds: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(prior + retry - genuine)))
    return odds
