"""Finds card numbers in text: runs of 13 to 19 digits that a card could carry."""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints

MIN_DIGITS = 13
MAX_DIGITS = 19
# First four digits of the card schemes: Diners, JCB, American Express, Visa, Mastercard, Maestro,
# Discover, UnionPay (60, 62, 65, 81, 82) and the older ICBC cards; then the fewest and most digits.
# Mastercard's second range has 16 digits and no others: what else begins so is the number of an
# order that begins with its day in 2022 to 2027. No card of 30, 4, 81 or 82 has 15 digits: so long
# are the numbers of UnionPay's and Lakala's merchants, by which a bank's memo names payouts.
_ISSUERS = (
    (2221, 2720, 16, 16),
    (3000, 3099, 14, 14),
    (3000, 3099, 16, MAX_DIGITS),
    (3400, 3999, MIN_DIGITS, MAX_DIGITS),
    (4000, 4999, MIN_DIGITS, MIN_DIGITS),
    (4000, 4999, 16, MAX_DIGITS),
    (5000, 5899, MIN_DIGITS, MAX_DIGITS),
    (6000, 6999, MIN_DIGITS, MAX_DIGITS),
    (8100, 8299, 16, MAX_DIGITS),
    (9558, 9558, MIN_DIGITS, MAX_DIGITS),
)
_TEN = 10
_ZERO = 48
_NINE = 57
_SPACE = 32
_DASH = 45
_FULL_WIDTH = (0xEF, 0xBC, 0x90)  # UTF-8 of full-width zero; nine ends in 0x99
# What may stand between the groups of one number, as UTF-8: tab, space, - . / _; no-break space,
# soft hyphen, middle dot; other spaces, dashes and characters without width.
_ONE_BYTE = (9, _SPACE, _DASH, 46, 47, 95)
_TWO_BYTES = (0xC2A0, 0xC2AD, 0xC2B7)
_THREE_BYTES = (
    (0xE28080, 0xE28095),
    (0xE280AF, 0xE280AF),
    (0xE2819F, 0xE281A0),
    (0xE28892, 0xE28892),
    (0xE38080, 0xE38080),
    (0xEFBBBF, 0xEFBBBF),
    (0xEFBC8D, 0xEFBC8D),
)
MAX_SEPARATORS = 3
# Groups that cards are printed in, besides groups of one size with a shorter last one.
_PRINTED = ((4, 6, 5), (4, 6, 4), (6, 13, 0))
_FEWEST_OF_ONE_SIZE = 3  # groups of two digits are dates and times


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
def _is_issued(digits: Ints, begin: int, length: int) -> bool:
    """Return whether cards that begin as `digits[begin:]` do have so many digits."""
    four = 0
    for k in range(begin, begin + 4):
        four = four * 10 + digits[k]
    for low, high, shortest, longest in _ISSUERS:
        if low <= four <= high and shortest <= length <= longest:
            return True
    return False


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
def _separator(data: Bytes, at: int, end: int) -> int:
    """Return how many bytes the separator at a place has, 0 where none stands."""
    if data[at] < 0x80:  # noqa: PLR2004 - ASCII
        return 1 if data[at] in _ONE_BYTE else 0
    code = int(np.int64(data[at]))
    if at + 1 < end:
        code = code << 8 | int(np.int64(data[at + 1]))
        for two in _TWO_BYTES:
            if code == two:
                return 2
    if at + 2 < end:
        code = code << 8 | int(np.int64(data[at + 2]))
        for low, high in _THREE_BYTES:
            if low <= code <= high:
                return 3
    return 0


@njit(cache=True, nogil=True)
def _is_printed(starts: Ints, first: int, last: int) -> bool:
    """Return whether groups `first` to `last` have the sizes that a card's groups have."""
    size = starts[first + 1] - starts[first]
    end = starts[last + 1] - starts[last]
    for two, three, four in _PRINTED:
        if last - first == (2 if four else 1) and size == two and end == (four or three):
            return four == 0 or starts[last] - starts[first + 1] == three
    if (size != 1 and size < _FEWEST_OF_ONE_SIZE) or end > size:
        return False
    for k in range(first, last):  # noqa: SIM110 - numba compiles no generator
        if starts[k + 1] - starts[k] != size:
            return False
    return True


@njit(cache=True, nogil=True)
def card_groups(
    digits: Ints, starts: Ints, plain: Flags, groups: int, begin: int
) -> tuple[int, int]:
    """Return first and last group of the first card number from group `begin` on, or (-1, -1).

    digits: int64, the digits of groups that separators join; starts: int64, where each group
    begins, and behind the last one where that ends; plain: uint8, 1 where one space or dash joins
    a group to the one before it. Such groups make a number in any sizes if they are all that are
    joined so; others need the sizes of a card's groups. The longest number of a place counts.
    """
    for first in range(begin, groups):
        if starts[groups] - starts[first] < MIN_DIGITS:
            break
        for last in range(min(groups, first + MAX_DIGITS) - 1, first - 1, -1):
            length = starts[last + 1] - starts[first]
            if _is_issued(digits, starts[first], length):
                is_whole = not plain[first] and (last + 1 == groups or not plain[last + 1])
                for k in range(first + 1, last + 1):
                    is_whole = is_whole and plain[k] == 1
                if (is_whole or _is_printed(starts, first, last)) and _is_luhn(
                    digits, starts[first], starts[last + 1]
                ):
                    return first, last
    return -1, -1


@njit(cache=True, nogil=True)
def _holds_card(data: Bytes, at: int, end: int, digits: Ints, starts: Ints, plain: Flags) -> bool:
    """Return whether a plausible card number stands alone in `data[at:end]`.

    digits: int64, starts: int64, plain: uint8; room for the bytes of the longest text and two.
    """
    count = groups = separators = 0
    is_plain = False
    while at < end:
        value = int(np.int64(data[at])) - _ZERO
        wide = data[at] == _FULL_WIDTH[0]
        if wide:
            value = _wide_digit(data, at, end)
        if 0 <= value < _TEN:
            if groups == 0 or separators > 0:
                starts[groups] = count
                plain[groups] = 1 if separators == 1 and is_plain else 0
                groups += 1
                separators = 0
            digits[count] = value
            count += 1
            at += 3 if wide else 1
        elif groups == 0:
            at += 1
        else:
            width = _separator(data, at, end)
            separators += 1
            is_plain = data[at] == _SPACE or data[at] == _DASH
            at += max(width, 1)
            if width == 0 or separators > MAX_SEPARATORS:
                starts[groups] = count
                if count >= MIN_DIGITS and card_groups(digits, starts, plain, groups, 0)[0] >= 0:
                    return True
                count = groups = separators = 0
    starts[groups] = count
    return count >= MIN_DIGITS and card_groups(digits, starts, plain, groups, 0)[0] >= 0


@njit(cache=True, nogil=True)
def find_pan(data: Bytes, starts: Ints, ends: Ints, valid: Flags, out: Flags) -> None:
    """Fill `out` (uint8) with 1 for each row of text that holds a plausible card number.

    A number stands alone: a run of digits, or groups of digits whose digits together make one:
    all that single spaces or dashes join, or groups sized as on a card with up to three separators
    of any kind between them. ASCII and full-width digits count.
    """
    longest = 0
    for i in range(len(valid)):
        longest = max(longest, ends[i] - starts[i])
    digits = np.empty(longest + 2, np.int64)
    places = np.empty(longest + 2, np.int64)
    plain = np.empty(longest + 2, np.uint8)
    for i in range(len(valid)):
        at, end = starts[i], ends[i]
        out[i] = 0
        if valid[i] and end - at >= MIN_DIGITS and _may_hold(data, at, end):
            out[i] = _holds_card(data, at, end, digits, places, plain)
