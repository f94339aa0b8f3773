"""Gives memory back between stages, so that what one stage freed does not stand beside the next."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

import pyarrow as pa


def give_back() -> None:
    """Hand freed memory back to the operating system, where the C library can.

    Arrays below the allocator's threshold stay with the process after they are freed; measured
    after loading 12 million rows: 0.5 GiB of 2.1 GiB.
    """
    pa.default_memory_pool().release_unused()
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    """Return the C library's `malloc_trim`, or what does nothing where there is none."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    found: Callable[[int], object] = getattr(library, "malloc_trim", lambda _kept: None)
    return found
