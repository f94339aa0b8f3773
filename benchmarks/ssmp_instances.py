"""Published instance generator for subset sum matching: planted matches, noise, three scales.

`python -m benchmarks.ssmp_instances --rows 100 --scale cents --seed 1` prints one instance as
JSON: the two sides in shuffled order, the tolerance and the planted matches by position.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from typing import Any

import numpy as np

SCALES = ("small", "large", "cents", "wide")


def amounts(rng: np.random.Generator, scale: str, count: int) -> np.ndarray:
    """Return positive integers: up to 1,000, up to 100,000, cents of a lognormal law, up to 1e12.

    Only the last are so far apart that hardly a set of rows agrees with another by chance.
    """
    if scale == "small":
        return rng.integers(1, 1_001, count)
    if scale == "large":
        return rng.integers(1, 100_001, count)
    if scale == "wide":
        return rng.integers(1, 10**12, count)
    return np.maximum((100 * rng.lognormal(4.5, 1.2, count)).astype(np.int64), 1)


def distinct(rng: np.random.Generator, below: int, count: int) -> list[int]:
    """Return `count` different integers from 1 to `below` - 1, ascending."""
    if below < 10**7:
        return np.sort(rng.choice(np.arange(1, below), count, replace=False)).tolist()
    found: set[int] = set()
    while len(found) < count:
        found.add(int(rng.integers(1, below)))
    return sorted(found)


def split(rng: np.random.Generator, total: int, parts: int) -> list[int]:
    """Return `parts` positive integers that add up to `total`."""
    parts = min(parts, total)
    cuts = distinct(rng, total, parts - 1)
    edges = [0, *(int(cut) for cut in cuts), total]
    return [b - a for a, b in pairwise(edges)]


def instance(
    rows: int, scale: str, seed: int, *, slack: int = 0, noise: float = 0.0
) -> dict[str, Any]:
    """Return an instance with about `rows` rows a side in matches of one to three a side."""
    rng = np.random.default_rng(seed)
    sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    match = 0
    while min(len(side) for side in sides) < rows - 3:
        left = amounts(rng, scale, int(rng.integers(1, 4))).tolist()
        total = max(sum(left) + int(rng.integers(-slack, slack + 1)), 3)
        sides[0].extend((value, match) for value in left)
        sides[1].extend((value, match) for value in split(rng, total, int(rng.integers(1, 4))))
        match += 1
    for side in sides:
        side += [(int(value), -1) for value in amounts(rng, scale, int(rows * noise))]
        side[:] = [side[k] for k in rng.permutation(len(side))]
    return {
        "left": [value for value, _ in sides[0]],
        "right": [value for value, _ in sides[1]],
        "slack": slack,
        "planted": [
            [[k for k, (_, m) in enumerate(side) if m == number] for side in sides]
            for number in range(match)
        ],
    }


def main() -> None:
    """Print one instance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--scale", choices=SCALES, default="cents")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slack", type=int, default=0)
    parser.add_argument("--noise", type=float, default=0.0)
    options = parser.parse_args()
    made = instance(
        options.rows, options.scale, options.seed, slack=options.slack, noise=options.noise
    )
    print(json.dumps(made))


if __name__ == "__main__":
    main()
