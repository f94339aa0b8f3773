"""Subset sums: 24 values against dpss, and uniqueness among 414 rows against OR-tools CP-SAT."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.race import arguments, race
from recon.core.passes.subset import search as subset_search
from recon.core.passes.subset.search import Pool

SECONDS = 60.0


def dpss_subset(values: list[int], target: int) -> list[list[int]]:
    """Return the subsets that dpss finds, of any length."""
    import dpss

    return dpss.find_subset(values, target, len(values))


def ours_subset(values: np.ndarray, target: int) -> int:
    """Return how many subsets there are: all of them are counted, not only the first."""
    return subset_search.meet(values, target, target)[0]


def race_small(repeats: int) -> None:
    """Run 24 values up to one million."""
    rng = np.random.default_rng(7)
    values = rng.integers(1, 1_000_000, 24)
    target = int(values[rng.permutation(24)[:6]].sum())
    ours_subset(values, target)

    def agree(answers: dict[str, Any]) -> str:
        found = answers["dpss"]
        assert found
        assert sum(found[0]) == target
        assert answers["recon"] >= 1
        return f"dpss finds {len(found)}, {answers['recon']} counted"

    race(
        "subset of 24 values",
        {
            "dpss": lambda: dpss_subset(values.tolist(), target),
            "recon": lambda: ours_subset(values, target),
        },
        agree,
        goal=1000,
        repeats=repeats,
        size="24 values up to 1,000,000",
        slow={"dpss": 1},
    )


def solver_count(values: np.ndarray, target: int) -> int | None:
    """Return 0, 1 or 2 solutions by CP-SAT, None when its time is over."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    taken = [model.new_bool_var(f"x{k}") for k in range(values.size)]
    model.add(sum(int(v) * x for v, x in zip(values, taken, strict=True)) == target)
    found = 0
    for _ in range(2):
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = SECONDS / 2
        solver.parameters.num_workers = 2
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return found
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return None
        found += 1
        on = [x for x in taken if solver.value(x)]
        off = [x for x in taken if not solver.value(x)]
        model.add_bool_or([x.negated() for x in on] + off)
    return found


def race_large(repeats: int, label: str, values: np.ndarray, target: int) -> None:
    """Ask whether no, one or several subsets of a large pool add up."""
    pool = Pool(values, target, target, 10**12)
    subset_search.planes(pool)

    def agree(answers: dict[str, Any]) -> str:
        peer = answers["CP-SAT"]
        assert peer is None or peer == answers["recon"]
        said = "undecided" if peer is None else str(peer)
        return f"ours {answers['recon']} (2 is several), CP-SAT {said}"

    race(
        f"uniqueness among {values.size} rows, {label}",
        {
            "CP-SAT": lambda: solver_count(values, target),
            "recon": lambda: subset_search.planes(pool),
        },
        agree,
        goal=1,
        repeats=repeats,
        size=f"target {target:,}",
        slow={"CP-SAT": 1},
    )


def main() -> None:
    """Run the rows of the table; `--rows` is the size of the large pool."""
    options = arguments(main.__doc__ or "", 414)
    race_small(options.repeats)
    rng = np.random.default_rng(8)
    values = rng.integers(10_000, 1_000_000, options.rows)
    race_large(options.repeats, "several", values, 143_000_000)
    near = 1_000 * rng.integers(10, 1_000, options.rows) + rng.integers(0, 2, options.rows)
    race_large(options.repeats, "none", near, 142_999_999)
    prime = 10_007  # beyond the moduli whose remainders are looked at: only the planes can tell
    dense = prime * rng.integers(1, 100, options.rows) + rng.integers(0, 2, options.rows)
    race_large(options.repeats, "none by planes", dense, 13_800 * prime + 5_000)


if __name__ == "__main__":
    main()
