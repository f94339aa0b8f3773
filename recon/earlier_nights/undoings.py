"""Payments and refunds undone on a later night: what earlier nights say of the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.core.schema import OWN_REFERENCES
from recon.earlier_nights import history
from recon.io.lookup.row_lookup import read_columns, read_rows
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.undone import netting
from recon.store.workspace import Workspace

_MONEY = [Kind.PAYMENT.name, Kind.REFUND.name]
_KEPT_BY = [int(Code.MERCHANT_PAID_CHANNEL_NOT), int(Code.REFUND_NOT_SETTLED)]
_KEY = ["side", "currency", "reference", "undone_minor"]


@dataclass(frozen=True, slots=True)
class Tonight:
    """Where the rows of tonight's ledger lie, and what netting made of them."""

    workspace: Workspace
    ledger: Ledger
    netted: pl.DataFrame  # links of netting, row positions
    parts: Sequence[Path]
    opening: pl.DataFrame  # table OPEN_ITEMS


def judge(
    tonight: Tonight, verdict: Verdict, night: Night
) -> tuple[Verdict, Verdict, pl.DataFrame]:
    """Return netting's verdict without undoings whose payment left the books earlier, and news.

    The news are payments undone tonight that the merchant's books still call paid. Last come the
    undoings that were taken out: columns row, order_id and fingerprint of the payment.
    """
    known = _settled_originals(tonight, verdict, night)
    rows = known["row"].implode()
    findings = verdict.findings.filter(
        ~((pl.col("leg") == netting.NETTING) & pl.col("rows").list.first().is_in(rows))
    )
    waiting = verdict.waiting.filter(
        ~((pl.col("leg") == netting.NETTING) & pl.col("row").is_in(rows))
    )
    rest = replace(verdict, findings=findings, waiting=waiting)
    late = _late(tonight, known, night)
    return rest, late, known.select("row", "order_id", "fingerprint")


def _settled_originals(tonight: Tonight, verdict: Verdict, night: Night) -> pl.DataFrame:
    """Return lone undoings whose payment an earlier night brought and closed.

    Columns row, own references and fingerprint of the payment, or of the refund. One that was
    undone before is not there to be undone again. Of carried undoings those are asked that a break
    keeps: the merchant's, by a charge that stands, and the channel's, by books that call it done.
    """
    own_references = dict.fromkeys(OWN_REFERENCES, pl.String)
    empty = pl.DataFrame(schema={"row": pl.Int64, **own_references, "fingerprint": pl.Int64})
    lone = verdict.waiting.filter(pl.col("leg") == netting.NETTING)["row"].to_numpy()
    merchant = (tonight.ledger.slim["side"] == int(Side.MERCHANT)).to_numpy()
    kept = _kept(tonight)
    idle = tonight.ledger.slim["fingerprint"].gather(lone)  # these have undone nothing yet
    lone = lone[merchant[lone] | ~tonight.ledger.opening[lone] | kept[lone]]
    if len(lone) == 0:
        return empty
    asked = _undoings(tonight, lone)
    references = asked["reference"].drop_nulls().unique().sort().to_list()
    within = history.UNDO_DAYS + (night.rules.breaks.keep_days if kept.any() else 0)
    told = _told(tonight, references, night, within)
    own = _payments(told)["reference"].unique().sort().to_list()
    told = _told(tonight, sorted({*references, *own}), night, within) if own else told
    paid = _numbered(_payments(told))
    used = paid.join(_used(tonight, told, idle), on=_KEY).filter(pl.col("nth") < pl.col("used"))
    free = _numbered(paid.filter(~pl.col("fingerprint").is_in(used["fingerprint"].implode())))
    ranked = _numbered(asked.drop("fingerprint"))
    found = ranked.join(free, on=[*_KEY, "nth"], how="inner", suffix="_paid")
    open_still = pl.col("row").is_in(np.flatnonzero(kept).tolist())  # it keeps what it undid
    found = found.sort(~open_still, "row")
    once = found.unique("fingerprint", keep="first", maintain_order=True)
    return once.sort("row").select("row", *OWN_REFERENCES, "fingerprint")


def _kept(tonight: Tonight) -> NDArray[np.bool_]:
    """Return the carried undoings of what the books called done the night before."""
    ledger = tonight.ledger
    told = ledger.code_on.get(netting.NETTING, np.zeros(ledger.slim.height, np.uint16))
    kept: NDArray[np.bool_] = np.isin(told, _KEPT_BY)
    return kept


def _told(tonight: Tonight, references: Sequence[str], night: Night, within: int) -> pl.DataFrame:
    """Return successful rows of earlier nights about some references, each once."""
    told = history.rows_about(
        tonight.workspace, references, night.business_date, within_days=within
    )
    success = pl.col("state").cast(pl.String) == State.SUCCESS.name
    return told.filter(success).unique("fingerprint", keep="first", maintain_order=True)


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with their number in time among rows of their key (column nth)."""
    ordered = rows.sort("occurred_at", "turn")
    return ordered.with_columns(nth=pl.int_range(pl.len()).over(_KEY))


def _undoings(tonight: Tonight, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return ledger rows that undo something: row, key of the payment, when."""
    ids = tonight.ledger.slim["txn_id"].gather(rows)
    place = pl.DataFrame({"row": rows, "txn_id": ids})
    wide = read_rows(tonight.parts, tonight.opening, ids.to_numpy())
    return place.join(wide, on="txn_id", how="left").select(
        "row",
        "side",
        "currency",
        "occurred_at",
        "fingerprint",
        turn="row",
        reference="original_ref",
        undone_minor=-pl.col("amount_minor"),
    )


def _payments(told: pl.DataFrame) -> pl.DataFrame:
    """Return earlier payments and refunds by each of their references."""
    paid = told.filter(pl.col("kind").cast(pl.String).is_in(_MONEY))
    own = [
        paid.select(
            "side",
            "currency",
            *OWN_REFERENCES,
            "fingerprint",
            "occurred_at",
            turn="fingerprint",
            reference=name,
            undone_minor="amount_minor",
        )
        for name in OWN_REFERENCES
    ]
    return (
        pl.concat(own)
        .filter(pl.col("reference").is_not_null())
        .unique(["reference", "fingerprint"], keep="first", maintain_order=True)
    )


def _used(tonight: Tonight, told: pl.DataFrame, idle: pl.Series) -> pl.DataFrame:
    """Return how many payments of a key others have undone: on earlier nights, or tonight.

    Tonight's are those whose payment is carried. The undoings that still look for a payment do not
    count (`idle`, their fingerprints).
    """
    undo = [kind.name for kind in UNDO_KINDS]
    before = told.filter(
        pl.col("kind").cast(pl.String).is_in(undo) & ~pl.col("fingerprint").is_in(idle.implode())
    )
    opening = tonight.ledger.opening
    carried = tonight.netted.filter(
        pl.Series(opening[tonight.netted["left"].to_numpy()])
        & pl.Series(~opening[tonight.netted["right"].to_numpy()])
    )
    now = _undoings(tonight, carried["right"].to_numpy()).select(_KEY)
    earlier = before.select(
        "side", "currency", reference="original_ref", undone_minor=-pl.col("amount_minor")
    )
    return pl.concat([earlier, now]).group_by(_KEY).agg(pl.len().cast(pl.Int64).alias("used"))


def _late(tonight: Tonight, known: pl.DataFrame, night: Night) -> Verdict:
    """Report what was undone tonight, an earlier night found done, and the books still call so."""
    legs = [leg.name for leg in night.rules.legs if leg.sides == (Side.MERCHANT, Side.CHANNEL)]
    if not legs:
        return Verdict.of()
    slim = tonight.ledger.slim
    pairs = netting.undone_late(tonight.ledger, tonight.netted, legs)
    ids = slim["txn_id"].gather(pairs["left"].to_numpy())
    names = tonight.opening.unique("txn_id").select("txn_id", *OWN_REFERENCES)
    met = pairs.with_columns(ids.alias("txn_id")).join(names, on="txn_id", how="left")
    channel = (slim["side"] == int(Side.CHANNEL)).to_numpy()
    gone = known.filter(pl.Series(channel[known["row"].to_numpy()], dtype=pl.Boolean))
    met, gone = (_with_orders(tonight, paid, night) for paid in (met, gone))
    wanted = pl.concat([met["order_id"], gone["order_id"]]).drop_nulls().unique().sort().to_list()
    if not wanted:
        return Verdict.of()
    paid = _still_paid(tonight, wanted, night)
    if paid.is_empty():
        return Verdict.of()
    still = paid.filter(
        ~paid.is_in(_done_again(tonight, paid.to_list(), night).implode())
    ).implode()
    wrong = met.filter(pl.col("order_id").is_in(still)).sort("left")
    closed = gone.filter(pl.col("order_id").is_in(still))
    return Verdict.joined(
        [
            netting.report_late(tonight.ledger, wrong, night),
            netting.report_gone(tonight.ledger, closed, night),
        ]
    )


def _with_orders(tonight: Tonight, paid: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return payments with the order in which their reference stands, where they name none.

    Files of card schemes and switches know no order: the books know the scheme's number.
    """
    nameless = paid.filter(pl.col("order_id").is_null())
    named = pl.concat([nameless[name] for name in history.CHANNEL_REFERENCES])
    references = named.drop_nulls().unique().sort()
    if references.is_empty():
        return paid
    orders = history.orders_of(
        tonight.workspace,
        references.to_list(),
        night.business_date,
        within_days=history.UNDO_DAYS,
    )
    return _booked(paid, orders)


def _booked(paid: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the order of their reference (columns reference, order_id of `orders`)."""
    for name in history.CHANNEL_REFERENCES:
        booked = orders.select(pl.col("reference").alias(name), booked="order_id")
        paid = paid.join(booked, on=name, how="left", maintain_order="left")
        paid = paid.with_columns(pl.coalesce("order_id", "booked")).drop("booked")
    return paid


def _references(tonight: Tonight, orders: Sequence[str], night: Night) -> pl.DataFrame:
    """Return the channel's references under which the books have some orders, up to now.

    Columns reference and order_id; a reference of several orders names none.
    """
    names = [item.name for item in night.rules.sources if item.side == "merchant"]
    columns = ["txn_id", "side", "order_id", *history.CHANNEL_REFERENCES]
    told = history.rows_about(
        tonight.workspace, orders, night.business_date, within_days=history.UNDO_DAYS
    ).select(columns)
    mine = pl.col("order_id").is_in(orders)
    rows = pl.concat([told, read_columns(tonight.parts, names, columns, mine)])
    rows = rows.filter(mine & (pl.col("side").cast(pl.String) == Side.MERCHANT.name))
    return history.by_reference([rows])


def _still_paid(tonight: Tonight, orders: Sequence[str], night: Night) -> pl.Series:
    """Return which orders, and refunds by their number, the merchant's books call done up to now.

    A refund of an order says that it is no longer paid; a refund ends by its own undoing alone.
    """
    names = [item.name for item in night.rules.sources if item.side == "merchant"]
    columns = ["kind", "state", "order_id", "original_ref", "txn_id"]
    told = history.rows_about(
        tonight.workspace, orders, night.business_date, within_days=history.UNDO_DAYS
    )
    told = told.filter(pl.col("side").cast(pl.String) == Side.MERCHANT.name).select(columns)
    about = pl.col("original_ref").is_in(orders) | pl.col("order_id").is_in(orders)
    fresh = read_columns(tonight.parts, names, columns, about)
    kind = pl.col("kind").cast(pl.String)
    success = pl.col("state").cast(pl.String) == State.SUCCESS.name
    every = pl.concat([told, fresh])
    by = ["order_id", "kind"]
    last = every.filter(kind.is_in(_MONEY)).unique(by, keep="last", maintain_order=True)
    ends = {
        Kind.PAYMENT: every.filter(kind != Kind.PAYMENT.name),
        Kind.REFUND: every.filter(~kind.is_in(_MONEY)),
    }
    still = [
        last.filter(
            success
            & (kind == one.name)
            & ~pl.col("order_id").is_in(rows["original_ref"].drop_nulls().implode())
        )
        for one, rows in ends.items()
    ]
    return pl.concat(still)["order_id"].unique()


def _done_again(tonight: Tonight, orders: Sequence[str], night: Night) -> pl.Series:
    """Return which orders, and refunds by their number, the channel has done anew since.

    Of equal amounts it shows more than it has undone. Where its file knows no order, its rows are
    those of the references that the books have of the order.
    """
    names = [item.name for item in night.rules.sources if item.side == "channel"]
    within = history.UNDO_DAYS
    columns = ["txn_id", "fingerprint", "side", "kind", "state", "currency", "amount_minor"]
    columns += [*OWN_REFERENCES, "original_ref"]
    kind = pl.col("kind").cast(pl.String)
    undoes = ~kind.is_in(_MONEY) & pl.col("original_ref").is_not_null()
    booked = _references(tonight, orders, night)
    called = [*orders, *booked["reference"]]
    wanted = pl.any_horizontal(pl.col(name).is_in(called) for name in OWN_REFERENCES) | undoes
    fresh = read_columns(tonight.parts, names, columns, wanted)

    def about(references: Sequence[str]) -> pl.DataFrame:
        told = history.rows_about(
            tonight.workspace, references, night.business_date, within_days=within
        ).filter(pl.col("side").cast(pl.String) == Side.CHANNEL.name)
        rows = pl.concat([told.select(columns), fresh])
        success = pl.col("state").cast(pl.String) == State.SUCCESS.name
        return rows.filter(success).unique("fingerprint", keep="first", maintain_order=True)

    done = _booked(about(called).filter(kind.is_in(_MONEY)), booked)
    done = done.filter(pl.col("order_id").is_in(orders))
    own = pl.concat([done.select(order="order_id", original_ref=name) for name in OWN_REFERENCES])
    own = own.drop_nulls().unique()
    undoing = about(own["original_ref"].unique().sort().to_list()).filter(~kind.is_in(_MONEY))
    key = ["order", "currency", "amount_minor"]
    undone = undoing.join(own, on="original_ref").with_columns(-pl.col("amount_minor"))
    counted = (
        done.rename({"order_id": "order"})
        .group_by(key)
        .agg(pl.len().alias("done"))
        .join(undone.group_by(key).agg(pl.len().alias("undone")), on=key)
    )
    return counted.filter(pl.col("done") > pl.col("undone"))["order"].unique()
