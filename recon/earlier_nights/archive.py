"""What rules may look up: whole rows of tonight, and what earlier nights say of an order or batch.

The rules see it as `recon.rules.night.Archive`; where the rows lie is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.schema import INPUTS, REJECTS, TRANSACTIONS, conform
from recon.earlier_nights import history
from recon.earlier_nights.refusals import Delivery, named, standing_refusals
from recon.io.lookup.row_lookup import may_have, read_rows, read_some
from recon.store.read import scan
from recon.store.workspace import Workspace

_EVIDENCE_DAYS = 400  # a break may stand that long; its rows are found by identity
_DAYS = 31  # a further charge, or a returned payout, comes within days; nothing older is searched


@dataclass(frozen=True, slots=True)
class Shelves:
    """Tonight's files and the workspace of earlier nights."""

    workspace: Workspace
    business_date: date
    parts: Sequence[Path]
    opening: pl.DataFrame  # table OPEN_ITEMS
    slim: pl.DataFrame  # tonight's ledger, sorted by txn_id
    inputs: pl.DataFrame = field(default_factory=INPUTS.empty)  # table INPUTS of tonight
    rejects: pl.DataFrame = field(default_factory=REJECTS.empty)  # table REJECTS of tonight

    def has_past(self) -> bool:
        """Return whether an earlier night was run within the days that are searched."""
        return bool(history.earlier(self.workspace, self.business_date, _DAYS))

    def rows(self, txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return whole rows of tonight's ledger by identity (TRANSACTIONS), sorted by txn_id."""
        return read_rows(self.parts, self.opening, txn_ids)

    def has(self, column: str) -> bool:
        """Return whether any row of tonight's ledger may have a value in a column."""
        return self.opening[column].null_count() < self.opening.height or any(
            may_have(part, column) for part in self.parts
        )

    def columns(self, names: Sequence[str], txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return some columns of rows of tonight's ledger by identity, sorted by txn_id."""
        return read_some(self.parts, self.opening, names, txn_ids)

    def told(self, references: Sequence[str]) -> pl.DataFrame:
        """Return what earlier nights told of some references, in any state, night by night."""
        return history.rows_about(self.workspace, references, self.business_date, within_days=_DAYS)

    def lines(self, column: str, values: Sequence[str]) -> pl.DataFrame:
        """Return the bank lines of earlier nights that carry one of the values in a column."""
        wanted = (pl.col("side").cast(pl.String) == Side.BANK.name) & pl.col(column).is_in(values)
        rows = self.earlier(wanted).sort("value_date", "txn_id")
        return rows.unique("fingerprint", keep="first", maintain_order=True)

    def earlier(self, wanted: pl.Expr) -> pl.DataFrame:
        """Return the rows of the nights that are searched for which `wanted` holds."""
        frames = [
            conform(scan(run.folder, "transactions").filter(wanted).collect(), TRANSACTIONS)
            for run in history.earlier(self.workspace, self.business_date, _DAYS)
        ]
        return pl.concat([TRANSACTIONS.empty(), *frames])

    def payouts(self) -> pl.DataFrame:
        """Return the payouts as earlier nights told them (PAYOUTS), night by night."""
        return history.told_payouts(self.workspace, self.business_date)

    def refusals(self) -> pl.DataFrame:
        """Return the refused rows of tonight and of earlier nights that no later row put right."""
        runs = history.earlier(self.workspace, self.business_date, _DAYS)
        tonight = Delivery(self.business_date, self.inputs, self.rejects, self.parts)
        return standing_refusals([*(Delivery.of(run) for run in runs), tonight])

    def known(self, tokens: AbstractSet[str]) -> frozenset[str]:
        """Return which of the tokens are a reference of a row of tonight's ledger."""
        frames = [self.opening.lazy(), *(pl.scan_parquet(part) for part in self.parts)]
        return named(frames, tokens)

    def whole(self, txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return whole rows by identity, of tonight's ledger or of an earlier night."""
        wanted, known = np.unique(txn_ids), self.slim["txn_id"].to_numpy()
        place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
        here = known[place] == wanted if len(known) else np.zeros(len(wanted), bool)
        rest = pl.Series("txn_id", wanted[~here])
        return pl.concat([self.rows(wanted[here]), self._earlier_rows(rest)]).sort("txn_id")

    def _earlier_rows(self, txn_ids: pl.Series) -> pl.DataFrame:
        """Return rows of earlier nights by identity."""
        found = [TRANSACTIONS.empty()]
        runs = history.earlier(self.workspace, self.business_date, _EVIDENCE_DAYS)
        for run in reversed(runs):
            if len(txn_ids) == 0:
                break
            rows = scan(run.folder, "transactions").filter(
                pl.col("txn_id").is_in(txn_ids.implode())
            )
            found.append(conform(rows.collect(), TRANSACTIONS))
            txn_ids = txn_ids.filter(~txn_ids.is_in(found[-1]["txn_id"].implode()))
        return pl.concat(found)
