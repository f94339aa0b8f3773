from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import sorting
from recon.core.passes import order
from recon.core.passes.order import sort_order, sort_packed

VALUE = st.one_of(st.integers(-3, 3), st.integers(-(10**15), 10**15))


@given(st.lists(st.tuples(VALUE, VALUE, st.integers(0, 5000)), max_size=40))
@settings(max_examples=150, deadline=None)
def test_order_is_the_stable_order_of_python(rows):
    """Any columns, packed or too wide to pack, sort as Python's stable sort does."""
    columns = [np.array([r[k] for r in rows], np.int64) for k in range(3)]
    for taken in (columns[:1], columns[1:], columns):
        key = list(zip(*(column.tolist() for column in taken), strict=True))
        expected = sorted(range(len(rows)), key=lambda i, key=key: key[i])
        assert sort_order(*taken).tolist() == expected


KEYS = st.integers(1, 61).flatmap(
    lambda bits: st.tuples(
        st.just(bits), st.lists(st.integers(0, (1 << bits) - 1), min_size=1, max_size=30)
    )
)


@given(KEYS)
@settings(max_examples=150, deadline=None)
def test_packed_keys_come_out_sorted_with_their_rows(given_keys):
    """Keys of any width, with and without room for the row number, sort as Python sorts them."""
    bits, keys = given_keys
    rows, ordered = sort_packed(np.array(keys, np.int64), (1 << bits) - 1)
    assert rows.tolist() == sorted(range(len(keys)), key=keys.__getitem__)
    assert ordered.tolist() == sorted(keys)


@given(KEYS, st.integers(1, 11))
@settings(max_examples=60, deadline=None)
def test_interpreted_equals_compiled(given_keys, width):
    """Both sorts give the same entry by entry, compiled and interpreted, at any digit width."""
    bits, keys = given_keys
    digits = -(-bits // width)
    key = np.array(keys, np.int64)
    expected = sorted(range(len(keys)), key=keys.__getitem__)
    for kernel in (sorting.radix_order, sorting.radix_order.py_func):
        pairs = [key.copy(), np.zeros_like(key)], [np.arange(key.size), np.zeros_like(key)]
        turned = kernel(pairs[0][0], width, digits, pairs[1][0], pairs[0][1], pairs[1][1])
        assert pairs[1][turned].tolist() == expected
    if bits + 5 > order.ENTRY_BITS:
        return
    for kernel in (sorting.sort_entries, sorting.sort_entries.py_func):
        entries = np.zeros((2, key.size), np.int64)
        turned = kernel(key, 5, width, digits, *entries)
        assert (entries[int(turned)] & 31).tolist() == expected


def test_two_arrays_where_entries_are_too_narrow(monkeypatch):
    """The sort for wide keys gives what the sort of entries gives."""
    keys = np.random.default_rng(5).integers(0, 1 << 20, 500)
    narrow = sort_packed(keys, 1 << 20)
    monkeypatch.setattr(order, "ENTRY_BITS", 1)
    for one, two in zip(narrow, sort_packed(keys, 1 << 20), strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("kernel", [sorting.append_column, sorting.append_column.py_func])
def test_columns_are_packed_like_digits(kernel):
    """A column is appended as the last digit of a mixed-radix number."""
    packed = np.array([0, 1, 2])
    kernel(packed, np.array([-5, -4, -3], np.int32), -5, 3)
    assert packed.tolist() == [0, 4, 8]
