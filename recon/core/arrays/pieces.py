"""Large tables of a night, made and written a piece at a time: none stands whole in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

STEP = 1 << 20  # rows looked at for a piece; the same for any memory, as files have the same bytes


@dataclass(frozen=True)
class Pieces:
    """The rows of a table in the order of its key; `make` yields them anew at each call."""

    make: Callable[[], Iterator[pl.DataFrame]]

    @staticmethod
    def of(frame: pl.DataFrame) -> Pieces:
        """Return a table that stands in memory anyway, as one piece."""
        return Pieces(lambda: iter([frame]))

    def whole(self) -> pl.DataFrame:
        """Return all rows as one table."""
        return pl.concat(list(self.make()))


def steps(height: int, step: int = STEP) -> Iterator[tuple[int, int]]:
    """Yield the ranges that cut `height` rows into pieces; one empty range where there are none."""
    for start in range(0, max(height, 1), step):
        yield start, min(start + step, height)
