"""Credits that pay a batch whose detail the channel has not delivered: settled, not reconciled.

Such a credit waits for the missing file as long as `breaks.unreconciled_days` after its value date;
then the money has been there unproved for too long, and that is a break of its own.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.rules.night import Night, days, ordinal


def past_term(
    frame: pl.DataFrame,
    named: NDArray[np.bool_],
    held: NDArray[np.bool_],
    side: Side,
    night: Night,
) -> NDArray[np.bool_]:
    """Return which lone rows are credits of a batch that waits for a missing file too long.

    `named`: rows that carry the key of a batch. `held`: rows that wait for a missing file.
    """
    if side is not Side.BANK or not held.any():
        return np.zeros(len(held), bool)
    incoming = (frame["amount"] > 0).fill_null(value=False).to_numpy()
    patience = night.rules.breaks.unreconciled_days
    late = days(frame["wait_until"]) + patience < ordinal(night.business_date)
    found: NDArray[np.bool_] = held & named & incoming & late
    return found
