"""Finds card numbers in text: runs of 13 to 19 digits that a card could carry."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints

MIN_DIGITS = 13
MAX_DIGITS = 19
# First four digits of the card schemes: Diners, JCB, American Express, Visa, Mastercard, Maestro,
# Discover, UnionPay (60, 62, 65, 81, 82) and the older ICBC cards.
_ISSUERS = (
    (2221, 2720),
    (3000, 3099),
    (3400, 3999),
    (4000, 4999),
    (5000, 5899),
    (6000, 6999),
    (8100, 8299),
    (9558, 9558),
)
_TEN = 10
_ZERO = 48
_NINE = 57
_SPACE = 32
_DASH = 45
_FULL_WIDTH = (0xEF, 0xBC, 0x90)  # UTF-8 of full-width zero; nine ends in 0x99


@njit(cache=True, nogil=True)
def _is_luhn(digits: Ints, begin: int, end: int) -> bool:
    """Return whether `digits[begin:end]` passes the Luhn check."""
    total = 0
    double = False
    for k in range(end - 1, begin - 1, -1):
        value = digits[k]
        if double:
            value *= 2
            value -= 9 if value >= _TEN else 0
        total += value
        double = not double
    return total % _TEN == 0


@njit(cache=True, nogil=True)
def _is_issuer(digits: Ints, begin: int) -> bool:
    """Return whether a number begins as the card schemes number their cards."""
    four = 0
    for k in range(begin, begin + 4):
        four = four * 10 + digits[k]
    for low, high in _ISSUERS:  # noqa: SIM110 - numba compiles no generator
        if low <= four <= high:
            return True
    return False


@njit(cache=True, nogil=True, inline="always")
def _is_card(digits: Ints, begin: int, end: int) -> bool:
    """Return whether `digits[begin:end]` is a plausible card number."""
    fits = MIN_DIGITS <= end - begin <= MAX_DIGITS
    return fits and _is_issuer(digits, begin) and _is_luhn(digits, begin, end)


@njit(cache=True, nogil=True)
def _wide_digit(data: Bytes, at: int, end: int) -> int:
    """Return the full-width digit at a place, -1 where none stands."""
    if at + 2 < end and data[at + 1] == _FULL_WIDTH[1]:
        value = int(np.int64(data[at + 2])) - _FULL_WIDTH[2]
        return value if 0 <= value < _TEN else -1
    return -1


@njit(cache=True, nogil=True, inline="always")
def _may_hold(data: Bytes, at: int, end: int) -> bool:
    """Return whether a text has digits enough for a card number; most have not."""
    count = 0
    for k in range(at, end):
        if _ZERO <= data[k] <= _NINE or data[k] == _FULL_WIDTH[0]:
            count += 1
    return count >= MIN_DIGITS


@njit(cache=True, nogil=True)
def _holds_card(data: Bytes, at: int, end: int, digits: Ints) -> bool:
    """Return whether a plausible card number stands alone in `data[at:end]`.

    digits: int64, room for the digits of the longest text.
    """
    count = group = 0  # digits of the joined run, and where its last group begins
    joined = False
    while at < end:
        byte = data[at]
        value = int(np.int64(byte)) - _ZERO
        at += 1
        if byte == _FULL_WIDTH[0]:
            value = _wide_digit(data, at - 1, end)
            at += 2 if value >= 0 else 0
        if 0 <= value < _TEN:
            digits[count] = value
            count += 1
            joined = False
        elif count > 0:
            if _is_card(digits, group, count):
                return True
            joins = not joined and byte in (_SPACE, _DASH)
            if not joins and group > 0 and _is_card(digits, 0, count):
                return True
            count = group = count if joins else 0
            joined = joins
    return _is_card(digits, group, count) or _is_card(digits, 0, count)


@njit(cache=True, nogil=True)
def find_pan(data: Bytes, offsets: Ints, valid: Flags, out: Flags) -> None:
    """Fill `out` (uint8) with 1 for each row of text that holds a plausible card number.

    A number stands alone: a run of digits, or groups of digits joined by single spaces or dashes
    whose digits together make one. ASCII and full-width digits count.
    """
    longest = 0
    for i in range(len(valid)):
        longest = max(longest, offsets[i + 1] - offsets[i])
    digits = np.empty(longest + 1, np.int64)
    for i in range(len(valid)):
        at, end = offsets[i], offsets[i + 1]
        out[i] = 0
        if valid[i] and end - at >= MIN_DIGITS and _may_hold(data, at, end):
            out[i] = _holds_card(data, at, end, digits)
