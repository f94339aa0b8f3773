"""A refund that the channel made under another number than the books have: one story, not two.

A refund that failed, was undone or never came is often made again with a number of its own. Then
the books' refund is not lost, and the channel's is not one that nobody asked for: both refund one
amount of one payment. Of several equal ones each meets one, in turn of time: they differ in nothing
but their numbers. While the books' refund is in time, its own row may come: the other one waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from recon.core.codes import Code, Kind, Side, State
from recon.core.plan import Leg
from recon.core.schema import OWN_REFERENCES
from recon.rules.night import Matched, Verdict, without_rows
from recon.rules.undone.netting import NETTING
from recon.rules.undone.payments import payments_named

CAUSE = "refunded under another number"
_SAME = ["payment", "currency", "size", "turn"]
_NOT_SETTLED = int(Code.REFUND_NOT_SETTLED)


def settle(
    matched: Matched, legs: Sequence[Leg], before: Verdict, by_leg: Mapping[str, Verdict]
) -> tuple[Verdict, dict[str, Verdict]]:
    """Return the verdicts without refunds that the channel made anew, both told as netted.

    `before` holds netting's verdict: refunds that the channel undid on a later night.
    """
    told = dict(by_leg)
    for leg in legs:
        if (leg.left, leg.right) == (Side.MERCHANT, Side.CHANNEL):
            pairs = _pairs(matched, leg, told[leg.name], _undone(before))
            met = pairs.filter("late")
            both = pl.concat([met["row"], met["anew"]])
            before = without_rows(before, both)
            rest = without_rows(told[leg.name], both)
            early = pairs.filter(~pl.col("late"))["anew"]
            told[leg.name] = Verdict.joined([_held(rest, early), _netted(matched, leg, met)])
    return before, told


def _undone(before: Verdict) -> pl.DataFrame:
    """Return the undoings (row) of refunds that the books call done, which netting has told."""
    mine = (pl.col("leg") == NETTING) & (pl.col("code") == _NOT_SETTLED)
    rows = before.findings.filter(mine)["rows"].list.first()
    return pl.DataFrame({"row": rows, "late": True}, schema={"row": pl.Int64, "late": pl.Boolean})


def _pairs(matched: Matched, leg: Leg, verdict: Verdict, undone: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of what the books miss and what was made anew: row, anew, late.

    `row` is the books' refund or its undoing; it is late when its own row is not waited for.
    """
    anew = _waiting(matched, leg, verdict, Side.CHANNEL)
    lone = matched.matches.key_group[leg.name][anew["row"].to_numpy()] < 0
    anew = anew.filter(pl.Series(lone, dtype=pl.Boolean))
    asked = pl.concat([_waiting(matched, leg, verdict, Side.MERCHANT), undone])
    if anew.is_empty() or asked.is_empty():
        return pl.DataFrame(schema={"row": pl.Int64, "anew": pl.Int64, "late": pl.Boolean})
    theirs, ours = _with_payment(matched, anew), _with_payment(matched, asked)
    orders = payments_named(matched, pl.concat([theirs, ours]))
    left, right = _in_turn(ours, orders), _in_turn(theirs, orders)
    met = left.join(right.select(*_SAME, anew="row"), on=_SAME, how="inner")
    told = matched.ledger.code_on.get(leg.name)
    if told is not None:  # a case that was told does not wait again
        met = met.filter(pl.col("late") | (pl.Series(told[met["anew"].to_numpy()]) == 0))
    return met.select("row", "anew", "late").sort("row")


def _waiting(matched: Matched, leg: Leg, verdict: Verdict, side: Side) -> pl.DataFrame:
    """Return the refunds of one side that wait for the other: row, late (they are a break)."""
    waits = verdict.waiting.filter(pl.col("leg") == leg.name)
    rows = waits.group_by("row").agg(late=pl.col("code").is_not_null().any()).sort("row")
    facts = matched.ledger.slim.select("side", "kind", "state")[rows["row"].to_numpy()]
    done = [int(State.SUCCESS), *([int(State.PENDING)] if side is Side.MERCHANT else [])]
    mine = (facts["side"] == int(side)) & (facts["kind"] == int(Kind.REFUND))
    return rows.filter(mine & facts["state"].is_in(done))


def _with_payment(matched: Matched, rows: pl.DataFrame) -> pl.DataFrame:
    """Return refunds with the payment that they name, and undoings with that of their refund."""
    ids = matched.ledger.slim["txn_id"].gather(rows["row"])
    names = ["txn_id", "kind", "original_ref", "currency", "amount_minor", "occurred_at"]
    wide = matched.archive.columns(names, ids.unique().sort().to_numpy())
    found = rows.with_columns(txn_id=ids).join(wide, on="txn_id", how="left")
    undoing = pl.col("kind").cast(pl.String) != Kind.REFUND.name
    named = found.filter(undoing)["original_ref"].drop_nulls().unique().sort().to_list()
    told = matched.archive.told(named)
    refunds = told.filter(pl.col("kind").cast(pl.String) == Kind.REFUND.name)
    own = [refunds.select("original_ref", name=name) for name in OWN_REFERENCES]
    theirs = pl.concat(own).drop_nulls().unique("name", keep="last", maintain_order=True)
    return found.join(
        theirs, left_on="original_ref", right_on="name", how="left", suffix="_theirs"
    ).with_columns(
        pl.when(undoing).then("original_ref_theirs").otherwise("original_ref").alias("original_ref")
    )


def _in_turn(refunds: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return refunds with the payment that they refund, their size and their turn among equals."""
    return (
        refunds.join(orders, left_on="original_ref", right_on="name", how="left")
        .with_columns(
            payment=pl.coalesce("payment", "original_ref"), size=pl.col("amount_minor").abs()
        )
        .drop_nulls("payment")
        .sort("occurred_at", "row")
        .with_columns(turn=pl.int_range(pl.len()).over("payment", "currency", "size"))
    )


def _held(verdict: Verdict, rows: pl.Series) -> Verdict:
    """Return the verdict in which refunds wait, untold."""
    if rows.is_empty():
        return verdict
    about = pl.col("rows").list.first().is_in(rows.implode())
    mine = pl.col("row").is_in(rows.implode())
    return replace(
        verdict,
        findings=verdict.findings.filter(~about),
        waiting=verdict.waiting.with_columns(
            pl.when(~mine).then(name).alias(name) for name in ("anchor", "code")
        ),
        broken=np.setdiff1d(verdict.broken, rows.to_numpy()),
    )


def _netted(matched: Matched, leg: Leg, pairs: pl.DataFrame) -> Verdict:
    """Return one benign finding a pair.

    Where the channel's row of the books' refund failed, it explains what that pair lacks.
    """
    rows = pairs["row"].to_numpy()
    first = matched.ledger.slim[rows]
    linked = pl.Series(matched.matches.key_group[leg.name][rows] >= 0, dtype=pl.Boolean)
    amount = first["amount_minor"]
    return Verdict.of(
        pairs.select(
            pl.lit(int(Code.NETTED)).alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list("row", "anew").alias("rows"),
            pl.lit(0).alias("faulty"),
            anchor=first["fingerprint"].cast(pl.String) + ".anew",
            expected_minor=pl.select(pl.when(linked).then(amount).otherwise(0)).to_series(),
            actual_minor=pl.lit(0),
            currency=first["currency"],
            cause=pl.lit(CAUSE),
        )
    )
