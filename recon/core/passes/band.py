"""BAND pass: amounts within a tolerance and days within a window, an optimal assignment.

Policy: as many pairs as possible first; then the least total difference in money; then the least
total lag in days. A pair that not every optimum contains is shown with its rivals, not linked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.arrays.parallel import chunk_bounds, run_all
from recon.core.codes import MatchKind
from recon.core.kernels.assignment import solve_assignment, strong_components, tight_edges
from recon.core.kernels.band import cut_buckets, price_edges, walk_bands
from recon.core.kernels.union_find import label_components, unite_rows
from recon.core.passes.contract import (
    CERTAIN,
    NO_DAY,
    Facts,
    Found,
    Work,
    left_rows,
    right_rows,
    row_digests,
    with_amount,
)
from recon.core.passes.dated import TIES_SHOWN, left_days, right_days
from recon.core.passes.key_groups import group_keys
from recon.core.passes.order import settle_ties, sort_order
from recon.core.passes.pair_limit import PAIR_BYTES, PairLimit
from recon.core.plan import Pass
from recon.errors import ResourceError

MILLION = 1_000_000
GAIN_LIMIT = 1 << 60


@dataclass(frozen=True)
class Side:
    """Rows of one side sorted by (group, day, amount, content), cut into (group, day)."""

    rows: Rows
    day: Rows
    amount: Rows
    bucket: NDArray[np.int64]  # (b, 2)
    start: Rows  # (b + 1)


@dataclass(frozen=True)
class Edges:
    """Candidate pairs in compressed rows: those of left position i are start[i]:start[i + 1]."""

    start: Rows
    column: NDArray[np.int64] | NDArray[np.int32]
    columns: int

    @property
    def row(self) -> Rows:
        """Return the left position of every edge."""
        return np.repeat(np.arange(self.start.size - 1), np.diff(self.start))

    def take(self, kept: Rows) -> Edges:
        """Return the pairs at the ascending positions `kept`."""
        start = np.searchsorted(kept, self.start).astype(np.int64)
        return Edges(start, self.column[kept], self.columns)


GainOf = Callable[[Edges, Rows], Rows]


@dataclass(frozen=True)
class Assignment:
    """An optimal assignment and what other optima may exchange in it."""

    row_partner: Rows
    column_partner: Rows
    tight: NDArray[np.uint8]
    label: Rows  # rows, columns, and one node for "unmatched"

    def settled(self) -> NDArray[np.bool_]:
        """Return which rows have a partner that every optimum gives them."""
        rows = self.row_partner.size
        out = self.row_partner >= 0
        partner = self.row_partner[out]
        out[out] = self.label[:rows][out] != self.label[rows + partner]
        return out


@dataclass(frozen=True)
class Problem:
    """Some pairs of larger sides, with the positions there of its rows and columns."""

    edges: Edges
    rows: Rows
    columns: Rows


class Partners(NamedTuple):
    """A matching of greatest gain, -1 for none, and the duals that prove it."""

    row_partner: Rows
    column_partner: Rows
    row_dual: Rows
    column_dual: Rows


def find_bands(work: Work) -> Found:
    """Link the pairs that every optimal assignment contains; list the others as ties."""
    left, right = band_sides(work)
    edges = candidate_edges(work, left, right)
    solved = assign(edges, lambda rest, kept: gains(rest, *prices(left, right, edges.take(kept))))
    return report(left, right, edges, solved, MatchKind.BAND)


def band_sides(work: Work) -> tuple[Side, Side]:
    """Return both sides' rows whose key and currency occur on the other side."""
    facts, step = work.facts, work.step
    left = with_amount(facts, left_rows(work), step.left_amount)
    right = with_amount(facts, right_rows(work), step.right_amount)
    groups = group_keys(
        row_digests(facts, left, step.left_key, facts.currency),
        row_digests(facts, right, step.right_key, facts.currency),
        threads=work.threads,
    )
    one, two = facts.amounts[step.left_amount].minor, facts.amounts[step.right_amount].minor
    return (
        by_content(facts, sort_side(left, groups.left, left_days(work)[left], one[left])),
        by_content(facts, sort_side(right, groups.right, right_days(work)[right], two[right])),
    )


def sort_side(rows: Rows, group: NDArray[np.int32], day: Rows, amount: Rows) -> Side:
    """Return the rows that have a group and a day, sorted and cut."""
    has = np.flatnonzero((group >= 0) & (day != NO_DAY))
    order = has[sort_order(group[has].astype(np.int64), day[has], amount[has])]
    return side_of(rows[order], group[order].astype(np.int64), day[order], amount[order])


def side_of(rows: Rows, group: Rows, day: Rows, amount: Rows) -> Side:
    """Return rows that are sorted by group, day and amount, cut."""
    bucket = np.empty((rows.size, 2), np.int64)
    start = np.empty(rows.size + 1, np.int64)
    n = cut_buckets(group, day, bucket, start)
    return Side(rows, day, amount, bucket[:n], start[: n + 1])


def by_content(facts: Facts, side: Side) -> Side:
    """Return a side whose rows of one group, day and amount stand in the order of their content.

    Which candidates of a large tie are listed is then the same however the files are cut.
    """
    bucket = np.repeat(np.arange(side.bucket.shape[0]), np.diff(side.start))
    same = (np.diff(bucket) == 0) & (np.diff(side.amount) == 0)
    return replace(side, rows=settle_ties(side.rows, same, facts.content))


def share(amount: Rows, ppm: int) -> Rows:
    """Return |amount| * ppm / 1,000,000 rounded down, without leaving 64 bits."""
    size = np.abs(amount)
    out: Rows = (size // MILLION) * ppm + (size % MILLION) * ppm // MILLION
    return out


def tolerance(step: Pass, amount: Rows) -> Rows:
    """Return what each base amount tolerates: the larger of the fixed and the capped percentage."""
    part = share(amount, step.tolerance_ppm)
    if step.tolerance_cap_minor:
        part = np.minimum(part, step.tolerance_cap_minor)
    return np.maximum(part, step.tolerance_minor)


def band_of(step: Pass, amount: Rows, sign: int) -> tuple[Rows, Rows]:
    """Return the lowest and highest partner amount of each amount; `sign` as in `Pass`."""
    allowed = tolerance(step, amount)
    nothing = np.zeros_like(allowed)
    below, above = (nothing if sign > 0 else allowed), (nothing if sign < 0 else allowed)
    return amount - below, amount + above


def candidate_edges(work: Work, left: Side, right: Side) -> Edges:
    """Return every admissible pair."""
    step = work.step
    before, after = step.days_before, step.days_after
    if step.tolerance_base == "right":
        low, high = band_of(step, right.amount, -step.tolerance_sign)
        edges = turn(join(work, right, left, (low, high), (-after, before)))
    else:
        low, high = band_of(step, left.amount, step.tolerance_sign)
        edges = join(work, left, right, (low, high), (-before, after))
    return edges


def prices(left: Side, right: Side, edges: Edges) -> tuple[Rows, Rows]:
    """Return the difference in money and the lag in days of every pair."""
    difference, lag = np.empty((2, edges.column.size), np.int64)
    sides = (left.amount, left.day, right.amount, right.day)
    price_edges(edges.start, edges.column, *sides, difference, lag)
    return difference, lag


def join(
    work: Work, left: Side, right: Side, band: tuple[Rows, Rows], window: tuple[int, int]
) -> Edges:
    """Return the pairs in band and window: counted first, so that memory is known before."""
    cursor = np.zeros(left.rows.size, np.int64)
    sides = (left.bucket, left.start, *band, right.bucket, right.start, right.amount, *window)
    bounds = chunk_bounds(left.bucket.shape[0], 4 * work.threads)
    nothing = np.empty(0, np.int32)
    run_all(walk_bands, [(a, b, *sides, cursor, nothing) for a, b in bounds], work.threads)
    start = np.zeros(left.rows.size + 1, np.int64)
    np.cumsum(cursor, out=start[1:])
    PairLimit(work, PAIR_BYTES[work.step.method]).add(int(start[-1]))
    out = np.empty(int(start[-1]), np.int32)
    if out.size:
        cursor[:] = start[:-1]
        run_all(walk_bands, [(a, b, *sides, cursor, out) for a, b in bounds], work.threads)
    return Edges(start, out, right.rows.size)


def turn(edges: Edges) -> Edges:
    """Return the same pairs in compressed rows of the other side."""
    order = np.argsort(edges.column, kind="stable")
    start = np.zeros(edges.columns + 1, np.int64)
    np.cumsum(np.bincount(edges.column, minlength=edges.columns), out=start[1:])
    return Edges(start, edges.row[order], edges.start.size - 1)


def gains(edges: Edges, difference: Rows, lag: Rows) -> Rows:
    """Return gains that put the number of pairs first, then money, then days, in each component.

    With k pairs at most in a component, one minor unit weighs more than k longest lags, and one
    more pair more than k largest penalties. Where that leaves 64 bits, days do not count: pairs
    that only they part are ties. Raises ResourceError where money alone leaves them.
    """
    rows = edges.start.size - 1
    parent = np.arange(rows + edges.columns)
    unite_rows(edges.row, edges.column + rows, parent)
    label_components(parent)
    component = parent[edges.row]
    sides = (np.bincount(part, minlength=parent.size) for part in (parent[:rows], parent[rows:]))
    count = np.minimum(*sides).astype(np.int64)
    most = largest(difference, component, parent.size)
    room = GAIN_LIMIT // (count + 1)
    unit = largest(lag, component, parent.size) * count + 1
    unit[most >= room // unit] = 1
    if bool(np.any(most >= room)):
        raise ResourceError(
            f"expected candidates whose differences can be weighed in 64 bits, found "
            f"{int(count[most >= room].max()):,} rows that hang together with differences up to "
            f"{int(most.max()):,} minor units",
            fix="narrow the tolerance or the days, or add a key",
        )
    worth = (most + 1) * unit * (count + 1)
    out: Rows = worth[component]
    cost = unit[component]
    lag = np.where(cost > 1, lag, 0)
    cost *= difference
    cost += lag
    out -= cost
    return out


def largest(value: Rows, component: Rows, components: int) -> Rows:
    """Return the largest value of each component."""
    out = np.zeros(components, np.int64)
    np.maximum.at(out, component, value)
    return out


def assign(edges: Edges, gain_of: GainOf) -> Assignment:
    """Return an assignment of greatest total gain, proved by its duals.

    Pairs whose two rows have no other candidate are settled at once; only the rest is a problem.
    `gain_of` gives the gains, all positive, of that rest and of its positions among the edges.
    """
    rows, columns = edges.start.size - 1, edges.columns
    solved = Assignment(
        np.full(rows, -1, np.int64),
        np.full(columns, -1, np.int64),
        np.zeros(edges.column.size, np.uint8),
        np.arange(rows + columns + 1),
    )
    lone = lone_pairs(edges)
    row, column = edges.row[lone], edges.column[lone]
    solved.row_partner[row] = column
    solved.column_partner[column] = row
    solved.tight[lone] = 1
    kept = np.flatnonzero(~lone)
    if kept.size:
        problem = problem_of(edges, kept)
        gain = gain_of(problem.edges, kept)
        take_in(solved, problem, kept, gain, solve_problem(problem, gain))
    return solved


def lone_pairs(edges: Edges) -> NDArray[np.bool_]:
    """Return which pairs join two rows that have no other candidate."""
    rivals = np.bincount(edges.column, minlength=edges.columns)
    lone: NDArray[np.bool_] = np.repeat(np.diff(edges.start) == 1, np.diff(edges.start))
    lone &= rivals[edges.column] == 1
    return lone


def problem_of(edges: Edges, kept: Rows) -> Problem:
    """Return the pairs at the ascending positions `kept`, their rows and columns numbered anew."""
    taken = edges.take(kept)
    rows = np.flatnonzero(np.diff(taken.start))
    named = np.zeros(edges.columns, np.bool_)
    named[taken.column] = True
    column = np.cumsum(named)[taken.column] - 1
    columns = np.flatnonzero(named)
    start = np.append(taken.start[rows], kept.size)
    return Problem(Edges(start, column, columns.size), rows, columns)


def solve_problem(problem: Problem, gain: Rows) -> Partners:
    """Return a matching of greatest gain and its duals."""
    rows, columns = problem.rows.size, problem.columns.size
    out = Partners(
        np.full(rows, -1, np.int64),
        np.full(columns, -1, np.int64),
        np.zeros(rows, np.int64),
        np.zeros(columns, np.int64),
    )
    solve_assignment(problem.edges.start, problem.edges.column, gain, *out)
    return out


def take_in(
    solved: Assignment, problem: Problem, kept: Rows, gain: Rows, partners: Partners
) -> None:
    """Write the solution of the edges `kept` and what other optima may exchange into `solved`."""
    start, column = problem.edges.start, problem.edges.column
    rows, columns = problem.rows, problem.columns
    tight = np.zeros(kept.size, np.uint8)
    label = np.full(rows.size + columns.size + 1, -1, np.int64)
    tight_edges(start, column, gain, partners.row_dual, partners.column_dual, tight)
    strong_components(start, column, tight, *partners, label)
    nodes = np.concatenate((rows, solved.row_partner.size + columns, [solved.label.size - 1]))
    solved.label[nodes] = nodes[label]
    solved.tight[kept] = tight
    row_partner, column_partner = partners.row_partner, partners.column_partner
    solved.row_partner[rows] = np.where(row_partner >= 0, columns[row_partner], -1)
    solved.column_partner[columns] = np.where(column_partner >= 0, rows[column_partner], -1)


def report(left: Side, right: Side, edges: Edges, solved: Assignment, kind: MatchKind) -> Found:
    """Return the settled pairs, scored by one over their candidates, and the ties."""
    chosen = np.flatnonzero(solved.settled())
    partner = solved.row_partner[chosen]
    of_left = np.diff(edges.start)[chosen]
    of_right = np.bincount(edges.column, minlength=edges.columns)[partner]
    left_rows, right_rows = left.rows[chosen], right.rows[partner]
    smallest = np.minimum(left_rows, right_rows)
    return Found(
        left_rows,
        right_rows,
        np.full(chosen.size, int(kind), np.uint8),
        (CERTAIN // np.maximum(of_left, of_right)).astype(np.int32),
        tied(left, right, edges, solved),
        ((left_rows, smallest), (right_rows, smallest)),
    )


def tied(left: Side, right: Side, edges: Edges, solved: Assignment) -> NDArray[np.int64]:
    """Return (row, candidate) both ways of the edges that some optima contain and others do not.

    Of each row the first few: a tie of thousands needs no thousand lines a row.
    """
    rows = left.rows.size
    same = solved.label[edges.row] == solved.label[rows + edges.column]
    open_edge = np.flatnonzero((solved.tight == 1) & same)
    row, column = edges.row[open_edge], edges.column[open_edge]
    one, two = first_few(row), first_few(column)
    return np.concatenate(
        (
            np.column_stack((left.rows[row[one]], right.rows[column[one]])),
            np.column_stack((right.rows[column[two]], left.rows[row[two]])),
        )
    )


def first_few(end: NDArray[np.int64] | NDArray[np.int32]) -> Rows:
    """Return the places of the first `TIES_SHOWN` of each equal value of `end`, by value."""
    order = np.argsort(end, kind="stable")
    ordered = end[order]
    first = np.searchsorted(ordered, ordered)
    return order[np.arange(end.size) - first < TIES_SHOWN]
