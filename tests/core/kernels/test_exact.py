from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import exact, radix
from recon.core.passes.key_groups import decode, match_keys
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


@given(left=KEYS, right=KEYS)
@settings(max_examples=60, deadline=None)
def test_interpreted_equals_compiled(left, right):
    """The kernel's Python text gives what its machine code gives."""
    rows = np.arange(len(left), dtype=np.int32), np.arange(len(right), dtype=np.int32)
    sides = as_digests(left), rows[0], as_digests(right), rows[1]
    compiled = np.empty(len(left), np.int32), np.empty(len(right), np.int32)
    interpreted = np.empty(len(left), np.int32), np.empty(len(right), np.int32)
    exact.match_partition(*sides, *compiled)
    with np.errstate(over="ignore"):
        exact.match_partition.py_func(*sides, *interpreted)
    assert compiled[0].tolist() == interpreted[0].tolist()
    assert compiled[1].tolist() == interpreted[1].tolist()


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
            codes = match_keys(left, right, threads=2, bits=bits, memory_bytes=memory)
            assert all(np.array_equal(a, b) for a, b in zip(codes, whole, strict=True))
