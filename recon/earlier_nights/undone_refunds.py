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
from recon.earlier_nights.named import named_before, named_tonight
from recon.io.loading.part_writer import with_columns_of
from recon.rules.night import Ledger, Night
from recon.rules.rule_file.models import Source
from recon.store.workspace import Workspace


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
    named = named_tonight(ledger, rows)
    unknown = np.setdiff1d(rows, named["row"].to_numpy())
    named = pl.concat([named, named_before(workspace, ledger, night, parts, unknown)])
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
