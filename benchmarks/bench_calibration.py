"""Is a SCORE link as often right as it says? Reliability table, calibration error, Brier score.

`python -m benchmarks.bench_calibration` draws the same worlds each time (nights of 1 to 2,000
payments, `score_worlds`), links every pair at any probability and compares what the links say with
the truth. The calibration error is the mean distance between said and right over the bins of the
table, weighed by their links. Takes about half a minute.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.score_worlds import draw_world, solve

NIGHTS = {1: 400, 2: 300, 3: 200, 5: 120, 10: 80, 30: 60, 100: 48, 500: 16, 2_000: 5}
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
LINKED = 0.95  # the probability from which a pass links unless the rule file says otherwise


def calibration_error(said: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error over `EDGES`."""
    place = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
    gaps = np.bincount(place, said - right, len(EDGES) - 1)
    return float(np.abs(gaps).sum() / max(said.size, 1))


def line(name: str, said: np.ndarray, right: np.ndarray, partners: int) -> str:
    """Return one line of the table by size of night."""
    linked = said >= LINKED
    brier = float(((said - right) ** 2).mean()) if said.size else 0.0
    wrong = int((linked & ~right).sum())
    cells = (
        name,
        f"{partners:,}",
        f"{said.size:,}",
        f"{int(linked.sum()):,}",
        f"{wrong}",
        f"{calibration_error(said, right):.4f}",
        f"{brier:.4f}",
    )
    return "| " + " | ".join(cells) + " |"


def reliability(said: np.ndarray, right: np.ndarray) -> list[str]:
    """Return the lines of the reliability table."""
    place = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
    lines = ["| probability | links | said | right |", "|---|---|---|---|"]
    for k in range(len(EDGES) - 1):
        here = place == k
        if here.any():
            span = f"{EDGES[k]:g} to {EDGES[k + 1]:g}"
            share = f"{said[here].mean():.4f} | {right[here].mean():.4f}"
            lines.append(f"| {span} | {int(here.sum()):,} | {share} |")
    return lines


def measure(
    first_seed: int, nights: dict[int, int]
) -> list[tuple[int, np.ndarray, np.ndarray, int]]:
    """Return size of night, what links say, whether they are right, and how many rows have one."""
    out = []
    for pairs, worlds in nights.items():
        said, right, partners = [np.empty(0)], [np.empty(0, np.bool_)], 0
        for seed in range(first_seed, first_seed + worlds):
            world = draw_world(seed, pairs)
            partners += world.partners
            if world.left and world.right:
                found = solve(world)
                said.append(found[0])
                right.append(found[1])
        out.append((pairs, np.concatenate(said), np.concatenate(right), partners))
    return out


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1_000_000)
    options = parser.parse_args()
    found = measure(options.seed, NIGHTS)
    said, right = (np.concatenate([part[k] for part in found]) for k in (1, 2))
    print(
        "| payments a night | with partner | pairs | linked | wrong | calibration error | Brier |"
    )
    print("|---|---|---|---|---|---|---|")
    for pairs, *part in found:
        print(line(f"{pairs:,}", *part))
    print(line("all", said, right, sum(part[3] for part in found)))
    linked = said >= LINKED
    error = calibration_error(said[linked], right[linked])
    print("\n".join(["", *reliability(said, right), ""]))
    print(f"Of the links made at {LINKED}: {right[linked].mean():.4f} right, error {error:.4f}")


if __name__ == "__main__":
    main()
