"""SUBSET pass, many to many: up to three rows of one side add up to up to three of the other.

Rows of one key and currency that a chain of windows holds together make a pool. Sets are
looked for from the fewest rows to the most; rows of a hit take no part in larger sets, because the
shorter description decides. A hit is linked when none of its rows is in another hit of as many
rows and an accident is unlikely; else it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import comb

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.arrays.parallel import run_all
from recon.core.codes import MatchKind
from recon.core.kernels.set_packing import count_uses
from recon.core.kernels.window import ranges_between
from recon.core.passes.band import band_sides
from recon.core.passes.contract import CERTAIN, NO_TIES, Found, Searched, Work
from recon.core.passes.subset.items import Items, in_time
from recon.core.passes.subset.matching import LARGEST, LISTED_MOST, SIZES, Lines, agreeing
from recon.core.passes.subset.search import Answer, normal_density

ACCIDENTS_LIMIT = 10**15  # parts per million at which the expected number is cut
SHOWN = 8  # hits of one row that are listed as its rivals
FORM = "MANY"
LEVELS = tuple(tuple(pairs) for _, pairs in groupby(SIZES, key=sum))  # by number of rows
FAR = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Pool:
    """Rows of both sides of which any may belong together."""

    left: Items
    right: Items

    @property
    def sides(self) -> tuple[Items, Items]:
        """Return left and right."""
        return self.left, self.right


@dataclass
class Verdicts:
    """What was found in one pool: linked sets, rivals, and an answer for every row."""

    linked: list[tuple[Rows, Rows, float]] = field(default_factory=list)
    rivals: list[tuple[Rows, Rows]] = field(default_factory=list)
    searches: list[Searched] = field(default_factory=list)


def find_many(work: Work) -> Found:
    """Link the sets that are the only ones of their size; show the others."""
    pools = [(work, pool) for pool in cut_pools(work)]
    return report(run_all(answer_pool, pools, work.threads))


def cut_pools(work: Work) -> Iterator[Pool]:
    """Yield the pools: rows that a chain of rows within each other's window holds together."""
    left, right = (in_time(work, side) for side in band_sides(work))
    left, right = (items.take(np.flatnonzero(items.amount != 0)) for items in (left, right))
    before, after = work.step.days_before, work.step.days_after
    begin, end = np.empty((2, left.rows.size), np.int64)
    days = left.day - before, left.day + after
    ranges_between(left.group, *days, right.group, right.day, begin, end)
    has = np.flatnonzero(end > begin)
    left, begin, end = left.take(has), begin[has], end[has]
    first = np.flatnonzero(begin >= np.concatenate(([0], end[:-1])))  # both ascend
    last = np.append(first, has.size)[1:]
    for one, beyond in zip(first, last, strict=True):
        rights = np.arange(begin[one], end[beyond - 1])
        yield Pool(left.take(np.arange(one, beyond)), right.take(rights))


def answer_pool(work: Work, pool: Pool) -> Verdicts:
    """Return what the sets of one pool say, size after size."""
    found = Verdicts()
    rows = np.array([items.rows.size for items in pool.sides])
    for level in LEVELS:
        hits = level_hits(work, pool, level)
        if hits is None:
            found.searches += answers(pool, rows, Answer.EXHAUSTED)
            return found
        pool = settle(work, pool, hits, (level, rows), found)
    found.searches += answers(pool, rows, Answer.NONE)
    return found


def level_hits(
    work: Work, pool: Pool, level: tuple[tuple[int, int], ...]
) -> tuple[Lines, Lines] | None:
    """Return positions of the sets of one number of rows that agree; None where it is too dear."""
    left, right = pool.sides
    none = np.empty((0, LARGEST), np.int32)
    parts = [(none, none)]
    for one, two in level:
        if one > left.rows.size or two > right.rows.size:
            continue
        if comb(left.rows.size, one) + comb(right.rows.size, two) > work.step.budget:
            return None
        agreed = agreeing(left.amount, right.amount, (one, two), work.step.tolerance_minor)
        if agreed is None or agreed[0].shape[0] == LISTED_MOST:
            return None
        parts.append(agreed)
    lines = tuple(np.concatenate(side) for side in zip(*parts, strict=True))
    kept = in_window(work, pool, *lines) & worth_something(work, left, lines[0])
    return lines[0][kept], lines[1][kept]


def in_window(work: Work, pool: Pool, left: Lines, right: Lines) -> NDArray[np.bool_]:
    """Return which sets have every right row within the window of every left row."""
    before, after = work.step.days_before, work.step.days_after
    earliest, latest = (extreme(pool.left.day, left, sign) for sign in (1, -1))
    opens, closes = (extreme(pool.right.day, right, sign) for sign in (1, -1))
    inside: NDArray[np.bool_] = (opens - latest >= -before) & (closes - earliest <= after)
    return inside


def extreme(day: Rows, lines: Lines, sign: int) -> Rows:
    """Return the first (`sign` 1) or last (-1) day of the rows of each line."""
    found = np.where(lines >= 0, sign * day[lines], FAR)
    least: Rows = found.min(axis=1, initial=FAR)
    return sign * least


def worth_something(work: Work, items: Items, lines: Lines) -> NDArray[np.bool_]:
    """Return which sets have a sum that is not within the tolerance of nothing."""
    total = np.where(lines >= 0, items.amount[lines], 0).sum(axis=1)
    some: NDArray[np.bool_] = np.abs(total) > work.step.tolerance_minor
    return some


def settle(
    work: Work,
    pool: Pool,
    hits: tuple[Lines, Lines],
    asked: tuple[tuple[tuple[int, int], ...], Rows],
    found: Verdicts,
) -> Pool:
    """Put what the hits say into `found`; return the pool without their rows.

    `asked` is the level of the hits, and how many rows the whole pool has a side.
    """
    level, rows = asked
    if hits[0].shape[0] == 0:
        return pool
    left, right = pool.sides
    uses = np.zeros(left.rows.size, np.int64), np.zeros(right.rows.size, np.int64)
    count_uses(*hits, *uses)
    accidents = expected(work, pool, sum(level[0]))
    unlikely = accidents * 1_000_000 < work.step.accident_ppm
    shown = np.zeros(left.rows.size, np.int64), np.zeros(right.rows.size, np.int64)
    for line in range(hits[0].shape[0] if unlikely else 0):
        one, two = (side[line][side[line] >= 0] for side in hits)
        members = left.rows[one], right.rows[two]
        if uses[0][one].max() == uses[1][two].max() == 1:
            found.linked.append((*members, accidents))
        elif max(shown[0][one].min(), shown[1][two].min()) < SHOWN:
            found.rivals.append(members)
            shown[0][one] += 1
            shown[1][two] += 1
    found.searches += verdicts_of(pool, hits, uses, rows, accidents)
    kept = (
        items.take(np.flatnonzero(use == 0)) for items, use in zip(pool.sides, uses, strict=True)
    )
    return Pool(*kept)


def verdicts_of(
    pool: Pool, hits: tuple[Lines, Lines], uses: tuple[Rows, Rows], rows: Rows, accidents: float
) -> list[Searched]:
    """Return the answer for every row that is in a hit; `rows` count the whole pool."""
    rivals = uses[0].copy(), uses[1].copy()
    spread(hits, uses, rivals)
    ppm = min(int(accidents * 1_000_000), ACCIDENTS_LIMIT)
    lines = []
    for k, items in enumerate(pool.sides):
        for place in np.flatnonzero(uses[k]):
            answer = Answer.UNIQUE if rivals[k][place] == 1 else Answer.ALTERNATIVES
            row, others, count = int(items.rows[place]), int(rows[1 - k]), int(uses[k][place])
            lines.append(Searched(row, others, FORM, answer.name, count, ppm))
    return lines


def spread(hits: tuple[Lines, Lines], uses: tuple[Rows, Rows], rivals: tuple[Rows, Rows]) -> None:
    """Raise the rivals of each row to the most uses of any row that it is in a hit with."""
    most = np.zeros(hits[0].shape[0], np.int64)
    for lines, use in zip(hits, uses, strict=True):
        most = np.maximum(most, np.where(lines >= 0, use[lines], 0).max(axis=1, initial=0))
    for lines, rival in zip(hits, rivals, strict=True):
        for column in lines.T:
            has = column >= 0
            np.maximum.at(rival, column[has], most[has])


def expected(work: Work, pool: Pool, rows: int) -> float:
    """Return how many sets of at most `rows` rows are expected to agree by chance.

    Where all amounts of a side are alike, nothing is known of their spread but their size.
    """
    width = 2 * work.step.tolerance_minor + 1
    sides = [
        (items.amount.size, float(items.amount.mean()), float(items.amount.var()))
        for items in pool.sides
    ]
    largest = max(int(np.abs(items.amount).max()) for items in pool.sides)
    (n, left_mean, left_spread), (m, right_mean, right_spread) = sides
    total = 0.0
    for one, two in (size for size in SIZES if sum(size) <= rows):
        mean = one * left_mean - two * right_mean
        variance = one * left_spread + two * right_spread
        density = normal_density(0.0, mean, variance) if variance else 1 / (largest + 1)
        total += comb(n, one) * comb(m, two) * width * density
    return total


def answers(pool: Pool, rows: Rows, answer: Answer) -> list[Searched]:
    """Return one answer for every row that is in no hit; `rows` count the whole pool."""
    return [
        Searched(int(row), int(rows[1 - k]), "", answer.name, 0, 0)
        for k, items in enumerate(pool.sides)
        for row in items.rows
    ]


def report(found: list[Verdicts]) -> Found:
    """Return links, ties and searches: every row of a set is linked to the other side's first."""
    empty = np.empty(0, np.int64)
    left, right, score = [empty], [empty], [np.empty(0, np.int32)]
    grouped: tuple[list[Rows], ...] = ([empty], [empty])
    groups: tuple[list[Rows], ...] = ([empty], [empty])
    for one, two, accidents in (linked for verdicts in found for linked in verdicts.linked):
        left += [np.sort(one), np.repeat(one.min(), two.size - 1)]
        right += [np.repeat(two.min(), one.size), np.sort(two)[1:]]
        links = one.size + two.size - 1
        score.append(np.full(links, CERTAIN - int(accidents * CERTAIN), np.int32))
        smallest = min(int(one.min()), int(two.min()))
        for k, rows in enumerate((one, two)):
            grouped[k].append(rows)
            groups[k].append(np.full(rows.size, smallest, np.int64))
    lefts, rights = np.concatenate(left), np.concatenate(right)
    return Found(
        lefts,
        rights,
        np.full(lefts.size, int(MatchKind.SUBSET), np.uint8),
        np.concatenate(score),
        tied(found),
        tuple(
            (np.concatenate(rows), np.concatenate(group))
            for rows, group in zip(grouped, groups, strict=True)
        ),
        tuple(line for verdicts in found for line in verdicts.searches),
    )


def tied(found: list[Verdicts]) -> Rows:
    """Return (row, candidate) both ways between the rows of every rival set."""
    lines = [NO_TIES]
    for one, two in (rival for verdicts in found for rival in verdicts.rivals):
        pairs = np.column_stack((np.repeat(one, two.size), np.tile(two, one.size)))
        lines += [pairs, pairs[:, ::-1]]
    return np.unique(np.concatenate(lines), axis=0)
