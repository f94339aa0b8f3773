"""Text evidence over UTF-8 bytes: normal form, prefixes, digit runs, edit distance, Jaro-Winkler.

A column is `data` (uint8) and `offsets` (n + 1): row i is data[offsets[i]:offsets[i + 1]]. Pairs
are compared byte by byte after normalising, so ASCII letters are compared without case.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints, Reals, Words

PATTERN_MOST = 64  # bytes of the shorter text that one machine word holds
_FULL_WIDTH_LEAD = 0xEF
_FULL_WIDTH_LOW = 0xBC
_FULL_WIDTH_HIGH = 0xBD
_ASCII_END = 0x80
_BLANK = 32
_SPACE_LEAD = 0xE3  # U+3000 is E3 80 80
_ZERO, _NINE = 48, 57
_UPPER_A, _UPPER_Z = 65, 90
_LOWER_A, _LOWER_Z = 97, 122
_PREFIX_MOST = 4  # bytes that Winkler's bonus looks at


@njit(cache=True, nogil=True, inline="always")
def is_word(byte: int) -> bool:
    """Tell whether an ASCII byte is a digit or a letter; bytes of other scripts are too."""
    return (
        _ZERO <= byte <= _NINE
        or _UPPER_A <= byte <= _UPPER_Z
        or _LOWER_A <= byte <= _LOWER_Z
        or byte >= _ASCII_END
    )


@njit(cache=True, nogil=True)
def normalise_texts(data: Bytes, offsets: Ints, out: Bytes, out_offsets: Ints) -> int:
    """Write each row in normal form; return the bytes written.

    Full-width ASCII becomes ASCII, letters upper case; every run of other ASCII signs (blanks,
    hyphens, slashes, quotes, the `="..."` and backtick wrappers of spreadsheets) becomes one
    space between words and nothing at the ends. Leading zeros of a number go.
    """
    n = 0
    for i in range(offsets.size - 1):
        out_offsets[i] = n
        begin = n
        gap = False
        number = True  # nothing but zeros of the present word so far
        p = offsets[i]
        end = offsets[i + 1]
        while p < end:
            byte = int(data[p])
            step = 1
            if byte == _FULL_WIDTH_LEAD and p + 2 < end:
                low = int(data[p + 1])
                if low in (_FULL_WIDTH_LOW, _FULL_WIDTH_HIGH):
                    point = ((low & 0x3F) << 6) | (int(data[p + 2]) & 0x3F)
                    folded = point - 0xF00 + 0x20
                    if _BLANK < folded < _ASCII_END - 1:
                        byte = folded
                        step = 3
            elif byte == _SPACE_LEAD and p + 2 < end and data[p + 1] == _ASCII_END == data[p + 2]:
                byte = _BLANK
                step = 3
            p += step
            if not is_word(byte):
                gap = n > begin
                number = True
                continue
            if gap:
                out[n] = _BLANK
                n += 1
                gap = False
            if number and byte == _ZERO and p < end and _ZERO <= data[p] <= _NINE:
                continue
            number = False
            out[n] = byte - 32 if _LOWER_A <= byte <= _LOWER_Z else byte
            n += 1
    out_offsets[offsets.size - 1] = n
    return n


@njit(cache=True, nogil=True)
def common_prefix(one: Bytes, two: Bytes) -> int:
    """Return how many leading bytes two texts share."""
    most = min(one.size, two.size)
    n = 0
    while n < most and one[n] == two[n]:
        n += 1
    return n


@njit(cache=True, nogil=True)
def prefix_edges(
    start: Ints,
    column: Ints,
    left_data: Bytes,
    left_offsets: Ints,
    right_data: Bytes,
    right_offsets: Ints,
    out: Ints,
) -> None:
    """Fill the common prefix of every candidate pair (compressed rows)."""
    for i in range(start.size - 1):
        begin = left_offsets[i]
        size = left_offsets[i + 1] - begin
        for e in range(start[i], start[i + 1]):
            other = right_offsets[column[e]]
            most = min(size, right_offsets[column[e] + 1] - other)
            n = 0
            while n < most and left_data[begin + n] == right_data[other + n]:
                n += 1
            out[e] = n


@njit(cache=True, nogil=True)
def count_prefixes(
    left_data: Bytes, left_offsets: Ints, right_data: Bytes, right_offsets: Ints, out: Ints
) -> None:
    """Fill `out` (n, most) with how many right rows share the first k + 1 bytes of a left row.

    The right rows ascend in byte order, so that each further byte narrows one range.
    """
    rows = right_offsets.size - 1
    for i in range(out.shape[0]):
        text = left_data[left_offsets[i] : left_offsets[i + 1]]
        low = 0
        high = rows
        for k in range(out.shape[1]):
            if k >= text.size or low == high:
                out[i, k] = 0 if low == high or k < text.size else out[i, k - 1]
                continue
            for bound in range(2):
                begin = low
                end = high
                while begin < end:
                    middle = (begin + end) >> 1
                    place = right_offsets[middle] + k
                    here = -1 if place >= right_offsets[middle + 1] else np.int64(right_data[place])
                    if here < np.int64(text[k]) + bound:
                        begin = middle + 1
                    else:
                        end = middle
                if bound == 0:
                    low = begin
                else:
                    high = begin
            out[i, k] = high - low


@njit(cache=True, nogil=True)
def shared_digits(one: Bytes, two: Bytes) -> int:
    """Return the length of the longest run of digits that both texts contain."""
    best = 0
    for i in range(one.size):
        for j in range(two.size):
            n = 0
            while (
                i + n < one.size
                and j + n < two.size
                and one[i + n] == two[j + n]
                and _ZERO <= one[i + n] <= _NINE
            ):
                n += 1
            best = max(best, n)
    return best


@njit(cache=True, nogil=True)
def set_pattern(text: Bytes, table: Words) -> None:
    """Fill `table` (256), arriving as zeros, with the places of each byte in `text`."""
    for k in range(text.size):
        table[text[k]] |= np.uint64(1) << np.uint64(k)


@njit(cache=True, nogil=True)
def clear_pattern(text: Bytes, table: Words) -> None:
    """Put the table of `text` back to zeros."""
    for k in range(text.size):
        table[text[k]] = np.uint64(0)


@njit(cache=True, nogil=True, inline="always")
def distance_to_pattern(size: int, table: Words, data: Bytes, begin: int, end: int) -> int:
    """Return the edit distance of `data[begin:end]` to the pattern of 1 to 64 bytes in `table`.

    Bit-parallel: Myers 1999 in the form of Hyyro 2003, one step a byte of the text.
    """
    one = np.uint64(1)
    last = np.uint64(size - 1)
    plus = ~np.uint64(0)
    minus = np.uint64(0)
    distance = size
    for k in range(begin, end):
        equal = table[data[k]]
        vertical = equal | minus
        horizontal = (((equal & plus) + plus) ^ plus) | equal
        up = minus | ~(horizontal | plus)
        down = plus & horizontal
        distance += int((up >> last) & one) - int((down >> last) & one)
        up = (up << one) | one
        down <<= one
        plus = down | ~(vertical | up)
        minus = up & vertical
    return distance


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
        short = 0 < one.size <= PATTERN_MOST
        if short:
            set_pattern(one, table)
        elif one.size >= row.size:
            row = np.empty(one.size + 1, np.int64)
        for e in range(start[i], start[i + 1]):
            begin = right_offsets[column[e]]
            end = right_offsets[column[e] + 1]
            if short:
                out[e] = distance_to_pattern(one.size, table, right_data, begin, end)
            else:
                out[e] = distance_rows(one, right_data[begin:end], row)
        if short:
            clear_pattern(one, table)


@njit(cache=True, nogil=True)
def mark_common(one: Bytes, two: Bytes, one_hit: Flags, two_hit: Flags) -> int:
    """Flag the bytes that Jaro counts as common; return how many."""
    reach = max(max(one.size, two.size) // 2 - 1, 0)
    common = 0
    for i in range(one.size):
        for j in range(max(0, i - reach), min(two.size, i + reach + 1)):
            if two_hit[j] == 0 and one[i] == two[j]:
                one_hit[i] = 1
                two_hit[j] = 1
                common += 1
                break
    return common


@njit(cache=True, nogil=True)
def jaro_winkler(one: Bytes, two: Bytes) -> float:
    """Return the Jaro-Winkler similarity of two texts, 0 to 1, with prefix weight 0.1."""
    if one.size == 0 and two.size == 0:
        return 1.0
    one_hit = np.zeros(one.size, np.uint8)
    two_hit = np.zeros(two.size, np.uint8)
    common = mark_common(one, two, one_hit, two_hit)
    if common == 0:
        return 0.0
    swapped = 0
    j = 0
    for i in range(one.size):
        if one_hit[i]:
            while two_hit[j] == 0:
                j += 1
            swapped += one[i] != two[j]
            j += 1
    jaro = (common / one.size + common / two.size + (common - swapped // 2) / common) / 3.0
    bonus = min(common_prefix(one, two), _PREFIX_MOST)
    return jaro + 0.1 * bonus * (1.0 - jaro) if jaro > 0.7 else jaro  # noqa: PLR2004 - Winkler's


@njit(cache=True, nogil=True)
def shared_tokens(one: Bytes, two: Bytes, out: Reals) -> None:
    """Fill `out` with the words of `one`, the words of `two`, and those of `one` found in `two`.

    Words are parted by single spaces, as `normalise_texts` leaves them.
    """
    out[:] = 0.0
    begin = 0
    for i in range(one.size + 1):
        if i < one.size and one[i] != _BLANK:
            continue
        out[0] += i > begin
        start = 0
        found = False
        for j in range(two.size + 1):
            if j < two.size and two[j] != _BLANK:
                continue
            same = j - start == i - begin and i > begin
            k = 0
            while same and k < i - begin:
                same = one[begin + k] == two[start + k]
                k += 1
            found |= same
            start = j + 1
        out[2] += found
        begin = i + 1
    inside = False
    for j in range(two.size):
        out[1] += two[j] != _BLANK and not inside
        inside = two[j] != _BLANK
