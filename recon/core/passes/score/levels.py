"""Levels of agreement of candidate pairs, and how many strangers would agree as well.

Three comparisons: amount, lag, text. The text's evidence (equal beginning, shared words and digit
runs, nearness by edits and Jaro-Winkler) depends on each other, so that one level tells the rarest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.kernels.arrays import Reals, Words
from recon.core.kernels.features import count_sharing
from recon.core.kernels.nearness import near_edges
from recon.core.kernels.score import (
    FEW,
    MANY,
    NEAR_LEVELS,
    PREFIX_BYTES,
    TEXT_LEVELS,
    Counts,
    Gates,
    Half,
    Kept,
    add_nearness,
    near_shares,
    weigh_block,
)
from recon.core.kernels.strangers import prefix_shares
from recon.core.kernels.text import count_prefixes
from recon.core.passes.band import Edges, Side
from recon.core.passes.contract import Work
from recon.core.passes.score.population import (
    amount_tally,
    day_shares,
    feature_least,
    feature_shares,
    key_shares,
    population,
    prefix_tally,
)
from recon.core.passes.score.texts import (
    Features,
    Shared,
    Texts,
    in_byte_order,
    shared_features,
    texts_of,
)

Levels = NDArray[np.int16]
AMOUNT, LAG, TEXT = 0, 1, 2
COMPARISONS = 3
BOUNDS_PPM = (0, 300, 1_000, 3_000, 10_000, 20_000, 50_000, 100_000, 200_000, 1_000_000)
SAMPLED_PAIRS = 50_000  # random pairs that tell how near strangers' texts are
NEAR_LEAST = 0.5
_STRIDE = 7_919  # prime: each round pairs every left row with another right row


@dataclass(frozen=True)
class Comparison:
    """Both sides of a pass with everything that is counted once for all pairs."""

    left: Side
    right: Side
    texts: tuple[Texts, Texts]  # of the left rows; of the right rows and others of their side
    signs: tuple[Words, Words]
    ordered_text: Texts  # texts of the other side in byte order
    prefix_tally: Rows  # (2, bytes) from `tally_prefixes`
    lags: int
    halves: tuple[Half, Half]
    counts: Counts
    near_base: Reals  # share of random pairs as near as each level

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return how many levels each comparison has."""
        return len(BOUNDS_PPM), self.lags, TEXT_LEVELS


def prepare(work: Work, left: Side, right: Side) -> Comparison:
    """Return what comparing the rows of two sides needs."""
    step, facts = work.step, work.facts
    others = population(work, right.rows)
    one = texts_of(facts.texts[step.text], left.rows)
    two = texts_of(facts.texts[step.right_text or step.text], others)
    signs = one.signs(), two.signs()
    shared = shared_features(one, two)
    pairs = random_pairs(left.rows.size, others.size)
    ordered = np.sort(facts.amounts[step.right_amount].minor[others])
    ordered_text = in_byte_order(two)
    bounds = np.array(BOUNDS_PPM, np.int64)
    lags = step.days_before + step.days_after + 1
    return Comparison(
        left=left,
        right=right,
        texts=(one, two),
        signs=signs,
        ordered_text=ordered_text,
        prefix_tally=prefix_tally(two, ordered_text),
        lags=lags,
        halves=(half(left, one, shared.left), half(right, two, shared.right)),
        counts=Counts(
            bounds=bounds,
            ordered=ordered,
            amount_tally=amount_tally(ordered, bounds),
            day_log=day_shares(right.day),
            first_day=int(right.day.min()),
            earliest=-step.days_before,
            lags=lags,
            key_log=key_shares(left, right),
            feature_digits=shared.digits,
            feature_log=feature_shares(shared, feature_least(shared)),
            sharing_log=np.log(sharing(pairs, shared)),
        ),
        near_base=near_base(pairs, (one, two), signs),
    )


def half(side: Side, texts: Texts, features: Features) -> Half:
    """Return one side as the kernel sees it."""
    return Half(
        side.amount,
        side.day,
        texts.data,
        texts.offsets,
        texts.head,
        features.start,
        features.code,
        features.sign,
    )


def random_pairs(rows: int, others: int) -> tuple[Rows, NDArray[np.int32]]:
    """Return pairs of every left row with other right rows each, about `SAMPLED_PAIRS` of them."""
    each = max(min(SAMPLED_PAIRS // max(rows, 1), others), 1)
    row = np.repeat(np.arange(rows), each)
    turn = np.tile(np.arange(each), rows)
    column = (row * _STRIDE + turn * (others // each) + row // others) % others
    return np.arange(rows + 1) * each, column.astype(np.int32)


def sharing(pairs: tuple[Rows, NDArray[np.int32]], shared: Shared) -> Reals:
    """Return how probably strangers share some features, few and many."""
    start, column = pairs
    left, right = shared.left, shared.right
    hits = np.zeros(MANY + 1, np.int64)
    features = left.start, left.code, right.start, right.code
    count_sharing(start, column, *features, hits)
    more = hits[::-1].cumsum()[::-1]
    return chance(more[[1, FEW, MANY]], column.size, right.start.size - 1)


def near_base(
    pairs: tuple[Rows, NDArray[np.int32]],
    texts: tuple[Texts, Texts],
    signs: tuple[Words, Words],
) -> Reals:
    """Return how probably strangers' texts are at least as near as each level.

    A row's own partner is left out; no probability is below one pair of the sample, or below
    `NEAR_LEAST` right rows: names repeat more than a sample shows.
    """
    rows = texts[0].offsets.size - 1
    near = np.zeros(pairs[1].size, np.int8)
    nearness(pairs, texts, signs, (0, rows), near)
    hits = np.bincount(near, minlength=NEAR_LEVELS)[::-1].cumsum()[::-1]
    share = chance(hits, near.size, texts[1].offsets.size - 1)
    out: Reals = np.maximum(share, NEAR_LEAST / (texts[1].offsets.size - 1))
    return out


def chance(hits: Rows, pairs: int, others: int) -> Reals:
    """Return the probability behind `hits` among random pairs, own partners left out.

    One random pair in `others` is a row and its own partner.
    """
    strangers = np.maximum(hits - pairs / others, 0.0)
    out: Reals = (strangers + 1.0) / (pairs + 1.0)
    return out


def nearness(
    pairs: tuple[Rows, NDArray[np.int32]],
    texts: tuple[Texts, Texts],
    signs: tuple[Words, Words],
    part: tuple[int, int],
    near: NDArray[np.int8],
) -> None:
    """Fill the nearness of those pairs of the left rows `part` that arrive with 0."""
    (start, column), (one, two), (a, b) = pairs, texts, part
    mine = np.ascontiguousarray(signs[0][:, a:b])
    left, right = (one.data, one.offsets[a : b + 1], mine), (two.data, two.offsets, signs[1])
    near_edges(start, column, *left, *right, near)


def weigh_part(
    about: Comparison, edges: Edges, part: tuple[int, int], gates: Gates
) -> tuple[Rows, Levels, Reals, NDArray[np.int8]]:
    """Return the pairs of the left rows `part` that pass the gates.

    Positions among the edges; levels and log u, (comparisons, pairs); 0 where the spelling is
    worth a look, else -1.
    """
    a, b = part
    begin, end = int(edges.start[a]), int(edges.start[b])
    start, column = (
        edges.start[a : b + 1] - begin,
        edges.column[begin:end].astype(np.int32, copy=False),
    )
    one, ordered = about.texts[0], about.ordered_text
    counts = np.empty((b - a, PREFIX_BYTES), np.int32)
    count_prefixes(one.data, one.offsets[a : b + 1], ordered.data, ordered.offsets, counts)
    prefix_log = np.empty(counts.shape)
    mine = one.data, one.offsets[a : b + 1]
    prefix_shares(counts, *mine, about.prefix_tally, ordered.offsets.size - 1, prefix_log)
    out = Kept(
        np.empty(column.size, np.int64),
        np.empty((COMPARISONS, column.size), np.int16),
        np.empty((COMPARISONS, column.size)),
        np.empty(column.size, np.int8),
    )
    n = weigh_block(start, column, a, *about.halves, prefix_log, about.counts, gates, out)
    return out.edge[:n] + begin, out.level[:, :n].copy(), out.log_u[:, :n].copy(), out.near[:n]


def add_spelling(
    about: Comparison,
    pairs: tuple[Rows, NDArray[np.int32]],
    part: tuple[int, int],
    near: NDArray[np.int8],
    out: tuple[Levels, Reals],
) -> None:
    """Look at the spelling of the pairs of the left rows `part` with a nearness of 0.

    It speaks in the levels and log u `out` where it is the rarest evidence.
    """
    nearness(pairs, about.texts, about.signs, part, near)
    near_log = np.empty((part[1] - part[0], NEAR_LEVELS))
    near_shares(pairs[0], near, about.near_base, near_log)
    level, log_u = out
    add_nearness(pairs[0], near, near_log, level[TEXT], log_u[TEXT])
