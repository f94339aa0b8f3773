from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import set_packing

AMOUNTS = st.lists(st.integers(-9, 9), max_size=6)
SET = st.sets(st.integers(0, 5), min_size=1, max_size=3).map(sorted)
MATCHES = st.lists(st.tuples(SET, SET), max_size=8)


def lines_of(sets):
    """Return sets of rows as lines of three, -1 where there are fewer."""
    lines = [list(rows) + [-1] * (3 - len(rows)) for rows in sets]
    return np.array(lines, np.int32).reshape(-1, 3)


@given(AMOUNTS, st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_every_small_set_has_its_sum(amounts, size):
    """All sets of one size are listed in ascending order of their rows, with their sums."""
    expected = list(combinations(range(len(amounts)), size))
    for kernel in (set_packing.small_sums, set_packing.small_sums.py_func):
        sums = np.zeros(len(expected), np.int64)
        rows = np.zeros((len(expected), 3), np.int32)
        kernel(np.array(amounts, np.int64), size, sums, rows)
        assert [tuple(k for k in line if k >= 0) for line in rows.tolist()] == expected
        assert sums.tolist() == [sum(amounts[k] for k in rows) for rows in expected]


@given(MATCHES)
@settings(max_examples=80, deadline=None)
def test_uses_and_rivalry_are_counted(matches):
    """A row's uses are the matches it is in; a match's rivalry the uses of all of its rows."""
    left, right = (lines_of([match[k] for match in matches]) for k in range(2))
    uses = [[sum(row in match[k] for match in matches) for row in range(6)] for k in range(2)]
    rivalry = [sum(uses[k][row] for k in range(2) for row in match[k]) for match in matches]
    for counting, adding in (
        (set_packing.count_uses, set_packing.sum_uses),
        (set_packing.count_uses.py_func, set_packing.sum_uses.py_func),
    ):
        found = np.zeros((2, 6), np.int64)
        counting(left, right, *found)
        assert found.tolist() == uses
        out = np.zeros(len(matches), np.int64)
        adding(left, right, *found, out)
        assert out.tolist() == rivalry


@given(MATCHES, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_disjoint_matches_are_picked_in_order(matches, rng):
    """A match is picked exactly when none before it, in the given order, took one of its rows."""
    order = list(range(len(matches)))
    rng.shuffle(order)
    left, right = (lines_of([match[k] for match in matches]) for k in range(2))
    taken, expected = (set(), set()), set()
    for m in order:
        if not any(taken[k] & set(matches[m][k]) for k in range(2)):
            expected.add(m)
            for k in range(2):
                taken[k].update(matches[m][k])
    for kernel in (set_packing.pick_disjoint, set_packing.pick_disjoint.py_func):
        used, picked = np.zeros((2, 6), np.uint8), np.zeros(len(matches), np.uint8)
        kernel(np.array(order, np.int64), left, right, *used, picked)
        assert set(np.flatnonzero(picked).tolist()) == expected
