"""A part of a payment that both sides undo: they agree, and neither undoing is a case.

Netting takes equal amounts only, so that both undoings stand alone. Where they name one payment,
undo one amount of it, and no more than was paid, nothing is left to compare.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Code, Side
from recon.rules.night import Matched, Verdict, without_rows
from recon.rules.undone.in_part import alive
from recon.rules.undone.netting import NETTING
from recon.rules.undone.payments import payments_named

CAUSE = "both sides undid the same part of the payment"
_SAME = ["payment", "currency", "amount_minor", "turn"]


def settle(matched: Matched, before: Verdict) -> Verdict:
    """Return netting's verdict with lone undoings that both sides tell as netted."""
    alone = pl.col("code").is_null() | (pl.col("code") == int(Code.REVERSAL_ORPHAN))
    rows = alive(matched, before.waiting.filter((pl.col("leg") == NETTING) & alone))
    sides = matched.ledger.slim["side"].gather(rows)
    if sides.n_unique() < len((Side.MERCHANT, Side.CHANNEL)):
        return before
    ids = matched.ledger.slim["txn_id"].gather(rows)
    names = ["txn_id", "original_ref", "currency", "amount_minor", "occurred_at"]
    wide = matched.archive.columns(names, ids.sort().to_numpy())
    lone = pl.DataFrame({"row": rows, "side": sides, "txn_id": ids}).join(wide, on="txn_id")
    meant = (
        lone.join(payments_named(matched, lone), left_on="original_ref", right_on="name")
        .filter(pl.col("amount_minor").abs() <= pl.col("paid_minor").abs())
        .sort("occurred_at", "row")
        .with_columns(turn=pl.int_range(pl.len()).over("side", *_SAME[:-1]))
    )
    ours, theirs = (meant.filter(side=int(side)) for side in (Side.MERCHANT, Side.CHANNEL))
    pairs = ours.join(theirs.select(*_SAME, theirs="row"), on=_SAME).select("row", "theirs")
    if pairs.is_empty():
        return before
    first = matched.ledger.slim[pairs["row"].to_numpy()]
    found = pairs.select(
        pl.lit(int(Code.NETTED)).alias("code"),
        pl.lit(NETTING).alias("leg"),
        pl.concat_list("row", "theirs").alias("rows"),
        pl.lit(0).alias("faulty"),
        anchor=first["fingerprint"].cast(pl.String) + ".part",
        expected_minor=pl.lit(0),
        actual_minor=pl.lit(0),
        currency=first["currency"],
        cause=pl.lit(CAUSE),
    )
    rest = without_rows(before, pl.concat([pairs["row"], pairs["theirs"]]))
    return Verdict.joined([rest, Verdict.of(found)])
