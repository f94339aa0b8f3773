"""Runs kernels on a plain thread pool: they release the lock, so threads are cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

Made = TypeVar("Made")


def run_all(work: Callable[..., Made], jobs: Sequence[tuple[Any, ...]], threads: int) -> list[Made]:
    """Return the result of `work(*job)` for every job, in the order of the jobs."""
    if threads <= 1 or len(jobs) <= 1:
        return [work(*job) for job in jobs]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return [future.result() for future in [pool.submit(work, *job) for job in jobs]]


def chunk_bounds(rows: int, chunks: int) -> list[tuple[int, int]]:
    """Return `chunks` ranges of near-equal length that cover `range(rows)` in order."""
    edges = [rows * k // chunks for k in range(chunks + 1)]
    return list(pairwise(edges))
