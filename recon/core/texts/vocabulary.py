"""Places of words: a column's texts as their positions in a short list of known words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.kernels import vocabulary as kernel
from recon.core.texts.text import TextViews, read_only, text_views

_NO_ROW = -1  # of an enumeration: the row is null
_SPARSE = 8  # slots a word: with two, collisions cost twice the time
_LEAST_SLOTS = 1 << 10


@dataclass(frozen=True, slots=True)
class Numbered:
    """A column of an enumeration, each word of which has been looked up once."""

    number: NDArray[np.int64]  # of the word; -1: the row is null
    place_of: NDArray[np.int64]  # by number of the word

    def __getitem__(self, rows: slice) -> Numbered:
        """Return some of the rows."""
        return Numbered(self.number[rows], self.place_of)


Rows: TypeAlias = TextViews | Numbered


class Vocabulary:
    """A list of different words; place 0 is every other text and a missing one."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take the words in the order of their places, the first of which is 1."""
        self.words = tuple(words)
        self._views = text_views(pl.Series(self.words, dtype=pl.String))
        size = max(_LEAST_SLOTS, 1 << (_SPARSE * len(self.words)).bit_length())
        slots = np.zeros((size, 3), np.uint64)
        kernel.fill_slots(self._views.views, self._views.data, self._views.base, slots)
        self._slots = read_only(slots)

    @property
    def places(self) -> int:
        """Return how many places there are."""
        return len(self.words) + 1

    def append_to(self, key: NDArray[np.int64], rows: Rows) -> None:
        """Make each row's key `key * places + place`: a mixed-radix number over several columns."""
        if isinstance(rows, Numbered):
            kernel.append_numbered(rows.number, rows.place_of, self.places, key)
            return
        words = self._views
        kernel.append_places(
            rows.views,
            rows.data,
            rows.base,
            rows.valid,
            words.views,
            words.data,
            words.base,
            self._slots,
            key,
        )

    def prepared(self, column: pl.Series) -> Rows:
        """Return a column in the shape that `append_to` takes, whole or in slices."""
        if not isinstance(column.dtype, pl.Enum):
            return text_views(column.cast(pl.String))
        words = column.dtype.categories
        place_of = np.zeros(len(words), np.int64)
        self.append_to(place_of, text_views(words))
        number = column.to_physical().cast(pl.Int64).fill_null(_NO_ROW).to_numpy()
        return Numbered(read_only(number), read_only(place_of))
