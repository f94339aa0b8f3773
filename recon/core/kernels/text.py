"""Text evidence over UTF-8 bytes: normal form, and how many rows share a prefix.

A column is `data` (uint8) and `offsets` (n + 1): row i is data[offsets[i]:offsets[i + 1]]. Pairs
are compared byte by byte after normalising, so ASCII letters are compared without case.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Ints

_FULL_WIDTH_LEAD = 0xEF
_FULL_WIDTH_LOW = 0xBC
_FULL_WIDTH_HIGH = 0xBD
_ASCII_END = 0x80
_BLANK = 32
_SPACE_LEAD = 0xE3  # U+3000 is E3 80 80
_ZERO, _NINE = 48, 57
_UPPER_A, _UPPER_Z = 65, 90
_LOWER_A, _LOWER_Z = 97, 122


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
