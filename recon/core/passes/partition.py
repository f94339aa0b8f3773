"""Scatters the keys of two sides into partitions that fit the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.parallel import chunk_bounds, run_all
from recon.core.arrays.scratch import Lease
from recon.core.kernels.arrays import Words
from recon.core.kernels.radix import (
    count_integers,
    count_partitions,
    scatter_integers,
    scatter_partitions,
)
from recon.core.passes.contract import WORD_BITS

Keys = NDArray[Any]  # digests uint64 (n, 2), or integers int64 (n)

SMALL = 200_000  # left rows below which one table stays in the cache without partitioning
PARTITION_ROWS = 12_000  # left rows that keep a partition and its table within 600 KiB
BITS_MAX = 11


@dataclass(frozen=True)
class Partitioned:
    """One side, scattered by partition: where each starts, the two words of its keys, positions."""

    start: NDArray[np.int64]
    one: Words
    two: Words
    row: NDArray[np.int32]


def radix_bits(rows: int) -> int:
    """Return how many bits split `rows` into partitions that fit the cache."""
    if rows < SMALL:
        return 0
    return min(BITS_MAX, max(1, (rows // PARTITION_ROWS).bit_length()))


def is_digest(keys: Keys) -> bool:
    """Tell digests, (n, 2), from integers, (n)."""
    return keys.ndim > 1


def partition_sides(
    lease: Lease, left: Keys, right: Keys, *, bits: int, threads: int
) -> tuple[Partitioned, Partitioned]:
    """Return both sides scattered by the first `bits` of the first word.

    Inside a partition rows keep their order, whatever the number of threads.
    """
    sides = [_Side(lease, keys, bits, max(1, threads)) for keys in (left, right)]
    count = count_partitions if is_digest(left) else count_integers
    run_all(count, [job for side in sides for job in side.count_jobs()], threads)
    scatter = scatter_partitions if is_digest(left) else scatter_integers
    run_all(scatter, [job for side in sides for job in side.scatter_jobs()], threads)
    one, two = (side.result() for side in sides)
    return one, two


class _Side:
    """One side on its way into partitions."""

    def __init__(self, lease: Lease, keys: Keys, bits: int, chunks: int) -> None:
        """Take what the scatter writes to from the lease."""
        rows = keys.shape[0]
        self._keys = keys
        self._bounds = chunk_bounds(rows, chunks)
        self._counts = np.zeros((chunks, 1 << bits), np.int64)
        self._shift = np.uint64(WORD_BITS - bits)
        self._start = np.zeros((1 << bits) + 1, np.int64)
        self._words = lease.array(keys.shape, np.uint64)
        self._row = lease.array(rows, np.int32)

    def count_jobs(self) -> list[tuple[Any, ...]]:
        """Return the jobs that count rows by chunk and partition."""
        return [
            (self._keys, a, b, self._shift, self._counts[k])
            for k, (a, b) in enumerate(self._bounds)
        ]

    def scatter_jobs(self) -> list[tuple[Any, ...]]:
        """Return the jobs that write each chunk behind the chunks before it."""
        np.cumsum(self._counts.sum(axis=0), out=self._start[1:])
        cursor = np.cumsum(self._counts, axis=0) - self._counts + self._start[:-1]
        return [
            (self._keys, a, b, self._shift, cursor[k], self._words, self._row)
            for k, (a, b) in enumerate(self._bounds)
        ]

    def result(self) -> Partitioned:
        """Return the side as it lies scattered."""
        if is_digest(self._keys):
            return Partitioned(self._start, self._words[:, 0], self._words[:, 1], self._row)
        return Partitioned(self._start, self._words, self._words, self._row)


def unpartitioned(left: Keys, right: Keys) -> tuple[Partitioned, Partitioned]:
    """Return both sides as one partition each, in place."""
    one, two = (_whole(keys) for keys in (left, right))
    return one, two


def _whole(keys: Keys) -> Partitioned:
    """Return one side as one partition."""
    start = np.array([0, keys.shape[0]], np.int64)
    rows = np.arange(keys.shape[0], dtype=np.int32)
    if is_digest(keys):
        return Partitioned(start, keys[:, 0], keys[:, 1], rows)
    words = np.ascontiguousarray(keys).view(np.uint64)
    return Partitioned(start, words, words, rows)


def run_partitions(
    work: Callable[..., Any],
    sides: tuple[Partitioned, Partitioned],
    out: Callable[[int], tuple[Any, ...]],
    threads: int,
) -> list[int]:
    """Run a kernel of `kernels/exact.py` over all partitions; `out(k)` gives the k-th job's rest.

    Returns the first partition of every job.
    """
    left, right = sides
    parts = left.start.size - 1
    bounds = chunk_bounds(parts, min(parts, 8 * max(1, threads)))
    given = (
        left.start,
        right.start,
        left.one,
        left.two,
        left.row,
        right.one,
        right.two,
        right.row,
    )
    run_all(work, [(a, b, *given, *out(k)) for k, (a, b) in enumerate(bounds)], threads)
    return [a for a, _ in bounds]
