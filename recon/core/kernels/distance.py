"""Edit distance and Jaro-Winkler of candidate pairs, bit-parallel: one word holds a left text.

Myers 1999 in the form of Hyyro 2003, four pairs at a time: each step waits for the one before it,
so four independent chains fill the processor. Texts beyond one word take the full table.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints, Number, Words

PATTERN_MOST = 64  # bytes of the left text that one machine word holds
WINKLER_PREFIX = 4  # bytes that Winkler's bonus looks at
WINKLER_FROM = 0.7  # Jaro similarity above which the bonus is given
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_FULL = ~np.uint64(0)
_TOGETHER = 4


@njit(cache=True, nogil=True)
def set_pattern(text: Bytes, table: Words) -> None:
    """Fill `table` (256), arriving as zeros, with the places of each byte in `text`."""
    for k in range(text.size):
        table[text[k]] |= _ONE << np.uint64(k)


@njit(cache=True, nogil=True)
def clear_pattern(text: Bytes, table: Words) -> None:
    """Put the table of `text` back to zeros."""
    for k in range(text.size):
        table[text[k]] = _NONE


@njit(cache=True, nogil=True, inline="always")
def step(equal: np.uint64, plus: np.uint64, minus: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the raw vertical steps up and down that one more byte of the text makes."""
    horizontal = (((equal & plus) + plus) ^ plus) | equal
    return minus | ~(horizontal | plus), plus & horizontal


@njit(cache=True, nogil=True, inline="always")
def distance_to_pattern(size: int, table: Words, data: Bytes, begin: Number, end: Number) -> Number:
    """Return the edit distance of `data[begin:end]` to the pattern of 1 to 64 bytes in `table`."""
    return _go_on(size, table, data, begin, end, _FULL, _NONE, np.int64(size))


@njit(cache=True, nogil=True, inline="always")
def _go_on(
    size: int,
    table: Words,
    data: Bytes,
    begin: Number,
    end: Number,
    plus: np.uint64,
    minus: np.uint64,
    distance: Number,
) -> Number:
    """Return the distance after the bytes `data[begin:end]`, from a state of the table's column."""
    last = np.uint64(size - 1)
    for k in range(begin, end):
        equal = table[data[k]]
        up, down = step(equal, plus, minus)
        distance += np.int64((up >> last) & _ONE) - np.int64((down >> last) & _ONE)
        up = (up << _ONE) | _ONE
        down <<= _ONE
        vertical = equal | minus
        plus = down | ~(vertical | up)
        minus = up & vertical
    return distance


@njit(cache=True, nogil=True)
def four_distances(
    size: int, table: Words, data: Bytes, offsets: Ints, column: Ints, out: Ints
) -> None:
    """Fill `out` with the distances of the four rows `column` to the pattern in `table`."""
    last = np.uint64(size - 1)
    a, b = np.uint64(offsets[column[0]]), np.uint64(offsets[column[1]])
    c, d = np.uint64(offsets[column[2]]), np.uint64(offsets[column[3]])
    together = np.int64(1 << 62)
    for k in range(_TOGETHER):
        together = min(together, np.int64(offsets[column[k] + 1] - offsets[column[k]]))
    pa, pb, pc, pd = _FULL, _FULL, _FULL, _FULL
    ma, mb, mc, md = _NONE, _NONE, _NONE, _NONE
    da = db = dc = dd = np.int64(size)
    for k in range(np.uint64(together)):
        ea, eb, ec, ed = (
            table[data[a + k]],
            table[data[b + k]],
            table[data[c + k]],
            table[data[d + k]],
        )
        ua, wa = step(ea, pa, ma)
        ub, wb = step(eb, pb, mb)
        uc, wc = step(ec, pc, mc)
        ud, wd = step(ed, pd, md)
        da += np.int64((ua >> last) & _ONE) - np.int64((wa >> last) & _ONE)
        db += np.int64((ub >> last) & _ONE) - np.int64((wb >> last) & _ONE)
        dc += np.int64((uc >> last) & _ONE) - np.int64((wc >> last) & _ONE)
        dd += np.int64((ud >> last) & _ONE) - np.int64((wd >> last) & _ONE)
        ua, ub, uc, ud = (
            (ua << _ONE) | _ONE,
            (ub << _ONE) | _ONE,
            (uc << _ONE) | _ONE,
            (ud << _ONE) | _ONE,
        )
        va, vb, vc, vd = ea | ma, eb | mb, ec | mc, ed | md
        pa, ma = (wa << _ONE) | ~(va | ua), ua & va
        pb, mb = (wb << _ONE) | ~(vb | ub), ub & vb
        pc, mc = (wc << _ONE) | ~(vc | uc), uc & vc
        pd, md = (wd << _ONE) | ~(vd | ud), ud & vd
    done = np.int64(together)
    out[0] = _go_on(size, table, data, np.int64(a) + done, offsets[column[0] + 1], pa, ma, da)
    out[1] = _go_on(size, table, data, np.int64(b) + done, offsets[column[1] + 1], pb, mb, db)
    out[2] = _go_on(size, table, data, np.int64(c) + done, offsets[column[2] + 1], pc, mc, dc)
    out[3] = _go_on(size, table, data, np.int64(d) + done, offsets[column[3] + 1], pd, md, dd)


@njit(cache=True, nogil=True)
def distance_rows(one: Bytes, two: Bytes, row: Ints) -> int:
    """Return the edit distance of two texts of any length; `row` holds one.size + 1 numbers."""
    for i in range(one.size + 1):
        row[i] = i
    for j in range(two.size):
        diagonal = row[0]
        row[0] = j + 1
        for i in range(one.size):
            above = row[i + 1]
            cheapest = min(above + 1, row[i] + 1, diagonal + (one[i] != two[j]))
            row[i + 1] = cheapest
            diagonal = above
    return int(row[one.size])


@njit(cache=True, nogil=True)
def distance_edges(
    start: Ints,
    column: Ints,
    left_data: Bytes,
    left_offsets: Ints,
    right_data: Bytes,
    right_offsets: Ints,
    out: Ints,
) -> None:
    """Fill the edit distance of every candidate pair; one bit table serves a left row's pairs."""
    table = np.zeros(256, np.uint64)
    row = np.empty(1, np.int64)
    for i in range(start.size - 1):
        one = left_data[left_offsets[i] : left_offsets[i + 1]]
        if 0 < one.size <= PATTERN_MOST:
            set_pattern(one, table)
            e = start[i]
            while e + _TOGETHER <= start[i + 1]:
                mine = column[e : e + _TOGETHER]
                four_distances(
                    one.size, table, right_data, right_offsets, mine, out[e : e + _TOGETHER]
                )
                e += _TOGETHER
            for rest in range(e, start[i + 1]):
                begin, end = right_offsets[column[rest]], right_offsets[column[rest] + 1]
                out[rest] = distance_to_pattern(one.size, table, right_data, begin, end)
            clear_pattern(one, table)
            continue
        if one.size >= row.size:
            row = np.empty(one.size + 1, np.int64)
        for e in range(start[i], start[i + 1]):
            two = right_data[right_offsets[column[e]] : right_offsets[column[e] + 1]]
            out[e] = distance_rows(one, two, row)


@njit(cache=True, nogil=True)
def jaro_to_pattern(size: int, table: Words, data: Bytes, begin: Number, end: Number) -> float:
    """Return the Jaro similarity of `data[begin:end]`, 1 to 64 bytes, to the pattern in `table`.

    Bytes of the text, in order, each take the first free equal byte of the pattern in reach.
    """
    other = end - begin
    reach = max(max(size, other) // 2 - 1, 0)
    taken = _NONE
    hit = _NONE
    common = 0
    for j in range(other):
        low = max(0, j - reach)
        high = min(size, j + reach + 1)
        if low >= high:
            continue
        window = (_FULL >> np.uint64(64 - (high - low))) << np.uint64(low)
        free = table[data[begin + j]] & window & ~taken
        if free != _NONE:
            taken |= free & (~free + _ONE)
            hit |= _ONE << np.uint64(j)
            common += 1
    if common == 0:
        return 0.0
    swapped = 0
    for j in range(other):
        if (hit >> np.uint64(j)) & _ONE:
            first = taken & (~taken + _ONE)
            taken ^= first
            swapped += (table[data[begin + j]] & first) == _NONE
    jaro: float = (common / size + common / other + (common - swapped // 2) / common) / 3.0
    return jaro


@njit(cache=True, nogil=True, inline="always")
def winkler(jaro: float, prefix: int) -> float:
    """Return Jaro-Winkler from Jaro and the common prefix, with prefix weight 0.1."""
    bonus = min(prefix, WINKLER_PREFIX)
    return jaro + 0.1 * bonus * (1.0 - jaro) if jaro > WINKLER_FROM else jaro


@njit(cache=True, nogil=True, inline="always")
def count_bits(word: np.uint64) -> Number:
    """Return how many bits of a word are set."""
    word -= (word >> _ONE) & np.uint64(0x5555555555555555)
    two = np.uint64(0x3333333333333333)
    word = (word & two) + ((word >> np.uint64(2)) & two)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def sign_texts(data: Bytes, offsets: Ints, letters: Words, pairs: Words) -> None:
    """Fill each row's sets of bytes and of neighbouring bytes, hashed into 64 bits each."""
    mask = np.uint64(63)
    for i in range(letters.size):
        single = _NONE
        double = _NONE
        before = _NONE
        for k in range(offsets[i], offsets[i + 1]):
            byte = np.uint64(data[k])
            single |= _ONE << (byte & mask)
            if k > offsets[i]:
                mixed = (
                    before * np.uint64(0x9E3779B1) + byte * np.uint64(0x85EBCA77)
                ) >> np.uint64(9)
                double |= _ONE << (mixed & mask)
            before = byte
        letters[i] = single
        pairs[i] = double
