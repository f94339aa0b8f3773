"""Rows that undo a refund: their money comes back, whatever sign the source's kinds gave them.

Where a source signs its rows by kind, a reversal or void is money that leaves, which is right for
a payment that is undone. A row that names a refund, and no payment, undoes that: its money comes
in. Which it is can only be said when its reference is looked up, so it is said before netting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import UNDO_KINDS, Kind, State
from recon.core.schema import OWN_REFERENCES, TRANSACTIONS
from recon.core.texts.digest import key_columns
from recon.earlier_nights import history
from recon.io.loading.part_writer import with_columns_of
from recon.io.lookup.row_lookup import read_some
from recon.rules.night import Ledger, Night
from recon.rules.rule_file.models import Source
from recon.store.workspace import Workspace

_MONEY = (Kind.PAYMENT, Kind.REFUND)
_KEY = ["side", "currency", "hi", "lo"]


def with_signs(
    workspace: Workspace,
    ledger: Ledger,
    night: Night,
    parts: Sequence[Path],
) -> Ledger:
    """Return the ledger, and leave `parts`, with what undoes a refund as money that comes in."""
    rows = _signed_by_kind(ledger, night)
    if len(rows) == 0:
        return ledger
    named = _named(ledger, rows)
    unknown = np.setdiff1d(rows, named["row"].to_numpy())
    named = pl.concat([named, _named_before(workspace, ledger, night, parts, unknown)])
    found = _of_refunds(ledger, named)
    if len(found) == 0:
        return ledger
    slim = _turned(ledger, found, night)
    for part in parts:
        with_columns_of(part, slim[found].select("txn_id", "amount_minor", "net_minor"))
    return replace(ledger, slim=slim)


def _signed_by_kind(ledger: Ledger, night: Night) -> NDArray[np.int64]:
    """Return tonight's undoings that name something, of sources whose kinds decide the sign."""
    numbers = [no for no, item in enumerate(night.rules.sources) if _by_kind(item)]
    slim = ledger.slim
    undoing = (
        slim["kind"].is_in([int(kind) for kind in UNDO_KINDS])
        & (slim["state"] == int(State.SUCCESS))
        & (slim["amount_minor"] < 0)
        & slim["source"].is_in(numbers)
    ).to_numpy()
    named = ledger.digests["original_ref"].any(axis=1)
    return np.flatnonzero(undoing & named & ~ledger.opening)


def _by_kind(source: Source) -> bool:
    return source.signs == "by_kind" and bool(source.kinds or source.kind)


def _named(ledger: Ledger, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return what undoings name among the rows of tonight: row, kind, amount_minor."""
    asked = _keyed(ledger, rows, "original_ref").select("row", *_KEY)
    wanted = asked["hi"].implode()
    kinds = ledger.slim["kind"].is_in([int(kind) for kind in _MONEY])
    found = []
    for own in OWN_REFERENCES:
        near = kinds & pl.Series(ledger.digests[own][:, 0]).is_in(wanted)
        known = _keyed(ledger, np.flatnonzero(near.to_numpy()), own)
        found.append(asked.join(known.drop("row"), on=_KEY).select("row", "kind", "amount_minor"))
    return pl.concat(found)


def _keyed(ledger: Ledger, rows: NDArray[np.int64], column: str) -> pl.DataFrame:
    return ledger.slim[rows].select(
        pl.Series("row", rows, pl.Int64),
        *key_columns(ledger.digests[column][rows]),
        "side",
        "currency",
        "kind",
        "amount_minor",
    )


def _named_before(
    workspace: Workspace,
    ledger: Ledger,
    night: Night,
    parts: Sequence[Path],
    rows: NDArray[np.int64],
) -> pl.DataFrame:
    """Return what undoings name among the rows of earlier nights: row, kind, amount_minor."""
    ids = ledger.slim["txn_id"].gather(rows)
    key = ["side", "currency", "original_ref"]
    asked = read_some(parts, TRANSACTIONS.empty(), ["txn_id", *key], ids.to_numpy())
    asked = asked.join(pl.DataFrame({"row": rows, "txn_id": ids}), on="txn_id")
    references = asked["original_ref"].drop_nulls().unique().sort().to_list()
    told = history.rows_about(
        workspace, references, night.business_date, within_days=history.UNDO_DAYS
    )
    number = {kind.name: int(kind) for kind in _MONEY}
    told = told.with_columns(
        pl.col("kind").cast(pl.String).replace_strict(number, default=None, return_dtype=pl.UInt8)
    ).drop_nulls("kind")
    found = [
        asked.join(told.drop("original_ref").rename({own: "original_ref"}), on=key)
        for own in OWN_REFERENCES
    ]
    return pl.concat([one.select("row", "kind", "amount_minor") for one in found])


def _of_refunds(ledger: Ledger, named: pl.DataFrame) -> NDArray[np.int64]:
    """Return the undoings of refunds; where a payment bears the name too, the amount decides."""
    size = pl.Series(ledger.slim["amount_minor"].gather(named["row"]).abs())
    whole = pl.col("amount_minor").abs() == size
    refund, payment = (pl.col("kind") == int(kind) for kind in (Kind.REFUND, Kind.PAYMENT))
    meant = (
        named.with_columns(whole=whole)
        .group_by("row")
        .agg(
            refunds=refund.any(),
            payments=payment.any(),
            whole_refund=(refund & pl.col("whole")).any(),
            whole_payment=(payment & pl.col("whole")).any(),
        )
    )
    only = pl.col("refunds") & ~pl.col("payments")
    fits = pl.col("whole_refund") & ~pl.col("whole_payment")
    return meant.filter(only | fits)["row"].sort().to_numpy()


def _turned(ledger: Ledger, rows: NDArray[np.int64], night: Night) -> pl.DataFrame:
    """Return the slim rows with some as money that comes in."""
    given = [no for no, item in enumerate(night.rules.sources) if "net" in item.columns]
    mine = np.zeros(ledger.slim.height, bool)
    mine[rows] = True
    size = pl.col("amount_minor").abs()
    told = pl.col("source").is_in(given)
    made = size - pl.col("fee_minor").fill_null(0)
    net = pl.when(told).then(pl.col("net_minor").abs()).otherwise(made)
    turned = pl.lit(pl.Series(mine))
    return ledger.slim.with_columns(
        amount_minor=pl.when(turned).then(size).otherwise("amount_minor"),
        net_minor=pl.when(turned).then(net).otherwise("net_minor"),
    )
