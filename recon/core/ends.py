"""Where the rows of a night ended, as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import schema
from recon.core.codes import Outcome


@dataclass(frozen=True, slots=True)
class Ends:
    """Where every row of a night ended, sorted by txn_id: what the table `outcomes` says."""

    txn_id: NDArray[np.int64]
    outcome: NDArray[np.uint8]  # numbers of `Outcome`
    opening: NDArray[np.bool_]
    closing: NDArray[np.bool_]

    @staticmethod
    def of(outcomes: pl.DataFrame) -> Ends:
        """Return the ends that a table OUTCOMES tells."""
        ordered = schema.check(outcomes, schema.OUTCOMES).sort("txn_id")
        return Ends(
            ordered["txn_id"].to_numpy(),
            ordered["outcome"].to_physical().cast(pl.UInt8).to_numpy(),
            ordered["opening"].to_numpy(),
            ordered["closing"].to_numpy(),
        )

    def counts(self) -> dict[str, int]:
        """Return how many rows ended how, by the name of the outcome."""
        found = np.bincount(self.outcome, minlength=len(Outcome))
        return {item.name: int(found[item]) for item in Outcome if found[item]}
