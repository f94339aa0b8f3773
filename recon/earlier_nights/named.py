"""What an undoing names, tonight and on earlier nights, before anything is netted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Kind, State
from recon.core.schema import OWN_REFERENCES, TRANSACTIONS
from recon.core.texts.digest import key_columns
from recon.earlier_nights import history
from recon.io.lookup.row_lookup import read_some
from recon.rules.night import Ledger, Night
from recon.store.workspace import Workspace

_MONEY = (Kind.PAYMENT, Kind.REFUND)
_KEY = ["side", "currency", "hi", "lo"]
_FACTS = ["row", "kind", "state", "amount_minor"]


def named_tonight(ledger: Ledger, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return the payments and refunds of the ledger that rows name.

    Columns row (which names), kind, state (as numbers) and amount_minor of what is named.
    """
    asked = _keyed(ledger, rows, "original_ref").select("row", *_KEY)
    wanted = asked["hi"].implode()
    kinds = ledger.slim["kind"].is_in([int(kind) for kind in _MONEY])
    found = []
    for own in OWN_REFERENCES:
        near = kinds & pl.Series(ledger.digests[own][:, 0]).is_in(wanted)
        known = _keyed(ledger, np.flatnonzero(near.to_numpy()), own)
        found.append(asked.join(known.drop("row"), on=_KEY).select(_FACTS))
    return pl.concat(found)


def _keyed(ledger: Ledger, rows: NDArray[np.int64], column: str) -> pl.DataFrame:
    return ledger.slim[rows].select(
        pl.Series("row", rows, pl.Int64),
        *key_columns(ledger.digests[column][rows]),
        "side",
        "currency",
        "kind",
        "state",
        "amount_minor",
    )


def named_before(
    workspace: Workspace,
    ledger: Ledger,
    night: Night,
    parts: Sequence[Path],
    rows: NDArray[np.int64],
    opening: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the payments and refunds of earlier nights that rows of the ledger name.

    Columns as those of `named_tonight`. `opening` (OPEN_ITEMS) holds the carried ones of the rows.
    """
    ids = ledger.slim["txn_id"].gather(rows)
    key = ["side", "currency", "original_ref"]
    carried = TRANSACTIONS.empty() if opening is None else opening
    asked = read_some(parts, carried, ["txn_id", *key], ids.to_numpy())
    asked = asked.join(pl.DataFrame({"row": rows, "txn_id": ids}), on="txn_id")
    references = asked["original_ref"].drop_nulls().unique().sort().to_list()
    told = history.rows_about(
        workspace, references, night.business_date, within_days=history.UNDO_DAYS
    )
    told = told.with_columns(
        _number("kind", _MONEY),
        _number("state", State),
    ).drop_nulls("kind")
    found = [
        asked.join(told.drop("original_ref").rename({own: "original_ref"}), on=key)
        for own in OWN_REFERENCES
    ]
    return pl.concat([one.select(_FACTS) for one in found])


def _number(column: str, names: Iterable[IntEnum]) -> pl.Expr:
    """Return the numbers of names as the slim table has them; null for another name."""
    numbers = {name.name: int(name) for name in names}
    words = pl.col(column).cast(pl.String)
    return words.replace_strict(numbers, default=None, return_dtype=pl.UInt8)
