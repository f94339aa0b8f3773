"""Hash match of one partition: which rows of two sides carry the same 128-bit digest.

Open addressing over int32 slots at a load of one half; both words of the digest are compared on
every hit, so that two keys that share 64 bits stay apart.

Result, one int32 a row: -1 no row of the other side has this key; h >= 0 this row and one row of
the other side are alone with this key, h is the left row; -2 - h the key has several rows on some
side, h is its first left row.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints, Words
from recon.core.kernels.radix import GOLDEN, S31


@njit(cache=True, nogil=True, inline="always")
def slot_of(word_one: np.uint64, word_two: np.uint64, mask: int) -> np.int64:
    """Return the home slot of a digest in a table of `mask + 1` slots."""
    mixed = (word_one ^ (word_two * GOLDEN)) * GOLDEN
    return np.int64(mixed >> S31) & mask


@njit(cache=True, nogil=True)
def build_table(digest: Words, table: Ints, first: Ints, size: Ints) -> None:
    """Enter the left digests in `table`; `first` is each row's group, `size` the group's rows."""
    mask = table.size - 1
    for i in range(first.size):
        slot = slot_of(digest[i, 0], digest[i, 1], mask)
        while True:
            held = table[slot]
            if held < 0:
                table[slot] = i
                held = i
                break
            if digest[held, 0] == digest[i, 0] and digest[held, 1] == digest[i, 1]:
                break
            slot = (slot + 1) & mask
        first[i] = held
        size[held] += 1


@njit(cache=True, nogil=True)
def probe_table(
    left_digest: Words, table: Ints, right_digest: Words, found: Ints, hits: Ints
) -> None:
    """Fill `found` with each right row's group (-1 none) and count them in `hits` by group."""
    mask = table.size - 1
    for j in range(found.size):
        slot = slot_of(right_digest[j, 0], right_digest[j, 1], mask)
        held = table[slot]
        while held >= 0:
            if (
                left_digest[held, 0] == right_digest[j, 0]
                and left_digest[held, 1] == right_digest[j, 1]
            ):
                hits[held] += 1
                break
            slot = (slot + 1) & mask
            held = table[slot]
        found[j] = held


@njit(cache=True, nogil=True)
def write_groups(group: Ints, row: Ints, size: Ints, hits: Ints, head_row: Ints, out: Ints) -> None:
    """Write the result code of each `row` whose local group is `group` (-1 none) into `out`."""
    for i in range(row.size):
        local = group[i]
        if local < 0 or hits[local] == 0:
            out[row[i]] = -1
        elif size[local] == 1 and hits[local] == 1:
            out[row[i]] = head_row[local]
        else:
            out[row[i]] = -2 - head_row[local]


@njit(cache=True, nogil=True)
def match_partition(
    left_digest: Words,
    left_row: Ints,
    right_digest: Words,
    right_row: Ints,
    left_out: Ints,
    right_out: Ints,
) -> None:
    """Match one partition; `*_row` are positions in `*_out`, ascending."""
    slots = 16
    while slots < 2 * left_row.size:
        slots *= 2
    table = np.full(slots, -1, np.int32)
    first = np.empty(left_row.size, np.int32)
    size = np.zeros(left_row.size, np.int32)
    hits = np.zeros(left_row.size, np.int32)
    found = np.empty(right_row.size, np.int32)
    build_table(left_digest, table, first, size)
    probe_table(left_digest, table, right_digest, found, hits)
    write_groups(first, left_row, size, hits, left_row, left_out)
    write_groups(found, right_row, size, hits, left_row, right_out)


@njit(cache=True, nogil=True)
def match_partitions(
    begin: int,
    end: int,
    left_start: Ints,
    right_start: Ints,
    left_digest: Words,
    left_row: Ints,
    right_digest: Words,
    right_row: Ints,
    left_out: Ints,
    right_out: Ints,
) -> None:
    """Match the partitions `begin:end`, whose rows lie between consecutive starts."""
    for p in range(begin, end):
        a, b = left_start[p], left_start[p + 1]
        c, d = right_start[p], right_start[p + 1]
        match_partition(
            left_digest[a:b], left_row[a:b], right_digest[c:d], right_row[c:d], left_out, right_out
        )
