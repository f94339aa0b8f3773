"""Text columns for the passes that compare text; every other pass sees integers only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from recon.core.plan import Leg, Method
from recon.core.texts.text import TextBuffers, text_buffers
from recon.io.lookup.row_lookup import read_rows


def texts_for(
    legs: Sequence[Leg], slim: pl.DataFrame, parts: Sequence[Path], carried: pl.DataFrame
) -> dict[str, TextBuffers]:
    """Return, by name, the columns that SCORE passes compare, one row for each row of `slim`."""
    steps = [item for leg in legs for item in leg.passes if item.method is Method.SCORE]
    wanted = {name for item in steps for name in (item.text, item.right_text or item.text)}
    if not wanted:
        return {}
    rows = read_rows(parts, carried, slim["txn_id"].to_numpy())
    return {name: text_buffers(rows[name]) for name in sorted(wanted)}
