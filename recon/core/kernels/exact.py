"""Hash match of one partition: which rows of two sides carry the same key.

A key is two uint64 words: a 128-bit digest, or the bijective scramble of an integer given twice.
Open addressing over int32 slots at a load of one half; both words are compared on every hit, so
that two keys that share 64 bits stay apart.

What is found is written as lines: the pairs of rows that are alone with their key, and apart from
them the rows of keys that have several, each with its head, the first left row of the key.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Ints, Words
from recon.core.kernels.radix import GOLDEN, S31


@njit(cache=True, nogil=True, inline="always")
def slot_of(word_one: np.uint64, word_two: np.uint64, mask: int) -> np.int64:
    """Return the home slot of a key in a table of `mask + 1` slots."""
    mixed = (word_one ^ (word_two * GOLDEN)) * GOLDEN
    return np.int64(mixed >> S31) & mask


@njit(cache=True, nogil=True)
def slots_for(rows: int) -> int:
    """Return how many slots hold `rows` keys at a load of one half: a power of two."""
    slots = 16
    while slots < 2 * rows:
        slots *= 2
    return slots


@njit(cache=True, nogil=True)
def build_table(one: Words, two: Words, table: Ints, first: Ints, size: Ints) -> bool:
    """Enter the left keys in `table` (-1 free); `first` is each row's group, `size` its rows.

    Returns whether every row has a group of its own.
    """
    mask = table.size - 1
    alone = True
    for i in range(one.size):
        slot = slot_of(one[i], two[i], mask)
        while True:
            held = table[slot]
            if held < 0:
                table[slot] = i
                held = i
                break
            if one[held] == one[i] and two[held] == two[i]:
                alone = False
                break
            slot = (slot + 1) & mask
        first[i] = held
        size[held] += 1
    return alone


@njit(cache=True, nogil=True)
def probe_table(
    left_one: Words,
    left_two: Words,
    table: Ints,
    right_one: Words,
    right_two: Words,
    found: Ints,
    hits: Ints,
) -> bool:
    """Fill `found` with each right row's group (-1 none) and count them in `hits` by group.

    Returns whether no group was hit twice.
    """
    mask = table.size - 1
    alone = True
    for j in range(right_one.size):
        slot = slot_of(right_one[j], right_two[j], mask)
        held = table[slot]
        while held >= 0:
            if left_one[held] == right_one[j] and left_two[held] == right_two[j]:
                hits[held] += 1
                alone &= hits[held] == 1
                break
            slot = (slot + 1) & mask
            held = table[slot]
        found[j] = held
    return alone


@njit(cache=True, nogil=True)
def write_pairs(
    found: Ints, row: Ints, size: Ints, hits: Ints, head_row: Ints, at: int, out: Ints
) -> int:
    """Write from line `at` of `out` (n, 2) the pairs that are alone; return the next free line."""
    for j in range(row.size):
        local = found[j]
        if local >= 0 and size[local] == 1 and hits[local] == 1:
            out[at, 0] = head_row[local]
            out[at, 1] = row[j]
            at += 1
    return at


@njit(cache=True, nogil=True)
def write_several(
    group: Ints, row: Ints, size: Ints, hits: Ints, head_row: Ints, at: int, out: Ints
) -> int:
    """Write from line `at` of `out` (n, 2) row and head of keys that have several rows."""
    for i in range(row.size):
        local = group[i]
        if local >= 0 and hits[local] > 0 and max(size[local], hits[local]) > 1:
            out[at, 0] = row[i]
            out[at, 1] = head_row[local]
            at += 1
    return at


@njit(cache=True, nogil=True)
def widest(start: Ints, begin: int, end: int) -> int:
    """Return the rows of the largest of the partitions `begin:end`."""
    most = 0
    for p in range(begin, end):
        most = max(most, start[p + 1] - start[p])
    return most


@njit(cache=True, nogil=True)
def link_partitions(
    begin: int,
    end: int,
    left_start: Ints,
    right_start: Ints,
    left_one: Words,
    left_two: Words,
    left_row: Ints,
    right_one: Words,
    right_two: Words,
    right_row: Ints,
    pairs: Ints,
    left_several: Ints,
    right_several: Ints,
    written: Ints,
) -> None:
    """Write the links of the partitions `begin:end`.

    `pairs` (as many lines as right rows) is written from line `right_start[begin]` on, the rows
    of keys with several from the first line of their side's partitions; `written` (3) says up to
    which line. Pairs lie next to each other in memory, and not all over a column a row long.
    """
    left_most = widest(left_start, begin, end)
    table = np.empty(slots_for(left_most), np.int32)
    first = np.empty(left_most, np.int32)
    size = np.empty(left_most, np.int32)
    hits = np.empty(left_most, np.int32)
    found = np.empty(widest(right_start, begin, end), np.int32)
    written[0], written[1], written[2] = right_start[begin], left_start[begin], right_start[begin]
    for p in range(begin, end):
        a, b, c, d = left_start[p], left_start[p + 1], right_start[p], right_start[p + 1]
        n, m = b - a, d - c
        slots = table[: slots_for(n)]
        slots[:] = -1
        size[:n] = 0
        hits[:n] = 0
        heads, rows = left_row[a:b], right_row[c:d]
        own = build_table(left_one[a:b], left_two[a:b], slots, first[:n], size)
        alone = probe_table(
            left_one[a:b],
            left_two[a:b],
            slots,
            right_one[c:d],
            right_two[c:d],
            found[:m],
            hits,
        )
        written[0] = write_pairs(found[:m], rows, size, hits, heads, written[0], pairs)
        if not (own and alone):
            written[1] = write_several(
                first[:n], heads, size, hits, heads, written[1], left_several
            )
            written[2] = write_several(
                found[:m], rows, size, hits, heads, written[2], right_several
            )
