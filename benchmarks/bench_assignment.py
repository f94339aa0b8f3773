"""Sparse optimal assignment in which rows may stay unmatched, against SciPy's."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from benchmarks.race import arguments, race
from recon.core.kernels.assignment import solve_assignment

WORTH = 1_000_000


def world(rows: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return compressed rows, columns and gains: about 1.8 candidates a row, close by."""
    rng = np.random.default_rng(seed)
    rivals = rng.poisson(0.8, rows)
    row = np.concatenate((np.arange(rows), np.repeat(np.arange(rows), rivals)))
    shift = rng.integers(-8, 9, row.size)
    shift[:rows] = 0
    edge = np.unique(row * rows + np.clip(row + shift, 0, rows - 1))
    row, column = edge // rows, edge % rows
    start = np.searchsorted(row, np.arange(rows + 1)).astype(np.int64)
    return start, rng.permutation(rows)[column], rng.integers(1, WORTH, row.size)


def ours(start: np.ndarray, column: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return partners and duals."""
    rows = start.size - 1
    partners = np.full(rows, -1), np.full(rows, -1)
    duals = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    solve_assignment(start, column, gain, *partners, *duals)
    return (*partners, *duals)


def proved(graph: tuple[np.ndarray, ...], solved: tuple[np.ndarray, ...]) -> int:
    """Assert that the duals are feasible and reach the total gain; return it."""
    start, column, gain = graph
    row = np.repeat(np.arange(start.size - 1), np.diff(start))
    partner, _, row_dual, column_dual = solved
    assert (row_dual[row] + column_dual[column] >= gain).all()
    total = int(gain[partner[row] == column].sum())
    assert total == int(row_dual.sum() + column_dual.sum())
    return total


def scipy_objective(start: np.ndarray, column: np.ndarray, gain: np.ndarray) -> int:
    """Return the objective by SciPy, with a slack column for each row to stay unmatched."""
    rows = start.size - 1
    row = np.repeat(np.arange(rows), np.diff(start))
    cost = np.concatenate((2 * WORTH - gain, np.full(rows, 2 * WORTH))).astype(np.float64)
    places = (
        np.concatenate((row, np.arange(rows))),
        np.concatenate((column, rows + np.arange(rows))),
    )
    graph = coo_array((cost, places), shape=(rows, 2 * rows)).tocsr()
    found = min_weight_full_bipartite_matching(graph)
    return int(2 * WORTH * rows - graph[found].sum())


def main() -> None:
    """Run the row of the table."""
    options = arguments(main.__doc__ or "", 45_326)
    graph = world(options.rows)
    ours(*graph)

    def agree(answers: dict) -> str:
        total = proved(graph, answers["recon"])
        assert total == answers["scipy"]
        return f"objective {total:,} equal to the dual bound and to SciPy's"

    race(
        "sparse assignment",
        {"scipy": lambda: scipy_objective(*graph), "recon": lambda: ours(*graph)},
        agree,
        goal=400,
        repeats=options.repeats,
        size=f"{options.rows:,} rows, {graph[1].size:,} edges",
    )


if __name__ == "__main__":
    main()
