"""SCORE pass: amount, lag and text evidence weighed together, an optimal assignment.

The model is Fellegi and Sunter's with m fitted to the data by a one-to-one aware EM and u counted
exactly for each value: how many rows of the other side would agree as well as this one does. A
pair is linked when every optimum contains it and its probability reaches the pass's confidence.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.codes import MatchKind
from recon.core.kernels.score import (
    amount_levels,
    collect_levels,
    expect_edges,
    lag_levels,
    text_levels,
    weigh_edges,
)
from recon.core.kernels.text import count_prefixes, normalise_texts, prefix_edges
from recon.core.parallel import chunk_bounds, run_all
from recon.core.passes.band import (
    Assignment,
    Edges,
    Side,
    assign,
    band_sides,
    candidate_edges,
    report,
)
from recon.core.passes.contract import Found, Rows, Work
from recon.core.text import TextBuffers

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
BOUNDS_PPM = (0, 300, 1_000, 3_000, 10_000, 20_000, 50_000, 100_000, 200_000, 1_000_000)
PREFIX_BYTES = 24
TEXT_LEVELS = PREFIX_BYTES + 2
FIRST_ROUNDS = 4
SAMPLE_PAIRS = 1_000_000
ROUNDS = 100
SHARE_ROUNDS = 10
SETTLED = 1e-5
IMPOSSIBLE = 1e-6  # probability below which a pair is dropped after the first rounds
MATCHED_AT_FIRST = 0.8  # share of rows with a partner before the first round
NATS = 1_000_000  # gain of an assignment for one unit of natural log odds


@dataclass(frozen=True)
class Texts:
    """Normalised text of some rows."""

    data: NDArray[np.uint8]
    offsets: Rows

    @property
    def size(self) -> Rows:
        """Return the bytes of each row."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Model:
    """Fitted weights of the candidate pairs."""

    weight: Reals  # log odds of each pair against its row having no partner
    posterior: Reals  # probability of each pair, one partner a row


def normalise(data: NDArray[np.uint8], offsets: Rows) -> Texts:
    """Return texts in normal form; the second time for zeros that folding made ASCII."""
    for _ in range(2):
        out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
        out_offsets = np.empty(offsets.size, np.int64)
        size = normalise_texts(data, offsets, out, out_offsets)
        data, offsets = out[:size], out_offsets
    return Texts(data, offsets)


def texts_of(buffers: TextBuffers, rows: Rows) -> Texts:
    """Return the normalised texts of `rows`; a null text is empty."""
    begin, end = buffers.offsets[rows], buffers.offsets[rows + 1]
    size = np.where(buffers.valid[rows] == 1, end - begin, 0)
    offsets = np.zeros(rows.size + 1, np.int64)
    np.cumsum(size, out=offsets[1:])
    place = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1] - begin, size)
    return normalise(np.ascontiguousarray(buffers.data[place]), offsets)


def in_byte_order(texts: Texts) -> Texts:
    """Return the texts in ascending byte order."""
    buffers = [None, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)]
    array = pa.Array.from_buffers(pa.large_binary(), texts.offsets.size - 1, buffers)
    ordered = pl.Series(pl.from_arrow(array)).sort().to_arrow().cast(pa.large_binary())
    _, offsets, data = ordered.buffers()
    return Texts(
        np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8),
        np.frombuffer(offsets, np.int64, len(ordered) + 1, ordered.offset * 8),
    )


def find_scores(work: Work) -> Found:
    """Link the pairs of the optimal assignment that are probable enough; list the others."""
    left, right = band_sides(work)
    edges = candidate_edges(work, left, right)
    if edges.column.size == 0:
        return report(left, right, edges, assign(edges, lambda _, kept: kept), MatchKind.SCORE)
    texts = work.facts.texts[work.step.text]
    both = (texts_of(texts, left.rows), texts_of(texts, right.rows))
    evidence, sizes = compare(work, (left, right), edges, both)
    edges, model = fit(evidence, sizes)
    return decide(work, (left, right), edges, model)


def decide(work: Work, sides: tuple[Side, Side], edges: Edges, model: Model) -> Found:
    """Return the links and ties of a fitted model."""
    chosen = np.flatnonzero(model.weight > 0)
    kept = edges.take(chosen)
    solved = solve_chosen(kept, gains_of(model, chosen))
    posterior = model.posterior[chosen]
    found = report(*sides, kept, solved, MatchKind.SCORE)
    probability = pair_posterior(kept, solved, posterior)
    sure = probability * 1_000_000 >= work.step.confidence_ppm
    linked = np.flatnonzero(solved.settled())
    doubtful = linked[~sure]
    ties = np.column_stack((sides[0].rows[doubtful], sides[1].rows[solved.row_partner[doubtful]]))
    left, right = found.left[sure], found.right[sure]
    smallest = np.minimum(left, right)
    return dataclasses.replace(
        found,
        left=left,
        right=right,
        kind=found.kind[sure],
        score=np.floor(probability[sure] * 1_000_000).astype(np.int32),
        ties=np.concatenate((found.ties, ties, ties[:, ::-1])),
        grouped=((left, smallest), (right, smallest)),
    )


def pair_posterior(edges: Edges, solved: Assignment, posterior: Reals) -> Reals:
    """Return the probability of each settled pair, in row order."""
    row = edges.row
    settled = solved.settled()
    mine = settled[row] & (edges.column == solved.row_partner[row])
    out: Reals = posterior[mine]
    return out


@dataclass(frozen=True)
class Evidence:
    """Candidate pairs as the model sees them."""

    edges: Edges
    level: Levels  # (comparisons, pairs)
    log_u: Reals
    threads: int

    def thin(self, kept: NDArray[np.int64]) -> Evidence:
        """Return the evidence of the pairs `kept`."""
        return Evidence(self.edges.take(kept), self.level[:, kept], self.log_u[kept], self.threads)


@dataclass(frozen=True)
class Beliefs:
    """What the model holds before a round: m of each level, and the share of matched rows."""

    log_m: Reals
    matched: float


def fit(evidence: Evidence, sizes: tuple[int, ...]) -> tuple[Edges, Model]:
    """Return the probable candidate pairs with their weights, m fitted to the data.

    A few rounds over the pairs of some rows; then all pairs are weighed once, those that are next
    to impossible are dropped, and the rounds go on over the rest until nothing moves.
    """
    beliefs = Beliefs(first_guess(sizes), MATCHED_AT_FIRST)
    sample = evidence.thin(sample_pairs(evidence.edges))
    for _ in range(FIRST_ROUNDS):
        beliefs = learn(sample, expect(sample, beliefs), sizes)
    odds = weigh(evidence, beliefs) - np.log(1.0 - beliefs.matched)
    evidence = evidence.thin(np.flatnonzero(odds > np.log(IMPOSSIBLE)))
    for _ in range(ROUNDS):
        before = beliefs
        model = expect(evidence, beliefs)
        beliefs = learn(evidence, model, sizes)
        moved = float(np.abs(np.exp(beliefs.log_m) - np.exp(before.log_m)).max())
        if max(moved, abs(beliefs.matched - before.matched)) < SETTLED:
            break
    return evidence.edges, settle_share(evidence, beliefs)


def settle_share(evidence: Evidence, beliefs: Beliefs) -> Model:
    """Return the model under the share of matched rows that its own assignment shows.

    The sum of the probabilities falls short of the pairs, since rivals share one row's one partner
    unevenly; counting the pairs of the optimal assignment does not.
    """
    edges = evidence.edges
    smaller_side = min(edges.start.size - 1, edges.columns)
    for _ in range(SHARE_ROUNDS):
        model = expect(evidence, beliefs)
        chosen = np.flatnonzero(model.weight > 0)
        solved = solve_chosen(edges.take(chosen), gains_of(model, chosen))
        pairs = int((solved.row_partner >= 0).sum())
        matched = (pairs + 0.5) / (smaller_side + 1.0)
        if matched <= beliefs.matched:
            break
        beliefs = Beliefs(beliefs.log_m, matched)
    return expect(evidence, beliefs)


def solve_chosen(edges: Edges, gain: Rows) -> Assignment:
    """Return the assignment of greatest total gain over pairs whose gains are given."""
    return assign(edges, lambda _, kept: gain[kept])


def gains_of(model: Model, chosen: NDArray[np.int64]) -> Rows:
    """Return the gain of each chosen pair: its log odds in whole micro-units."""
    return np.maximum((model.weight[chosen] * NATS).astype(np.int64), 1)


def sample_pairs(edges: Edges) -> NDArray[np.int64]:
    """Return the pairs of every k-th left row, about `SAMPLE_PAIRS` of them."""
    stride = edges.column.size // SAMPLE_PAIRS + 1
    rows = np.arange(0, edges.start.size - 1, stride)
    begin, size = edges.start[rows], np.diff(edges.start)[rows]
    offset = np.repeat(begin - (np.cumsum(size) - size), size)
    return offset + np.arange(int(size.sum()))


def weigh(evidence: Evidence, beliefs: Beliefs) -> Reals:
    """Return the log odds of every pair under the beliefs."""
    weight = np.empty(evidence.log_u.size)
    prior = float(np.log(beliefs.matched / evidence.edges.columns))
    jobs = [
        (evidence.level[:, a:b], evidence.log_u[a:b], beliefs.log_m, prior, weight[a:b])
        for a, b in chunk_bounds(weight.size, 2 * evidence.threads)
    ]
    run_all(weigh_edges, jobs, evidence.threads)
    return weight


def expect(evidence: Evidence, beliefs: Beliefs) -> Model:
    """Return weights and probabilities under the beliefs."""
    edges = evidence.edges
    null = 1.0 - beliefs.matched
    weight, posterior = weigh(evidence, beliefs), np.empty(edges.column.size)
    scratch = np.empty(edges.columns)
    expect_edges(edges.start, edges.column, weight, null, scratch, posterior)
    return Model(weight - np.log(null), posterior)


def learn(evidence: Evidence, model: Model, sizes: tuple[int, ...]) -> Beliefs:
    """Return the beliefs that the probabilities suggest."""
    edges = evidence.edges
    counts = np.full((len(sizes), max(sizes)), 1e-3)
    collect_levels(evidence.level, model.posterior, counts)
    rows = int(np.count_nonzero(np.diff(edges.start)))
    matched = float(model.posterior.sum()) / max(min(rows, edges.columns), 1)
    return Beliefs(masked_log(counts, sizes), min(max(matched, 0.001), 0.999))


def masked_log(counts: Reals, sizes: tuple[int, ...]) -> Reals:
    """Return log shares of each comparison's own levels."""
    out = np.full(counts.shape, -50.0)
    for k, size in enumerate(sizes):
        out[k, :size] = np.log(counts[k, :size] / counts[k, :size].sum())
    return out


def first_guess(sizes: tuple[int, ...]) -> Reals:
    """Return m before the first round: closer amounts, shorter lags and longer texts likelier."""
    counts = np.zeros((len(sizes), max(sizes)))
    counts[0, : sizes[0]] = 1.0 / np.arange(1, sizes[0] + 1)
    counts[1, : sizes[1]] = 1.0
    counts[2, : sizes[2]] = np.arange(1, sizes[2] + 1)
    return masked_log(counts, sizes)


def compare(
    work: Work, sides: tuple[Side, Side], edges: Edges, texts: tuple[Texts, Texts]
) -> tuple[Evidence, tuple[int, ...]]:
    """Return each pair's levels (amount, lag, text), its log u, and how many levels each has."""
    left, right = sides
    step = work.step
    one, two = texts
    sorted_two = in_byte_order(two)
    first = int(right.day.min())
    day_log = np.log(np.maximum(np.bincount(right.day - first), 1) / right.rows.size)
    about = About(
        level=np.empty((3, edges.column.size), np.int16),
        log_u=np.zeros(edges.column.size),
        bounds=np.array(BOUNDS_PPM, np.int64),
        ordered=np.sort(right.amount),
        day_log=day_log,
        first_day=first,
        earliest=-step.days_before,
    )
    jobs = [
        (left, right, edges, (one, two, sorted_two), about, part)
        for part in chunk_bounds(left.rows.size, 4 * work.threads)
    ]
    run_all(compare_part, jobs, work.threads)
    sizes = (about.bounds.size, step.days_before + step.days_after + 1, TEXT_LEVELS)
    return Evidence(edges, about.level, about.log_u, work.threads), sizes


@dataclass(frozen=True)
class About:
    """What every part of the comparison shares: results and the frequencies of the right side."""

    level: Levels
    log_u: Reals
    bounds: Rows
    ordered: Rows  # right amounts, ascending
    day_log: Reals  # log share of right rows by day since `first_day`
    first_day: int
    earliest: int


def compare_part(
    left: Side,
    right: Side,
    edges: Edges,
    texts: tuple[Texts, Texts, Texts],
    about: About,
    part: tuple[int, int],
) -> None:
    """Fill levels and log u of the pairs of the left rows `part`."""
    a, b = part
    begin, end = int(edges.start[a]), int(edges.start[b])
    start, column = edges.start[a : b + 1] - begin, edges.column[begin:end]
    level, log_u = about.level[:, begin:end], about.log_u[begin:end]
    amount, day = left.amount[a:b], left.day[a:b]
    amount_levels(start, column, amount, right.amount, about.ordered, about.bounds, level[0], log_u)
    lag_levels(
        start,
        column,
        day,
        right.day,
        about.earliest,
        about.day_log,
        about.first_day,
        level[1],
        log_u,
    )
    one, two, sorted_two = texts
    offsets = one.offsets[a : b + 1]
    prefix = np.empty(column.size, np.int32)
    prefix_edges(start, column, one.data, offsets, two.data, two.offsets, prefix)
    shared = np.empty((b - a, PREFIX_BYTES), np.int32)
    count_prefixes(one.data, offsets, sorted_two.data, sorted_two.offsets, shared)
    text_levels(
        start,
        prefix,
        one.size[a:b],
        two.size,
        column,
        shared,
        right.rows.size,
        level[2],
        log_u,
    )
