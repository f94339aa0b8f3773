"""A refund on one side that the other side tells as a void or reversal of the same payment.

The books void an order that the channel had charged, and the channel gives it back by a refund; or
the channel reverses it, and the books refund. Both say the same: the payment is undone, whole. The
refund is no case, nor is one of a part of what the books voided: the rest is the void's case. A
refund beyond what the other side undid stays one.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.core.plan import Leg
from recon.core.schema import OWN_REFERENCES
from recon.rules.night import Matched, Verdict
from recon.rules.refunds import compensated

CAUSE = "the other side undid the payment by a void or reversal"
_CODES = [int(Code.REFUND_UNBOOKED), int(Code.REFUND_NOT_SETTLED)]
_UNDO = [kind.name for kind in UNDO_KINDS]
_BACK = [*_UNDO, Kind.REFUND.name]


def settle(matched: Matched, leg: Leg, verdict: Verdict) -> Verdict:
    """Return the verdict without refunds that undo what the other side undid in another way."""
    if leg.right is Side.BANK:
        return verdict
    told = verdict.findings.with_row_index("no")
    asked = told.filter(pl.col("code").is_in(_CODES) & (pl.col("rows").list.len() == 1))
    if asked.height == 0 or not matched.archive.has_past():
        return verdict
    ids = matched.ledger.slim["txn_id"].gather(asked["rows"].list.first())
    refunds = (
        asked.select("no")
        .with_columns(txn_id=ids)
        .join(matched.archive.rows(ids.to_numpy()), on="txn_id")
    )
    over = _explained(refunds, _about(matched, refunds))
    return compensated.without(leg, verdict, told, over, CAUSE) if over else verdict


def _about(matched: Matched, refunds: pl.DataFrame) -> pl.DataFrame:
    """Return the successful rows, of tonight and before, about the payments that refunds name."""
    named = refunds["original_ref"].drop_nulls().unique().sort().to_list()
    told = matched.archive.told(named)
    own = [told[name].drop_nulls() for name in OWN_REFERENCES]
    told = matched.archive.told(
        pl.concat([pl.Series(named, dtype=pl.String), *own]).unique().sort().to_list()
    )
    slim = matched.ledger.slim
    kinds = [int(kind) for kind in (*UNDO_KINDS, Kind.REFUND)]
    mine = slim.filter(pl.col("kind").is_in(kinds))["txn_id"].to_numpy()
    rows = pl.concat([told, matched.archive.rows(mine)])
    success = pl.col("state").cast(pl.String) == State.SUCCESS.name
    return rows.filter(success).unique("fingerprint", keep="first", maintain_order=True)


def _explained(refunds: pl.DataFrame, rows: pl.DataFrame) -> list[int]:
    """Return the numbers of refunds that come to what the other side undid, payment by payment."""
    kind = pl.col("kind").cast(pl.String)
    paid = rows.filter(kind == Kind.PAYMENT.name)
    own = [paid.select(order="order_id", original_ref=name) for name in OWN_REFERENCES]
    orders = pl.concat(own).drop_nulls().unique()
    orders = orders.filter(~pl.col("original_ref").is_duplicated())
    back = rows.filter(kind.is_in(_BACK) & pl.col("original_ref").is_not_null())
    key = ["order", "currency"]
    counted = (
        back.join(orders, on="original_ref")
        .with_columns(
            pl.col("side").cast(pl.String),
            undone=kind.is_in(_UNDO),
            size=pl.col("amount_minor").abs(),
        )
        .group_by(*key, "size", "side")
        .agg(pl.len().alias("given"), pl.col("undone").sum())
    )
    mine = refunds.join(orders, on="original_ref").select(
        "no", *key, pl.col("side").cast(pl.String), size=pl.col("amount_minor").abs()
    )
    both = mine.join(counted, on=[*key, "size", "side"]).join(
        counted, on=[*key, "size"], suffix="_there"
    )
    over = (
        (pl.col("side") != pl.col("side_there"))
        & (pl.col("undone_there") > pl.col("undone"))
        & (pl.col("given") <= pl.col("given_there"))
    )
    parts = _of_a_part(mine, counted)
    return pl.concat([both.filter(over)["no"], parts]).unique().sort().to_list()


def _of_a_part(mine: pl.DataFrame, counted: pl.DataFrame) -> pl.Series:
    """Return the channel's refunds that come, all together, to no more than the books voided.

    `mine` are the refunds, `counted` what each side gave back of an order, by size.
    """
    key = ["order", "currency"]
    size = pl.col("size").cast(pl.Int128)
    sums = counted.group_by(*key, "side").agg(
        given=(size * pl.col("given")).sum(), undone=(size * pl.col("undone")).sum()
    )
    channel = sums.filter(pl.col("side") == Side.CHANNEL.name)
    merchant = sums.filter(pl.col("side") == Side.MERCHANT.name)
    within = channel.join(merchant, on=key, suffix="_there").filter(
        (pl.col("undone") == 0) & (pl.col("given") <= pl.col("undone_there"))
    )
    return mine.join(within, on=[*key, "side"], how="semi")["no"]
