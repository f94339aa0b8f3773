"""Cuts the key space of a pass into slices whose working arrays fit the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recon.core.passes.contract import WHOLE, KeySlice, Work
from recon.core.plan import Method

ROW_BYTES = 120  # working arrays of a row: digest, scattered digest, position, lines, links
SHARE = 4  # a pass may use one part in so many of the memory; the rows themselves lie in the rest
BITS_MAX = 10
SMALL = 100_000  # rows that are never worth slicing
BY_KEY = (Method.EXACT, Method.UNIQUE, Method.GROUP, Method.WINDOW, Method.BAND)


def key_slices(work: Work) -> Iterator[KeySlice]:
    """Yield the slices of a pass in order; one where memory is no matter or there is no key.

    Rows of different keys never meet in a pass of `BY_KEY`, so that the slices are independent.
    """
    bits = _slice_bits(work)
    if bits == 0:
        yield WHOLE
        return
    for number in range(1 << bits):
        yield KeySlice(bits, number)


def _slice_bits(work: Work) -> int:
    """Return how many bits of the key tell slices apart; 0 for one slice."""
    if work.memory_bytes is None or not work.step.left_key or work.step.method not in BY_KEY:
        return 0
    sides = [int(work.leg.left), int(work.leg.right)]
    rows = int(np.count_nonzero(work.free & np.isin(work.facts.side, sides)))
    allowed = max(1, work.memory_bytes // SHARE)
    if rows < SMALL or rows * ROW_BYTES <= allowed:
        return 0
    return min(BITS_MAX, (-(-rows * ROW_BYTES // allowed) - 1).bit_length())
