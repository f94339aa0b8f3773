"""How near two texts are as spellings: edit distance and Jaro-Winkler on one scale.

Cheap bounds come first: an edit changes two bytes of a text's set at most and four neighbouring
pairs, and a byte that the other text lacks has no partner. Most strangers end there.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Number, Words
from recon.core.kernels.distance import (
    PATTERN_MOST,
    WINKLER_PREFIX,
    clear_pattern,
    count_bits,
    distance_to_pattern,
    jaro_to_pattern,
    set_pattern,
    winkler,
)

FAR, NAMES_ALIKE, EDITS_30, NAMES_CLOSE, EDITS_20, EDITS_10 = range(6)
LEAST_BYTES = 4  # shorter texts are near by accident
_ALIKE, _CLOSE = 0.88, 0.95
_TENTH = 10


@njit(cache=True, nogil=True)
def near_texts(
    size: int,
    table: Words,
    data: Bytes,
    begin: Number,
    end: Number,
    prefix: int,
    differ: Number,
    lack: Number,
) -> int:
    """Return the nearness of `data[begin:end]` to the pattern of `size` bytes in `table`.

    prefix: bytes shared at the front; differ: a lower bound of the edits; lack: bytes of the
    longer of the two that have no partner, at least.
    """
    other = end - begin
    longest = max(size, other)
    most = 3 * longest // _TENTH
    level = FAR
    if max(differ, abs(size - other)) <= most:
        edits = distance_to_pattern(size, table, data, begin, end)
        if edits * _TENTH <= longest:
            return EDITS_10
        if edits * _TENTH <= 2 * longest:
            return EDITS_20
        if edits <= most:
            level = EDITS_30
    common = min(size, other, longest - lack)
    bound = (common / size + common / other + 1.0) / 3.0
    if other <= PATTERN_MOST and winkler(bound, prefix) >= _ALIKE:
        alike = winkler(jaro_to_pattern(size, table, data, begin, end), prefix)
        if alike >= _CLOSE:
            return NAMES_CLOSE
        if alike >= _ALIKE:
            level = max(level, NAMES_ALIKE)
    return level


@njit(cache=True, nogil=True)
def near_edges(
    start: Ints,
    column: Ints,
    left_data: Bytes,
    left_offsets: Ints,
    left_sign: Words,
    right_data: Bytes,
    right_offsets: Ints,
    right_sign: Words,
    level: Ints,
) -> None:
    """Fill the nearness of the candidate pairs that arrive with a level of 0 or more.

    Signs (2, n) are those of `sign_texts`. Left texts beyond one machine word and texts under
    four bytes are far from everything.
    """
    table = np.zeros(256, np.uint64)
    for i in range(start.size - 1):
        one = left_data[left_offsets[i] : left_offsets[i + 1]]
        size = one.size
        if size < LEAST_BYTES or size > PATTERN_MOST:
            continue
        set_pattern(one, table)
        for e in range(start[i], start[i + 1]):
            if level[e] < FAR:
                continue
            j = column[e]
            begin = np.int64(right_offsets[j])
            end = np.int64(right_offsets[j + 1])
            if end - begin < LEAST_BYTES:
                continue
            mine, theirs = left_sign[0, i], right_sign[0, j]
            over = count_bits(mine & ~theirs)
            under = count_bits(theirs & ~mine)
            double = count_bits(left_sign[1, i] ^ right_sign[1, j])
            differ = max((over + under + 1) // 2, (double + 3) // 4)
            longest = max(size, end - begin)
            lack = over if size == longest else under
            prefix = 0
            while prefix < WINKLER_PREFIX and one[prefix] == right_data[begin + prefix]:
                prefix += 1
            level[e] = near_texts(size, table, right_data, begin, end, prefix, differ, lack)
        clear_pattern(one, table)
