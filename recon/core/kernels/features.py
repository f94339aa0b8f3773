"""What a text says that can be looked up: its words and its runs of digits.

A feature is one 64-bit number: a scrambled word, or the six digits of a window over a longer run
(with its tag). Evidence, not identity: a collision would lend one pair a common word.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Number, Words
from recon.core.kernels.radix import mix64

WINDOW = 6  # digits of a window; a shorter run counts where it is a word of its own
LEAST_WORD = 3  # bytes of the shortest word that counts
DIGITS = np.uint64(1)  # lowest bit of a feature made of digits
_ONE = np.uint64(1)
_BLANK = 32
_ZERO, _NINE = 48, 57


@njit(cache=True, nogil=True)
def list_features(data: Bytes, offsets: Ints, out_start: Ints, out: Words) -> int:
    """Write the features of every row, row i from `out_start[i]`; return how many there are.

    Rows are in normal form. `out` may be empty: then they are only counted.
    """
    n = 0
    for i in range(offsets.size - 1):
        out_start[i] = n
        word = 0  # bytes of the present word
        run = 0  # digits of the present run
        word_mix = np.uint64(0)
        value: Number = 0
        for p in range(offsets[i], offsets[i + 1] + 1):
            byte = np.int64(data[p]) if p < offsets[i + 1] else _BLANK
            if byte == _BLANK:
                if word >= LEAST_WORD:
                    if n < out.size:
                        out[n] = (word_mix & ~_ONE) | np.uint64(run == word)
                    n += 1
                word = run = value = 0
                word_mix = np.uint64(0)
                continue
            word += 1
            word_mix = mix64(word_mix + np.uint64(byte) + _ONE)
            if not _ZERO <= byte <= _NINE:
                run = value = 0
                continue
            run += 1
            value = (value * 10 + byte - _ZERO) % 1_000_000
            if run >= WINDOW:
                if n < out.size:
                    out[n] = (np.uint64(value + 1) << _ONE) | DIGITS
                n += 1
    out_start[offsets.size - 1] = n
    return n


@njit(cache=True, nogil=True)
def intern_features(feature: Words, keys: Words, ids: Ints, code: Ints, count: Ints) -> int:
    """Fill each feature's `code`, numbered as they first come, and the `count` of each code.

    keys, ids: an open table, a power of two of at least twice the features; ids arrive as -1.
    """
    mask = np.uint64(keys.size - 1)
    distinct = 0
    for k in range(feature.size):
        slot = mix64(feature[k]) & mask
        while ids[slot] >= 0 and keys[slot] != feature[k]:
            slot = (slot + _ONE) & mask
        if ids[slot] < 0:
            keys[slot] = feature[k]
            ids[slot] = distinct
            count[distinct] = 0
            distinct += 1
        code[k] = ids[slot]
        count[ids[slot]] += 1
    return distinct


@njit(cache=True, nogil=True)
def find_features(
    feature: Words, keys: Words, ids: Ints, count: Ints, most: int, code: Ints, seen: Ints
) -> None:
    """Fill `code` with each feature's number in the table, -1 for none or above `most` times.

    `seen` becomes 1 for the numbers that were found.
    """
    mask = np.uint64(keys.size - 1)
    for k in range(feature.size):
        slot = mix64(feature[k]) & mask
        while ids[slot] >= 0 and keys[slot] != feature[k]:
            slot = (slot + _ONE) & mask
        found = ids[slot]
        if found >= 0 and count[found] <= most:
            code[k] = found
            seen[found] = 1
        else:
            code[k] = -1


@njit(cache=True, nogil=True)
def pack_features(start: Ints, code: Ints, out_start: Ints, out: Ints, sign: Words) -> None:
    """Write each row's codes >= 0 ascending and once, and a 64-bit set of them."""
    n = 0
    for i in range(start.size - 1):
        out_start[i] = n
        bits = np.uint64(0)
        for k in range(start[i], start[i + 1]):
            value = code[k]
            if value < 0:
                continue
            place = n
            while place > out_start[i] and out[place - 1] > value:
                place -= 1
            if place > out_start[i] and out[place - 1] == value:
                continue
            for move in range(n, place, -1):
                out[move] = out[move - 1]
            out[place] = value
            n += 1
            bits |= _ONE << np.uint64(value & 63)
        sign[i] = bits
    out_start[start.size - 1] = n


@njit(cache=True, nogil=True)
def first_shared(
    a: int, a_end: int, left: Ints, b: int, b_end: int, right: Ints
) -> tuple[Number, Number]:
    """Return the first feature of both runs, and how many are shared.

    The runs ascend: `left[a:a_end]` and `right[b:b_end]`. Without a shared one: 0, 0.
    """
    first = np.int64(0)
    shared = np.int64(0)
    while a < a_end and b < b_end:
        if left[a] < right[b]:
            a += 1
        elif left[a] > right[b]:
            b += 1
        else:
            if shared == 0:
                first = np.int64(left[a])
            shared += 1
            a += 1
            b += 1
    return first, shared


@njit(cache=True, nogil=True)
def count_sharing(
    start: Ints,
    column: Ints,
    left_start: Ints,
    left_code: Ints,
    right_start: Ints,
    right_code: Ints,
    hits: Ints,
) -> None:
    """Add to `hits` the pairs that share no feature, one, two and so on; the last one is for more.

    start: (n + 1) bounds in `column` of the left rows' pairs.
    """
    for i in range(start.size - 1):
        a, a_end = left_start[i], left_start[i + 1]
        for e in range(start[i], start[i + 1]):
            b, b_end = right_start[column[e]], right_start[column[e] + 1]
            shared = first_shared(a, a_end, left_code, b, b_end, right_code)[1]
            hits[min(shared, hits.size - 1)] += 1
