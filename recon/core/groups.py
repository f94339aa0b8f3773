"""Facts of match groups: who is in, what it adds up to, how its rows ended."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import numbers
from recon.core.arrays.pieces import Pieces, steps
from recon.core.codes import Outcome, Side
from recon.core.kernels.group_facts import (
    AMOUNT,
    CURRENCY_MASK,
    MARKS,
    MIXED,
    NET,
    OUTCOME_BITS,
    WIDTH,
    gather_facts,
    list_roots,
    rank_groups,
)
from recon.core.kernels.union_find import label_components, unite_rows

Positions = NDArray[np.signedinteger]

_SUMS = {
    "merchant_minor": AMOUNT + int(Side.MERCHANT),
    "channel_minor": AMOUNT + int(Side.CHANNEL),
    "channel_net_minor": NET,
    "bank_minor": AMOUNT + int(Side.BANK),
}
_WORST_FIRST = (
    Outcome.BREAK,
    Outcome.CARRIED,
    Outcome.MATCHED,
    Outcome.RESENT,
    Outcome.NOT_NEEDED,
    Outcome.QUARANTINED,
)
_STEP = 1 << 21  # groups made at a time: each step reads the rows once
LOW_BITS = 32  # sums beyond 64 bits are told in two words, high * 2**32 + low
_LOW_MASK = (1 << LOW_BITS) - 1
_NARROW = 1 << 62  # what no sum over all rows exceeds when 64 bits are enough


def joined(group: Positions, left: Positions, right: Positions) -> Positions:
    """Return the groups after further links: for each row the smallest row of its group."""
    if left.size == 0:
        return group
    parent = group.copy()
    unite_rows(left, right, parent)
    label_components(parent)
    return parent


def group_table(slim: pl.DataFrame, group: Positions, outcome: NDArray[np.uint8]) -> Pieces:
    """Return one row a group and currency, by the group's smallest row: counts, sums, outcome.

    `group` names for each row the smallest row of its group; `currency` is a position in
    `CURRENCIES`; `outcome` is a number, the whole group's. Sums are exact and of one currency:
    Int64 where 64 bits are enough for any sum of the night, else Int128.
    """
    place = np.empty(group.size, np.int32)
    height = rank_groups(group, place)
    roots = np.empty(height, np.int32)
    list_roots(group, roots)
    amount, net = (numbers(slim[name]) for name in ("amount_minor", "net_minor"))
    side, currency = slim["side"].to_numpy(), slim["currency"].to_numpy()
    narrow = largest(amount, net) * group.size <= _NARROW
    ids = slim["txn_id"].to_numpy()

    def gathered(start: int, stop: int, shift: int, mask: int) -> NDArray[np.int64]:
        facts = np.zeros((stop - start, WIDTH), np.int64)
        gather_facts(place, start, side, amount, net, shift, mask, currency, outcome, facts)
        return facts

    def piece(start: int, stop: int) -> pl.DataFrame:
        low = gathered(start, stop, 0, -1 if narrow else _LOW_MASK)
        sums = {name: pl.Series(low[:, column].copy()) for name, column in _SUMS.items()}
        if not narrow:
            high = gathered(start, stop, LOW_BITS, -1)
            sums = {name: wide(high[:, _SUMS[name]], part) for name, part in sums.items()}
        marks = low[:, MARKS]
        first = ((marks >> OUTCOME_BITS) & CURRENCY_MASK).astype(np.uint16) - np.uint16(1)
        table = pl.DataFrame(
            {
                "group_id": ids[roots[start:stop]],
                **{f"{item.name.lower()}_rows": low[:, int(item)].copy() for item in Side},
                **sums,
                "currency": first,
                "outcome": worst_outcome(marks),
            }
        )
        mixed = (marks & MIXED) != 0
        if not mixed.any():
            return table
        rows = np.flatnonzero((place >= start) & (place < stop))
        rows = rows[mixed[place[rows] - start]]
        facts = slim[rows].select("side", "currency", "amount_minor", "net_minor")
        of_group = table["group_id"].gather(place[rows] - start)
        return by_currency(table, facts.with_columns(group_id=of_group), mixed)

    return Pieces(lambda: (piece(*step) for step in steps(height, _STEP)))


def by_currency(table: pl.DataFrame, facts: pl.DataFrame, mixed: NDArray[np.bool_]) -> pl.DataFrame:
    """Return the table in which each group of several currencies is a row a currency.

    `mixed` tells such groups, which are few; `facts` are their rows.
    """
    by_side = [
        expression
        for item in Side
        for side in (pl.col("side") == int(item),)
        for expression in (
            side.cast(pl.Int64).sum().alias(f"{item.name.lower()}_rows"),
            _exact(pl.col("amount_minor").filter(side)).alias(f"{item.name.lower()}_minor"),
        )
    ]
    net = _exact(pl.col("net_minor").filter(pl.col("side") == int(Side.CHANNEL)))
    sums = facts.group_by("group_id", "currency").agg(*by_side, net.alias("channel_net_minor"))
    split = sums.join(table.select("group_id", "outcome"), on="group_id", how="left")
    whole = table.filter(pl.Series(~mixed))
    return pl.concat([whole, split.select(table.columns).cast(table.schema)]).sort(
        "group_id", "currency"
    )


def _exact(amounts: pl.Expr) -> pl.Expr:
    return amounts.cast(pl.Int128).sum().fill_null(0)


def largest(*columns: NDArray[np.int64]) -> int:
    """Return the largest absolute value of the columns."""
    return max(
        (max(int(one.max()), -int(one.min())) for one in columns if one.size),
        default=0,
    )


def wide(high: NDArray[np.int64], low: pl.Series) -> pl.Series:
    """Return the 128-bit sums that two words stand for."""
    shift = pl.lit(1 << LOW_BITS, pl.Int128)
    words = pl.DataFrame({"high": high, "low": low})
    return words.select(pl.col("high").cast(pl.Int128) * shift + pl.col("low")).to_series()


def worst_outcome(marks: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return each group's outcome: the worst of its rows."""
    by_marks = np.zeros(1 << OUTCOME_BITS, np.uint8)
    for item in reversed(_WORST_FIRST):
        by_marks[(np.arange(by_marks.size) >> int(item)) & 1 == 1] = int(item)
    worst: NDArray[np.uint8] = by_marks[marks & (by_marks.size - 1)]
    return worst
