from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import exact, radix
from recon.core.passes.key_groups import group_keys, link_keys, link_texts
from tests.oracle import kernels as oracle

WORD = st.integers(0, 3).map(lambda k: k * 0x5555555555555555)  # few values, so keys collide
KEYS = st.lists(st.tuples(WORD, WORD), max_size=24)


def as_digests(keys):
    return np.array(keys, np.uint64).reshape(len(keys), 2)


def sides_of(left, right, cut=2):
    """Return the arguments that every partition kernel begins with: two partitions a side."""
    sides = []
    for keys in (left, right):
        digest = as_digests(keys)
        order = np.argsort(digest[:, 0] % np.uint64(cut), kind="stable")
        counts = np.bincount((digest[:, 0] % np.uint64(cut)).astype(np.int64), minlength=cut)
        start = np.concatenate(([0], np.cumsum(counts)))
        sides.append((start, digest[order], order.astype(np.int32)))
    (one_start, one, one_row), (two_start, two, two_row) = sides
    starts = (one_start, two_start)
    return (*starts, one[:, 0], one[:, 1], one_row, two[:, 0], two[:, 1], two_row)


def links_of(left, right):
    """Return pairs, and lines of rows with several, as the oracle's codes imply them."""
    codes = oracle.key_codes(left, right)
    pairs = {(code, row) for row, code in enumerate(codes[1]) if code >= 0}
    lines = [{(row, -2 - code) for row, code in enumerate(side) if code < -1} for side in codes]
    return [pairs, *lines]


@given(left=KEYS, right=KEYS)
@settings(max_examples=60, deadline=None)
def test_interpreted_equals_compiled_links(left, right):
    """Links of two partitions are the oracle's, each written once, compiled and interpreted."""
    for kernel in (exact.link_partitions, exact.link_partitions.py_func):
        lines = [np.empty((len(side), 2), np.int32) for side in (right, left, right)]
        written = np.zeros(3, np.int64)
        with np.errstate(over="ignore"):
            kernel(0, 2, *sides_of(left, right), *lines, written)
        found = [
            list(map(tuple, part[:n].tolist())) for part, n in zip(lines, written, strict=True)
        ]
        assert [set(part) for part in found] == links_of(left, right)
        assert all(len(set(part)) == len(part) for part in found)


INTEGERS = st.lists(st.sampled_from([0, 1, -1, 7, 2**62, -(2**63), 2**63 - 1]), max_size=24)


@given(
    left=INTEGERS,
    right=INTEGERS,
    bits=st.integers(0, 4),
    threads=st.integers(1, 3),
)
@settings(max_examples=100, deadline=None)
def test_integer_keys_equal_oracle(left, right, bits, threads):
    """Integers are their own identity: their links are the oracle's."""
    sides = np.array(left, np.int64), np.array(right, np.int64)
    links = link_keys(*sides, threads=threads, bits=bits)
    found = (links.pairs, links.left_several, links.right_several)
    assert [set(map(tuple, part.tolist())) for part in found] == links_of(left, right)


@given(left=KEYS, right=KEYS, bits=st.integers(0, 4), threads=st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_links_equal_oracle_for_any_partitioning(left, right, bits, threads):
    """Every number of partitions and threads gives the oracle's links."""
    links = link_keys(as_digests(left), as_digests(right), threads=threads, bits=bits)
    found = (links.pairs, links.left_several, links.right_several)
    assert [set(map(tuple, part.tolist())) for part in found] == links_of(left, right)


@given(left=KEYS, right=KEYS, bits=st.integers(0, 4), threads=st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_groups_equal_oracle_for_any_partitioning(left, right, bits, threads):
    """Each row's group is the first left row of its key where both sides have the key."""
    groups = group_keys(as_digests(left), as_digests(right), threads=threads, bits=bits)
    heads = [
        [code if code >= -1 else -2 - code for code in side]
        for side in oracle.key_codes(left, right)
    ]
    assert [groups.left.tolist(), groups.right.tolist()] == heads
    for group, first in enumerate(groups.first_right.tolist()):
        assert first == (heads[1].index(group) if group in heads[1] else -1)


TEXTS = st.lists(st.sampled_from(["", "a", "b", "order 17", "x" * 40]), max_size=12)


@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_text_columns_are_linked(left, right):
    """Links of text columns are those of their values; a null is no key."""
    columns = [pl.Series([*side, None], dtype=pl.String) for side in (left, right)]
    links = link_texts([columns[0]], [columns[1]], threads=2)
    found = (links.pairs, links.left_several, links.right_several)
    assert [set(map(tuple, part.tolist())) for part in found] == links_of(left, right)


@pytest.mark.parametrize("word", [0, 1])
def test_keys_that_share_64_bits_stay_apart(word):
    """A collision of one whole digest word never joins two keys."""
    digest = np.full((500, 2), 7, np.uint64)
    digest[:, 1 - word] = np.arange(500)
    left, right = digest[:300], digest[200:]
    groups = group_keys(left, right, threads=2, bits=3)
    assert groups.left.tolist() == [-1] * 200 + list(range(200, 300))
    assert groups.right.tolist() == list(range(200, 300)) + [-1] * 200


def test_large_key_group_is_not_quadratic():
    """Six hundred thousand rows of one single key are matched in linear time."""
    digest = np.full((300_000, 2), 9, np.uint64)
    links = link_keys(digest, digest, threads=2)
    assert links.pairs.size == 0
    for lines in (links.left_several, links.right_several):
        assert np.array_equal(np.sort(lines[:, 0]), np.arange(300_000))
        assert not lines[:, 1].any()


def test_more_rows_than_any_peer_cap():
    """Seed 10: thousands of candidate rows a side are matched, none is cut off."""
    rng = np.random.default_rng(10)
    digest = rng.integers(0, 2**64, (250_000, 2), dtype=np.uint64)
    order = rng.permutation(250_000)
    groups = group_keys(digest, digest[order], threads=2)
    assert np.array_equal(groups.right, order)
    assert np.array_equal(groups.first_right[order], np.arange(250_000))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8))
def test_salt_tells_values_apart_and_is_stable(values):
    """Equal digests salted with equal values stay equal; with different values they differ."""
    value = np.array(values, np.int64)
    out = np.full((value.size, 2), 3, np.uint64)
    again = out.copy()
    radix.salt_digests(out, value)
    with np.errstate(over="ignore"):
        radix.salt_digests.py_func(again, value)
    assert np.array_equal(out, again)
    assert len({tuple(line) for line in out.tolist()}) == len(set(values))
