"""The price really charged, where the rows of a merchant, terminal and line agree on one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.rules.fee_fit import fit

FEWEST = 3  # rows that must agree before a price is called the one that was charged


@dataclass(frozen=True, slots=True)
class ChargedPrices:
    """The price that was really charged, row by row, where a group of rows agrees on one."""

    fee: NDArray[np.int64]
    found: NDArray[np.bool_]
    words: dict[int, str]
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
        words[int(group[members[0]])] = f"charged as {price.words(places)}"
    return ChargedPrices(fee, found, words, group)


def _open_groups(fits: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return, by group, whether it has rows enough for a price and no variant explains them all."""
    size = np.bincount(group)
    most = np.zeros(size.size, np.int64)
    for variant in range(fits.shape[1]):
        np.maximum(most, np.bincount(group, fits[:, variant]).astype(np.int64), out=most)
    return (size >= FEWEST) & (most < size)
