from __future__ import annotations

import numpy as np
import pytest

from recon.core.arrays.scratch import SMALL_BYTES, Shelf


def test_buffers_come_back():
    """A second lease gets the memory of the first one, in another shape and type."""
    shelf = Shelf()
    with shelf.lease() as lease:
        first = lease.array((SMALL_BYTES, 2), np.uint64)
        first[:] = 7
        where = first.ctypes.data
    assert shelf.kept_bytes == first.nbytes
    with shelf.lease() as lease:
        again = lease.array(3 * SMALL_BYTES, np.int32)
        assert again.ctypes.data == where
        other = lease.array(3 * SMALL_BYTES, np.int32)
        assert not np.shares_memory(again, other)
    assert shelf.kept_bytes == first.nbytes + other.nbytes


def test_small_arrays_and_large_waste_are_not_kept():
    """A buffer more than twice as large as needed stays where it is; small arrays never come."""
    shelf = Shelf()
    with shelf.lease() as lease:
        lease.array(SMALL_BYTES - 1, np.uint8)
        large = lease.array(4 * SMALL_BYTES, np.uint8)
    assert shelf.kept_bytes == large.nbytes
    with shelf.lease() as lease:
        assert not np.shares_memory(lease.array(SMALL_BYTES, np.uint8), large)


def test_the_shelf_has_a_limit():
    """Above its limit the shelf drops the largest buffers first, and clearing drops all."""
    shelf = Shelf(keep_bytes=3 * SMALL_BYTES)
    with shelf.lease() as lease:
        for size in (1, 2, 4):
            lease.array(size * SMALL_BYTES, np.uint8)
    assert shelf.kept_bytes == 3 * SMALL_BYTES
    shelf.clear()
    assert shelf.kept_bytes == 0


def borrow(shelf, *wanted):
    """Take arrays of the given sizes and types for a moment."""
    with shelf.lease() as lease:
        for size, kind in wanted:
            lease.array(size, kind)


def test_an_error_gives_the_buffers_back():
    """Whatever ends a lease, its buffers return."""
    shelf = Shelf()
    with pytest.raises(TypeError):
        borrow(shelf, (SMALL_BYTES, np.uint8), (1, "no such type"))
    assert shelf.kept_bytes == SMALL_BYTES
