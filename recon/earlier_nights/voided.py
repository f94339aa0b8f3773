"""Orders that the merchant's books undo on a later night than the channel charged them.

Both sides had met by then, so that nothing of the order is left to compare. The books tell it in
two ways: a void that names the order, or the order again, as reversed, or as closed or failed on a
later day than its own. A charge that stands then is VOIDED_BUT_SETTLED until the channel undoes it
or gives it back. Where the books have a refund of the order, the refund is judged, not the charge.
A refund that the books undo and the channel does not is REFUND_UNBOOKED in the same way.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.core.plan import Leg
from recon.core.schema import OWN_REFERENCES
from recon.earlier_nights import history
from recon.earlier_nights.undoings import Tonight
from recon.io.lookup.row_lookup import read_columns, read_rows
from recon.rules.night import Matched, Night, Verdict, days, ordinal
from recon.rules.one_sided.told_before import key_of, successful
from recon.rules.undone.netting import NETTING

_ENDS = [*(kind.name for kind in UNDO_KINDS), Kind.REFUND.name]
_ORDER = ["key", "kind", "amount_minor", "currency"]
_MONEY = [Kind.PAYMENT.name, Kind.REFUND.name]
_CLOSED_OR_FAILED = [State.FAILED.name, State.CLOSED.name]


def find(
    tonight: Tonight, known: pl.DataFrame, matched: Matched, legs: tuple[Leg, ...], night: Night
) -> Verdict:
    """Return the charges that stand although the books have undone their order.

    `known` has the undoings whose payment an earlier night brought, by the columns row and
    fingerprint (of that payment).
    """
    ours = [leg for leg in legs if (leg.left, leg.right) == (Side.MERCHANT, Side.CHANNEL)]
    merchant = (tonight.ledger.slim["side"] == int(Side.MERCHANT)).to_numpy()
    voids = known.filter(pl.Series(merchant[known["row"].to_numpy()], dtype=pl.Boolean))
    verdicts = [_on(tonight, voids, matched, leg, night) for leg in ours if leg.order_keys]
    return Verdict.joined([Verdict.of(), *verdicts])


def _on(tonight: Tonight, voids: pl.DataFrame, matched: Matched, leg: Leg, night: Night) -> Verdict:
    """Return what one leg says of voids: the charges of earlier nights whose order is undone."""
    again = _told_reversed(tonight, matched, leg, night)
    rows = np.concatenate([voids["row"].to_numpy(), again])
    if len(rows) == 0 or not matched.archive.has_past():
        return Verdict.of()
    ids = tonight.ledger.slim["txn_id"].gather(rows)
    place = pl.DataFrame({"row": rows, "txn_id": ids})
    mine = place.join(read_rows(tonight.parts, tonight.opening, ids.to_numpy()), on="txn_id")
    told = _about(tonight, mine, night)
    success = successful(told).filter(pl.col("kind").cast(pl.String).is_in(_MONEY))
    found = []
    for keys in leg.order_keys:
        booked, charged = (
            success.filter(pl.col("side").cast(pl.String) == side.name).with_columns(
                key=key_of(keys[side])
            )
            for side in (Side.MERCHANT, Side.CHANNEL)
        )
        retold = mine.filter(pl.col("row").is_in(again)).with_columns(key=key_of(keys[leg.left]))
        undone = [
            voids.select("row", "fingerprint")
            .join(booked, on="fingerprint")
            .select("row", *_ORDER),
            retold.join(booked, on=_ORDER, how="semi").select("row", *_ORDER),
        ]
        found.append(charged.join(pl.concat(undone), on=_ORDER))
    charges = pl.concat(found)
    if charges.is_empty():
        return Verdict.of()
    charges = _standing(tonight, charges, told, night).sort("row", "txn_id")
    for name in ("fingerprint", "row"):
        charges = charges.unique(name, keep="first", maintain_order=True)
    return _verdict(matched, charges, night)


def _told_reversed(tonight: Tonight, matched: Matched, leg: Leg, night: Night) -> NDArray[np.int64]:
    """Return orders that the books tell as reversed, alone, and past the day of their charge.

    Of those that are closed or failed only what is told again counts, which is of an earlier day:
    every night has orders that were never paid, and history is not searched for these.
    """
    ledger = tonight.ledger
    slim = ledger.slim
    untold = ledger.code_on.get(leg.name, np.zeros(slim.height, np.uint16)) == 0
    alone = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0) & untold
    told = ledger.code_on.get(NETTING, np.zeros(slim.height, np.uint16))
    alone |= told == int(Code.VOIDED_BUT_SETTLED)
    alone[tonight.netted["left"].to_numpy()] = False
    side, kind, state = (slim[name].to_numpy() for name in ("side", "kind", "state"))
    alone &= (side == int(Side.MERCHANT)) & (kind == int(Kind.PAYMENT))
    rows = np.flatnonzero(alone & (state != int(State.SUCCESS)))
    orders = slim[rows]
    day = orders.select(pl.coalesce("clearing_date", pl.col("occurred_at").dt.date())).to_series()
    again = pl.Series(days(day) < ordinal(night.business_date))
    unpaid = orders["state"].is_in([int(State.CLOSED), int(State.FAILED)])
    is_reversed = (orders["state"] == int(State.REVERSED)) | (unpaid & again)
    return rows[is_reversed.to_numpy() & _is_due(orders, night)]


def _is_due(rows: pl.DataFrame, night: Night) -> NDArray[np.bool_]:
    """Return whether the channel's file of tonight, or an earlier one, shows the rows' day."""
    day = pl.coalesce("due_date", "clearing_date", pl.lit(night.business_date))
    return days(rows.select(day).to_series()) <= ordinal(night.business_date)


def _about(tonight: Tonight, mine: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return what earlier nights told of the rows' orders, and of the charges of these."""
    oldest = mine["occurred_at"].dt.date().drop_nulls().sort().head(1).to_list()
    age = max(((night.business_date - day).days for day in oldest), default=0)
    names = _references(mine, (*OWN_REFERENCES, "original_ref"))
    told = mine.clear()
    for _ in range(2):  # the order first, then what its charges are called
        told = history.rows_about(
            tonight.workspace,
            sorted(names),
            night.business_date,
            within_days=history.UNDO_DAYS + max(age, 0),
        )
        names |= _references(told, OWN_REFERENCES)
    return told


def _references(rows: pl.DataFrame, columns: tuple[str, ...]) -> set[str]:
    return {value for name in columns for value in rows[name].drop_nulls().to_list()}


def _standing(
    tonight: Tonight, charges: pl.DataFrame, told: pl.DataFrame, night: Night
) -> pl.DataFrame:
    """Return the charges that the channel has not undone, or anybody refunded, whole, till now.

    Column rest is what is left of each.
    """
    names = [item.name for item in night.rules.sources if item.side != "bank"]
    columns = ["txn_id", "side", "kind", "state", "original_ref", "currency", "amount_minor"]
    undoes = pl.col("kind").cast(pl.String).is_in(_ENDS) & pl.col("original_ref").is_not_null()
    fresh = read_columns(tonight.parts, names, columns, undoes)
    told = pl.concat([told.select(columns), fresh]).with_columns(
        pl.col("side", "kind", "state").cast(pl.String)
    )
    ends = told.filter(
        pl.col("kind").is_in(_ENDS)
        & ((pl.col("side") == Side.CHANNEL.name) | (pl.col("kind") == Kind.REFUND.name))
        & ~pl.col("state").is_in(_CLOSED_OR_FAILED)
    )
    given = (
        ends.drop_nulls("original_ref")
        .unique("txn_id")
        .group_by("side", "currency", name="original_ref")
        .agg(back=pl.col("amount_minor").abs().cast(pl.Int128).sum())
    )
    own = [
        charges.select("txn_id", "currency", "amount_minor", name=name) for name in OWN_REFERENCES
    ]
    returned = (
        pl.concat(own)
        .unique()
        .join(given, on=["name", "currency"])
        .group_by("txn_id", "side")
        .agg(pl.col("back").sum())
        .group_by("txn_id")
        .agg(pl.col("back").max())
    )
    known = charges.join(returned, on="txn_id", how="left", maintain_order="left")
    amount, back = pl.col("amount_minor"), pl.col("back").fill_null(0)
    rest = amount - (amount.sign() * back).cast(pl.Int64)
    return known.filter(back < amount.abs()).with_columns(rest=rest).drop("back")


def _verdict(matched: Matched, charges: pl.DataFrame, night: Night) -> Verdict:
    """Tell the charges that stand; an undoing that came after the channel's day waits for it."""
    slim = matched.ledger.slim[charges["row"].to_numpy()]
    until = pl.coalesce("due_date", "clearing_date", pl.lit(night.business_date))
    due = pl.Series(_is_due(slim, night))
    told = charges.with_columns(
        anchor=pl.col("fingerprint").cast(pl.String), currency=slim["currency"]
    )
    refund = pl.col("amount_minor") < 0
    code = (
        pl.when(refund)
        .then(pl.lit(int(Code.REFUND_UNBOOKED)))
        .otherwise(pl.lit(int(Code.VOIDED_BUT_SETTLED)))
    )
    findings = told.filter(due).select(
        code.alias("code"),
        pl.lit(NETTING).alias("leg"),
        pl.concat_list("row").alias("rows"),
        pl.lit(1).alias("faulty"),
        "anchor",
        pl.lit(0).alias("expected_minor"),
        pl.col("rest").alias("actual_minor"),
        "currency",
        pl.when(refund)
        .then(pl.lit("the merchant undid the refund on a later night"))
        .otherwise(pl.lit("the merchant undid the payment on a later night"))
        .alias("cause"),
        pl.concat_list("txn_id").alias("also"),
    )
    waiting = told.select(
        "row",
        pl.lit(NETTING).alias("leg"),
        pl.lit(int(Side.CHANNEL)).alias("waiting_for"),
        slim.select(until).to_series().alias("wait_until"),
        pl.when(due).then("anchor").alias("anchor"),
        pl.when(due).then(code).alias("code"),
    )
    return Verdict.of(findings, waiting)
