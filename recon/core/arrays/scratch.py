"""Large working arrays, kept between uses.

Fresh memory is handed out by the operating system page by page and cleared first; for arrays of
tens of megabytes that costs more than the work done in them. A lease takes arrays from the shelf
and puts them back at its end. Their content is whatever was left in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEEP_BYTES = 2 << 30  # what a shelf keeps at most while nobody uses it
WASTE = 2  # a kept buffer serves needs down to this fraction of its size
SMALL_BYTES = 1 << 20  # the allocator keeps such buffers by itself

Buffer = NDArray[np.uint8]


class Shelf:
    """Buffers that nobody uses at the moment, smallest first; safe for several threads."""

    def __init__(self, keep_bytes: int = KEEP_BYTES) -> None:
        """Start empty."""
        self._keep = keep_bytes
        self._free: list[Buffer] = []
        self._lock = Lock()

    @property
    def kept_bytes(self) -> int:
        """Return how much memory lies on the shelf."""
        return sum(buffer.size for buffer in self._free)

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """Lend arrays until the end of the `with` block; none of them may be used after it."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            self._give_back(lease.buffers)

    def clear(self) -> None:
        """Hand all kept memory back to the system."""
        with self._lock:
            self._free.clear()

    def take(self, size: int) -> Buffer:
        """Return the smallest kept buffer of `size` bytes that is not wasted, else a new one."""
        with self._lock:
            for place, buffer in enumerate(self._free):
                if size <= buffer.size <= WASTE * size:
                    return self._free.pop(place)
        return np.empty(size, np.uint8)

    def _give_back(self, buffers: list[Buffer]) -> None:
        """Keep the buffers, largest dropped first where there are too many."""
        with self._lock:
            self._free = sorted([*self._free, *buffers], key=lambda buffer: buffer.size)
            kept = self.kept_bytes
            while self._free and kept > self._keep:
                kept -= self._free.pop().size


class Lease:
    """The arrays lent to one piece of work."""

    def __init__(self, shelf: Shelf) -> None:
        """Start with none."""
        self._shelf = shelf
        self.buffers: list[Buffer] = []

    def array(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of unknown content, as `numpy.empty` does."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape)) * kind.itemsize
        if size < SMALL_BYTES:
            return np.empty(shape, kind)
        buffer = self._shelf.take(size)
        self.buffers.append(buffer)
        return buffer[:size].view(kind).reshape(shape)


SHELF = Shelf()
