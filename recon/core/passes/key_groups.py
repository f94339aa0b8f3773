"""Which rows of two sides share a key: the radix-partitioned hash match.

Keys are 128-bit digests or plain integers, whose identity is the integer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.parallel import run_all
from recon.core.arrays.scratch import SHELF, Lease
from recon.core.kernels.exact import link_partitions
from recon.core.kernels.pairing import first_rows
from recon.core.passes.partition import (
    Keys,
    Partitioned,
    partition_sides,
    radix_bits,
    run_partitions,
    unpartitioned,
)
from recon.core.texts.digest import digest_jobs, digest_slice
from recon.core.texts.text import TextColumn, has_nulls

Lines = NDArray[np.int32]  # (n, 2)

ROW_LIMIT = 1 << 30  # positions of a side are int32


@dataclass(frozen=True)
class Links:
    """What two sides share, in no order: rows alone with their key, and rows of larger groups.

    A group's head is its first left row; groups that lie on one side only are left out.
    """

    pairs: Lines  # left row, right row
    left_several: Lines  # left row, head
    right_several: Lines  # right row, head


@dataclass(frozen=True)
class KeyGroups:
    """Rows of two sides by key: each row's group (its first left row) or -1; positions a side."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    first_right: NDArray[np.int32]  # by group; -1 where there is no such group


def link_keys(left: Keys, right: Keys, *, threads: int, bits: int | None = None) -> Links:
    """Return the links of two sides; `bits` of the key tell partitions apart, if not by size."""
    assert max(left.shape[0], right.shape[0]) < ROW_LIMIT, "rows of one side exceed 2**30"
    with SHELF.lease() as lease:
        sides = cut(lease, left, right, threads, bits)
        rows = (right.shape[0], left.shape[0], right.shape[0])
        lines = [lease.array((size, 2), np.int32) for size in rows]
        written = np.zeros((sides[0].start.size, len(lines)), np.int64)
        begins = run_partitions(link_partitions, sides, lambda job: (*lines, written[job]), threads)
        starts = (sides[1].start, sides[0].start, sides[1].start)
        pairs, left_several, right_several = (
            gather_lines(part, starts[k][begins], written[: len(begins), k], threads)
            for k, part in enumerate(lines)
        )
        return Links(pairs, left_several, right_several)


def group_keys(left: Keys, right: Keys, *, threads: int, bits: int | None = None) -> KeyGroups:
    """Return the groups of rows of equal key that have rows on both sides."""
    links = link_keys(left, right, threads=threads, bits=bits)
    groups = KeyGroups(
        *(np.full(size, -1, np.int32) for size in (left.shape[0], right.shape[0], left.shape[0]))
    )
    groups.left[links.pairs[:, 0]] = links.pairs[:, 0]
    groups.left[links.left_several[:, 0]] = links.left_several[:, 1]
    groups.right[links.pairs[:, 1]] = links.pairs[:, 0]
    groups.right[links.right_several[:, 0]] = links.right_several[:, 1]
    first_rows(groups.right, groups.first_right)
    return groups


def link_texts(left: Sequence[TextColumn], right: Sequence[TextColumn], *, threads: int) -> Links:
    """Return the links of two sides by text columns compared together; a null is no key."""
    with SHELF.lease() as lease:
        sides = [lease.array((len(columns[0]), 2), np.uint64) for columns in (left, right)]
        jobs = [
            digest_jobs(columns, out) for columns, out in zip((left, right), sides, strict=True)
        ]
        run_all(digest_slice, [job for side in jobs for job in side], threads)
        links = link_keys(*sides, threads=threads)
        if any(has_nulls(column) for column in (*left, *right)):
            return without_nulls(links, *sides)
        return links


def without_nulls(links: Links, left: Keys, right: Keys) -> Links:
    """Return the links less those of null keys, whose digests are (0, 0)."""
    sides = ((links.pairs, left), (links.left_several, left), (links.right_several, right))
    pairs, left_several, right_several = (
        lines[keys[lines[:, 0]].any(axis=1)] for lines, keys in sides
    )
    return Links(pairs, left_several, right_several)


def cut(
    lease: Lease, left: Keys, right: Keys, threads: int, bits: int | None
) -> tuple[Partitioned, Partitioned]:
    """Return both sides in partitions that fit the cache."""
    bits = radix_bits(left.shape[0]) if bits is None else bits
    if bits == 0:
        return unpartitioned(left, right)
    return partition_sides(lease, left, right, bits=bits, threads=threads)


def gather_lines(
    lines: Lines, begin: NDArray[np.int64], end: NDArray[np.int64], threads: int
) -> Lines:
    """Return the lines `begin[k]:end[k]` of all k, one behind the other."""
    place = np.concatenate(([0], np.cumsum(end - begin)))
    out = np.empty((int(place[-1]), 2), np.int32)
    jobs = [(out[place[k] : place[k + 1]], lines[begin[k] : end[k]]) for k in range(begin.size)]
    run_all(np.copyto, jobs, threads)
    return out
