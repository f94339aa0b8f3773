"""The different words of a column, each of which then needs to be looked up once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels import few_words as kernel
from recon.core.texts.text import TextBuffers

_FEW = 256  # different words that are told apart by looking at all of them


def different_words(texts: TextBuffers) -> tuple[list[str], NDArray[np.uint32]]:
    """Return the different texts in the order in which they first stand, and each row's number.

    A null is the empty text.
    """
    first, numbers = np.zeros(_FEW, np.int64), np.empty(len(texts), np.uint32)
    count = kernel.number_words(texts.data, texts.starts, texts.ends, texts.valid, first, numbers)
    if count >= 0:
        return [texts.text(row) for row in first[:count].tolist()], numbers
    number_of: dict[str, int] = {}
    for row in range(len(texts)):
        numbers[row] = number_of.setdefault(texts.text(row), len(number_of))
    return list(number_of), numbers
