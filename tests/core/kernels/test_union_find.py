from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.kernels.group_sum import sum_groups
from recon.core.kernels.union_find import find_root, label_components, unite_rows
from tests.oracle.matching import components

ROWS = 12
PAIRS = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)), max_size=20)


def interpreted(monkeypatch_module, left, right, parent):
    original = monkeypatch_module["find_root"]
    monkeypatch_module["find_root"] = find_root.py_func
    try:
        unite_rows.py_func(left, right, parent)
    finally:
        monkeypatch_module["find_root"] = original
    label_components.py_func(parent)


@given(PAIRS, st.randoms())
def test_smallest_row_labels_each_component(pairs, random):
    """Compiled, interpreted and oracle agree, in any order of the links."""
    expected = components(ROWS, pairs)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    array = np.array(shuffled, np.int64).reshape(-1, 2)
    left, right = np.ascontiguousarray(array[:, 0]), np.ascontiguousarray(array[:, 1])
    compiled = np.arange(ROWS)
    unite_rows(left, right, compiled)
    label_components(compiled)
    plain = np.arange(ROWS)
    interpreted(unite_rows.py_func.__globals__, left, right, plain)
    assert compiled.tolist() == plain.tolist() == expected


AMOUNT = st.integers(-(10**15), 10**15)


@given(st.lists(st.tuples(st.integers(-1, 3), AMOUNT), max_size=30))
def test_group_sums_equal_python_integers(rows):
    """The two words hold the exact sum; rows of group -1 are skipped."""
    group = np.array([g for g, _ in rows], np.int64)
    amount = np.array([a for _, a in rows], np.int64)
    for kernel in (sum_groups, sum_groups.py_func):
        high, low, count = (np.zeros(4, np.int64) for _ in range(3))
        kernel(group, amount, high, low, count)
        sums = [int(h) * 2**32 + int(w) for h, w in zip(high, low, strict=True)]
        assert sums == [sum(a for g, a in rows if g == k) for k in range(4)]
        assert count.tolist() == [sum(g == k for g, _ in rows) for k in range(4)]


@pytest.mark.parametrize("sign", [1, -1])
def test_group_sum_passes_64_bits(sign):
    """Twenty thousand rows at the largest amount add up exactly beyond 2**63."""
    n = 20_000
    high, low, count = (np.zeros(1, np.int64) for _ in range(3))
    sum_groups(np.zeros(n, np.int64), np.full(n, sign * 10**15), high, low, count)
    assert int(high[0]) * 2**32 + int(low[0]) == sign * n * 10**15
