"""Rows that come again: a second charge on a later night, an order told once more.

The first row of its key was linked on an earlier night and waits only for the bank, so the leg
does not see it; the ledger does. Decided by equal keys, like every duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Kind, Side, State
from recon.core.plan import Leg, key_name
from recon.rules.night import Matched


@dataclass(frozen=True, slots=True)
class Again:
    """For each lone row: an earlier row of its own side, one of the other side; -1 for none."""

    twin: NDArray[np.int64]
    partner: NDArray[np.int64]


def earlier_rows(matched: Matched, leg: Leg, rows: NDArray[np.int64], side: Side) -> Again:
    """Return, for lone `rows` of one side, the earlier rows of the ledger that share their key.

    Only payments and refunds between merchant and channel are looked at, each among its kind. A
    twin stands before the row in time; a partner is a carried row that this leg has closed.
    """
    none = np.full(len(rows), -1, np.int64)
    if leg.right is Side.BANK or len(rows) == 0 or not leg.passes[0].left_key:
        return Again(none, none)
    other = leg.right if side is leg.left else leg.left
    mine = _keyed(matched, leg, rows, side)
    twins = _first_match(mine, _candidates(matched, leg, side, closed=False), earlier=True)
    partners = _first_match(mine, _candidates(matched, leg, other, closed=True), earlier=False)
    return Again(_placed(twins, rows), _placed(partners, rows))


def _candidates(matched: Matched, leg: Leg, side: Side, *, closed: bool) -> pl.DataFrame:
    """Return successful rows of a side with their keys; `closed`: only those not on the leg."""
    slim = matched.ledger.slim
    chosen = ((slim["side"] == int(side)) & (slim["state"] == int(State.SUCCESS))).to_numpy()
    if closed:
        chosen &= matched.ledger.opening & ~matched.eligible[leg.name]
    return _keyed(matched, leg, np.flatnonzero(chosen), side)


def _keyed(matched: Matched, leg: Leg, rows: NDArray[np.int64], side: Side) -> pl.DataFrame:
    plan = leg.passes[0]
    words = matched.ledger.digests[key_name(plan.left_key if side is leg.left else plan.right_key)]
    slim = matched.ledger.slim
    return pl.DataFrame(
        {
            "row": rows,
            "hi": np.ascontiguousarray(words[rows, 0]),
            "lo": np.ascontiguousarray(words[rows, 1]),
            "refund": (slim["kind"] == int(Kind.REFUND)).to_numpy()[rows],
            "amount": slim["amount_minor"].to_numpy()[rows],
            "moment": slim["occurred_at"].cast(pl.Int64).fill_null(0).to_numpy()[rows],
        }
    ).filter((pl.col("hi") != 0) | (pl.col("lo") != 0))


def _first_match(mine: pl.DataFrame, others: pl.DataFrame, *, earlier: bool) -> pl.DataFrame:
    """Return for rows of `mine` the first of `others` with the same key: row, row_other.

    Only the first row of each key is joined: a key with many rows must not multiply them.
    """
    key = ["hi", "lo", "refund"] if earlier else ["hi", "lo", "refund", "amount"]
    heads = others.sort("moment", "row").unique(key, keep="first", maintain_order=True)
    found = mine.join(heads, on=key, how="inner", suffix="_other")
    if earlier:
        before = (pl.col("moment_other") < pl.col("moment")) | (
            (pl.col("moment_other") == pl.col("moment")) & (pl.col("row_other") < pl.col("row"))
        )
        found = found.filter(before)
    return found.sort("row").select("row", "row_other")


def _placed(found: pl.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `row_other` for each of `rows` (ascending), -1 where there is none."""
    answer = np.full(len(rows), -1, np.int64)
    answer[np.searchsorted(rows, found["row"].to_numpy())] = found["row_other"].to_numpy()
    return answer
