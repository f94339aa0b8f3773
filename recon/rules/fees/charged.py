"""The price really charged, where the rows of a merchant, terminal and line agree on one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.rules.prices.fit import fit
from recon.rules.prices.price import Price

_HUNDREDTH = 100_000  # billionths: 0.01 %
_FURTHEST = 20  # such steps from a price within which others are looked for
FEWEST = 3  # rows that must agree before a price is called the one that was charged


@dataclass(frozen=True, slots=True)
class ChargedPrices:
    """The price that was really charged, row by row, where a group of rows agrees on one."""

    fee: NDArray[np.int64]
    found: NDArray[np.bool_]
    words: dict[int, str]
    others: dict[int, list[str]]  # prices that explain the very same rows
    group: NDArray[np.int64]


def charged_prices(
    rows: pl.DataFrame, group: NDArray[np.int64], fits: NDArray[np.bool_], places: int
) -> ChargedPrices:
    """Fit one price to the differing rows of each group that no variant explains whole.

    `places` are the decimals of the currency. More rows than the price has parameters must be
    explained by it alone: two rows without a cap and one without a floor also agree on a rate, the
    contract's own.
    """
    wanted = _open_groups(fits, group)
    known: NDArray[np.bool_] = np.logical_or.reduce(fits, axis=1)
    amount, actual = rows["amount_minor"].abs().to_numpy(), rows["fee_minor"].to_numpy()
    fee, found = np.zeros(rows.height, np.int64), np.zeros(rows.height, np.bool_)
    words: dict[int, str] = {}
    others: dict[int, list[str]] = {}
    order = np.argsort(group, kind="stable")
    order = order[wanted[group[order]]]
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        price = fit(amount[members], actual[members]) if members.size else None
        if price is None or price.explained < max(FEWEST, price.parameters + 2):
            continue
        charged = price.fees(amount[members])
        alone = (charged == actual[members]) & ~known[members]
        if np.count_nonzero(alone) <= price.parameters:
            continue
        fee[members] = charged
        found[members] = True
        place = int(group[members[0]])
        words[place] = f"charged as {price.words(places)}"
        alike = _alike(price, amount[members], actual[members])
        others[place] = [f"charged as {other.words(places)}" for other in alike]
    return ChargedPrices(fee, found, words, others, group)


def _alike(price: Price, amount: NDArray[np.int64], actual: NDArray[np.int64]) -> list[Price]:
    """Return the other rates of two decimals, or as many as the price has, that fit its rows too.

    A few small fees do not tell 0.56 % from 0.57 %. A price with limits or of another rounding is
    told by more rows than that.
    """
    if price.parameters > int(price.surcharge > 0):
        return []
    mine = price.fees(amount) == actual
    amount, actual = amount[mine], actual[mine]
    step = _HUNDREDTH
    while price.rate % step:
        step //= 10
    alike = []
    for way in (-step, step):
        for number in range(1, _FURTHEST + 1):
            other = replace(price, rate=price.rate + way * number)
            if other.rate <= 0 or (other.fees(amount) != actual).any():
                break
            alike.append(other)
    return sorted(alike, key=lambda other: other.rate)


def _open_groups(fits: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return, by group, whether it has rows enough for a price and no variant explains them all."""
    size = np.bincount(group)
    most = np.zeros(size.size, np.int64)
    for variant in range(fits.shape[1]):
        np.maximum(most, np.bincount(group, fits[:, variant]).astype(np.int64), out=most)
    return (size >= FEWEST) & (most < size)
