"""The other side of a SCORE pass as a population: what it tells of strangers who agree.

A pass often gets few rows. What earlier passes linked shows as well how often amounts and texts of
that side repeat, and takes part in the counts, but in no pair.
"""

from __future__ import annotations

import numpy as np

from recon.core.arrays.numbers import Rows
from recon.core.kernels.arrays import Reals
from recon.core.kernels.score import PREFIX_BYTES
from recon.core.kernels.strangers import (
    FEW_ROWS,
    least_strangers,
    tally_amounts,
    tally_features,
    tally_prefixes,
)
from recon.core.kernels.text import count_prefixes
from recon.core.passes.band import Side
from recon.core.passes.contract import Work, with_amount
from recon.core.passes.score.texts import Shared, Texts, as_series, texts_of

POPULATION = 20_000  # rows up to which the rows of a pass are joined by others of their side
SORTED = 400_000  # other rows up to which all may be chosen
SECOND = 1_000_000  # microseconds
LOOKED_AT = 20_000  # rows that tell how often a value is seen once, and twice
GENERAL_DAY = 0.3  # share of strangers on one day
GENERAL_FEATURE = (0.05, 0.02, 0.0005)  # strangers with a word, number, long number


def population(work: Work, rows: Rows) -> Rows:
    """Return the right rows of a pass, then other rows of their side, evenly spread."""
    room = POPULATION - rows.size
    if room <= 0:
        return rows
    other = work.facts.side == int(work.leg.right)
    other[rows] = False
    others = with_amount(work.facts, np.flatnonzero(other), work.step.right_amount)
    return np.concatenate((rows, spread(work, others, room)))


def spread(work: Work, others: Rows, room: int) -> Rows:
    """Return at most `room` of the other rows, chosen by what they say, in the order of that."""
    second = work.facts.time(others) // SECOND
    kept = second % (others.size // SORTED + 1) == 0
    others, second = others[kept], second[kept]
    amount = work.facts.amounts[work.step.right_amount].minor[others]
    by_content = np.lexsort((work.facts.content(others), second, amount))
    chosen = others[by_content][:: others.size // room + 1]
    texts = texts_of(work.facts.texts[work.step.right_text or work.step.text], chosen)
    out: Rows = chosen[as_series(texts).arg_sort().to_numpy()]
    return out


def amount_tally(ordered: Rows, bounds: Rows) -> Rows:
    """Return how many ascending amounts are near no other one, and exactly one, by bound."""
    tally = np.zeros((2, bounds.size), np.int64)
    tally_amounts(ordered, ordered.size // LOOKED_AT + 1, bounds, tally)
    return tally


def prefix_tally(texts: Texts, ordered: Texts) -> Rows:
    """Return how many texts share their first bytes with no other one, and with exactly one."""
    offsets = texts.offsets[: LOOKED_AT + 1]
    counts = np.empty((offsets.size - 1, PREFIX_BYTES), np.int32)
    count_prefixes(texts.data, offsets, ordered.data, ordered.offsets, counts)
    tally = np.zeros((2, PREFIX_BYTES), np.int64)
    tally_prefixes(counts, offsets, tally)
    return tally


def feature_least(shared: Shared) -> Reals:
    """Return the least strangers that show one row's word, number and long number."""
    rows = shared.right.start.size - 1
    tally = np.zeros((2, 2), np.int64)
    tally_features(shared.right.start, shared.right.code, shared.count, shared.digits, tally)
    kinds = zip((0, 1, 1), GENERAL_FEATURE, strict=True)
    return np.array(
        [least_strangers(tally[0, kind], tally[1, kind], rows, share) for kind, share in kinds]
    )


def feature_shares(shared: Shared, least: Reals) -> Reals:
    """Return the log share of strangers that show each feature; line 1: of long numbers.

    least: from `feature_least`.
    """
    kinds = np.stack((shared.digits, 2 * shared.digits))
    strangers = np.maximum(shared.count - 1.0, least[kinds])
    out: Reals = np.log(strangers / (shared.right.start.size - 1))
    return out


def day_shares(day: Rows) -> Reals:
    """Return the log share of strangers on each day from the first one of the right rows on.

    Where rows are few, a stranger is thought to stand on the same day as often as not.
    """
    strangers = np.maximum(np.bincount(day - day.min()) - 1, 0) + FEW_ROWS * GENERAL_DAY
    out: Reals = np.log(strangers / (day.size - 1 + FEW_ROWS))
    return out


def key_shares(left: Side, right: Side) -> Reals:
    """Return for each left row the log of one among the right rows that share its key."""
    groups = [np.repeat(side.bucket[:, 0], np.diff(side.start)) for side in (left, right)]
    rows = np.bincount(groups[1], minlength=int(groups[0].max()) + 1)
    out: Reals = -np.log(np.maximum(rows[groups[0]], 1))
    return out
