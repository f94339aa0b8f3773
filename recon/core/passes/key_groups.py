"""Which rows of two sides share a key: the radix-partitioned hash match.

Keys are 128-bit digests or plain integers, whose identity is the integer itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.digest import digest_jobs, digest_slice
from recon.core.kernels.exact import link_partitions, match_partitions
from recon.core.kernels.pairing import decode_groups, first_rows
from recon.core.kernels.radix import prefix_numbers
from recon.core.parallel import run_all
from recon.core.passes.partition import (
    Keys,
    Partitioned,
    is_digest,
    partition_sides,
    radix_bits,
    run_partitions,
    unpartitioned,
)
from recon.core.scratch import SHELF, Lease
from recon.core.text import TextColumn, has_nulls

Codes = NDArray[np.int32]  # see kernels/exact.py
Lines = NDArray[np.int32]  # (n, 2)

ROW_BYTES = 4 * 28  # scattered digest, position and code of a row; a quarter of the memory
SLICE_BITS_MAX = 8
SMALL_SLICE = 1_000  # rows that are never worth slicing
ROW_LIMIT = 1 << 30  # result codes are int32 and need the sign and one bit


@dataclass(frozen=True)
class Links:
    """What two sides share, in no order: rows alone with their key, and rows of larger groups.

    A group's head is its first left row; groups that lie on one side only are left out.
    """

    pairs: Lines  # left row, right row
    left_several: Lines  # left row, head
    right_several: Lines  # right row, head


def match_keys(
    left: Keys,
    right: Keys,
    *,
    threads: int,
    bits: int | None = None,
    memory_bytes: int | None = None,
) -> tuple[Codes, Codes]:
    """Return the result code of every left and every right row (see `kernels/exact.py`).

    Under a memory limit the keys are read several times, a slice of the key space each time,
    instead of being scattered all at once; the result is the same.
    """
    slice_bits = slices_for(left, right, memory_bytes)
    codes = np.empty(left.shape[0], np.int32), np.empty(right.shape[0], np.int32)
    if slice_bits == 0:
        match_slice(left, right, threads, bits, out=codes)
        return codes
    for chosen, parts in key_slices(left, right, slice_bits):
        found = np.empty(chosen[0].size, np.int32), np.empty(chosen[1].size, np.int32)
        match_slice(*parts, threads, bits, slice_bits, out=found)
        for out, rows_of, code in zip(codes, chosen, found, strict=True):
            out[rows_of] = rename_heads(code, chosen[0])
    return codes


def link_keys(
    left: Keys,
    right: Keys,
    *,
    threads: int,
    bits: int | None = None,
    memory_bytes: int | None = None,
) -> Links:
    """Return the links of two sides; the memory limit works as in `match_keys`."""
    slice_bits = slices_for(left, right, memory_bytes)
    if slice_bits == 0:
        return link_slice(left, right, threads, bits)
    found = []
    for (lefts, rights), parts in key_slices(left, right, slice_bits):
        links = link_slice(*parts, threads, bits, slice_bits)
        found.append(
            (
                rename_lines(links.pairs, lefts, rights),
                rename_lines(links.left_several, lefts, lefts),
                rename_lines(links.right_several, rights, lefts),
            )
        )
    pairs, left_several, right_several = (np.concatenate(part) for part in zip(*found, strict=True))
    return Links(pairs, left_several, right_several)


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


def slices_for(left: Keys, right: Keys, memory_bytes: int | None) -> int:
    """Return how many bits of the key tell slices apart that fit the memory; 0 for one slice."""
    rows = left.shape[0] + right.shape[0]
    assert max(left.shape[0], right.shape[0]) < ROW_LIMIT, "rows of one side exceed 2**30"
    needed = rows * ROW_BYTES
    if memory_bytes is None or needed <= memory_bytes or rows < SMALL_SLICE:
        return 0
    slices = -(-needed // max(1, memory_bytes))
    return min(SLICE_BITS_MAX, int(slices - 1).bit_length())


def key_slices(
    left: Keys, right: Keys, slice_bits: int
) -> Iterator[tuple[tuple[NDArray[np.int64], NDArray[np.int64]], tuple[Keys, Keys]]]:
    """Yield, slice after slice of the key space, the rows of both sides and their keys."""
    numbers = [slice_numbers(keys, slice_bits) for keys in (left, right)]
    for number in range(1 << slice_bits):
        lefts, rights = (np.flatnonzero(side == number) for side in numbers)
        yield (lefts, rights), (left[lefts], right[rights])


def slice_numbers(keys: Keys, slice_bits: int) -> NDArray[np.uint8]:
    """Return the slice of every key: the first bits of the word that partitions are cut by."""
    out = np.empty(keys.shape[0], np.uint8)
    words = keys[:, 0] if is_digest(keys) else keys
    prefix_numbers(words, not is_digest(keys), np.uint64(64 - slice_bits), out)
    return out


def rename_heads(code: Codes, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return result codes whose head, a position in the slice, is put as a row of the side."""
    out = code.astype(np.int64)
    single, several = code >= 0, code < -1
    out[single] = rows[code[single]]
    out[several] = -2 - rows[-2 - code[several]]
    return out


def rename_lines(lines: Lines, first: NDArray[np.int64], second: NDArray[np.int64]) -> Lines:
    """Return lines of positions in a slice as lines of rows."""
    return np.column_stack((first[lines[:, 0]], second[lines[:, 1]])).astype(np.int32)


def cut(
    lease: Lease, left: Keys, right: Keys, threads: int, bits: int | None, skip: int
) -> tuple[Partitioned, Partitioned]:
    """Return both sides in partitions that fit the cache."""
    bits = radix_bits(left.shape[0]) if bits is None else bits
    if bits == 0:
        return unpartitioned(left, right)
    return partition_sides(lease, left, right, bits=bits, threads=threads, skip=skip)


def match_slice(
    left: Keys,
    right: Keys,
    threads: int,
    bits: int | None,
    skip: int = 0,
    *,
    out: tuple[Codes, Codes],
) -> None:
    """Fill `out` with the result codes of two sides that are partitioned at once."""
    with SHELF.lease() as lease:
        sides = cut(lease, left, right, threads, bits, skip)
        run_partitions(match_partitions, sides, lambda _: out, threads)


def link_slice(left: Keys, right: Keys, threads: int, bits: int | None, skip: int = 0) -> Links:
    """Return the links of two sides that are partitioned at once."""
    with SHELF.lease() as lease:
        sides = cut(lease, left, right, threads, bits, skip)
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


def gather_lines(
    lines: Lines, begin: NDArray[np.int64], end: NDArray[np.int64], threads: int
) -> Lines:
    """Return the lines `begin[k]:end[k]` of all k, one behind the other."""
    place = np.concatenate(([0], np.cumsum(end - begin)))
    out = np.empty((int(place[-1]), 2), np.int32)
    jobs = [(out[place[k] : place[k + 1]], lines[begin[k] : end[k]]) for k in range(begin.size)]
    run_all(np.copyto, jobs, threads)
    return out


@dataclass(frozen=True)
class KeyGroups:
    """Rows of two sides by key: each row's group (its first left row) or -1; positions a side."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    first_right: NDArray[np.int32]  # by group; -1 where there is no such group


def decode(codes: tuple[Codes, Codes]) -> KeyGroups:
    """Return the groups that the result codes describe."""
    left = np.empty(codes[0].size, np.int32)
    right = np.empty(codes[1].size, np.int32)
    decode_groups(codes[0], left)
    decode_groups(codes[1], right)
    first_right = np.full(left.size, -1, np.int32)
    first_rows(right, first_right)
    return KeyGroups(left, right, first_right)
