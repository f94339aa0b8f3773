"""Radix partitioning of keys: histogram, stable scatter, and the salting of digests.

A key is a 128-bit digest (two uint64 words) or an integer, whose bijective scramble is one word and
its exact identity. The high bits of the first word choose the partition, so that rows of
equal key always meet in one partition. The scatter is stable: inside a partition rows keep
their order, which makes "first row" mean the same whatever the number of chunks.

Places are unsigned numbers: a signed one might count from an array's end, and asking costs a third
of the scatter.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints, Words

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_ONE = np.uint64(0xBF58476D1CE4E5B9)
MIX_TWO = np.uint64(0x94D049BB133111EB)
S27 = np.uint64(27)
S30 = np.uint64(30)
S31 = np.uint64(31)


@njit(cache=True, nogil=True, inline="always")
def mix64(word: np.uint64) -> np.uint64:
    """Return a bijective scramble of `word` (the finaliser of splitmix64)."""
    word = (word ^ (word >> S30)) * MIX_ONE
    word = (word ^ (word >> S27)) * MIX_TWO
    return word ^ (word >> S31)


@njit(cache=True, nogil=True)
def gather_digests(digest: Words, rows: Ints, out: Words) -> None:
    """Fill `out` (m, 2) with the digests of `rows` (m) out of `digest` (n, 2)."""
    for i in range(rows.size):
        out[i, 0] = digest[rows[i], 0]
        out[i, 1] = digest[rows[i], 1]


@njit(cache=True, nogil=True)
def salt_digests(out: Words, value: Ints) -> None:
    """Make `value` (m) int64 part of the identity that the digests `out` (m, 2) stand for."""
    for i in range(value.size):
        word = np.uint64(value[i])
        out[i, 0] = mix64(out[i, 0] + mix64(word + GOLDEN))
        out[i, 1] = mix64((out[i, 1] ^ word) * GOLDEN + MIX_TWO)


@njit(cache=True, nogil=True)
def count_partitions(digest: Words, start: int, stop: int, shift: np.uint64, counts: Ints) -> None:
    """Add to `counts` how many of the digests `start:stop` fall in each partition.

    The partition is what the bits above `shift` say.
    """
    for i in range(np.uint64(start), np.uint64(stop)):
        counts[digest[i, 0] >> shift] += 1


@njit(cache=True, nogil=True)
def scatter_partitions(
    digest: Words,
    start: int,
    stop: int,
    shift: np.uint64,
    cursor: Ints,
    out_digest: Words,
    out_row: Ints,
) -> None:
    """Copy the digests `start:stop` and their positions to where `cursor` says, in order."""
    for i in range(np.uint64(start), np.uint64(stop)):
        partition = digest[i, 0] >> shift
        place = np.uint64(cursor[partition])
        cursor[partition] += 1
        out_digest[place, 0] = digest[i, 0]
        out_digest[place, 1] = digest[i, 1]
        out_row[place] = np.int32(i)


@njit(cache=True, nogil=True)
def count_integers(key: Ints, start: int, stop: int, shift: np.uint64, counts: Ints) -> None:
    """Add to `counts` how many of the integers `start:stop` fall in each partition."""
    for i in range(np.uint64(start), np.uint64(stop)):
        counts[mix64(np.uint64(key[i])) >> shift] += 1


@njit(cache=True, nogil=True)
def scatter_integers(
    key: Ints,
    start: int,
    stop: int,
    shift: np.uint64,
    cursor: Ints,
    out_word: Words,
    out_row: Ints,
) -> None:
    """Write the scrambled integers `start:stop` and their positions to where `cursor` says."""
    for i in range(np.uint64(start), np.uint64(stop)):
        word = mix64(np.uint64(key[i]))
        partition = word >> shift
        place = np.uint64(cursor[partition])
        cursor[partition] += 1
        out_word[place] = word
        out_row[place] = np.int32(i)
