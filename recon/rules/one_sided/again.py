"""Rows that come again: a second charge on a later night, an order told once more.

The first row of its key was linked on an earlier night and waits only for the bank, so the leg
does not see it; the ledger does. Decided by equal keys, like every duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Kind, Side, State
from recon.core.plan import Key, Leg, key_name
from recon.core.texts.digest import has_key, key_columns
from recon.rules.night import Matched


@dataclass(frozen=True, slots=True)
class Again:
    """For each lone row: an earlier row of its own side, one of the other side; -1 for none."""

    twin: NDArray[np.int64]
    partner: NDArray[np.int64]


def earlier_rows(matched: Matched, leg: Leg, rows: NDArray[np.int64], side: Side) -> Again:
    """Return, for lone `rows` of one side, the earlier rows of the ledger that share their key.

    Only payments and refunds between merchant and channel are looked at, each among its kind. A
    twin was delivered before the row, or with it and stands before it in time; a partner is a
    carried row that this leg has closed.
    """
    twin, partner = (np.full(len(rows), -1, np.int64) for _ in range(2))
    if leg.right is Side.BANK or len(rows) == 0:
        return Again(twin, partner)
    other = leg.right if side is leg.left else leg.left
    for key in leg.order_keys:
        mine = _keyed(matched, leg, rows, side, key)
        if mine.height == 0:
            continue
        same = _candidates(matched, leg, side, key, mine["hi"], closed=False)
        facing = _candidates(matched, leg, other, key, mine["hi"], closed=True)
        for found, others, earlier in ((twin, same, True), (partner, facing, False)):
            placed = _placed(_first_match(mine, others, earlier=earlier), rows)
            found[:] = np.where(found < 0, placed, found)
    return Again(twin, partner)


def _candidates(
    matched: Matched,
    leg: Leg,
    side: Side,
    key: Mapping[Side, Key],
    wanted: pl.Series,
    *,
    closed: bool,
) -> pl.DataFrame:
    """Return successful rows of a side whose key's first word is wanted.

    `closed`: only carried rows that are not on the leg any more. A new row that is not on the leg
    is never returned: it was delivered before, or repeats a row of its file.
    """
    slim = matched.ledger.slim
    chosen = (slim["side"] == int(side)) & (slim["state"] == int(State.SUCCESS))
    carried, here = matched.ledger.opening, matched.eligible[leg.name]
    chosen &= pl.Series(carried & ~here if closed else carried | here)
    rows = np.flatnonzero(chosen.to_numpy())
    first = pl.Series(matched.ledger.digests[key_name(key[side])][rows, 0])
    return _keyed(matched, leg, rows[first.is_in(wanted.implode()).to_numpy()], side, key)


def _keyed(
    matched: Matched, leg: Leg, rows: NDArray[np.int64], side: Side, key: Mapping[Side, Key]
) -> pl.DataFrame:
    """Return the rows that have a key, with what orders them.

    A carried row was delivered before any new one. But books that tell a closed order once more
    are judged by their own clock (`by_clock`).
    """
    words = matched.ledger.digests[key_name(key[side])][rows]
    carried = matched.ledger.opening[rows]
    by_clock = carried & ~matched.eligible[leg.name][rows] & (side is leg.left)
    facts = matched.ledger.slim[rows].select(
        refund=pl.col("kind") == int(Kind.REFUND),
        amount="amount_minor",
        moment=pl.col("occurred_at").cast(pl.Int64).fill_null(0),
    )
    keyed = facts.with_columns(
        pl.Series("row", rows),
        *key_columns(words),
        pl.Series("fresh", ~carried | by_clock),
        pl.Series("by_clock", by_clock),
    )
    return keyed.filter(has_key())


def _first_match(mine: pl.DataFrame, others: pl.DataFrame, *, earlier: bool) -> pl.DataFrame:
    """Return for rows of `mine` the first of `others` with the same key: row, row_other.

    Only the first row of each key is joined: a key with many rows must not multiply them.
    """
    key = ["hi", "lo", "refund"] if earlier else ["hi", "lo", "refund", "amount"]
    ordered = others.sort("fresh", "moment", "by_clock", "row")
    heads = ordered.unique(key, keep="first", maintain_order=True)
    found = mine.join(heads, on=key, how="inner", suffix="_other")
    if earlier:
        found = found.filter(_before())
    return found.sort("row").select("row", "row_other")


def _before() -> pl.Expr:
    """Return whether the other row came first: by delivery, then by time, then by identity."""
    place = (pl.col("row_other") < pl.col("row")) & ~pl.col("by_clock_other")
    moment = (pl.col("moment_other") < pl.col("moment")) | (
        (pl.col("moment_other") == pl.col("moment")) & place
    )
    return (pl.col("fresh_other") < pl.col("fresh")) | (
        (pl.col("fresh_other") == pl.col("fresh")) & moment
    )


def _placed(found: pl.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `row_other` for each of `rows` (ascending), -1 where there is none."""
    answer = np.full(len(rows), -1, np.int64)
    answer[np.searchsorted(rows, found["row"].to_numpy())] = found["row_other"].to_numpy()
    return answer
