from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import split
from tests.oracle import matching as oracle

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from([0, 20, 40, 60, 100, -40])),
    max_size=7,
)


def triples(rows):
    """Return (group, currency, amount) as the kernel takes it: stable, by group and currency."""
    return np.array(sorted(rows, key=lambda one: one[:2]), np.int64).reshape(len(rows), 3)


def expected(left, right):
    """Return the splits of all groups as the oracle finds them: sets of positions a side."""
    found = set()
    for group in (0, 1):
        table = [{"currency": c, "amount": a, "group": g} for g, c, a in [*left, *right]]
        ones = [p for p in range(len(left)) if table[p]["group"] == group]
        twos = [p for p in range(len(left), len(table)) if table[p]["group"] == group]
        for ours, theirs in oracle.splits(table, ones, twos, lambda _row: True, set()):
            found.add((frozenset(ours), frozenset(p - len(left) for p in theirs)))
    return found


@given(left=ROWS, right=ROWS)
@settings(max_examples=300, deadline=None)
def test_splits_equal_oracle(left, right):
    """Amounts told in parts are those of the naive search, compiled and interpreted alike."""
    sides = triples(left), triples(right)
    for kernel in (split.find_splits, split.find_splits.py_func):
        marks = [np.full(side.shape[0], -1, np.int64) for side in sides]
        count = kernel(*sides, *marks)
        groups = {
            tuple(frozenset(np.flatnonzero(mark == number).tolist()) for mark in marks)
            for number in range(count)
        }
        assert groups == expected(sides[0].tolist(), sides[1].tolist())


def test_long_runs_are_read_from_the_first_row():
    """Among many rows the first run that adds up is taken, in linear time."""
    parts = np.column_stack((np.zeros(100_000), np.zeros(100_000), np.ones(100_000)))
    whole = np.array([[0, 0, 60_000]], np.int64)
    marks = np.full(1, -1, np.int64), np.full(100_000, -1, np.int64)
    assert split.find_splits(whole, parts.astype(np.int64), *marks) == 1
    assert np.flatnonzero(marks[1] == 0).tolist() == list(range(60_000))
