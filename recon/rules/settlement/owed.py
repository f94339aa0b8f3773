"""Batches past due that no credit has met: what stands open between a channel and its merchants.

A batch whose net is zero is closed on its day: nothing is due. A batch whose net is negative (more
was refunded than sold) waits; the next payout of the merchant is less by just that sum
(`together.py`). While all that a merchant has outstanding comes to nothing or less, no payout of
it is missing; nor is that of a batch of which all is frozen.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.arrays.numbers import Rows
from recon.core.codes import Side, State
from recon.core.plan import Leg
from recon.rules.batch_keys import batch_anchors
from recon.rules.night import Matched, Night, conformed

_ALIVE = [int(State.SUCCESS), int(State.PENDING), int(State.REVERSED)]
OUTSTANDING: dict[str, pl.DataType | type[pl.DataType]] = {
    "batch": pl.String,
    "currency": pl.UInt16,
    "total": pl.Int128,
    "rows": pl.List(pl.Int64),
    "day": pl.Date,  # that the batch is of: several may be due on one
    "due": pl.Date,  # last day of the batch
    "account": pl.String,
}


def outstanding(matched: Matched, leg: Leg, rows: Rows) -> pl.DataFrame:
    """Return the batches of lone rows (columns OUTSTANDING)."""
    if len(rows) == 0:
        return pl.DataFrame(schema=OUTSTANDING)
    slim = matched.ledger.slim
    batches = (
        pl.DataFrame(
            {
                "batch": batch_anchors(matched, leg, rows, is_left=True),
                "currency": slim["currency"].gather(rows),
                "total": slim[leg.passes[0].left_amount].gather(rows).cast(pl.Int128),
                "day": slim["clearing_date"].gather(rows),
                "due": slim["due_date"].gather(rows),
                "row": rows,
            }
        )
        .group_by("batch", "currency")
        .agg(pl.col("total").sum(), pl.col("row").sort().alias("rows"), pl.col("day", "due").max())
        .sort("batch", "currency")
    )
    first = batches["rows"].list.first().to_numpy()
    return conformed(batches.with_columns(account=accounts(matched, first)), OUTSTANDING)


def lone_rows(matched: Matched, leg: Leg, night: Night) -> Rows:
    """Return the rows of a leg's left side that are past due and have met no credit."""
    slim = matched.ledger.slim
    lone = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
    due = pl.coalesce("due_date", "clearing_date", "value_date") <= pl.lit(night.business_date)
    alive = (pl.col("side") == int(leg.left)) & pl.col("state").is_in(_ALIVE) & due
    chosen = slim.select(alive.fill_null(value=False)).to_series().to_numpy()
    return np.flatnonzero(lone & chosen)


def accounts(matched: Matched, rows: Rows) -> pl.Series:
    """Return whose money each row is: the merchant's.

    An acquirer's day file and its notices are two sources of one account; a source that names no
    merchants reports one account of its own.
    """
    slim = matched.ledger.slim
    ids = slim["txn_id"].gather(rows)
    named = matched.archive.columns(["txn_id", "merchant_id"], ids.to_numpy())
    known = pl.DataFrame({"txn_id": ids, "source": slim["source"].gather(rows)})
    known = known.join(named, on="txn_id", how="left", maintain_order="left")
    return known.select(account_name(pl.col("source"))).to_series()


def account_name(source: pl.Expr) -> pl.Expr:
    """Return the name of an account: `merchant_id`, else the number of its source."""
    return pl.coalesce("merchant_id", pl.format("source {}", source)).alias("account")


def quiet(matched: Matched, leg: Leg, night: Night, frozen: pl.DataFrame) -> Rows:
    """Return the rows past due that rightly have no credit.

    Their merchant has nothing, or less, outstanding; or all of their batch is frozen, which the
    findings `frozen` tell. What is missing already stays so.
    """
    if leg.right is not Side.BANK:
        return np.empty(0, np.int64)
    held = _frozen_batches(matched, leg, frozen)
    rows = lone_rows(matched, leg, night)
    amount = matched.ledger.slim[leg.passes[0].left_amount].gather(rows)
    if held.height == 0 and not bool((amount < 0).any()):
        return np.empty(0, np.int64)
    open_batches = outstanding(matched, leg, rows).join(held, on=["batch", "currency"], how="left")
    pool = pl.col("total").sum().over("account", "currency")
    reported = matched.ledger.reported_on.get(leg.name, np.zeros(matched.ledger.slim.height, bool))
    missing = pl.col("rows").list.eval(pl.element().is_in(np.flatnonzero(reported))).list.any()
    whole = (pl.col("total") == pl.col("held")) & ~missing
    free = open_batches.filter((pool <= 0) | whole.fill_null(value=False))
    return free["rows"].explode().drop_nulls().to_numpy()


def _frozen_batches(matched: Matched, leg: Leg, frozen: pl.DataFrame) -> pl.DataFrame:
    """Return what is frozen of each batch: batch, currency, held."""
    rows = frozen["rows"].list.first().to_numpy()
    batch = batch_anchors(matched, leg, rows, is_left=True).alias("batch")
    held = pl.col("actual_minor").abs().cast(pl.Int128).sum()
    return (
        frozen.select("currency", "actual_minor")
        .with_columns(batch)
        .group_by("batch", "currency")
        .agg(held=held)
    )
