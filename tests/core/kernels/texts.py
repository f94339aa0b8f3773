"""Text columns and candidate pairs as the kernels take them."""

from __future__ import annotations

import numpy as np


def column(words):
    """Return the bytes and the offsets of some texts."""
    data = "".join(words).encode()
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word.encode()) for word in words], out=offsets[1:])
    return np.frombuffer(data, np.uint8), offsets


def edges(lefts, rights):
    """Return every pair in compressed rows."""
    start = np.arange(len(lefts) + 1) * len(rights)
    return start, np.tile(np.arange(len(rights)), len(lefts))
