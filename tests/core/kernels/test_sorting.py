from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.passes.order import sort_order

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
