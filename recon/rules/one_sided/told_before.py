"""Lone rows whose order earlier nights have closed: a further charge, or an order told again.

The rows of the order have left the ledger, so the archive is asked; a carried row is found by
`again.py`. Only orders keyed by a reference are looked up. A charge that was undone, or refunded
whole, counts as none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import UNDO_KINDS, Kind, Side, State
from recon.core.plan import Key, Leg
from recon.core.schema import OWN_REFERENCES
from recon.core.texts.digest import key_columns
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


@dataclass(frozen=True, slots=True)
class Tellings:
    """Lone rows of one side and what earlier nights told of their orders, each with its key."""

    mine: pl.DataFrame  # TRANSACTIONS, row, key
    told: pl.DataFrame  # TRANSACTIONS, key; any state, in the order of the nights


def tellings(matched: Matched, leg: Leg, lone: pl.DataFrame, side: Side) -> Tellings | None:
    """Return what earlier nights told of the orders of new lone rows; None where nothing.

    Looked up are rows that no break tells of yet, by one reference; what else the key holds is
    compared, so that of several keys the shortest is asked.
    """
    named = [(keys, by) for keys in leg.order_keys for by in _LOOKED_UP if by in keys[side]]
    asked = lone.filter(pl.Series(_untold(matched, leg, lone["row"].to_numpy())))
    if not named or leg.right is Side.BANK or not 0 < asked.height <= _MOST:
        return None
    keys, by = min(named, key=lambda one: len(one[0][side]))
    if not matched.archive.has_past():
        return None
    ids = matched.ledger.slim["txn_id"].gather(asked["row"])
    place = pl.DataFrame({"row": asked["row"], "txn_id": ids})
    mine = place.join(matched.archive.rows(ids.to_numpy()), on="txn_id")
    mine = mine.with_columns(key=key_of(keys[side])).filter(pl.col("key").is_not_null())
    told = matched.archive.told(mine[by].unique().sort().to_list())
    sides = [told.filter(_of(one)).with_columns(key=key_of(key)) for one, key in keys.items()]
    told = pl.concat(sides).filter(pl.col("key").is_in(mine["key"].implode()))
    return Tellings(mine, told) if told.height else None


def _untold(matched: Matched, leg: Leg, rows: Rows) -> NDArray[np.bool_]:
    """Return which rows no break of the leg tells of yet."""
    codes = matched.ledger.code_on.get(leg.name)
    return np.ones(len(rows), bool) if codes is None else codes[rows] == 0


def key_of(columns: Key) -> pl.Expr:
    """Return a key as one text, null where a part of it is."""
    return pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator="\x1f")


def look_up(matched: Matched, leg: Leg, asked: Tellings | None, side: Side) -> pl.DataFrame:
    """Return what earlier nights say of lone rows of one side (columns FOUND), once a row.

    `further`: the order was met before, so this is one charge more; else the order is told again,
    by the merchant at the amount that was charged then, or by the channel, which undid what it had
    charged and charges it anew. `also` names the earlier rows.
    """
    nothing = pl.DataFrame(schema=FOUND)
    if asked is None:
        return nothing
    told = successful(asked.told)
    told = told.filter(~pl.col("txn_id").is_in(matched.ledger.slim["txn_id"].implode()))
    if told.height == 0:
        return nothing
    charged = standing(matched, told.filter(_of(leg.right)), leg.right)
    booked = told.filter(_of(leg.left))
    if side is leg.left:
        return _again(asked.mine, charged, booked)
    undone = told.filter(_of(leg.right) & ~pl.col("key").is_in(charged["key"].implode()))
    stands = standing(matched, booked, leg.left).filter(
        pl.col("key").is_in(undone["key"].implode())
    )
    anew = _again(asked.mine, stands, stands).unique("row", keep="first", maintain_order=True)
    return pl.concat([_further(asked.mine, charged, booked), anew])


def successful(told: pl.DataFrame) -> pl.DataFrame:
    """Return the successful rows, each once, by time."""
    success = pl.col("state").cast(pl.String) == State.SUCCESS.name
    rows = told.filter(success).sort("occurred_at", "txn_id", nulls_last=True)
    return rows.unique("fingerprint", keep="first", maintain_order=True)


def _of(side: Side) -> pl.Expr:
    return pl.col("side").cast(pl.String) == side.name


def standing(
    matched: Matched, told: pl.DataFrame, side: Side, by: Sequence[str] = _UNDOING
) -> pl.DataFrame:
    """Return the earlier charges (and refunds) of a side that no row of a kind has undone since."""
    kind = pl.col("kind").cast(pl.String)
    rows = told.filter(_of(side) & kind.is_in([Kind.PAYMENT.name, Kind.REFUND.name]))
    references = pl.concat([rows["channel_ref"], rows["order_id"]]).drop_nulls().unique().sort()
    about = successful(
        pl.concat([matched.archive.told(references.to_list()), _undoing_tonight(matched)])
    )
    undone = about.filter(_of(side) & kind.is_in(by) & pl.col("original_ref").is_not_null())
    undone = undone.select("original_ref", undone_minor=-pl.col("amount_minor")).unique()
    for name in OWN_REFERENCES:
        rows = rows.join(
            undone,
            left_on=[name, "amount_minor"],
            right_on=["original_ref", "undone_minor"],
            how="anti",
            maintain_order="left",
        )
    return rows


def _undoing_tonight(matched: Matched) -> pl.DataFrame:
    """Return tonight's reversals and voids (TRANSACTIONS) of what is in the ledger no more."""
    slim, digests = matched.ledger.slim, matched.ledger.digests
    undoing = np.flatnonzero(slim["kind"].is_in([int(kind) for kind in UNDO_KINDS]).to_numpy())
    undone = np.flatnonzero((slim["state"] == int(State.REVERSED)).to_numpy())
    free = _with_word(slim, digests["original_ref"], undoing, -1)
    for own in OWN_REFERENCES:
        met = _with_word(slim, digests[own], undone, 1).drop("row")
        free = free.join(met, on=["side", "amount_minor", "hi", "lo"], how="anti")
    return matched.archive.rows(slim["txn_id"].gather(free["row"].sort()).to_numpy())


def _with_word(
    slim: pl.DataFrame, words: NDArray[np.uint64], rows: Rows, sign: int
) -> pl.DataFrame:
    return slim[rows].select(
        pl.Series("row", rows),
        *key_columns(words[rows]),
        "side",
        pl.col("amount_minor") * sign,
    )


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


def rows_that(found: pl.DataFrame, *, further: bool) -> Rows:
    """Return the rows that are a further charge, or those that are told again."""
    return found.filter(pl.col("further") == further)["row"].to_numpy()
