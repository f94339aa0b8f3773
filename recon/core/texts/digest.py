"""Digests of columns: what keys are compared by, and what tells equal rows of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.arrays.columns import physical
from recon.core.arrays.parallel import run_all
from recon.core.kernels import digest as kernel
from recon.core.texts.text import TextBuffers, TextColumn, all_valid, read_only, text_buffers

Digests = NDArray[np.uint64]  # (n, 2)
SLICE_ROWS = 1 << 17


def digest(columns: Sequence[TextColumn], threads: int = 1) -> Digests:
    """Return one 128-bit digest a row of a composite text key, shape (n, 2).

    A null in any column makes the row (0, 0), which no other row is. Columns are told apart by
    their position, not by their name, so that the two sides of a leg may name them differently.
    """
    out = np.empty((len(columns[0]), 2), np.uint64)
    run_all(digest_slice, digest_jobs(columns, out), threads)
    return out


def digest_jobs(
    columns: Sequence[TextColumn], out: Digests
) -> list[tuple[Sequence[TextColumn], Digests, int, int]]:
    """Return the jobs for `digest_slice` that together fill `out` (n, 2)."""
    rows = out.shape[0]
    return [
        (columns, out, begin, min(begin + SLICE_ROWS, rows)) for begin in range(0, rows, SLICE_ROWS)
    ]


def digest_slice(columns: Sequence[TextColumn], out: Digests, begin: int, end: int) -> None:
    """Fill `out[begin:end]` with the digests of those rows.

    Slices keep what lies between text and digest inside the processor's cache.
    """
    buffers = [text_buffers(column[begin:end]) for column in columns]
    if len(buffers) == 1:
        part = buffers[0]
        kernel.digest_text(part.data, part.starts, part.ends, part.valid, out[begin:end])
        return
    lanes = _Lanes(out[begin:end])
    for position, part in enumerate(buffers):
        lanes.absorb_text(part, position + 1)
    lanes.finish(np.bitwise_and.reduce([part.valid for part in buffers]))


def key_columns(digests: Digests) -> tuple[pl.Series, pl.Series]:
    """Return digests (n, 2) as the two columns by which frames are joined: `hi` and `lo`."""
    hi, lo = (np.ascontiguousarray(digests[:, word]) for word in (0, 1))
    return pl.Series("hi", hi), pl.Series("lo", lo)


def has_key() -> pl.Expr:
    """Return which rows of a frame with `key_columns` have a key; (0, 0) is none."""
    return (pl.col("hi") != 0) | (pl.col("lo") != 0)


def digest_rows(
    frame: pl.DataFrame,
    tags: dict[str, int],
    as_text: Callable[[pl.Series], TextBuffers] = text_buffers,
) -> Digests:
    """Return one 128-bit digest a row over mixed columns, shape (n, 2); nulls count as content.

    `tags` gives each column its permanent number. Text is absorbed as it stands, enumerations,
    numbers, dates and times as their 64-bit value. as_text: where a text column's bytes are.
    """
    lanes = _Lanes(np.empty((frame.height, 2), np.uint64))
    for name, tag in tags.items():
        column = frame[name]
        if column.null_count() == frame.height:
            continue
        if column.dtype == pl.String:
            lanes.absorb_text(as_text(column), tag)
        else:
            lanes.absorb_numbers(column, tag)
    return lanes.finish(np.ones(frame.height, np.uint8))


def fingerprints(
    source: str, digests: Digests, occurrences: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Return the 63-bit digest of each row's source, digest and occurrence number in the file."""
    name = digest([pa.array([source])])[0, 0]
    out = np.empty(len(digests), np.int64)
    kernel.fingerprint_rows(name, digests, occurrences, out)
    return out


class Occurrences:
    """Counts equal rows of one file, batch after batch, by their 128-bit digests."""

    def __init__(self) -> None:
        """Start with no rows."""
        self._digests = np.zeros((0, 2), np.uint64)
        self._counts = np.zeros(0, np.uint32)
        self._slots = np.zeros(1 << 10, np.int32)
        self._rows = 0

    def expect(self, rows: int) -> None:
        """Make room for about so many rows at once, where nothing has been counted yet."""
        if not self._rows:
            self._reserve(rows)

    def add(self, digests: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return, for each row of a batch, how many equal rows stand before it in the file."""
        begin, end = self._rows, self._rows + len(digests)
        self._reserve(end)
        self._digests[begin:end] = digests
        kernel.count_occurrences(self._digests[:end], begin, self._slots, self._counts)
        self._rows = end
        return self._counts[begin:end].copy()

    def _reserve(self, rows: int) -> None:
        """Make room for `rows` rows, at most half of the slots taken."""
        if rows > len(self._digests):
            size = max(rows, 2 * len(self._digests))
            digests = np.zeros((size, 2), np.uint64)
            counts = np.zeros(size, np.uint32)
            digests[: self._rows] = self._digests[: self._rows]
            counts[: self._rows] = self._counts[: self._rows]
            self._digests, self._counts = digests, counts
        if 2 * rows > len(self._slots):
            size = 1 << int(2 * rows - 1).bit_length()
            self._slots = np.zeros(size, np.int32)
            again = np.zeros(self._rows, np.uint32)
            kernel.count_occurrences(self._digests[: self._rows], 0, self._slots, again)


class _Lanes:
    """The two running lanes of every row, in the array that will hold the digests."""

    def __init__(self, out: Digests) -> None:
        """Seed both lanes."""
        self._out = out
        kernel.seed_lanes(out)

    def absorb_text(self, part: TextBuffers, tag: int) -> None:
        """Absorb one text column."""
        kernel.absorb_text(part.data, part.starts, part.ends, part.valid, tag, self._out)

    def absorb_numbers(self, column: pl.Series, tag: int) -> None:
        """Absorb one column of integers, enumerations, dates or times."""
        numbers = physical(column).cast(pl.Int64)
        valid = all_valid(len(column))
        if column.null_count():
            numbers = numbers.fill_null(0)
            valid = column.is_not_null().to_numpy().view(np.uint8)
        self.absorb_words(numbers.to_numpy().view(np.uint64), valid, tag)

    def absorb_words(self, words: NDArray[np.uint64], valid: NDArray[np.uint8], tag: int) -> None:
        """Absorb one column of 64-bit words."""
        kernel.absorb_words(read_only(words), read_only(valid), tag, self._out)

    def finish(self, valid: NDArray[np.uint8]) -> Digests:
        """Return the digests, (0, 0) where a row is not valid."""
        kernel.finish(self._out, read_only(valid))
        return self._out
