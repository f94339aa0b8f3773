"""Lone rows whose order earlier nights have closed: a further charge, or an order told again.

The rows of the order have left the ledger, so the archive is asked; a carried row is found by
`again.py`. Only orders keyed by one reference are looked up. A charge that was undone, or refunded
whole, counts as none.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import UNDO_KINDS, Kind, Side
from recon.core.plan import Leg
from recon.rules.night import Matched

_LOOKED_UP = ("order_id", "channel_ref")
_MOST = 20_000  # lone rows that are looked up in a night; a whole file that is new is none of these
_UNDOING = [*(kind.name for kind in UNDO_KINDS), Kind.REFUND.name]

FOUND: dict[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.Int64,
    "also": pl.List(pl.Int64),
    "further": pl.Boolean,
    "same_reference": pl.Boolean,
    "other_means": pl.Boolean,
    "cause": pl.String,
}


def look_up(matched: Matched, leg: Leg, lone: pl.DataFrame, side: Side) -> pl.DataFrame:
    """Return what earlier nights say of new lone rows of one side (columns FOUND), once a row.

    `further`: the order was met before, so this is one charge more; else the order is told again,
    by the merchant, at the amount that was charged then. `also` names the earlier rows.
    """
    nothing = pl.DataFrame(schema=FOUND)
    key = leg.passes[0].left_key if side is leg.left else leg.passes[0].right_key
    known = len(key) == 1 and key[0] in _LOOKED_UP and leg.right is not Side.BANK
    fresh = lone.filter(pl.Series(~matched.ledger.opening[lone["row"].to_numpy()]))
    if not known or not 0 < fresh.height <= _MOST or not matched.archive.has_past():
        return nothing
    ids = matched.ledger.slim["txn_id"].gather(fresh["row"])
    place = pl.DataFrame({"row": fresh["row"], "txn_id": ids})
    mine = place.join(matched.archive.rows(ids.to_numpy()), on="txn_id")
    mine = mine.with_columns(key=pl.col(key[0])).filter(pl.col("key").is_not_null())
    told = matched.archive.about(mine["key"].unique().sort().to_list())
    told = told.filter(~pl.col("txn_id").is_in(matched.ledger.slim["txn_id"].implode()))
    if told.height == 0:
        return nothing
    charged = _standing(matched, told.with_columns(key=leg.passes[0].right_key[0]), leg.right)
    booked = told.with_columns(key=leg.passes[0].left_key[0]).filter(_of(leg.left))
    return (_further if side is leg.right else _again)(mine, charged, booked)


def _of(side: Side) -> pl.Expr:
    return pl.col("side").cast(pl.String) == side.name


def _standing(matched: Matched, told: pl.DataFrame, side: Side) -> pl.DataFrame:
    """Return the earlier charges (and refunds) of a side that nothing has undone since."""
    kind = pl.col("kind").cast(pl.String)
    rows = told.filter(_of(side) & kind.is_in([Kind.PAYMENT.name, Kind.REFUND.name]))
    references = pl.concat([rows["channel_ref"], rows["key"]]).drop_nulls().unique().sort()
    about = matched.archive.about(references.to_list())
    undone = about.filter(_of(side) & kind.is_in(_UNDOING) & pl.col("original_ref").is_not_null())
    undone = undone.select("original_ref", undone_minor=-pl.col("amount_minor")).unique()
    for name in ("key", "channel_ref", "rrn"):
        rows = rows.join(
            undone,
            left_on=[name, "amount_minor"],
            right_on=["original_ref", "undone_minor"],
            how="anti",
            maintain_order="left",
        )
    return rows


def _further(mine: pl.DataFrame, charged: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """Return the lone rows whose order was charged, and booked, on an earlier night."""
    first = charged.filter(pl.col("key").is_in(booked["key"].implode())).unique(
        ["key", "kind"], keep="first", maintain_order=True
    )
    books = booked.unique(["key", "kind"], keep="first", maintain_order=True)
    books = books.select("key", "kind", booked_id="txn_id")
    found = mine.join(first, on=["key", "kind"], suffix="_first").join(
        books, on=["key", "kind"], how="left"
    )
    day = pl.coalesce("clearing_date_first", pl.col("occurred_at_first").dt.date())
    named = pl.col("channel_ref_first").fill_null("no reference")
    return found.select(
        "row",
        also=pl.concat_list("txn_id_first", "booked_id").list.drop_nulls(),
        further=pl.lit(value=True),
        same_reference=pl.any_horizontal(
            (pl.col(name) == pl.col(f"{name}_first")).fill_null(value=False)
            for name in ("channel_ref", "rrn")
        ),
        other_means=(pl.col("source") != pl.col("source_first"))
        & (pl.col("kind").cast(pl.String) == Kind.PAYMENT.name),
        cause=pl.format("the first one came on {} as {}", day, named),
    ).sort("row")


def _again(mine: pl.DataFrame, charged: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """Return the lone orders that an earlier night knew and saw charged at their amount."""
    met = charged.filter(pl.col("key").is_in(booked["key"].implode()))
    met = met.unique(["key", "kind", "amount_minor", "currency"], keep="first", maintain_order=True)
    found = mine.join(met, on=["key", "kind", "amount_minor", "currency"], suffix="_first")
    return found.select(
        "row",
        also=pl.concat_list("txn_id_first"),
        further=pl.lit(value=False),
        same_reference=pl.lit(value=False),
        other_means=pl.lit(value=False),
        cause=pl.lit("the order was told and met before"),
    ).sort("row")


def rows_that(found: pl.DataFrame, *, further: bool) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows that are a further charge, or those that are told again."""
    return found.filter(pl.col("further") == further)["row"].to_numpy()
