"""Fees on what brought no money: payments that failed, were closed, or were undone.

The rows that undo a payment give its fee back. Payments of one reference are judged together,
since nobody can tell which of them an undoing with that reference means.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import UNDO_KINDS, Code, Kind, State
from recon.core.schema import OWN_REFERENCES
from recon.rules.batch_keys import EVIDENCE_ROWS
from recon.rules.breaks.facts import FACTS, facts

_UNDO = [kind.name for kind in UNDO_KINDS]


def find(rows: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return the fees that no successful payment stands for, as FACTS.

    `rows` are tonight's, `earlier` those of nights before that undo them or are undone by them.
    """
    charged = (pl.col("fee_minor") != 0) & (pl.col("kind") == Kind.PAYMENT.name)
    payments = rows.filter(charged)
    nothing = payments.filter(pl.col("state").is_in([State.FAILED.name, State.CLOSED.name]))
    reversed_ones = pl.col("state") == State.REVERSED.name
    gone = pl.concat([payments.filter(reversed_ones), earlier.filter(charged & reversed_ones)])
    undoing = pl.col("kind").is_in(_UNDO) & (pl.col("state") == State.SUCCESS.name)
    undo = pl.concat([rows, earlier]).filter(undoing)
    return facts(
        nothing.select(
            "txn_id",
            code=pl.lit(int(Code.FEE_ON_FAILED)),
            expected_minor=pl.lit(0),
            actual_minor="fee_minor",
            cause="fee on a payment that is " + pl.col("state").str.to_lowercase(),
        ),
        _kept(gone, undo),
    )


def _kept(gone: pl.DataFrame, undo: pl.DataFrame) -> pl.DataFrame:
    """Report undone payments whose fee did not come back whole, or came back with more."""
    if gone.height == 0:
        return pl.DataFrame(schema=FACTS)
    told = (
        _with_returned(gone, undo)
        .sort("txn_id")
        .group_by("reference", maintain_order=True)
        .agg(pl.col("txn_id"), pl.col("fee_minor").sum(), pl.col("back").first())
        .with_columns(left=pl.col("fee_minor") - pl.col("back"))
        .filter(pl.col("left") != 0)
    )
    more = pl.col("left") < 0
    return told.select(
        pl.col("txn_id").list.first(),
        other_txn_ids=pl.col("txn_id").list.slice(1, EVIDENCE_ROWS - 1),
        code=pl.when(more)
        .then(pl.lit(int(Code.FEE_OVER_RETURNED)))
        .otherwise(pl.lit(int(Code.FEE_ON_FAILED))),
        expected_minor=pl.when(more).then("fee_minor").otherwise(0),
        actual_minor=pl.when(more).then("back").otherwise("left"),
        cause=pl.when(more)
        .then(pl.lit("more than the fee returned"))
        .when(pl.col("back") == 0)
        .then(pl.lit("fee on a payment that is reversed"))
        .otherwise(pl.lit("part of the fee returned")),
    )


def _with_returned(gone: pl.DataFrame, undo: pl.DataFrame) -> pl.DataFrame:
    """Return undone payments with the reference by which they were undone and the fee given back.

    A payment that no row names is its own reference; nothing came back of it.
    """
    columns = [*gone.columns, "reference", "back"]
    named = []
    if "original_ref" in undo.columns:
        scope = [name for name in ("source", "merchant_id") if name in gone.columns]
        undone = undo.drop_nulls("original_ref")
        back = undone.group_by(*scope, "original_ref").agg(back=-pl.col("fee_minor").sum())
        for own in (name for name in OWN_REFERENCES if name in gone.columns):
            asked = back.rename({"original_ref": own})
            met = gone.join(asked, on=[*scope, own], how="inner", nulls_equal=True)
            named.append(met.with_columns(reference=pl.format("{} {}", pl.lit(own), own)))
            gone = gone.join(met, on="txn_id", how="anti")
    alone = gone.with_columns(back=pl.lit(0), reference=pl.format("row {}", "txn_id"))
    return pl.concat([frame.select(columns) for frame in (*named, alone)], how="vertical_relaxed")
