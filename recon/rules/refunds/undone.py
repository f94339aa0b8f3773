"""Payments and refunds that another row of their side undoes whole."""

from __future__ import annotations

import polars as pl

from recon.core.codes import UNDO_KINDS, Kind, Side, State

MONEY = [Kind.PAYMENT.name, Kind.REFUND.name]


def undone(rows: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """Return which refunds are undone, and of which payments nothing is left to refund.

    A payment that the books still call paid is a break of its own, and none of its refunds is.
    """
    gone = pl.col("txn_id").is_in(_undone(rows).implode())
    payment = pl.col("kind") == Kind.PAYMENT.name
    ours = payment & (pl.col("side") == Side.MERCHANT.name)
    paid = rows.filter(ours & (pl.col("state") == State.SUCCESS.name) & ~gone)["order_id"]
    booked = pl.col("order_id").is_in(paid.drop_nulls().implode()).fill_null(value=False)
    return gone & ~payment, gone & payment & ~booked


def _undone(rows: pl.DataFrame) -> pl.Series:
    """Return the payments and refunds (txn_id) that reversals and voids undo, each by one.

    Of equal payments of one order a void by its number undoes first what no refund names: that
    too much was refunded is told where it is so whichever was meant.
    """
    done = rows.filter(pl.col("state") == State.SUCCESS.name).sort("txn_id")
    refunded = done.filter(kind=Kind.REFUND.name)["original_ref"].drop_nulls().implode()
    asked = pl.col("channel_ref").is_in(refunded).fill_null(value=False)
    money = done.filter(pl.col("kind").is_in(MONEY)).sort(asked, "txn_id")
    undo = done.filter(pl.col("kind").is_in([kind.name for kind in UNDO_KINDS]))
    key, found = ["side", "currency", "name", "amount_minor"], []
    back = undo.select("side", "currency", -pl.col("amount_minor"), name="original_ref")
    back = back.drop_nulls().with_columns(turn=pl.int_range(pl.len()).over(key))
    for own in ("channel_ref", "order_id"):
        named = money.with_columns(name=own).with_columns(turn=pl.int_range(pl.len()).over(key))
        found.append(named.join(back, on=[*key, "turn"], how="semi")["txn_id"])
    return pl.concat(found).unique()
