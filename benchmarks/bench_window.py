"""Equal amount inside a date window, one to one: optimal here, merely listed by DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from benchmarks.race import arguments, race
from recon.core.arrays.parallel import run_all
from recon.core.kernels.window import match_constant
from recon.core.passes.order import sort_columns

EARLIEST, LATEST = 0, 3


def world(rows: int, seed: int = 3) -> tuple[np.ndarray, ...]:
    """Return amounts and days of two sides: the right side pays 0 to 3 days later, shuffled."""
    rng = np.random.default_rng(seed)
    amount = rng.integers(1, rows, rows)
    day = rng.integers(20_000, 20_030, rows)
    order = rng.permutation(rows)
    paid = np.where(rng.random(rows) < 0.95, amount, rng.integers(1, rows, rows))
    return amount, day, paid[order], (day + rng.integers(0, 4, rows))[order]


def ours(sides: tuple[np.ndarray, ...], threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the links of a maximum matching.

    Amount and day are packed in one number, amounts so far apart that no window reaches the next.
    """
    spans = []
    for one, two, room in zip(sides[:2], sides[2:], (0, LATEST - EARLIEST), strict=True):
        low, high = min(one.min(), two.min()), max(one.max(), two.max())
        spans.append((int(low), int(high) + room))
    jobs = [(columns, spans) for columns in (sides[:2], sides[2:])]
    (left, left_key), (right, right_key) = run_all(sort_columns, jobs, threads)
    one_group = np.zeros(left.size, np.int8)
    partner = np.full(left.size, -1, np.int32)
    other = np.full(right.size, -1, np.int32)
    match_constant(one_group, left_key, one_group, right_key, EARLIEST, LATEST, partner, other)
    found = np.flatnonzero(partner >= 0)
    return left[found], right[partner[found]]


def duckdb_pairs(sides: tuple[np.ndarray, ...], threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every candidate pair: equal amount, day in the window."""
    number = np.arange(sides[0].size)
    with duckdb.connect(config={"threads": threads}) as connection:
        for name, amount, day in (("l", *sides[:2]), ("r", *sides[2:])):
            frame = pl.DataFrame({"row": number, "amount": amount, "day": day})
            connection.register(name, frame.to_arrow())
        found = connection.execute(
            "select l.row, r.row from l join r on l.amount = r.amount "
            f"and r.day between l.day + {EARLIEST} and l.day + {LATEST}"
        ).fetchnumpy()
    return tuple(found.values())


def agree(sides: tuple[np.ndarray, ...], answers: dict) -> str:
    """Assert that our links are admissible, exclusive, and as many as any matching can have."""
    left, right = answers["recon"]
    lag = sides[3][right] - sides[1][left]
    assert np.array_equal(sides[0][left], sides[2][right])
    assert ((lag >= EARLIEST) & (lag <= LATEST)).all()
    assert np.unique(left).size == left.size == np.unique(right).size
    pairs = answers["duckdb lists pairs"]
    shape = (sides[0].size, sides[2].size)
    graph = csr_array((np.ones(pairs[0].size, np.int8), pairs), shape=shape)
    best = int((maximum_bipartite_matching(graph) >= 0).sum())
    assert best == left.size
    return f"{left.size:,} links, the maximum by SciPy over {pairs[0].size:,} listed pairs"


def main() -> None:
    """Run the row of the table."""
    options = arguments(main.__doc__ or "", 200_000)
    sides = world(options.rows)
    ours(sides, options.threads)
    race(
        "equal amount and window",
        {
            "duckdb lists pairs": lambda: duckdb_pairs(sides, options.threads),
            "recon": lambda: ours(sides, options.threads),
        },
        lambda answers: agree(sides, answers),
        goal=4,
        repeats=options.repeats,
        size=f"{options.rows:,} x {options.rows:,}",
    )


if __name__ == "__main__":
    main()
