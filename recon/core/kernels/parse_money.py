"""Exact money from text: digits to minor units, one status a row, no float and no rounding."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints
from recon.core.kernels.digest import load_word

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

ZEROS_REFUSED = 0  # digits beyond the currency's decimals are refused, whatever they are
ZEROS_DECLARED = 1  # any number of them, if they are zeros
ZEROS_PLAIN = 2  # zeros, but no three digits that could be a group of thousands: 1.500

UNIT_DECIMAL = 0  # sign, digits, decimal mark, digits
UNIT_CREDIT_DEBIT = 1  # C, D or a space, then minor digits

_WORD = 8  # bytes
_ZEROS = np.uint64(0x3030303030303030)
_SIXES = np.uint64(0x0606060606060606)
_HIGH_HALVES = np.uint64(0xF0F0F0F0F0F0F0F0)
_PAIRS = np.uint64(0x000000FF000000FF)
_HUNDRED_FIRST = np.uint64((1_000_000 << 32) + 100)
_TEN_THOUSAND_FIRST = np.uint64((10_000 << 32) + 1)
_GROUP = 3  # digits between two thousands marks
_PLAIN_BYTES = 13  # so that 12 digits and 4 decimals stay inside 64 bits
_SPACE = 32
_TAB = 9
_MINUS = 45
_ZERO = 48
_NINE = 57
_CREDIT = 67
_DEBIT = 68


@njit(cache=True, nogil=True, inline="always")
def _digit(byte: np.uint8) -> int:
    """Return the value of an ASCII digit."""
    return int(np.int64(byte)) - _ZERO


@njit(cache=True, nogil=True)
def _short(data: Bytes, at: int, end: int, decimals: int, mark: int) -> int:
    """Return minor units of `digits mark digits`, at most eight bytes long, -1 for all else.

    The bytes are taken as one number: the mark is cut out, what stands before it moves up, and
    pairs, fours and eights of digits are added up (little-endian, the first byte is the lowest).
    """
    size = end - at
    if mark == 0 or decimals < 1 or size < decimals + 2 or size > _WORD or end < _WORD:
        return -1
    word = np.uint64(load_word(data, end - _WORD))  # type: ignore[call-arg]  # numba passes its context
    unused = np.uint64(8 * (_WORD - size))
    behind = np.uint64(8 * (_WORD - decimals))
    if (word >> (behind - np.uint64(8))) & np.uint64(0xFF) != np.uint64(mark):
        return -1
    outside = (np.uint64(1) << unused) - np.uint64(1)
    word = (word & ~outside) | (_ZEROS & outside)
    before = (np.uint64(1) << (behind - np.uint64(8))) - np.uint64(1)
    word = (word & ~((np.uint64(1) << behind) - np.uint64(1))) | ((word & before) << np.uint64(8))
    word |= np.uint64(_ZERO)
    digits = word ^ _ZEROS
    if ((digits + _SIXES) | digits) & _HIGH_HALVES != np.uint64(0):
        return -1
    digits = digits * np.uint64(10) + (digits >> np.uint64(8))
    pairs = digits & _PAIRS
    others = (digits >> np.uint64(16)) & _PAIRS
    return np.int64((pairs * _HUNDRED_FIRST + others * _TEN_THOUSAND_FIRST) >> np.uint64(32))


@njit(cache=True, nogil=True, inline="always")
def _plain(data: Bytes, at: int, end: int, decimals: int, mark: int, zeros: int) -> int:
    """Return minor units of `[-]digits[mark digits]`, -1 - LIMIT for all else (the common case).

    Declared zeros may follow the decimals.
    """
    negative = at < end and data[at] == _MINUS
    at += 1 if negative else 0
    begin = at
    value = 0
    while at < end and _ZERO <= data[at] <= _NINE:
        value = value * 10 + _digit(data[at])
        at += 1
    taken = 0
    if mark != 0 and begin < at < end - 1 and data[at] == mark:
        at += 1
        while at < end and taken < decimals and _ZERO <= data[at] <= _NINE:
            value = value * 10 + _digit(data[at])
            at += 1
            taken += 1
        while at < end and zeros == ZEROS_DECLARED and data[at] == _ZERO:
            at += 1
    while taken < decimals:
        value *= 10
        taken += 1
    if at < end or at == begin or end - begin > _PLAIN_BYTES or value > LIMIT:
        return -1 - LIMIT
    return -value if negative else value


@njit(cache=True, nogil=True)
def _symbol_length(
    data: Bytes, at: int, end: int, symbols: Bytes, symbol_ends: Ints, behind: int
) -> int:
    """Return the length of the first declared symbol that begins at `at` (or ends at `end`)."""
    start = 0
    for k in range(len(symbol_ends)):
        size: int = symbol_ends[k] - start
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
def _whole(data: Bytes, at: int, end: int, group: int) -> tuple[int, int, int, int]:
    """Return (value, digits, where they end, status) of the digits before a decimal mark."""
    value = 0
    digits = 0
    run = 0  # digits since the start or the last group mark
    groups = 0
    status = OK
    while at < end:
        byte = data[at]
        if _ZERO <= byte <= _NINE:
            value = value * 10 + _digit(byte)
            if value > LIMIT:
                return 0, 0, at, TOO_LARGE
            digits += 1
            run += 1
        elif group != 0 and byte == group:
            if run == 0 or run > _GROUP or (groups > 0 and run != _GROUP):
                status = BAD_GROUPING
            groups += 1
            run = 0
        else:
            break
        at += 1
    if groups > 0 and run != _GROUP:
        status = BAD_GROUPING
    return value, digits, at, status


@njit(cache=True, nogil=True)
def _fraction(data: Bytes, at: int, end: int, decimals: int, zeros: int) -> tuple[int, int]:
    """Return (value of `decimals` digits, status) of the digits behind a decimal mark."""
    value = 0
    taken = 0
    status = NO_DIGITS if at == end else OK
    while at < end:
        byte = data[at]
        if byte < _ZERO or byte > _NINE:
            return 0, BAD_CHARACTER
        if taken < decimals:
            value = value * 10 + _digit(byte)
        elif zeros == ZEROS_REFUSED or byte != _ZERO:
            status = EXCESS_DECIMALS
        taken += 1
        at += 1
    while taken < decimals:
        value *= 10
        taken += 1
    return value, status


@njit(cache=True, nogil=True)
def _magnitude(
    data: Bytes, at: int, end: int, decimals: int, mark: int, group: int, zeros: int
) -> tuple[int, int]:
    """Return (minor units, status) of unsigned digits in `data[at:end]`."""
    value, digits, at, status = _whole(data, at, end, group)
    if status != OK:
        return 0, status
    for _ in range(decimals):
        value *= 10
        if value > LIMIT:
            return 0, TOO_LARGE
    if at < end:
        if mark == 0 or data[at] != mark:
            return 0, BAD_CHARACTER
        digits += end - at - 1
        if zeros == ZEROS_PLAIN and end - at - 1 == _GROUP and value != 0:
            zeros = ZEROS_REFUSED
        fraction, status = _fraction(data, at + 1, end, decimals, zeros)
        if status != OK:
            return 0, status
        value += fraction
    if digits == 0:
        return 0, NO_DIGITS
    return (0, TOO_LARGE) if value > LIMIT else (value, OK)


@njit(cache=True, nogil=True)
def _signed(
    data: Bytes,
    at: int,
    end: int,
    decimals: int,
    marks: Bytes,
    symbols: Bytes,
    symbol_ends: Ints,
) -> tuple[int, int]:
    """Return (minor units, status) of `[-][symbol][-]digits[symbol]`, each mark at most once."""
    negative = data[at] == _MINUS
    if negative:
        at += 1
    size = _symbol_length(data, at, end, symbols, symbol_ends, 0)
    at += size
    if size > 0 and not negative and at < end and data[at] == _MINUS:
        negative = True
        at += 1
    if size == 0:
        end -= _symbol_length(data, at, end, symbols, symbol_ends, 1)
    value, status = _magnitude(data, at, end, decimals, marks[0], marks[1], marks[2])
    return (-value if negative else value), status


@njit(cache=True, nogil=True)
def _credit_debit(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return (minor units, status) of `C`, `D` or a space and then digits; `D` is negative."""
    first = data[at]
    if first not in (_CREDIT, _DEBIT, _SPACE):
        return 0, BAD_CHARACTER
    value, status = _magnitude(data, at + 1, end, 0, 0, 0, 0)
    return (-value if first == _DEBIT else value), status


@njit(cache=True, nogil=True)
def _by_grammar(
    data: Bytes,
    at: int,
    end: int,
    unit: int,
    decimals: int,
    marks: Bytes,
    padded: int,
    symbols: Bytes,
    symbol_ends: Ints,
) -> tuple[int, int]:
    """Return (minor units, status) of one text by everything that the sender declares."""
    if padded != 0:
        while at < end and data[end - 1] in (_SPACE, _TAB):
            end -= 1
        while at < end and unit == UNIT_DECIMAL and data[at] in (_SPACE, _TAB):
            at += 1
    if at == end:
        return 0, EMPTY
    if data[end - 1] in (_SPACE, _TAB):
        return 0, PADDED
    if unit == UNIT_CREDIT_DEBIT:
        return _credit_debit(data, at, end)
    if data[at] in (_SPACE, _TAB):
        return 0, PADDED
    return _signed(data, at, end, decimals, marks, symbols, symbol_ends)


@njit(cache=True, nogil=True)
def parse_money(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    valid: Flags,
    unit: int,
    decimals: Ints,
    marks: Bytes,
    padded: int,
    symbols: Bytes,
    symbol_ends: Ints,
    out: Ints,
    out_status: Flags,
) -> None:
    """Fill `out` (int64 minor units) and `out_status` (uint8) for each row.

    decimals: int8, one a row or one for all. marks: uint8 (decimal, group, zeros); 0 switches a
    mark off, zeros is one of ZEROS_*. symbols: uint8, all symbols end to
    end; symbol_ends: int64, where each ends.
    """
    step = 1 if len(decimals) > 1 else 0
    for i in range(len(valid)):
        at, end = starts[i], ends[i]
        if valid[i] and unit == UNIT_DECIMAL:
            value = _short(data, at, end, decimals[i * step], marks[0])
            if value < 0:
                value = _plain(data, at, end, decimals[i * step], marks[0], marks[2])
            if value >= -LIMIT:
                out[i], out_status[i] = value, OK
                continue
        out[i], out_status[i] = 0, NULL
        if valid[i]:
            out[i], out_status[i] = _by_grammar(
                data, at, end, unit, decimals[i * step], marks, padded, symbols, symbol_ends
            )
