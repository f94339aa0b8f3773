"""One target, one pool: the subset that adds up, whether it is the only one or an accident.

Classes are tried in order of description length; the first class with a hit decides. A class that
is too dear for the budget is skipped and the verdict says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from functools import cached_property, lru_cache
from itertools import combinations
from math import comb, exp, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels.subset import (
    all_sums,
    find_few,
    find_runs,
    meet_sums,
    proved_none,
    solve_planes,
)

Ints = NDArray[np.int64]
LISTED = 8  # hits kept of one class
MEET_ROWS = 40  # rows up to which all subsets are met in the middle
PROBE_ROWS = 36  # rows of the part of a large pool in which two subsets are looked for first
FEW, HELD_BACK = 4, 3
MODULUS_MOST = 1024  # remainders by which a sum may be out of reach
STRAYS = 4  # rows outside a common divisor that are chosen one by one
SEEN_FOR_DIVISOR, DIVISOR_OF = 9, 4  # rows looked at, and how many of them share a divisor at least
PLANE_BLOCK = 2_048  # words of a plane that are done at once
PLANE_REACH = 60_000  # words of a plane that the items of one sweep reach over: 1 MiB of both
PLANES_FIRST = 200_000  # steps of the planes that take no longer than any look that may spare them
SUMS_KEPT = 4  # halves whose sums are kept, 16 MiB each at most
PLANE_STEP = 16  # words of the bit planes that cost one elementary step


@unique
class Form(IntEnum):
    """How a subset is described, shortest description first."""

    WHOLE = 0  # every row of the pool
    RUN = 1  # consecutive rows
    ALL_BUT_FEW = 2  # every row but at most three
    EQUAL = 3  # all rows of one amount
    FEW = 4  # at most four rows
    ANY = 5  # any subset


@unique
class Answer(IntEnum):
    """What a search can say."""

    UNIQUE = 0
    ALTERNATIVES = 1
    NONE = 2  # proved: no subset of the pool adds up
    EXHAUSTED = 3  # the budget did not allow the proof


@dataclass(frozen=True)
class Search:
    """The answer for one target."""

    answer: Answer
    form: Form | None
    alternatives: int  # subsets found; of a large pool, 2 stands for two or more
    accidents: float  # subsets of this form expected to fit by chance
    members: tuple[tuple[int, ...], ...]  # positions in the pool of the hits listed


def decide(
    form: Form,
    hits: int,
    accidents: float,
    members: list[tuple[int, ...]],
    *,
    is_whole: bool = True,
) -> Search:
    """Return the answer of a form that has hits; one hit of a part of the form proves nothing."""
    alone = Answer.UNIQUE if is_whole else Answer.EXHAUSTED
    answer = alone if hits == 1 else Answer.ALTERNATIVES
    return Search(answer, form, hits, accidents, tuple(members))


def normal_density(at: float, mean: float, variance: float) -> float:
    """Return the density of the normal law, the share of sums on one minor unit around `at`."""
    if variance <= 0:
        return 1.0 if at == mean else 0.0
    return exp(-((at - mean) ** 2) / (2 * variance)) / sqrt(2 * pi * variance)


@dataclass(frozen=True)
class Pool:
    """Amounts in time order (zeros left out by the caller), the target band, and the budget.

    `moment` numbers the moments of the rows; None: each row has one of its own.
    """

    amount: Ints
    low: int
    high: int
    budget: int
    moment: Ints | None = None

    @property
    def width(self) -> int:
        """Return how many sums count as hits."""
        return self.high - self.low + 1

    @property
    def edges(self) -> Ints:
        """Return the positions at which a run may begin or end: between two moments."""
        size = self.amount.size
        if self.moment is None:
            return np.arange(size + 1)
        inner = np.flatnonzero(np.diff(self.moment)) + 1
        return np.concatenate(([0], inner, [size]))

    @cached_property
    def shape(self) -> tuple[float, float]:
        """Return mean and variance of the amounts."""
        spread = float(np.var(self.amount)) if self.amount.size > 1 else 0.0
        return float(np.mean(self.amount)), spread

    def of_size(self, size: int, target: float) -> float:
        """Return how many sets of `size` rows are expected to add up to the band by chance."""
        n = self.amount.size
        mean, spread = self.shape
        variance = size * spread * (n - size) / max(n - 1, 1)
        mean *= size
        return comb(n, size) * self.width * normal_density(target, mean, variance)


def search(pool: Pool) -> Search:
    """Return the answer for one target; an empty pool has no subset."""
    if pool.amount.size == 0:
        return Search(Answer.NONE, None, 0, 0.0, ())
    for look in (whole, runs, all_but_few, equal, few):
        found = look(pool)
        if found is not None and found.alternatives > 0:
            return found
    return anything(pool)


def whole(pool: Pool) -> Search | None:
    """Try every row of the pool."""
    total = int(pool.amount.sum())
    scale = int(np.abs(pool.amount).max())
    hits = int(pool.low <= total <= pool.high)
    everybody = tuple(range(pool.amount.size))
    return decide(Form.WHOLE, hits, pool.width / (scale + 1), [everybody])


def runs(pool: Pool) -> Search | None:
    """Try consecutive rows; the expected accidents are the density of runs around the target."""
    edges = pool.edges
    n = edges.size - 1
    if n * (n + 1) // 2 > pool.budget:
        return None
    prefix = np.append(0, np.cumsum(pool.amount))[edges]
    around = int(np.abs(pool.amount).max())
    out = np.empty((LISTED, 2), np.int64)
    hits, near = find_runs(prefix, pool.low, pool.high, around, out)
    accidents = max(near - 1, 0) * pool.width / (pool.width + 2 * around)
    members = [tuple(range(int(edges[a]), int(edges[b]))) for a, b in out[:hits]]
    return decide(Form.RUN, hits, accidents, members)


@dataclass(frozen=True)
class Sets:
    """Sets of few rows that add up to a band."""

    count: int
    members: list[tuple[int, ...]]  # of the first of them
    is_whole: bool  # every number of rows that was asked for was tried


def sets_of_few(pool: Pool, low: int, high: int, asked: int) -> Sets | None:
    """Return the sets of at most `asked` rows that add up to the band, or None: too dear.

    In a large pool only sets of fewer rows are tried. Sets of so many rows that the smallest are
    too much, or the largest too little, need no trying.
    """
    n = pool.amount.size
    order = np.argsort(pool.amount, kind="stable")
    ordered = pool.amount[order]
    needed = most_needed(ordered, low, high, asked)
    most = needed
    while most > 1 and n ** (most - 1) > pool.budget:
        most -= 1
    if most == 1 < needed:
        return None
    out = np.empty((LISTED, FEW), np.int64)
    hits = find_few(ordered, low, high, most, out)
    members = [tuple(sorted(int(order[k]) for k in line if k >= 0)) for line in out[:hits]]
    return Sets(hits, members, most == needed)


def most_needed(ordered: Ints, low: int, high: int, asked: int) -> int:
    """Return the most rows, `asked` at most, that can add up to the band; 0 where none can."""
    least, greatest = np.cumsum(ordered[:asked]), np.cumsum(ordered[::-1][:asked])
    sizes = np.flatnonzero((least <= high) & (greatest >= low))
    return int(sizes[-1]) + 1 if sizes.size else 0


def all_but_few(pool: Pool) -> Search | None:
    """Try every row but at most three: the rows left out add up to what is missing."""
    total = int(pool.amount.sum())
    found = sets_of_few(pool, total - pool.high, total - pool.low, HELD_BACK)
    if found is None:
        return None
    n = pool.amount.size
    members = [tuple(k for k in range(n) if k not in set(out)) for out in found.members]
    if any(not line for line in members):
        return decide(Form.ALL_BUT_FEW, 0, 0.0, [])
    missing = total - (pool.low + pool.high) / 2
    accidents = sum(pool.of_size(size, missing) for size in range(1, min(HELD_BACK, n - 1) + 1))
    return decide(Form.ALL_BUT_FEW, found.count, accidents, members, is_whole=found.is_whole)


def equal(pool: Pool) -> Search | None:
    """Try all rows of one amount."""
    value, count = np.unique(pool.amount, return_counts=True)
    fits = np.flatnonzero((value * count >= pool.low) & (value * count <= pool.high) & (count > 1))
    members = [
        tuple(int(k) for k in np.flatnonzero(pool.amount == value[f])) for f in fits[:LISTED]
    ]
    scale = int(np.abs(pool.amount).max())
    return decide(Form.EQUAL, fits.size, value.size * pool.width / (scale + 1), members)


def few(pool: Pool) -> Search | None:
    """Try at most four rows."""
    found = sets_of_few(pool, pool.low, pool.high, FEW)
    if found is None:
        return None
    target = (pool.low + pool.high) / 2
    sizes = range(1, min(FEW, pool.amount.size) + 1)
    accidents = sum(pool.of_size(k, target) for k in sizes)
    return decide(Form.FEW, found.count, accidents, found.members, is_whole=found.is_whole)


def anything(pool: Pool) -> Search:
    """Try any subset: all of them while they can be met in the middle, else by bit planes."""
    n = pool.amount.size
    half = n // 2
    target = (pool.low + pool.high) / 2
    spread = float(np.sum(pool.amount.astype(np.float64) ** 2)) / 4
    density = normal_density(target, float(pool.amount.sum()) / 2, spread)
    accidents = 2.0 ** min(n, 1000) * pool.width * density
    if n <= MEET_ROWS and (n << (n - half)) <= max(pool.budget, 1) * 4:
        hits, members = meet(pool.amount, pool.low, pool.high)
        if hits == 0:
            return Search(Answer.NONE, None, 0, accidents, ())
        return decide(Form.ANY, hits, accidents, members)
    count = planes(pool)
    if count is None:
        return Search(Answer.EXHAUSTED, None, 0, accidents, ())
    if count == 0:
        return Search(Answer.NONE, None, 0, accidents, ())
    return decide(Form.ANY, count, accidents, [])


def sums_of(amount: Ints) -> tuple[Ints, Ints]:
    """Return all subset sums in ascending order and the subset of each as a bit mask."""
    return sums_of_bytes(amount.astype(np.int64).tobytes())


@lru_cache(maxsize=SUMS_KEPT)
def sums_of_bytes(data: bytes) -> tuple[Ints, Ints]:
    """Return the same of the amounts in `data`; the targets of one pool ask again and again."""
    amount = np.frombuffer(data, np.int64).copy()
    sums = np.empty(1 << amount.size, np.int64)
    masks = np.empty(1 << amount.size, np.int64)
    all_sums(amount, sums, masks)
    return sums, masks


def meet(amount: Ints, low: int, high: int) -> tuple[int, list[tuple[int, ...]]]:
    """Return how many subsets add up to the band, and the first (Horowitz and Sahni 1974)."""
    half = amount.size // 2
    one_sums, one_masks = sums_of(amount[:half])
    two_sums, two_masks = sums_of(amount[half:])
    out = np.empty((LISTED, 2), np.int64)
    hits = meet_sums(one_sums, one_masks, two_sums, two_masks, low, high, out)
    members = []
    for one, two in out[:hits]:
        bits = int(one) | int(two) << half
        members.append(tuple(k for k in range(amount.size) if bits >> k & 1))
    return hits, members


def planes(pool: Pool) -> int | None:
    """Return 0, 1 or 2 (two or more) subsets of a large pool; None where the budget is too small.

    A row taken back counts as its opposite left out, so that all items are positive.
    """
    taken = int(-pool.amount[pool.amount < 0].sum())
    return count_positive(np.abs(pool.amount), pool.low + taken, pool.high + taken, pool.budget)


def count_positive(size: Ints, low: int, high: int, budget: int) -> int | None:
    """Return what `planes` returns, for positive rows; no row at all is a subset as well.

    A target beyond half of the total is the same question about the rows left out; a common
    divisor of all rows is divided out, one of nearly all rows after each choice among the others.
    Remainders that no subset reaches prove most impossible targets.
    """
    total = int(size.sum())
    low, high = max(low, 0), min(high, total)
    if low + high > total:
        low, high = total - high, total - low
    unit = max(int(np.gcd.reduce(size)), 1) if size.size else 1
    low, high = -(-low // unit), high // unit
    if low > high or size.size == 0:
        return int(low <= 0 <= high)
    items = np.ascontiguousarray(np.sort(size)[::-1]) // unit
    steps = items.size * (high // 64 + 1) // PLANE_STEP
    if steps <= min(budget, PLANES_FIRST):
        return int(solve_planes(items, low, high, PLANE_BLOCK, PLANE_REACH))
    known = looked_at(items, low, high, budget)
    if known is not None:
        return known
    odd = strays(items)
    if odd.any():
        return count_apart(items[~odd], items[odd], (low, high), budget)
    if steps > budget:
        return None
    return int(solve_planes(items, low, high, PLANE_BLOCK, PLANE_REACH))


def looked_at(items: Ints, low: int, high: int, budget: int) -> int | None:
    """Return the answer where a look at part of the rows, or at remainders, proves it."""
    if two_in_part(items, low, high):
        return 2
    return 0 if excluded(items, low, high, budget) else None


def strays(items: Ints) -> NDArray[np.bool_]:
    """Return which rows lack a divisor that all others share; none where more than `STRAYS` do."""
    some = items[np.linspace(0, items.size - 1, min(items.size, SEEN_FOR_DIVISOR)).astype(int)]
    found = np.zeros(items.size, np.bool_)
    divisors = {int(np.gcd.reduce(part)) for part in combinations(some, DIVISOR_OF)}
    for divisor in sorted(divisors, reverse=True):
        odd: NDArray[np.bool_] = items % divisor != 0
        if 0 < np.count_nonzero(odd) <= STRAYS and divisor > 2 ** (STRAYS + 1):
            return odd
    return found


def count_apart(rest: Ints, odd: Ints, band: tuple[int, int], budget: int) -> int | None:
    """Return the count over `rest` summed over every choice among the few rows `odd`."""
    count = 0
    for chosen in range(1 << odd.size):
        taken = sum(int(item) for k, item in enumerate(odd) if chosen >> k & 1)
        found = count_positive(rest, band[0] - taken, band[1] - taken, budget)
        if found is None:
            return None
        count += found
        if count > 1:
            return 2
    return count


def excluded(items: Ints, low: int, high: int, budget: int) -> bool:
    """Return whether the remainders by some small modulus prove that no subset adds up."""
    spares = np.zeros((2, MODULUS_MOST), np.uint8)
    return budget >= MODULUS_MOST**2 and proved_none(items, low, high, *spares) > 0


def two_in_part(items: Ints, low: int, high: int) -> bool:
    """Return whether two subsets are found at once among the smallest rows, larger rows fixed.

    The larger rows are taken greedily until the smallest can reach the rest from its middle. Two
    hits prove that the answer is not unique; fewer prove nothing.
    """
    if items.size <= PROBE_ROWS:
        return False
    large, small = items[:-PROBE_ROWS], items[-PROBE_ROWS:]
    rest = (low + high) // 2 - int(small.sum()) // 2
    fixed = 0
    for item in large.tolist():
        if item <= rest:
            rest -= item
            fixed += item
    hits, _ = meet(np.ascontiguousarray(small), low - fixed, high - fixed)
    return hits > 1
