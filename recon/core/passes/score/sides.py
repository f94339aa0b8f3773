"""The two sides of a SCORE pass in an order that their rows' content decides.

What is sampled, hidden and summed then depends on what the rows say, not on their identities, so
that the same rows give the same figures to the last digit however the files are cut.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.arrays.numbers import Rows
from recon.core.passes.band import Side, band_sides, side_of
from recon.core.passes.contract import Work, row_digests
from recon.core.passes.score.texts import as_series, texts_of


def score_sides(work: Work) -> tuple[Side, Side]:
    """Return both sides by the digest of their key, then day, amount, text and content."""
    step = work.step
    sides = band_sides(work)
    rank = by_digest(work, sides)
    names = step.text, step.right_text or step.text
    left, right = (
        in_text_order(work, side, name, rank) for name, side in zip(names, sides, strict=True)
    )
    return left, right


def by_digest(work: Work, sides: tuple[Side, Side]) -> Rows:
    """Return the number of each group in the order of the digests of their keys."""
    keys = work.step.left_key, work.step.right_key
    heads = [side.start[:-1] for side in sides]
    group = np.concatenate([side.bucket[:, 0] for side in sides])
    digest = np.concatenate(
        [
            row_digests(work.facts, side.rows[head], key, work.facts.currency)
            for side, head, key in zip(sides, heads, keys, strict=True)
        ]
    )
    groups, first = np.unique(group, return_index=True)
    order = np.lexsort((digest[first, 1], digest[first, 0]))
    rank = np.zeros(int(groups.max()) + 1 if groups.size else 0, np.int64)
    rank[groups[order]] = np.arange(groups.size)
    return rank


def groups_of(side: Side) -> Rows:
    """Return the group of every row."""
    return np.repeat(side.bucket[:, 0], np.diff(side.start))


def in_text_order(work: Work, side: Side, name: str, rank: Rows) -> Side:
    """Return a side with its groups numbered by `rank`, rows of one amount ordered by text."""
    columns = {
        "group": rank[groups_of(side)],
        "day": side.day,
        "amount": side.amount,
        "content": work.facts.content(side.rows),
        "row": side.rows,
    }
    text = as_series(texts_of(work.facts.texts[name], side.rows))
    frame = pl.DataFrame(columns).with_columns(text.alias("text"))
    frame = frame.sort("group", "day", "amount", "text", "content", "row")
    return side_of(
        *(
            np.ascontiguousarray(frame[part].to_numpy())
            for part in ("row", "group", "day", "amount")
        )
    )
