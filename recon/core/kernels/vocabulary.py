"""Looks words up in a vocabulary: each text of a column becomes the word's place in a list.

Texts are Arrow's views (uint64, n x 2): the length in 32 bits and the first four bytes; then, up to
twelve bytes in all, the other eight, missing ones as zeros, and for longer texts the number of
their buffer and where they begin in it. `data` holds all buffers one behind the other, `base`
(int64) where each begins.

The table of slots (uint64, slots x 3, a power of two of them, some of them free) holds in each the
length and the first twelve bytes of a word in the same shape, and its place in the list, from 1; a
free slot is zero. What follows is compared byte by byte: no text is ever taken for another.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Bytes, Flags, Ints, Words
from recon.core.kernels.digest import word_at

SHORT = 12  # bytes of a text that stand in its view
_WORD = 8
_PREFIX = 4
_MIX = np.uint64(0x9E3779B185EBCA87)
_MIX_TAIL = np.uint64(0xC2B2AE3D27D4EB4F)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
def _home(head: np.uint64, tail: np.uint64, shift: np.uint64) -> int:
    """Return the slot at which the search for a text begins: the highest bits hang on all bytes."""
    return int(np.int64(((head ^ (tail * _MIX_TAIL)) * _MIX) >> shift))


@njit(cache=True, nogil=True)
def _shift(slots: int) -> np.uint64:
    """Return by how much a hash is shifted to be the number of a slot."""
    shift = 64
    while slots > 1:
        slots >>= 1
        shift -= 1
    return np.uint64(shift)


@njit(cache=True, nogil=True)
def _begin(place: np.uint64, base: Ints) -> int:
    """Return where the bytes of a long text begin."""
    return int(base[np.int64(place & _LOW)] + np.int64(place >> _HALF))


@njit(cache=True, nogil=True)
def _same(data: Bytes, at: int, word_data: Bytes, word_at_byte: int, length: int) -> bool:
    """Return whether a long text goes on behind its first bytes as the word does."""
    for k in range(SHORT, length):  # noqa: SIM110 - kernels have no generators
        if data[at + k] != word_data[word_at_byte + k]:
            return False
    return True


@njit(cache=True, nogil=True)
def fill_slots(views: Words, data: Bytes, base: Ints, slots: Words) -> None:
    """Fill the table, arriving as zeros, with the words, which are all different."""
    shift = _shift(len(slots))
    for number in range(len(views)):
        head, tail = views[number, 0], views[number, 1]
        if head & _LOW > SHORT:
            at = _begin(tail, base) + _PREFIX
            tail = word_at(data, at, at + _WORD)
        slot = _home(head, tail, shift)
        while slots[slot, 2] != 0:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot, 0] = head
        slots[slot, 1] = tail
        slots[slot, 2] = number + 1


@njit(cache=True, nogil=True)
def _search(
    head: np.uint64,
    tail: np.uint64,
    data: Bytes,
    at: int,
    word_views: Words,
    word_data: Bytes,
    word_base: Ints,
    slots: Words,
) -> int:
    """Return the place of a text; 0 for one that is no word."""
    length = int(np.int64(head & _LOW))
    shift = _shift(len(slots))
    slot = _home(head, tail, shift)
    while slots[slot, 2] != 0:
        if slots[slot, 0] == head and slots[slot, 1] == tail:
            number = np.int64(slots[slot, 2])
            word = word_views[number - 1, 1]
            if length <= SHORT or _same(data, at, word_data, _begin(word, word_base), length):
                return int(number)
        slot = (slot + 1) & (len(slots) - 1)
    return 0


@njit(cache=True, nogil=True)
def append_places(
    views: Words,
    data: Bytes,
    base: Ints,
    valid: Flags,
    word_views: Words,
    word_data: Bytes,
    word_base: Ints,
    slots: Words,
    key: Ints,
) -> None:
    """Make each row's key `key * (words + 1) + place`; a null and an unknown text have place 0.

    valid: 1 where a row is not null; empty when none is. A short text that is its slot's word, or
    whose slot is free, costs no branch that the data turns.
    """
    size = len(word_views) + 1
    shift = _shift(len(slots))
    for i in range(len(key)):
        place = 0
        if len(valid) == 0 or valid[i]:
            head, tail = views[i, 0], views[i, 1]
            if head & _LOW > SHORT:
                at = _begin(tail, base)
                tail = word_at(data, at + _PREFIX, at + _PREFIX + _WORD)
                place = _search(head, tail, data, at, word_views, word_data, word_base, slots)
            else:
                slot = _home(head, tail, shift)
                hit = (slots[slot, 0] == head) & (slots[slot, 1] == tail)
                place = np.int64(slots[slot, 2]) * hit
                if (slots[slot, 2] != 0) & (not hit):
                    place = _search(head, tail, data, 0, word_views, word_data, word_base, slots)
        key[i] = key[i] * size + place


@njit(cache=True, nogil=True)
def append_numbered(number: Ints, place_of: Ints, size: int, key: Ints) -> None:
    """Make each row's key `key * size + place_of[number]`; a row below 0 has place 0."""
    for i in range(len(key)):
        place = place_of[number[i]] if number[i] >= 0 else 0
        key[i] = key[i] * size + place
