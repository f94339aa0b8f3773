"""Rows of a batch whose amount is exactly what its credit lacks, or has too much.

Among thousands of rows some amount fits any gap by accident. Rows are named only where an accident
is unlikely: where so few amounts of that size and roundness stand in the batch that less than one
in twenty gaps would meet one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.plan import Leg
from recon.rules.night import Matched

Numbers = NDArray[np.int64]
MISSING_ROWS: dict[str, pl.DataType | type[pl.DataType]] = {
    "break_id": pl.String,
    "sibling_ids": pl.List(pl.Int64),
    "sibling_minor": pl.List(pl.Int64),
}
_MOST_NAMED = 5  # rows of one amount that are still worth a look
_UNLIKELY = 0.05
_ROUND = (10_000, 1_000, 100, 10, 1)  # minor units


def missing_rows(differing: pl.DataFrame, matched: Matched, legs: Sequence[Leg]) -> pl.DataFrame:
    """Return, for batches of another sum (BREAKS), the rows that are the difference.

    Columns MISSING_ROWS; a batch without such a row is left out.
    """
    found = [
        _of_leg(differing.filter(pl.col("leg") == leg.name), matched, leg)
        for leg in legs
        if differing.height
    ]
    return pl.concat([pl.DataFrame(schema=MISSING_ROWS), *found])


def _of_leg(differing: pl.DataFrame, matched: Matched, leg: Leg) -> pl.DataFrame:
    """Return the rows that are the difference of batches on one leg."""
    slim, group = matched.ledger.slim, matched.matches.key_group[leg.name]
    ids = slim["txn_id"].to_numpy()
    credit = np.searchsorted(ids, differing["txn_ids"].list.first().to_numpy())
    inside = np.isin(group, group[credit][group[credit] >= 0])
    rows = np.flatnonzero(inside & (slim["side"] == int(leg.left)).to_numpy())
    amount = slim[leg.passes[0].left_amount].gather(rows).abs().to_numpy()
    lines = []
    gaps = differing["difference_minor"].abs().to_list()
    for name, place, gap in zip(differing["break_id"], group[credit], gaps, strict=True):
        mine = group[rows] == place
        fitting = np.flatnonzero(mine & (amount == gap))
        if 0 < len(fitting) <= _MOST_NAMED and _is_no_accident(amount[mine], gap, len(fitting)):
            lines.append((name, ids[rows[fitting]].tolist(), amount[fitting].tolist()))
    return pl.DataFrame(lines, schema=MISSING_ROWS, orient="row")


def _is_no_accident(amounts: Numbers, gap: int, fitting: int) -> bool:
    """Return whether a gap of this size and roundness seldom meets a row of the batch."""
    unit = next(unit for unit in _ROUND if gap % unit == 0)
    low, high = gap // 2, 2 * gap
    near = (amounts >= low) & (amounts <= high) & (amounts % unit == 0)
    others = int(near.sum()) - fitting
    return others * unit <= _UNLIKELY * max(high - low, unit)
