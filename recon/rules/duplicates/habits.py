"""How customers pay at a merchant: what a repeated payment is held against.

A canteen's regulars pay the same fare again and again; at a jeweller's nobody does. Counted over
tonight's payments of the channel; the books say which repeats are genuine.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Kind, Side, State
from recon.core.repeats import SECOND, RepeatModel
from recon.rules.night import Matched

Flags = NDArray[np.bool_]
TILL = ("source", "currency", "amount_minor", "merchant_id", "terminal_id", "card")
_FAILED = [int(State.FAILED), int(State.PENDING), int(State.UNKNOWN)]
_PAIR = 2


def habits(matched: Matched, payments: Rows, repeats: pl.DataFrame, genuine: Flags) -> pl.DataFrame:
    """Return for each repeat what is usual at its merchant, in the order given.

    `repeats` are whole candidate rows (TILL columns and row), `genuine` tells which have an order
    each. Columns payments (of the merchant), repeats (genuine ones), visits (further payments of
    the card there), popularity (of the amount: 1 is as common as that of most payments).
    """
    slim = matched.ledger.slim[payments].select("txn_id", "currency", "amount_minor")
    wide = matched.archive.columns(("txn_id", "merchant_id", "card"), slim["txn_id"].to_numpy())
    paid = slim.join(wide, on="txn_id").with_columns(pl.col("merchant_id").fill_null(""))
    price = ["merchant_id", "currency", "amount_minor"]
    prices = paid.group_by(price).agg(alike=pl.len().cast(pl.Int64))
    alike = pl.col("alike")
    usual = prices.group_by("merchant_id", "currency").agg(
        usual=(alike * alike).sum() / alike.sum()
    )
    totals = paid.group_by("merchant_id").agg(payments=pl.len().cast(pl.Int64))
    cards = paid.group_by("merchant_id", "card").agg(visits=pl.len().cast(pl.Int64) - _PAIR)
    asked = repeats.select(*price, "card", pl.Series("genuine", genuine)).with_columns(
        pl.col("merchant_id").fill_null("")
    )
    asked = asked.with_columns(repeats=pl.col("genuine").cast(pl.Int64).sum().over("merchant_id"))
    for facts, by in (
        (totals, ["merchant_id"]),
        (prices, price),
        (usual, ["merchant_id", "currency"]),
        (cards, ["merchant_id", "card"]),
    ):
        asked = asked.join(facts, on=by, how="left", maintain_order="left")
    return asked.select(
        "payments",
        "repeats",
        pl.col("visits").clip(0),
        popularity=(alike - 1).clip(1) / pl.col("usual"),
    )


def attempts_before(
    matched: Matched, repeats: pl.DataFrame, model: RepeatModel
) -> tuple[Flags, Flags]:
    """Return whether each repeat's source shows attempts that failed, and one right before it."""
    slim = matched.ledger.slim
    tried = slim.select(
        (pl.col("side") == int(Side.CHANNEL))
        & (pl.col("kind") == int(Kind.PAYMENT))
        & pl.col("state").is_in(_FAILED)
    ).to_series()
    rows = np.flatnonzero(tried.to_numpy())
    sources = slim["source"].gather(rows).unique()
    shows = repeats["source"].is_in(sources.implode()).to_numpy()
    amounts = repeats["amount_minor"].unique().implode()
    rows = rows[slim["amount_minor"].gather(rows).is_in(amounts).to_numpy()]
    if len(rows) == 0:
        return shows, np.zeros(repeats.height, bool)
    facts = slim[rows].select("txn_id", "source", "currency", "amount_minor", at="occurred_at")
    names = ("txn_id", "merchant_id", "terminal_id", "card")
    wide = matched.archive.columns(names, facts["txn_id"].to_numpy())
    failed = facts.join(wide, on="txn_id").with_columns(pl.col("at").cast(pl.Int64))
    asked = repeats.select(*TILL, "time").with_row_index("no")
    near = asked.join(failed, on=list(TILL), nulls_equal=True).filter(
        (pl.col("at") <= pl.col("time")) & (pl.col("time") - pl.col("at") <= model.window * SECOND)
    )
    return shows, np.isin(np.arange(repeats.height), near["no"].to_numpy())
