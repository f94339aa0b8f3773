"""Subset sum matching with planted matches: covered rows plus matches, against OR-tools."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.race import race, timed
from benchmarks.ssmp_instances import SCALES, instance
from recon.core.passes.subset.matching import Matched, match_subsets

LARGEST_DUEL = 200  # rows a side that the peer's model can hold


def worth(matches: list[Matched]) -> int:
    """Return the objective of the problem: rows covered plus matches."""
    return sum(match.worth for match in matches)


def check(matches: list[Matched], made: dict[str, Any]) -> int:
    """Assert that the matches are disjoint and that their sums agree; return the objective."""
    for side in ("left", "right"):
        rows = [row for m in matches for row in getattr(m, side)]
        assert len(rows) == len(set(rows))
    for m in matches:
        one = sum(made["left"][k] for k in m.left)
        two = sum(made["right"][k] for k in m.right)
        assert abs(one - two) <= made["slack"]
    return worth(matches)


def solver(made: dict[str, Any], seconds: float) -> list[Matched]:
    """Return the best matches that CP-SAT finds: each row in one of K slots or in none."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    slots = min(len(made["left"]), len(made["right"]))
    used = [model.new_bool_var(f"z{k}") for k in range(slots)]
    sides = {}
    for side in ("left", "right"):
        rows = range(len(made[side]))
        sides[side] = [[model.new_bool_var(f"{side}{i}_{k}") for k in range(slots)] for i in rows]
        for i in rows:
            model.add(sum(sides[side][i]) <= 1)
    for k in range(slots):
        sums = []
        for side in ("left", "right"):
            column = [line[k] for line in sides[side]]
            model.add(sum(column) >= used[k])
            for x in column:
                model.add(x <= used[k])
            sums.append(sum(v * x for v, x in zip(made[side], column, strict=True)))
        model.add(sums[0] - sums[1] <= made["slack"])
        model.add(sums[1] - sums[0] <= made["slack"])
    rows = [x for side in sides.values() for line in side for x in line]
    model.maximize(sum(rows) + sum(used))
    engine = cp_model.CpSolver()
    engine.parameters.max_time_in_seconds = seconds
    engine.parameters.num_workers = 2
    if engine.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return []
    found = []
    for k in range(slots):
        one, two = (
            tuple(i for i, line in enumerate(sides[side]) if engine.value(line[k]))
            for side in ("left", "right")
        )
        if one and two:
            found.append(Matched(one, two))
    return found


def duel(made: dict[str, Any], scale: str, seconds: float) -> None:
    """Run one instance against CP-SAT."""
    left, right = np.array(made["left"]), np.array(made["right"])
    planted = sum(len(a) + len(b) + 1 for a, b in made["planted"])

    def agree(answers: dict[str, list[Matched]]) -> str:
        reached = {label: check(found, made) for label, found in answers.items()}
        said = ", ".join(f"{label} {value}" for label, value in reached.items())
        return f"objective {said}; planted {planted}; {recovered(answers['recon'], made)}"

    race(
        f"subset sum matching, {scale}",
        {
            "CP-SAT": lambda: solver(made, seconds),
            "recon": lambda: match_subsets(left, right),
        },
        agree,
        goal=1,
        size=f"{left.size} x {right.size}",
        slow={"CP-SAT": 1},
    )


def alone(made: dict[str, Any], scale: str) -> None:
    """Print what we find on an instance that is too large for the peer."""
    left, right = np.array(made["left"]), np.array(made["right"])
    found, wall, used = timed(lambda: match_subsets(left, right))
    planted = sum(len(a) + len(b) + 1 for a, b in made["planted"])
    print(
        f"{scale} [{left.size} x {right.size}]: {wall:.3g} s, {used:.3g} s of processor time, "
        f"objective {check(found, made)}, planted {planted}, {recovered(found, made)}"
    )


def recovered(found: list[Matched], made: dict[str, Any]) -> str:
    """Return how many of the planted matches are found as they were planted."""
    ours = {(frozenset(match.left), frozenset(match.right)) for match in found}
    planted = {(frozenset(a), frozenset(b)) for a, b in made["planted"]}
    return f"{len(ours & planted)} of {len(planted)} as planted"


def main() -> None:
    """Run one instance of each scale; above 200 rows a side alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    match_subsets(np.arange(9), np.arange(9))
    for scale in SCALES:
        made = instance(options.rows, scale, options.seed)
        if options.rows > LARGEST_DUEL:
            alone(made, scale)
        else:
            duel(made, scale, options.seconds)


if __name__ == "__main__":
    main()
