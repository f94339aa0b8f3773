"""Exact keys, one to one: keys in memory to links, against DuckDB and Polars."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.race import arguments, race
from recon.core.passes.key_groups import link_keys, link_texts

HITS = 0.9


def keys(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two sides of unique int64 keys in random order, of which `HITS` meet."""
    rng = np.random.default_rng(seed)
    pool = rng.permutation(np.arange(2 * rows, dtype=np.int64)) * 4_000_037 + 10**13
    left = pool[:rows]
    begin = rows - int(rows * HITS)
    right = rng.permutation(pool[begin : begin + rows])
    return left, right


def text(keys: np.ndarray, width: int) -> pl.Series:
    """Return the keys as digit strings of `width` characters, like order and channel numbers."""
    return pl.Series("key", keys).cast(pl.String).str.pad_start(width, "4")


def duckdb_links(left: pa.Table, right: pa.Table, threads: int) -> tuple:
    """Return the links by an inner join in DuckDB, as NumPy arrays."""
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.register("l", left)
        connection.register("r", right)
        found = connection.execute("select l.row, r.row from l join r using (key)").fetchnumpy()
    return tuple(found.values())


def polars_links(left: pl.DataFrame, right: pl.DataFrame) -> tuple:
    """Return the links by an inner join in Polars, as NumPy arrays."""
    found = left.join(right, on="key").select("row", "row_right")
    return found["row"].to_numpy(), found["row_right"].to_numpy()


def our_text_links(left: pa.ChunkedArray, right: pa.ChunkedArray, threads: int) -> tuple:
    """Return the links of two text columns."""
    pairs = link_texts([left], [right], threads=threads).pairs
    return pairs[:, 0], pairs[:, 1]


def our_integer_links(left: np.ndarray, right: np.ndarray, threads: int) -> tuple:
    """Return the links of two integer columns."""
    pairs = link_keys(left, right, threads=threads).pairs
    return pairs[:, 0], pairs[:, 1]


def equal_links(answers: dict) -> str:
    """Assert that all contestants give the same links."""
    first, *others = [
        np.sort((a[0].astype(np.int64) << 32) | a[1].astype(np.int64)) for a in answers.values()
    ]
    assert all(np.array_equal(first, other) for other in others)
    return f"{first.size:,} equal links"


def main() -> None:
    """Run the three exact-key rows of the table."""
    options = arguments(main.__doc__ or "", 1_000_000)
    left, right = keys(options.rows, 1)
    number = np.arange(options.rows, dtype=np.int64)
    for job, width, goal in (("int64", 0, 3), ("text 22", 22, 4), ("text 28", 28, 4)):
        one, two = (text(k, width) if width else pl.Series("key", k) for k in (left, right))
        ones = pl.DataFrame({"key": one, "row": number})
        twos = pl.DataFrame({"key": two, "row": number})
        arrow = ones.to_arrow(), twos.to_arrow()  # each contestant has the keys as it likes them

        def ours(sides: tuple[pa.Table, ...] = arrow, width: int = width) -> tuple:
            one, two = (table.column("key") for table in sides)
            if width:
                return our_text_links(one, two, options.threads)
            return our_integer_links(
                one.chunk(0).to_numpy(), two.chunk(0).to_numpy(), options.threads
            )

        ours()
        race(
            f"exact {job}",
            {
                "duckdb": lambda sides=arrow: duckdb_links(*sides, options.threads),
                "polars": lambda a=ones, b=twos: polars_links(a, b),
                "recon": ours,
            },
            equal_links,
            goal=goal,
            repeats=options.repeats,
            size=f"{options.rows:,} x {options.rows:,}",
        )


if __name__ == "__main__":
    main()
