"""Which rows of two sides share a key: the radix-partitioned hash match on 128-bit digests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels.exact import match_partition, match_partitions
from recon.core.kernels.pairing import decode_groups, first_rows
from recon.core.kernels.radix import count_partitions, scatter_partitions
from recon.core.parallel import chunk_bounds, run_all

Digests = NDArray[np.uint64]  # (n, 2)
Codes = NDArray[np.int32]  # see kernels/exact.py

SMALL = 200_000  # left rows below which one table stays in the cache without partitioning
PARTITION_ROWS = 12_000  # left rows that keep a partition and its table inside 1 MiB
BITS_MAX = 11
ROW_BYTES = 4 * 28  # scattered digest, position and code of a row; a quarter of the memory
SLICE_BITS_MAX = 8
SMALL_SLICE = 1_000  # rows that are never worth slicing
ROW_LIMIT = 1 << 30  # result codes are int32 and need the sign and one bit


@dataclass(frozen=True)
class Partitioned:
    """One side, scattered by partition: where each partition starts, digests, positions."""

    start: NDArray[np.int64]
    digest: Digests
    row: NDArray[np.int32]


def radix_bits(rows: int) -> int:
    """Return how many bits split `rows` into partitions that fit the cache."""
    if rows < SMALL:
        return 0
    return min(BITS_MAX, max(1, (rows // PARTITION_ROWS).bit_length()))


def partition(digest: Digests, bits: int, threads: int, skip: int = 0) -> Partitioned:
    """Scatter the digests by the `bits` after the first `skip`; inside a partition order stays."""
    rows = digest.shape[0]
    shift = np.uint64(64 - bits)
    over = np.uint64(skip)
    bounds = chunk_bounds(rows, max(1, threads))
    counts = np.zeros((len(bounds), 1 << bits), np.int64)
    jobs = [(digest, a, b, over, shift, counts[k]) for k, (a, b) in enumerate(bounds)]
    run_all(count_partitions, jobs, threads)
    start = np.zeros((1 << bits) + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=start[1:])
    cursor = np.cumsum(counts, axis=0) - counts + start[:-1]
    out = Partitioned(start, np.empty((rows, 2), np.uint64), np.empty(rows, np.int32))
    scatter = [
        (digest, a, b, over, shift, cursor[k], out.digest, out.row)
        for k, (a, b) in enumerate(bounds)
    ]
    run_all(scatter_partitions, scatter, threads)
    return out


def match_keys(
    left: Digests,
    right: Digests,
    *,
    threads: int,
    bits: int | None = None,
    memory_bytes: int | None = None,
) -> tuple[Codes, Codes]:
    """Return the result code of every left and every right row (see `kernels/exact.py`).

    Under a memory limit the digests are read several times, a slice of the key space each time,
    instead of being scattered all at once; the result is the same.
    """
    rows = left.shape[0] + right.shape[0]
    assert max(left.shape[0], right.shape[0]) < ROW_LIMIT, "rows of one side exceed 2**30"
    needed = rows * ROW_BYTES
    if memory_bytes is None or needed <= memory_bytes or rows < SMALL_SLICE:
        return match_slice(
            left, right, threads, radix_bits(left.shape[0]) if bits is None else bits
        )
    slice_bits = min(SLICE_BITS_MAX, (-(-needed // max(1, memory_bytes)) - 1).bit_length())
    codes = np.empty(left.shape[0], np.int32), np.empty(right.shape[0], np.int32)
    for number in range(1 << slice_bits):
        chosen = slice_rows(left, slice_bits, number), slice_rows(right, slice_bits, number)
        found = match_slice(
            left[chosen[0]],
            right[chosen[1]],
            threads,
            radix_bits(chosen[0].size) if bits is None else bits,
            skip=slice_bits,
        )
        for out, rows_of, code in zip(codes, chosen, found, strict=True):
            out[rows_of] = rename_heads(code, chosen[0])
    return codes


def slice_rows(digest: Digests, slice_bits: int, number: int) -> NDArray[np.int64]:
    """Return the rows whose digest begins with the bits of `number`."""
    return np.flatnonzero(digest[:, 0] >> np.uint64(64 - slice_bits) == np.uint64(number))


def rename_heads(code: Codes, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return result codes whose head, a position in the slice, is put as a row of the side."""
    out = code.astype(np.int64)
    single, several = code >= 0, code < -1
    out[single] = rows[code[single]]
    out[several] = -2 - rows[-2 - code[several]]
    return out


def match_slice(
    left: Digests, right: Digests, threads: int, bits: int, skip: int = 0
) -> tuple[Codes, Codes]:
    """Return the result codes of two sides that are partitioned at once."""
    left_out = np.empty(left.shape[0], np.int32)
    right_out = np.empty(right.shape[0], np.int32)
    if bits == 0:
        rows = (np.arange(left_out.size, dtype=np.int32), np.arange(right_out.size, dtype=np.int32))
        match_partition(left, rows[0], right, rows[1], left_out, right_out)
        return left_out, right_out
    one = partition(left, bits, threads, skip)
    two = partition(right, bits, threads, skip)
    sides = (one.start, two.start, one.digest, one.row, two.digest, two.row, left_out, right_out)
    jobs = [(a, b, *sides) for a, b in chunk_bounds(1 << bits, min(1 << bits, 8 * threads))]
    run_all(match_partitions, jobs, threads)
    return left_out, right_out


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
