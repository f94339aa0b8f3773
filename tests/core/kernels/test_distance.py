from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import distance, nearness
from tests.core.kernels.texts import column, edges
from tests.oracle import text as oracle

WORD = st.text(alphabet="AB01", max_size=9)
LONG = st.text(alphabet="AB", min_size=60, max_size=75)
NAME = st.text(alphabet="ABCDE", min_size=1, max_size=12)


def both(kernel, *arguments):
    """Run a kernel compiled and interpreted; uint64 sums wrap around in both."""
    yield kernel(*arguments)
    with np.errstate(over="ignore"):
        yield kernel.py_func(*arguments)


@given(st.lists(WORD, min_size=1, max_size=6), st.lists(WORD | LONG, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_edit_distance_equals_oracle(lefts, rights):
    """The bit-parallel distance, four pairs at a time, is the textbook table's for every pair."""
    for one, two in ((lefts, rights), (rights, lefts)):
        start, columns = edges(one, two)
        out = np.empty(columns.size, np.int64)
        expected = [oracle.distance(a, b) for a in one for b in two]
        for _ in both(distance.distance_edges, start, columns, *column(one), *column(two), out):
            assert out.tolist() == expected
            out[:] = -1


@given(NAME, NAME)
@settings(max_examples=200, deadline=None)
def test_jaro_winkler_equals_oracle(one, two):
    """Jaro by bits, and Winkler's bonus, are those of the definition."""
    data, offsets = column([two])
    table = np.zeros(256, np.uint64)
    distance.set_pattern(column([one])[0], table)
    prefix = oracle.prefix(one, two)
    for jaro in both(distance.jaro_to_pattern, len(one), table, data, 0, offsets[1]):
        assert distance.winkler(jaro, prefix) == pytest.approx(oracle.jaro_winkler(two, one))
    distance.clear_pattern(column([one])[0], table)
    assert not table.any()


@given(st.integers(0, 2**64 - 1))
def test_bits_are_counted(word):
    """The bits of a word are counted as Python counts them."""
    for bits in both(distance.count_bits, np.uint64(word)):
        assert bits == word.bit_count()


@given(st.lists(NAME, min_size=1, max_size=4), st.lists(NAME, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_nearness_equals_oracle(lefts, rights):
    """The cheap bounds never hide a near pair: levels are those of the plain definitions."""
    start, columns = edges(lefts, rights)
    signs = []
    for words in (lefts, rights):
        out = np.empty((2, len(words)), np.uint64)
        runs = both(distance.sign_texts, *column(words), out[0], out[1])
        signs += [out.copy() for _ in runs]
    left, right = signs[0], signs[2]
    assert np.array_equal(left, signs[1])
    assert np.array_equal(right, signs[3])
    expected = [oracle.nearness(a, b) for a in lefts for b in rights]
    for kernel in (nearness.near_edges, nearness.near_edges.py_func):
        level = np.zeros(columns.size, np.int8)
        level[0] = -1
        with np.errstate(over="ignore"):
            kernel(start, columns, *column(lefts), left, *column(rights), right, level)
        assert level.tolist() == [-1, *expected[1:]]
