"""Exact money from text: digits to minor units, one status a row, no float and no rounding."""

from __future__ import annotations

import numpy as np
from numba import njit

OK = 0
NULL = 1  # the row is null
EMPTY = 2  # no characters
BAD_CHARACTER = 3  # anything that the grammar does not allow at that place
EXCESS_DECIMALS = 4  # more decimals than the currency has
TOO_LARGE = 5  # beyond LIMIT
BAD_GROUPING = 6  # thousands not in groups of three
NO_DIGITS = 7  # a sign, a symbol or a decimal mark without digits
PADDED = 8  # spaces or tabs around the amount, not declared

LIMIT = 10**15  # greatest |minor units| of a row, so that sums of rows can be proved safe

UNIT_DECIMAL = 0  # sign, digits, decimal mark, digits
UNIT_CREDIT_DEBIT = 1  # C, D or a space, then minor digits

_SPACE = 32
_TAB = 9
_MINUS = 45
_ZERO = 48
_NINE = 57
_CREDIT = 67
_DEBIT = 68


@njit(cache=True, nogil=True)
def _symbol_length(data, at, end, symbols, symbol_ends, behind):
    """Return the length of the first declared symbol that begins at `at` (or ends at `end`)."""
    start = 0
    for k in range(len(symbol_ends)):
        size = symbol_ends[k] - start
        if 0 < size <= end - at:
            origin = end - size if behind else at
            same = True
            for j in range(size):
                if data[origin + j] != symbols[start + j]:
                    same = False
                    break
            if same:
                return size
        start = symbol_ends[k]
    return 0


@njit(cache=True, nogil=True)
def _magnitude(data, at, end, decimals, mark, group, zeros):
    """Return (minor units, status) of unsigned digits in `data[at:end]`."""
    value = np.int64(0)
    digits = 0
    run = 0  # digits since the start or the last group mark
    groups = 0
    while at < end:
        byte = data[at]
        if _ZERO <= byte <= _NINE:
            value = value * 10 + (byte - _ZERO)
            if value > LIMIT:
                return np.int64(0), TOO_LARGE
            digits += 1
            run += 1
        elif group != 0 and byte == group:
            if run == 0 or run > 3 or (groups > 0 and run != 3):
                return np.int64(0), BAD_GROUPING
            groups += 1
            run = 0
        else:
            break
        at += 1
    if groups > 0 and run != 3:
        return np.int64(0), BAD_GROUPING
    taken = 0
    if at < end:
        if mark == 0 or data[at] != mark:
            return np.int64(0), BAD_CHARACTER
        at += 1
        if at == end:
            return np.int64(0), NO_DIGITS
        excess = False
        while at < end:
            byte = data[at]
            if byte < _ZERO or byte > _NINE:
                return np.int64(0), BAD_CHARACTER
            if taken < decimals:
                value = value * 10 + (byte - _ZERO)
                taken += 1
                if value > LIMIT:
                    return np.int64(0), TOO_LARGE
            elif not zeros or byte != _ZERO:
                excess = True
            digits += 1
            at += 1
        if excess:
            return np.int64(0), EXCESS_DECIMALS
    if digits == 0:
        return np.int64(0), NO_DIGITS
    while taken < decimals:
        value *= 10
        taken += 1
        if value > LIMIT:
            return np.int64(0), TOO_LARGE
    return value, OK


@njit(cache=True, nogil=True)
def _signed(data, at, end, decimals, mark, group, zeros, symbols, symbol_ends):
    """Return (minor units, status) of `[-][symbol][-]digits[symbol]`, each mark at most once."""
    negative = data[at] == _MINUS
    if negative:
        at += 1
    size = _symbol_length(data, at, end, symbols, symbol_ends, False)
    at += size
    if size > 0 and not negative and at < end and data[at] == _MINUS:
        negative = True
        at += 1
    if size == 0:
        end -= _symbol_length(data, at, end, symbols, symbol_ends, True)
    value, status = _magnitude(data, at, end, decimals, mark, group, zeros)
    return (-value if negative else value), status


@njit(cache=True, nogil=True)
def _credit_debit(data, at, end):
    """Return (minor units, status) of `C`, `D` or a space and then digits; `D` is negative."""
    first = data[at]
    if first not in (_CREDIT, _DEBIT, _SPACE):
        return np.int64(0), BAD_CHARACTER
    value, status = _magnitude(data, at + 1, end, 0, 0, 0, False)
    return (-value if first == _DEBIT else value), status


@njit(cache=True, nogil=True)
def parse_money(
    data, offsets, valid, unit, decimals, marks, padded, symbols, symbol_ends, out, out_status
):
    """Fill `out` (int64 minor units) and `out_status` (uint8) for each row.

    decimals: int8, one a row or one for all. marks: uint8 (decimal, group, zeros); 0 switches a
    mark off, zeros != 0 allows further decimals that are zeros. symbols: uint8, all symbols end to
    end; symbol_ends: int64, where each ends.
    """
    step = 1 if len(decimals) > 1 else 0
    mark, group, zeros = marks[0], marks[1], marks[2] != 0
    for i in range(len(valid)):
        out[i] = 0
        at, end = offsets[i], offsets[i + 1]
        if not valid[i]:
            out_status[i] = NULL
            continue
        if padded:
            while at < end and data[end - 1] in (_SPACE, _TAB):
                end -= 1
            while at < end and unit == UNIT_DECIMAL and data[at] in (_SPACE, _TAB):
                at += 1
        if at == end:
            out_status[i] = EMPTY
        elif data[end - 1] in (_SPACE, _TAB) or (
            unit == UNIT_DECIMAL and data[at] in (_SPACE, _TAB)
        ):
            out_status[i] = PADDED
        elif unit == UNIT_CREDIT_DEBIT:
            out[i], out_status[i] = _credit_debit(data, at, end)
        else:
            out[i], out_status[i] = _signed(
                data, at, end, decimals[i * step], mark, group, zeros, symbols, symbol_ends
            )
