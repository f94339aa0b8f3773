"""Edit distance of candidate pairs of references, against rapidfuzz."""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from benchmarks.race import arguments, race
from recon.core.kernels.distance import distance_edges
from recon.core.texts.text import text_buffers

PER_ROW = 10


def world(rows: int, seed: int = 6) -> tuple[pl.Series, pl.Series, np.ndarray, np.ndarray]:
    """Return references of 12 to 24 characters on two sides and ten candidates a left row."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("0123456789ABCDEF"))
    sides = [
        ["".join(letters[rng.integers(0, 16, int(n))]) for n in rng.integers(12, 25, rows)]
        for _ in range(2)
    ]
    start = np.arange(rows + 1) * PER_ROW
    column = rng.integers(0, rows, rows * PER_ROW)
    return pl.Series(sides[0]), pl.Series(sides[1]), start, column


def main() -> None:
    """Run the row of the table on one core."""
    options = arguments(main.__doc__ or "", 100_000)
    left, right, start, column = world(options.rows)
    row = np.repeat(np.arange(options.rows), PER_ROW)
    ones, twos = left.to_list(), right.to_list()
    queries, choices = [ones[k] for k in row], [twos[k] for k in column]

    def ours() -> np.ndarray:
        one, two = text_buffers(left), text_buffers(right)
        out = np.empty(column.size, np.int64)
        bounds = [np.append(texts.starts, texts.ends[-1:]) for texts in (one, two)]
        distance_edges(start, column, one.data, bounds[0], two.data, bounds[1], out)
        return out

    def agree(answers: dict[str, np.ndarray]) -> str:
        one, two = answers.values()
        assert np.array_equal(one, two)
        return f"{column.size:,} equal distances"

    ours()
    race(
        "edit distance of candidate pairs",
        {
            "rapidfuzz cpdist": lambda: cpdist(
                queries, choices, scorer=Levenshtein.distance, workers=1
            ),
            "recon": ours,
        },
        agree,
        goal=2,
        repeats=options.repeats,
        size=f"{column.size:,} pairs, one core",
    )


if __name__ == "__main__":
    main()
