"""Undoings that name their payment by the terminal's own trace number: they get its reference.

A trace number comes again within days. It names a payment where one alone of that terminal,
merchant and amount was made within `breaks.reversal_days` before the undoing; what more than one
payment fits stays as it is. All that follows (netting, fees, what earlier nights know) then asks by
the reference, and the trace number stands among the attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from recon.core.arrays.numbers import Rows
from recon.core.attributes import with_value
from recon.core.codes import UNDO_KINDS, Kind, State
from recon.core.schema import TRANSACTIONS
from recon.core.texts.digest import digest
from recon.earlier_nights import history
from recon.earlier_nights.named import named_tonight
from recon.io.loading.part_writer import with_columns_of
from recon.io.lookup.row_lookup import read_columns, read_some
from recon.rules.night import Ledger, Night
from recon.rules.rule_file.models import Source
from recon.rules.undone.netting import NETTING
from recon.store.read import scan
from recon.store.workspace import Workspace

TRACE = "original_stan"  # the attribute that keeps what the undoing said
_FORMATS = frozenset({"unionpay_acom"})  # whose undoings may name a trace number alone
_COLUMNS = {"terminal_id", "stan", "original_ref"}  # by which a terminal names what it undoes
_KEY = ["side", "source", "merchant_id", "terminal_id", "currency", "amount_minor"]
_REFERENCES = ("channel_ref", "order_id", "rrn")  # the surest name of a payment first


def with_references(
    workspace: Workspace,
    ledger: Ledger,
    night: Night,
    parts: Sequence[Path],
    opening: pl.DataFrame,
    excluded: Rows,
) -> tuple[Ledger, pl.DataFrame]:
    """Return ledger and OPEN_ITEMS, and leave `parts`, with undoings that name a reference.

    `excluded` rows (repeated, or delivered before) undo nothing and are not undone.
    """
    rows = _asking(ledger, night, excluded)
    if len(rows) == 0:
        return ledger, opening
    ids = ledger.slim["txn_id"].gather(rows)
    wanted = ["txn_id", *_KEY, "original_ref", "occurred_at", "attributes"]
    undoings = read_some(parts, opening, wanted, ids.to_numpy())
    out = ledger.slim["txn_id"].gather(excluded)
    found = _named(undoings, _payments(workspace, night, parts, undoings, out), night)
    if found.height == 0:
        return ledger, opening
    for part in parts:
        with_columns_of(part, found)
    place = np.searchsorted(ledger.slim["txn_id"].to_numpy(), found["txn_id"].to_numpy())
    words = ledger.digests["original_ref"].copy()
    words[place] = digest([found["original_ref"].to_arrow()])
    known = replace(ledger, digests={**ledger.digests, "original_ref": words})
    return known, opening.update(found, on="txn_id").select(opening.columns)


def _traced(source: Source) -> bool:
    return source.format in _FORMATS or {*source.columns} >= _COLUMNS


def _asking(ledger: Ledger, night: Night, excluded: Rows) -> Rows:
    """Return undoings without an original whose source tells trace numbers."""
    numbers = [no for no, item in enumerate(night.rules.sources) if _traced(item)]
    slim = ledger.slim
    undoing = slim["kind"].is_in([int(kind) for kind in UNDO_KINDS])
    undoing &= (slim["state"] == int(State.SUCCESS)) & slim["source"].is_in(numbers)
    waits = ledger.waiting_on.get(NETTING, np.zeros(slim.height, bool))
    telling = undoing.to_numpy() & (~ledger.opening | waits)
    telling &= ledger.digests["original_ref"].any(axis=1)
    rows = np.setdiff1d(np.flatnonzero(telling), excluded)
    return np.setdiff1d(rows, named_tonight(ledger, rows)["row"].to_numpy())


def _payments(
    workspace: Workspace,
    night: Night,
    parts: Sequence[Path],
    undoings: pl.DataFrame,
    excluded: pl.Series,
) -> pl.DataFrame:
    """Return the payments of tonight and of the nights before that bear a named trace number.

    Of one that is delivered again the first row counts; `excluded` (txn_ids) are the others. A
    trace number is a terminal's own: without a terminal it names nothing.
    """
    made = (pl.col("kind").cast(pl.String) == Kind.PAYMENT.name) & (
        pl.col("state").cast(pl.String) == State.SUCCESS.name
    )
    made &= pl.col("stan").is_in(undoings["original_ref"].unique().implode())
    made &= pl.col("terminal_id").is_not_null() & ~pl.col("txn_id").is_in(excluded.implode())
    columns = ["txn_id", "fingerprint", "kind", "state", "stan", "occurred_at", *_KEY]
    columns += _REFERENCES
    names = [item.name for item in night.rules.sources if _traced(item)]
    found = [read_columns(parts, names, columns, made)]
    within = _patience(night).days + 1
    for run in history.earlier(workspace, night.business_date, within):
        rows = scan(run.folder, "transactions").filter(made).select(columns).collect()
        found.append(rows.cast({name: TRANSACTIONS.schema[name] for name in columns}))
    return pl.concat(found).unique("fingerprint", keep="first", maintain_order=True)


def _patience(night: Night) -> timedelta:
    return timedelta(days=max(1, night.rules.breaks.reversal_days))


def _named(undoings: pl.DataFrame, paid: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return the undoings that one payment alone fits: txn_id, original_ref and attributes."""
    asked = undoings.with_columns(-pl.col("amount_minor"), stan="original_ref")
    met = asked.drop("original_ref").join(
        paid.drop("txn_id"), on=[*_KEY, "stan"], nulls_equal=True, suffix="_paid"
    )
    age = pl.col("occurred_at") - pl.col("occurred_at_paid")
    alone = met.filter(age.is_between(timedelta(0), _patience(night))).filter(
        pl.len().over("txn_id") == 1
    )
    named = alone.with_columns(original_ref=pl.coalesce(*_REFERENCES)).drop_nulls("original_ref")
    kept = with_value(named["attributes"], TRACE, named["stan"])
    return named.select("txn_id", "original_ref", kept.alias("attributes")).sort("txn_id")
