"""The model of a SCORE pass: m of each level fitted to the night's own data.

Fellegi and Sunter's, with an EM that knows that a row has one partner at most. A few rounds over
the pairs of some rows give first beliefs; then all pairs are weighed block by block and those next
to impossible are dropped at once, so that only the probable ones stand in memory together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recon.core.arrays.numbers import Rows
from recon.core.arrays.parallel import chunk_bounds, run_all
from recon.core.kernels.arrays import Reals
from recon.core.kernels.score import (
    ABSENT,
    NEAR,
    NOTHING,
    Gates,
    collect_levels,
    expect_edges,
    weigh_edges,
)
from recon.core.passes.band import Edges
from recon.core.passes.pair_limit import PairLimit
from recon.core.passes.score.calibration import count_pairs
from recon.core.passes.score.levels import (
    AMOUNT,
    LAG,
    TEXT,
    Comparison,
    Levels,
    add_spelling,
    weigh_part,
)

FIRST_ROUNDS = 30
FIRST_SETTLED = 0.02
SAMPLE_PAIRS = 250_000
SAMPLE_BLOCKS = 32
BLOCK_PAIRS = 131_072
ROUNDS = 100
SHARE_ROUNDS = 10
SETTLED = 1e-5
IMPOSSIBLE = 1e-5  # probability below which a pair is dropped after the first rounds
UNLIKELY = 0.1  # best probability below which a pair's spelling is not looked at
MATCHED_AT_FIRST = 0.8  # share of rows with a partner in the first rounds
PRIOR_MATCHED = 0.8  # share of rows with a partner where nothing is known
PRIOR_ROWS = 3.0  # rows that this share counts for
PRIOR_PAIRS = 4.0  # pairs that the first guess of m counts for
_FIRST_AMOUNT = (60.0, 2.0, 2.0, 3.0, 10.0, 5.0, 8.0, 6.0, 2.0, 2.0)  # by bound, percent
_FIRST_TEXT = (  # percent, levels
    (5, (NOTHING,)),
    (1, (ABSENT,)),
    (12, range(2, 25)),
    (15, (25,)),
    (25, (26,)),
    (5, (27,)),
    (5, (28,)),
    (12, (29,)),
    (3, (30,)),
    (4, (31,)),
    (8, (32,)),
    (6, range(33, 38)),
)


@dataclass(frozen=True)
class Evidence:
    """Candidate pairs as the model sees them."""

    edges: Edges
    level: Levels  # (comparisons, pairs)
    log_u: Reals  # (comparisons, pairs)
    key_log: Reals  # (pairs), log of one among the right rows that share the left row's key

    @cached_property
    def fixed(self) -> Reals:
        """Return what each pair weighs whatever is believed of m: the key, and chance's share."""
        out: Reals = self.key_log - self.log_u.sum(axis=0)
        return out


@dataclass(frozen=True)
class Beliefs:
    """What the model holds before a round: m of each level, and the share of matched rows."""

    log_m: Reals
    matched: float


@dataclass(frozen=True)
class Judged:
    """What each candidate pair weighs when it has taught the model nothing itself."""

    log_m: Reals  # (comparisons, pairs)
    weight: Reals  # log odds of each pair against its row having no partner


@dataclass(frozen=True)
class Model:
    """Fitted weights of the candidate pairs."""

    weight: Reals  # log odds of each pair against its row having no partner
    posterior: Reals  # probability of each pair, one partner a row


def fit(about: Comparison, edges: Edges, limit: PairLimit, threads: int) -> tuple[Evidence, Judged]:
    """Return the probable candidate pairs with their weights, m fitted to the data.

    Raises ResourceError where more of them are probable than `limit` allows.
    """
    guess = first_guess(about.sizes, about.counts.earliest)
    beliefs = Beliefs(masked_log(guess, about.sizes), MATCHED_AT_FIRST)
    sample = sampled(about, edges, beliefs, threads)
    for _ in range(FIRST_ROUNDS):
        before = beliefs
        beliefs = Beliefs(learn(sample, expect(sample, beliefs), guess).log_m, MATCHED_AT_FIRST)
        if moved(before, beliefs) < FIRST_SETTLED:
            break
    gates = gates_of(about, beliefs, float(np.log(IMPOSSIBLE)), float(np.log(UNLIKELY)))
    bounds = chunk_bounds(edges.start.size - 1, max(edges.column.size // BLOCK_PAIRS, 2 * threads))
    evidence = gathered(about, edges, gates, bounds, threads, limit)
    for _ in range(ROUNDS):
        before = beliefs
        beliefs = learn(evidence, expect(evidence, beliefs), guess)
        if moved(before, beliefs) < SETTLED:
            break
    beliefs = settle_share(evidence, beliefs)
    return evidence, judge(evidence, beliefs, guess)


def moved(before: Beliefs, after: Beliefs) -> float:
    """Return the largest change of any probability."""
    levels = float(np.abs(np.exp(after.log_m) - np.exp(before.log_m)).max())
    return max(levels, abs(after.matched - before.matched))


def gates_of(about: Comparison, beliefs: Beliefs, keep: float, near_keep: float) -> Gates:
    """Return what a pair must reach under the beliefs."""
    near_best = float(beliefs.log_m[TEXT, NEAR + 1 :].max() - np.log(about.near_base.min()))
    return Gates(beliefs.log_m, log_odds(beliefs.matched), keep, near_best, near_keep)


def sampled(about: Comparison, edges: Edges, beliefs: Beliefs, threads: int) -> Evidence:
    """Return the evidence of all pairs of some left rows, in blocks spread over all of them."""
    rows = edges.start.size - 1
    stride = edges.column.size // SAMPLE_PAIRS + 1
    bounds = [(a, a + -(-(b - a) // stride)) for a, b in chunk_bounds(rows, SAMPLE_BLOCKS)]
    everything = gates_of(about, beliefs, -np.inf, -np.inf)
    return gathered(about, edges, everything, [(a, b) for a, b in bounds if a < b], threads)


def gathered(
    about: Comparison,
    edges: Edges,
    gates: Gates,
    bounds: list[tuple[int, int]],
    threads: int,
    limit: PairLimit | None = None,
) -> Evidence:
    """Return the evidence of the pairs of some ranges of left rows that pass the gates."""
    parts = run_all(evidence_part, [(about, edges, gates, part, limit) for part in bounds], threads)
    kept = np.concatenate([part[0] for part in parts])
    level, log_u = (np.concatenate([part[k] for part in parts], axis=1) for k in (1, 2))
    chosen = edges.take(kept)
    return Evidence(chosen, level, log_u, about.counts.key_log[chosen.row])


def evidence_part(
    about: Comparison,
    edges: Edges,
    gates: Gates,
    part: tuple[int, int],
    limit: PairLimit | None,
) -> tuple[Rows, Levels, Reals]:
    """Return the pairs of the left rows `part` that pass: positions, levels and log u."""
    kept, level, log_u, near = weigh_part(about, edges, part, gates)
    a, b = part
    start = np.searchsorted(kept, edges.start[a : b + 1]).astype(np.int64)
    pairs = start, edges.column[kept].astype(np.int32)
    add_spelling(about, pairs, part, near, (level, log_u))
    odds = np.empty(kept.size)
    fixed = np.repeat(about.counts.key_log[a:b], np.diff(start)) - log_u.sum(axis=0)
    weigh_edges(level, fixed, gates.log_m, gates.prior, odds)
    sure = np.flatnonzero(odds >= gates.keep)
    if limit is not None:
        limit.add(sure.size)
    return kept[sure], level[:, sure], log_u[:, sure]


def expect(evidence: Evidence, beliefs: Beliefs) -> Model:
    """Return weights and probabilities under the beliefs."""
    edges = evidence.edges
    weight, posterior = np.empty((2, edges.column.size))
    weigh_edges(evidence.level, evidence.fixed, beliefs.log_m, log_odds(beliefs.matched), weight)
    scratch = np.empty(edges.columns)
    expect_edges(edges.start, edges.column, weight, scratch, posterior)
    return Model(weight, posterior)


def log_odds(share: float) -> float:
    """Return the log odds of a share."""
    return float(np.log(share) - np.log(1.0 - share))


def learn(evidence: Evidence, model: Model, guess: Reals) -> Beliefs:
    """Return the beliefs that the probabilities suggest, held a little towards the first guess."""
    counts = seen_levels(evidence, model, guess)
    pairs = float(model.posterior.sum()) + PRIOR_MATCHED * PRIOR_ROWS
    matched = pairs / (most_pairs(evidence.edges) + PRIOR_ROWS)
    sizes = tuple(int(count) for count in np.count_nonzero(guess, axis=1))
    return Beliefs(masked_log(counts, sizes), min(max(matched, 0.001), 0.999))


def seen_levels(evidence: Evidence, model: Model, guess: Reals) -> Reals:
    """Return how many partners show each level, the first guess counting for some."""
    counts = PRIOR_PAIRS * guess
    collect_levels(evidence.level, model.posterior, counts)
    return counts


def most_pairs(edges: Edges) -> int:
    """Return how many pairs there can be at most."""
    return min(int(np.count_nonzero(np.diff(edges.start))), edges.columns)


def judge(evidence: Evidence, beliefs: Beliefs, guess: Reals) -> Judged:
    """Return what the pairs weigh, each by what the others have taught.

    Among few rows a pair would else speak for itself: its own levels would be thought common.
    """
    model = expect(evidence, beliefs)
    counts = seen_levels(evidence, model, guess)
    counts[TEXT, ABSENT] = 0.0
    mine = model.posterior
    log_m = np.zeros(evidence.log_u.shape)
    for k, level in enumerate(evidence.level):
        others = (counts[k, level] - mine) / (counts[k].sum() - mine)
        log_m[k] = np.log(np.maximum(others, 1e-30))
    log_m[TEXT, evidence.level[TEXT] == ABSENT] = 0.0
    rows = most_pairs(evidence.edges) + PRIOR_ROWS
    matched = np.clip((beliefs.matched * rows - mine) / (rows - 1.0), 0.001, 0.999)
    weight = evidence.fixed + np.log(matched / (1.0 - matched)) + log_m.sum(axis=0)
    return Judged(log_m, weight)


def masked_log(counts: Reals, sizes: tuple[int, ...]) -> Reals:
    """Return log shares of each comparison's own levels; an absent text weighs nothing."""
    out = np.full(counts.shape, -50.0)
    for k, size in enumerate(sizes):
        own = counts[k, :size].copy()
        if k == TEXT:
            own[ABSENT] = 0.0
        out[k, :size] = np.log(np.maximum(own / own.sum(), 1e-30))
    out[TEXT, ABSENT] = 0.0
    return out


def first_guess(sizes: tuple[int, ...], earliest: int) -> Reals:
    """Return m before the first round: equal amounts, soon, and much of the text shared."""
    counts = np.zeros((len(sizes), max(sizes)))
    counts[AMOUNT, : sizes[AMOUNT]] = _FIRST_AMOUNT
    counts[LAG, : sizes[LAG]] = 1.0 / (1.0 + np.abs(np.arange(sizes[LAG]) + earliest))
    for share, levels in _FIRST_TEXT:
        counts[TEXT, list(levels)] = share / len(levels)
    out: Reals = counts / counts.sum(axis=1, keepdims=True)
    return out


def settle_share(evidence: Evidence, beliefs: Beliefs) -> Beliefs:
    """Return the beliefs with the share of matched rows that the assignment itself shows.

    The sum of the probabilities falls short of the pairs, since rivals share one row's one partner
    unevenly; counting the pairs of the optimal assignment does not.
    """
    edges = evidence.edges
    smaller_side = most_pairs(edges)
    weight = expect(evidence, beliefs).weight
    for _ in range(SHARE_ROUNDS):
        chosen = np.flatnonzero(weight > 0)
        pairs = count_pairs(edges.take(chosen), weight[chosen])
        matched = (pairs + PRIOR_MATCHED * PRIOR_ROWS) / (smaller_side + PRIOR_ROWS)
        if matched <= beliefs.matched:
            break
        weight += log_odds(matched) - log_odds(beliefs.matched)
        beliefs = Beliefs(beliefs.log_m, matched)
    return beliefs
