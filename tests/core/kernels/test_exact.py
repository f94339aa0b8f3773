from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import exact, radix
from recon.core.passes import key_groups
from recon.core.passes.key_groups import decode, link_keys, link_texts, match_keys
from tests.oracle import kernels as oracle

WORD = st.integers(0, 3).map(lambda k: k * 0x5555555555555555)  # few values, so keys collide
KEYS = st.lists(st.tuples(WORD, WORD), max_size=24)


def as_digests(keys):
    return np.array(keys, np.uint64).reshape(len(keys), 2)


@given(left=KEYS, right=KEYS, bits=st.integers(0, 4), threads=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_codes_equal_oracle_for_any_partitioning(left, right, bits, threads):
    """Every number of partitions and threads gives the oracle's codes."""
    got = match_keys(as_digests(left), as_digests(right), threads=threads, bits=bits)
    assert [side.tolist() for side in got] == list(oracle.key_codes(left, right))


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


@given(left=KEYS, right=KEYS)
@settings(max_examples=60, deadline=None)
def test_interpreted_equals_compiled_codes(left, right):
    """The kernel's Python text gives what its machine code gives, which is the oracle's answer."""
    expected = list(oracle.key_codes(left, right))
    for kernel in (exact.match_partitions, exact.match_partitions.py_func):
        out = np.empty(len(left), np.int32), np.empty(len(right), np.int32)
        with np.errstate(over="ignore"):
            kernel(0, 2, *sides_of(left, right), *out)
        assert [side.tolist() for side in out] == expected


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


@pytest.fixture(autouse=True)
def slice_small_worlds(monkeypatch):
    """Let a memory limit slice even a handful of rows."""
    monkeypatch.setattr(key_groups, "SMALL_SLICE", 4)


INTEGERS = st.lists(st.sampled_from([0, 1, -1, 7, 2**62, -(2**63), 2**63 - 1]), max_size=24)


@given(
    left=INTEGERS,
    right=INTEGERS,
    bits=st.integers(0, 4),
    threads=st.integers(1, 3),
    memory=st.sampled_from([None, 2_000]),
)
@settings(max_examples=100, deadline=None)
def test_integer_keys_equal_oracle(left, right, bits, threads, memory):
    """Integers are their own identity: codes and links are the oracle's, sliced or not."""
    sides = np.array(left, np.int64), np.array(right, np.int64)
    limits = {"threads": threads, "bits": bits, "memory_bytes": memory}
    codes = match_keys(*sides, **limits)
    assert [side.tolist() for side in codes] == list(oracle.key_codes(left, right))
    links = link_keys(*sides, **limits)
    found = (links.pairs, links.left_several, links.right_several)
    assert [set(map(tuple, part.tolist())) for part in found] == links_of(left, right)


@given(left=KEYS, right=KEYS, bits=st.integers(0, 4), threads=st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_links_equal_oracle_for_any_partitioning(left, right, bits, threads):
    """Every number of partitions and threads gives the oracle's links."""
    links = link_keys(as_digests(left), as_digests(right), threads=threads, bits=bits)
    found = (links.pairs, links.left_several, links.right_several)
    assert [set(map(tuple, part.tolist())) for part in found] == links_of(left, right)


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
    codes = match_keys(left, right, threads=2, bits=3)
    assert codes[0].tolist() == [-1] * 200 + list(range(200, 300))
    assert codes[1].tolist() == list(range(200, 300)) + [-1] * 200


def test_large_key_group_is_not_quadratic():
    """Six hundred thousand rows of one single key are matched in linear time."""
    digest = np.full((300_000, 2), 9, np.uint64)
    codes = match_keys(digest, digest, threads=2)
    assert set(codes[0].tolist()) == {-2}
    assert set(codes[1].tolist()) == {-2}


def test_more_rows_than_any_peer_cap():
    """Seed 10: thousands of candidate rows a side are matched, none is cut off."""
    rng = np.random.default_rng(10)
    digest = rng.integers(0, 2**64, (250_000, 2), dtype=np.uint64)
    order = rng.permutation(250_000)
    codes = match_keys(digest, digest[order], threads=2)
    assert np.array_equal(codes[1], order)
    groups = decode(codes)
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


def test_memory_limit_changes_no_code():
    """Under any memory limit the keys are matched slice by slice, with the same result."""
    rng = np.random.default_rng(12)
    pool = rng.integers(0, 2**64, (900, 2), dtype=np.uint64)
    left, right = pool[rng.integers(0, 600, 2000)], pool[rng.integers(300, 900, 2500)]
    whole = match_keys(left, right, threads=2)
    for memory in (1, 20_000, 90_000):
        for bits in (None, 2):
            limits = {"threads": 2, "bits": bits, "memory_bytes": memory}
            codes = match_keys(left, right, **limits)
            assert all(np.array_equal(a, b) for a, b in zip(codes, whole, strict=True))
            links = link_keys(left, right, **limits)
            assert np.array_equal(np.sort(links.left_several[:, 0]), np.flatnonzero(whole[0] < -1))
            lines = links.right_several
            assert np.array_equal(whole[1][lines[:, 0]], -2 - lines[:, 1])
            assert np.array_equal(whole[1][links.pairs[:, 1]], links.pairs[:, 0])
            assert links.pairs.shape[0] == np.count_nonzero(whole[1] >= 0)
