"""Text columns as a SCORE pass compares them: normal form, features, signatures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.kernels.arrays import Words
from recon.core.kernels.distance import sign_texts
from recon.core.kernels.features import (
    find_features,
    intern_features,
    list_features,
    pack_features,
)
from recon.core.kernels.text import normalise_texts
from recon.core.texts.text import TextBuffers

Numbers = NDArray[np.int32]
COMMON = 8  # a feature that more than one row in so many shows is no evidence


@dataclass(frozen=True)
class Texts:
    """Normalised text of some rows."""

    data: NDArray[np.uint8]
    offsets: Rows

    @property
    def size(self) -> Rows:
        """Return the bytes of each row."""
        return np.diff(self.offsets)

    @property
    def head(self) -> NDArray[np.uint8]:
        """Return the first byte of each row, 0 where it is empty."""
        ended = np.append(self.data, np.uint8(0))
        return np.where(self.size > 0, ended[self.offsets[:-1]], np.uint8(0))

    def signs(self) -> Words:
        """Return the sets of bytes and of neighbouring bytes of each row, (2, n)."""
        out = np.empty((2, self.offsets.size - 1), np.uint64)
        sign_texts(self.data, self.offsets, out[0], out[1])
        return out


@dataclass(frozen=True)
class Features:
    """Numbers of the words and digit runs of each row, rarest first, and a 64-bit set of them."""

    start: Rows
    code: Numbers
    sign: Words


@dataclass(frozen=True)
class Shared:
    """Features that both sides show: how many right rows show each, and which are digits.

    They are numbered from the rarest on, a number before a word that is as rare.
    """

    left: Features
    right: Features
    count: Numbers
    digits: NDArray[np.uint8]


def normalise(data: NDArray[np.uint8], offsets: Rows) -> Texts:
    """Return texts in normal form; the second time for zeros that folding made ASCII."""
    for _ in range(2):
        out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
        out_offsets = np.empty(offsets.size, np.int64)
        size = normalise_texts(data, offsets, out, out_offsets)
        data, offsets = out[:size], out_offsets
    return Texts(data, offsets)


def texts_of(buffers: TextBuffers, rows: Rows) -> Texts:
    """Return the normalised texts of `rows`; a null text is empty."""
    begin, end = buffers.starts[rows], buffers.ends[rows]
    size = np.where(buffers.valid[rows] == 1, end - begin, 0)
    offsets = np.zeros(rows.size + 1, np.int64)
    np.cumsum(size, out=offsets[1:])
    place = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1] - begin, size)
    return normalise(np.ascontiguousarray(buffers.data[place]), offsets)


def as_series(texts: Texts) -> pl.Series:
    """Return the texts as a column of bytes."""
    buffers = [None, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)]
    array = pa.Array.from_buffers(pa.large_binary(), texts.offsets.size - 1, buffers)
    return pl.Series(pl.from_arrow(array))


def in_byte_order(texts: Texts) -> Texts:
    """Return the texts in ascending byte order."""
    ordered = as_series(texts).sort().to_arrow().cast(pa.large_binary())
    _, offsets, data = ordered.buffers()
    return Texts(
        np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8),
        np.frombuffer(offsets, np.int64, len(ordered) + 1, ordered.offset * 8),
    )


def features_of(texts: Texts) -> tuple[Rows, Words]:
    """Return where each row's features begin, and the features."""
    start = np.empty(texts.offsets.size, np.int64)
    total = list_features(texts.data, texts.offsets, start, np.empty(0, np.uint64))
    out = np.empty(total, np.uint64)
    list_features(texts.data, texts.offsets, start, out)
    return start, out


def pack(start: Rows, code: Numbers) -> Features:
    """Return the features of each row without those that are no evidence (code -1)."""
    out_start, out = np.empty(start.size, np.int64), np.empty(code.size, np.int32)
    sign = np.empty(start.size - 1, np.uint64)
    pack_features(start, code, out_start, out, sign)
    return Features(out_start, out[: out_start[-1]], sign)


def shared_features(left: Texts, right: Texts) -> Shared:
    """Return the features that both sides show, common ones left out."""
    right_start, right_feature = features_of(right)
    slots = 1 << (2 * right_feature.size + 1).bit_length()
    keys, ids = np.zeros(slots, np.uint64), np.full(slots, -1, np.int32)
    code, count = np.empty((2, right_feature.size), np.int32)
    distinct = intern_features(right_feature, keys, ids, code, count)
    count = count[:distinct].copy()
    digits = np.zeros(distinct, np.uint8)
    digits[code] = (right_feature & np.uint64(1)).astype(np.uint8)
    left_start, left_feature = features_of(left)
    left_code, seen = np.empty(left_feature.size, np.int32), np.zeros(distinct, np.uint8)
    most = max((right.offsets.size - 1) // COMMON, 1)
    find_features(left_feature, keys, ids, count, most, left_code, seen)
    code[seen[code] == 0] = -1
    rarest = np.argsort(2 * count - digits, kind="stable")
    number = np.empty(distinct + 1, np.int32)  # by the number above, -1 last
    number[rarest] = np.arange(distinct)
    number[distinct] = -1
    sides = pack(left_start, number[left_code]), pack(right_start, number[code])
    return Shared(*sides, count[rarest], digits[rarest])
