"""What a lone reversal or void names, where it names a payment of another amount.

Netting takes equal amounts only. An undoing of more than was paid, or of a part of it, has an
original all the same: its case says what was paid. The payment is one of the nights before, because
an undoing waits for its original before it is a case.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from recon.core.codes import Code, Kind, State
from recon.core.money import format_minor
from recon.core.schema import OWN_REFERENCES
from recon.rules.night import Matched, Verdict

_PAID = (State.SUCCESS.name, State.REVERSED.name)


def named(matched: Matched, verdict: Verdict) -> Verdict:
    """Return the verdict in which undoings without an equal payment tell the payment they name."""
    told = verdict.findings.with_row_index("no")
    lone = told.filter((pl.col("code") == int(Code.REVERSAL_ORPHAN)) & pl.col("cause").is_null())
    if lone.height == 0:
        return verdict
    ids = matched.ledger.slim["txn_id"].gather(lone["rows"].list.first())
    rows = matched.archive.rows(ids.unique().sort().to_numpy())
    undone = lone.select("no").with_columns(txn_id=ids).join(rows, on="txn_id")
    causes = _causes(undone, _payments(matched, undone))
    cause = pl.col("no").replace_strict(causes, default=None, return_dtype=pl.String)
    return replace(
        verdict, findings=told.with_columns(cause=pl.coalesce("cause", cause)).drop("no")
    )


def _payments(matched: Matched, undone: pl.DataFrame) -> pl.DataFrame:
    """Return what was paid under the references that undoings name: side, currency, ref, paid."""
    told = matched.archive.told(undone["original_ref"].drop_nulls().unique().sort().to_list())
    kind, state = (pl.col(name).cast(pl.String) for name in ("kind", "state"))
    paid = told.filter((kind == Kind.PAYMENT.name) & state.is_in(_PAID))
    place = ("side", "currency", "fingerprint", pl.col("amount_minor").alias("paid"))
    names = [paid.select(*place, original_ref=name) for name in OWN_REFERENCES]
    return pl.concat(names).drop_nulls("original_ref").unique(["fingerprint", "original_ref"])


def _causes(undone: pl.DataFrame, payments: pl.DataFrame) -> dict[int, str]:
    """Return the cause of each undoing that names one payment of another amount, by its number."""
    both = undone.join(payments, on=["side", "currency", "original_ref"])
    one = both.filter((pl.len().over("no") == 1) & (pl.col("paid") != -pl.col("amount_minor")))
    causes = {}
    for row in one.iter_rows(named=True):
        more = -row["amount_minor"] > row["paid"]
        paid = format_minor(row["paid"], row["currency"])
        share = "more than" if more else "a part of"
        causes[row["no"]] = f"undoes {share} the payment of {paid} that it names"
    return causes
