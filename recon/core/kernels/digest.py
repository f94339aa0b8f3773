"""A 128-bit digest of text and numbers: two independent 64-bit lanes in one pass.

A row is absorbed part by part. A part is a tag (its position), its 8-byte little-endian words, the
last one filled up with zeros, and its length; so ("ab", "c") and ("a", "bc") differ, and a null
part, which absorbs nothing, differs from an empty one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from recon.core.kernels.arrays import Bytes, Flags, Ints, Words

_WORD = 8
_FIRST_WORD = np.uint64(0x9E3779B185EBCA87)
_FIRST_STATE = np.uint64(0xC2B2AE3D27D4EB4F)
_SECOND_WORD = np.uint64(0xD6E8FEB86659FD93)
_SECOND_STATE = np.uint64(0xA0761D6478BD642F)
FIRST_SEED = np.uint64(0x243F6A8885A308D3)
SECOND_SEED = np.uint64(0x13198A2E03707344)
_TAG = np.uint64(0xE7037ED1A0B428DB)
_MIX_A = np.uint64(0xFF51AFD7ED558CCD)
_NOT_NEGATIVE = np.uint64((1 << 63) - 1)
_RUN_ROWS = 256
_MIX_B = np.uint64(0xC4CEB9FE1A85EC53)


@intrinsic
def load_word(_typing_context: Any, data: Any, at: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Load 8 bytes at any alignment as a little-endian number; reads `data[at:at + 8]`."""
    signature = types.uint64(data, at)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - as above
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte_pointer = context.get_value_type(types.uint8).as_pointer()
        word_pointer = context.get_value_type(types.uint64).as_pointer()
        place = builder.gep(builder.bitcast(array.data, byte_pointer), [arguments[1]])
        return builder.load(builder.bitcast(place, word_pointer), align=1)

    return signature, generate


@njit(cache=True, nogil=True)
def word_at(data: Bytes, at: int, end: int) -> np.uint64:
    """Return `data[at:min(at + 8, end)]` as a number, missing bytes as zeros."""
    left = min(end - at, _WORD)
    if at + _WORD <= len(data):
        value = np.uint64(load_word(data, at))  # type: ignore[call-arg] # numba passes its context
        if left < _WORD:
            value &= (np.uint64(1) << np.uint64(8 * left)) - np.uint64(1)
        return value
    value = np.uint64(0)
    for k in range(left):
        value |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return value


@njit(cache=True, nogil=True)
def _first(state: np.uint64, word: np.uint64) -> np.uint64:
    """Absorb one word into the first lane."""
    mixed = state ^ (word * _FIRST_WORD)
    return ((mixed << np.uint64(31)) | (mixed >> np.uint64(33))) * _FIRST_STATE


@njit(cache=True, nogil=True)
def _second(state: np.uint64, word: np.uint64) -> np.uint64:
    """Absorb one word into the second lane."""
    mixed = state + ((word ^ (word >> np.uint64(32))) * _SECOND_WORD)
    return ((mixed << np.uint64(27)) | (mixed >> np.uint64(37))) * _SECOND_STATE


@njit(cache=True, nogil=True)
def seed_lanes(lanes: Words) -> None:
    """Start both lanes (uint64, n x 2) of every row."""
    for i in range(len(lanes)):
        lanes[i, 0] = FIRST_SEED
        lanes[i, 1] = SECOND_SEED


@njit(cache=True, nogil=True)
def absorb_text(
    data: Bytes, starts: Ints, ends: Ints, valid: Flags, tag: int, lanes: Words
) -> None:
    """Absorb one text column into both lanes (n x 2, in place); a null row absorbs nothing."""
    mark = np.uint64(tag) * _TAG
    for i in range(len(valid)):
        if not valid[i]:
            continue
        at, end = starts[i], ends[i]
        size = np.uint64(end - at)
        a, b = _first(lanes[i, 0], mark), _second(lanes[i, 1], mark)
        while at + _WORD <= end:
            word = np.uint64(load_word(data, at))  # type: ignore[call-arg] # numba passes its context
            a, b = _first(a, word), _second(b, word)
            at += _WORD
        if at < end:
            word = word_at(data, at, end)
            a, b = _first(a, word), _second(b, word)
        lanes[i, 0], lanes[i, 1] = _first(a, size), _second(b, size)


@njit(cache=True, nogil=True)
def digest_text(data: Bytes, starts: Ints, ends: Ints, valid: Flags, out: Words) -> None:
    """Fill `out` (n, 2) with the digests of one text column: seeded, absorbed as part 1, finished.

    The same as the three kernels one after the other; the lanes never leave the registers.
    """
    first, second = _first(FIRST_SEED, _TAG), _second(SECOND_SEED, _TAG)
    for i in range(len(valid)):
        if not valid[i]:
            out[i, 0] = 0
            out[i, 1] = 0
            continue
        at, end = starts[i], ends[i]
        size = np.uint64(end - at)
        a, b = first, second
        while at + _WORD <= end:
            word = np.uint64(load_word(data, at))  # type: ignore[call-arg] # numba passes its context
            a, b = _first(a, word), _second(b, word)
            at += _WORD
        if at < end:
            word = word_at(data, at, end)
            a, b = _first(a, word), _second(b, word)
        out[i, 0], out[i, 1] = _digest(_first(a, size), _second(b, size))


@njit(cache=True, nogil=True)
def absorb_words(values: Words, valid: Flags, tag: int, lanes: Words) -> None:
    """Absorb one column of 64-bit numbers (uint64) into both lanes; a null row absorbs nothing."""
    mark = np.uint64(tag) * _TAG
    for i in range(len(valid)):
        if valid[i]:
            a, b = _first(lanes[i, 0], mark), _second(lanes[i, 1], mark)
            lanes[i, 0], lanes[i, 1] = _first(a, values[i]), _second(b, values[i])


@njit(cache=True, nogil=True)
def _avalanche(value: np.uint64) -> np.uint64:
    """Spread every bit of a lane over all bits (the finaliser of MurmurHash3)."""
    value ^= value >> np.uint64(33)
    value *= _MIX_A
    value ^= value >> np.uint64(33)
    value *= _MIX_B
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True)
def _digest(first: np.uint64, second: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the two words of a digest from both lanes; the second is never 0."""
    a, b = _avalanche(first), _avalanche(second)
    low = a + b + b
    return a + b, low if low != 0 else np.uint64(1)


@njit(cache=True, nogil=True)
def finish(lanes: Words, valid: Flags) -> None:
    """Turn both lanes (n x 2) into digests; a row that is not valid is (0, 0), no other is."""
    for i in range(len(valid)):
        if not valid[i]:
            lanes[i, 0] = 0
            lanes[i, 1] = 0
            continue
        lanes[i, 0], lanes[i, 1] = _digest(lanes[i, 0], lanes[i, 1])


@njit(cache=True, nogil=True)
def count_occurrences(digests: Words, begin: int, slots: Ints, out: Ints) -> None:
    """Fill `out[begin:]` (uint32) with how many equal digests stand before each row.

    digests: uint64 (n, 2), all rows so far. slots: int32, a power of two long, more than n, 0 where
    free, else 1 + the latest row of a digest; kept between calls.
    """
    mask = np.int64(len(slots) - 1)
    for first in range(begin, len(digests), _RUN_ROWS):
        last = min(first + _RUN_ROWS, len(digests))
        for i in range(first, last):  # brings the slots near, many at a time; written over below
            out[i] = slots[np.int64(digests[i, 1]) & mask]
        for i in range(first, last):
            place = np.int64(digests[i, 1]) & mask
            out[i] = 0
            while slots[place] != 0:
                row = slots[place] - 1
                if digests[row, 0] == digests[i, 0] and digests[row, 1] == digests[i, 1]:
                    out[i] = out[row] + 1
                    break
                place = (place + 1) & mask
            slots[place] = i + 1


@njit(cache=True, nogil=True)
def fingerprint_rows(name: np.uint64, digests: Words, occurrences: Ints, out: Ints) -> None:
    """Fill `out` (int64, not negative) with the digest of name, row digest and occurrence.

    name: of the source, as a number. digests: uint64 (n, 2). occurrences: uint32.
    """
    for i in range(len(out)):
        a, b = _absorbed(FIRST_SEED, SECOND_SEED, 1, name)
        a, b = _absorbed(a, b, 2, digests[i, 0])
        a, b = _absorbed(a, b, 3, digests[i, 1])
        a, b = _absorbed(a, b, 4, np.uint64(occurrences[i]))
        out[i] = np.int64((_avalanche(a) + _avalanche(b)) & _NOT_NEGATIVE)


@njit(cache=True, nogil=True)
def _absorbed(a: np.uint64, b: np.uint64, tag: int, word: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return both lanes after one tagged word."""
    mark = np.uint64(tag) * _TAG
    return _first(_first(a, mark), word), _second(_second(b, mark), word)
