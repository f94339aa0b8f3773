"""Cuts lines of JSON that are flat objects into the spans of their values.

What is written in a plain way is cut here: known keys, each once, with text without escapes, a
number, true, false or null. Any other line is left to a reader that knows all of JSON.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints
from recon.core.kernels.digest import load_word, word_at

MOST_KEYS = 62  # a bit each of a number that is not negative

_WORD = 8
_EVERY = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_QUOTE = 34
_PLUS = 43
_COMMA = 44
_MINUS = 45
_POINT = 46
_ZERO = 48
_NINE = 57
_COLON = 58
_BACKSLASH = 92
_LOWER_E = 101
_OPEN = 123
_CLOSE = 125
_SPACE = 32
_TAB = 9
_LF = 10
_CR = 13
_CASE = 32  # what a lower letter has more than an upper one
_TRUE = np.frombuffer(b"true", np.uint8)
_FALSE = np.frombuffer(b"false", np.uint8)
_NULL = np.frombuffer(b"null", np.uint8)


@njit(cache=True, nogil=True)
def cut_objects(
    data: Bytes,
    offsets: Ints,
    names: Bytes,
    name_at: Ints,
    slots: Ints,
    starts: Ints,
    ends: Ints,
    is_cut: Flags,
) -> np.uint64:
    """Fill the spans of every line that is cut; return which keys stand in them, a bit a key.

    data: uint8, UTF-8. offsets: int64, where each line begins, and the end. names: uint8, the known
    keys one behind the other, at most MOST_KEYS, without quotes or escapes; name_at: int64, where
    each begins, and the end. slots: int32 a key, its column or -1. starts, ends: int64 (columns,
    lines); a value that is null or absent has a start of -1. is_cut: uint8 a line; where it is 0
    the line is not looked at.
    """
    latest = np.zeros(MOST_KEYS, np.int64)  # the key that stood at this place of a line before
    every = np.uint64(0)
    for line in range(len(offsets) - 1):
        starts[:, line] = -1
        ends[:, line] = -1
        if is_cut[line]:
            begin, end = offsets[line], offsets[line + 1]
            keys = _object(data, begin, end, names, name_at, slots, latest, line, starts, ends)
            is_cut[line] = keys >= 0
            every |= np.uint64(max(keys, 0))
    return every


@njit(cache=True, nogil=True)
def _object(
    data: Bytes,
    at: int,
    end: int,
    names: Bytes,
    name_at: Ints,
    slots: Ints,
    latest: Ints,
    line: int,
    starts: Ints,
    ends: Ints,
) -> int:
    """Cut one line; return the keys that stand in it, a bit a key, or -1."""
    at = _past_blanks(data, at, end)
    if _byte(data, at, end) != _OPEN:
        return -1
    at = _past_blanks(data, at + 1, end)
    keys = place = 0
    mark = _CLOSE if _byte(data, at, end) == _CLOSE else _COMMA
    while mark == _COMMA and place + 1 < len(name_at):
        key, value, stop = _member(data, at, end, names, name_at, latest[place])
        if stop < 0 or keys >> key & 1:
            return -1
        latest[place] = key
        place += 1
        keys |= 1 << key
        if slots[key] >= 0 and not _is_word(data, value, stop, _NULL):
            is_text = int(data[value] == _QUOTE)
            starts[slots[key], line] = value + is_text
            ends[slots[key], line] = stop - is_text
        at = _past_blanks(data, stop, end)
        mark = _byte(data, at, end)
        if mark == _COMMA:
            at = _past_blanks(data, at + 1, end)
    is_whole = mark == _CLOSE and _past_blanks(data, at + 1, end) == end
    return keys if is_whole else -1


@njit(cache=True, nogil=True)
def _member(
    data: Bytes, at: int, end: int, names: Bytes, name_at: Ints, likely: int
) -> tuple[int, int, int]:
    """Read the key and the value that should begin at `at`; likely: the key that it may be.

    Return (key, where the value begins, where it ends); the end is -1 for what is not plain.
    """
    key = likely
    close = at + 1 + name_at[key + 1] - name_at[key]
    is_likely = close < end and data[at] == _QUOTE and data[close] == _QUOTE
    if not is_likely or not _is_name(data, at + 1, close, names, name_at, key):
        close = _text_end(data, at, end)
        if close < 0:
            return 0, at, -1
        key = 0
        while key + 1 < len(name_at) and not _is_name(data, at + 1, close, names, name_at, key):
            key += 1
    at = _past_blanks(data, close + 1, end)
    if key + 1 == len(name_at) or _byte(data, at, end) != _COLON:
        return 0, at, -1
    at = _past_blanks(data, at + 1, end)
    return key, at, _value_end(data, at, end)


@njit(cache=True, nogil=True)
def _byte(data: Bytes, at: int, end: int) -> int:
    """Return the byte at `at`, 0 behind the end."""
    return int(data[at]) if at < end else 0


@njit(cache=True, nogil=True)
def _past_blanks(data: Bytes, at: int, end: int) -> int:
    """Return where the next byte that is no blank of JSON stands."""
    while at < end and data[at] in (_SPACE, _TAB, _LF, _CR):
        at += 1
    return at


@njit(cache=True, nogil=True)
def _text_end(data: Bytes, at: int, end: int) -> int:
    """Return where the text ends whose quote should stand at `at`: at its other quote, or -1."""
    if at >= end or data[at] != _QUOTE:
        return -1
    at += 1
    while at + _WORD <= end and not _marks(np.uint64(load_word(data, at))):  # type: ignore[call-arg] # numba passes its context
        at += _WORD
    while at < end and data[at] != _QUOTE:
        if data[at] < _SPACE or data[at] == _BACKSLASH:
            return -1
        at += 1
    return at if at < end else -1


@njit(cache=True, nogil=True, inline="always")
def _marks(word: np.uint64) -> np.uint64:
    """Return a bit, or more, when one of eight bytes is a quote, a backslash or below a space."""
    quote, backslash = word ^ _EVERY * np.uint64(_QUOTE), word ^ _EVERY * np.uint64(_BACKSLASH)
    low = (word - _EVERY * np.uint64(_SPACE)) & ~word
    none = ((quote - _EVERY) & ~quote) | ((backslash - _EVERY) & ~backslash)
    return (none | low) & _HIGH


@njit(cache=True, nogil=True)
def _is_name(data: Bytes, at: int, end: int, names: Bytes, name_at: Ints, key: int) -> bool:
    """Return whether a text is the name of a key."""
    begin = name_at[key]
    if end - at != name_at[key + 1] - begin:
        return False
    for k in range(0, end - at, _WORD):
        if word_at(data, at + k, end) != word_at(names, begin + k, name_at[key + 1]):
            return False
    return True


@njit(cache=True, nogil=True)
def _value_end(data: Bytes, at: int, end: int) -> int:
    """Return where the value ends that should begin at `at`, quotes included, or -1."""
    if at < end and data[at] == _QUOTE:
        close = _text_end(data, at, end)
        return close + 1 if close >= 0 else -1
    stop = at
    while stop < end and (_is_digit(data[stop]) or data[stop] > _NINE) and data[stop] != _CLOSE:
        stop += 1
    if stop > at and (
        _is_word(data, at, stop, _NULL)
        or _is_word(data, at, stop, _TRUE)
        or _is_word(data, at, stop, _FALSE)
    ):
        return stop
    return _number_end(data, at, end)


@njit(cache=True, nogil=True)
def _is_word(data: Bytes, at: int, end: int, word: Bytes) -> bool:
    """Return whether the bytes are a word."""
    if end - at != len(word):
        return False
    for k in range(end - at):  # noqa: SIM110 - kernels have no generators
        if data[at + k] != word[k]:
            return False
    return True


@njit(cache=True, nogil=True)
def _is_digit(byte: int) -> bool:
    """Return whether a byte is an ASCII digit."""
    return _ZERO <= byte <= _NINE


@njit(cache=True, nogil=True)
def _past_digits(data: Bytes, at: int, end: int) -> int:
    """Return where the next byte that is no digit stands."""
    while at < end and _is_digit(data[at]):
        at += 1
    return at


@njit(cache=True, nogil=True)
def _number_end(data: Bytes, at: int, end: int) -> int:
    """Return where the number ends that should begin at `at`, or -1."""
    if at < end and data[at] == _MINUS:
        at += 1
    begin = at
    at = _past_digits(data, at, end)
    if at == begin or (data[begin] == _ZERO and at > begin + 1):
        return -1
    if at < end and data[at] == _POINT:
        begin = at + 1
        at = _past_digits(data, begin, end)
        if at == begin:
            return -1
    if at < end and (data[at] | _CASE) == _LOWER_E:
        begin = at + 1
        if begin < end and data[begin] in (_PLUS, _MINUS):
            begin += 1
        at = _past_digits(data, begin, end)
        if at == begin:
            return -1
    return at
