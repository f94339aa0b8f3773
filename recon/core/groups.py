"""Facts of match groups: who is in, what it adds up to, how its rows ended."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Outcome, Side
from recon.core.kernels import group_facts, group_sum
from recon.core.kernels.union_find import label_components, unite_rows

_SUMS = (
    (Side.MERCHANT, "amount_minor", "merchant_minor"),
    (Side.CHANNEL, "amount_minor", "channel_minor"),
    (Side.CHANNEL, "net_minor", "channel_net_minor"),
    (Side.BANK, "amount_minor", "bank_minor"),
)
_WORST_FIRST = (
    Outcome.BREAK,
    Outcome.CARRIED,
    Outcome.MATCHED,
    Outcome.RESENT,
    Outcome.NOT_NEEDED,
    Outcome.QUARANTINED,
)


def joined(
    group: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the groups after further links: for each row the smallest row of its group."""
    parent = group.copy()
    unite_rows(left, right, parent)
    label_components(parent)
    return parent


def group_table(
    slim: pl.DataFrame, group: NDArray[np.int64], outcome: NDArray[np.uint8]
) -> pl.DataFrame:
    """Return one row a group, in order of its smallest row: ids, counts, 128-bit sums, outcome.

    `group` names for each row the smallest row of its group; `currency` is a position in
    `CURRENCIES`, null where a group holds several; `outcome` is a number.
    """
    roots = np.flatnonzero(group == np.arange(group.size))
    place = (np.cumsum(group == np.arange(group.size)) - 1)[group]
    side = slim["side"].to_numpy()
    counts = np.zeros((roots.size, len(Side)), np.int64)
    group_facts.count_sides(place, side, counts)
    currency = slim["currency"].to_numpy().astype(np.int64)
    least, most = np.full(roots.size, np.iinfo(np.int64).max), np.full(roots.size, -1)
    group_facts.span(place, currency, least, most)
    return (
        pl.DataFrame(
            {
                "group_id": slim["txn_id"].to_numpy()[roots],
                **{f"{item.name.lower()}_rows": counts[:, int(item)].copy() for item in Side},
                **{
                    name: _sum(slim, place, side, which, column, roots.size)
                    for which, column, name in _SUMS
                },
                "currency": least,
                "mixed": least != most,
                "outcome": _outcome(place, outcome, roots.size),
            }
        )
        .with_columns(currency=pl.when(~pl.col("mixed")).then("currency"))
        .drop("mixed")
    )


def _sum(
    slim: pl.DataFrame,
    place: NDArray[np.int64],
    side: NDArray[np.uint8],
    wanted: Side,
    column: str,
    groups: int,
) -> pl.Series:
    """Return the 128-bit sum of one side's column, one entry a group."""
    high, low = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    amount = slim[column].fill_null(0).to_numpy()
    group_facts.sum_side(place, side, np.uint8(wanted), amount, high, low)
    shift = pl.lit(1 << group_sum.LOW_BITS, pl.Int128)
    words = pl.DataFrame({"high": high, "low": low})
    return words.select(pl.col("high").cast(pl.Int128) * shift + pl.col("low")).to_series()


def _outcome(
    place: NDArray[np.int64], outcome: NDArray[np.uint8], groups: int
) -> NDArray[np.uint8]:
    """Return each group's outcome: the worst of its rows."""
    marks = np.zeros(groups, np.uint8)
    group_facts.mark_outcomes(place, outcome, marks)
    worst = np.zeros(groups, np.uint8)
    for item in reversed(_WORST_FIRST):
        worst[(marks >> np.uint8(item)) & 1 == 1] = int(item)
    return worst
