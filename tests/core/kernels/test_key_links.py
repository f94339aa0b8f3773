"""From result codes to rows: each kernel, interpreted and compiled, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.core.kernels.key_links import (
    grouped_rows,
    keyed_rows,
    list_pairs,
    lower_to,
    partners_of,
)
from recon.core.passes.key_groups import match_keys

KEYS = st.lists(st.integers(0, 6), max_size=12)


def digests(keys):
    return np.array([[key * 7 + 1, key + 1] for key in keys], np.uint64).reshape(-1, 2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 2)), max_size=20))
def test_keyed_rows_are_the_free_rows_of_a_side_with_a_key(rows):
    """A null key is the digest 0, 0."""
    free = np.array([row[0] for row in rows], np.bool_)
    side = np.array([row[1] for row in rows], np.uint8)
    digest = np.array([[0, row[2]] for row in rows], np.uint64).reshape(-1, 2)
    for kernel in (keyed_rows, keyed_rows.py_func):
        out = np.empty(len(rows), np.int64)
        n = kernel(free, side, 1, digest, out)
        wanted = [k for k, (is_free, at, key) in enumerate(rows) if is_free and at == 1 and key]
        assert out[:n].tolist() == wanted


@given(KEYS, KEYS, st.data())
def test_pairs_and_groups_equal_plain_python(left_keys, right_keys, data):
    """Rows alone with their key are paired in left order; groups carry their smallest row."""
    codes = match_keys(digests(left_keys), digests(right_keys), threads=1)
    size = len(left_keys) + len(right_keys)
    rows = data.draw(st.permutations(range(size)))
    left, right = (np.array(sorted(part), np.int64) for part in split(rows, len(left_keys)))
    minor = np.array(data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), np.int64)
    known = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), np.bool_)
    currency = np.zeros(size, np.int32)
    pairs = [
        (left[i], right[right_keys.index(key)])
        for i, key in enumerate(left_keys)
        if left_keys.count(key) == 1 and right_keys.count(key) == 1
    ]
    kinds = [
        0 if known[one] and known[two] and minor[one] == minor[two] else 1 for one, two in pairs
    ]
    both = [(key, row) for key, row in zip(left_keys, left, strict=True) if key in right_keys]
    both += [(key, row) for key, row in zip(right_keys, right, strict=True) if key in left_keys]
    smallest = {key: min(row for other, row in both if other == key) for key, _ in both}
    for compiled in (True, False):
        first, listed, lowered, grouped = (
            kernel if compiled else kernel.py_func
            for kernel in (partners_of, list_pairs, lower_to, grouped_rows)
        )
        partner = np.full(left.size, -1, np.int32)
        assert first(codes[1], partner) == len(pairs)
        out = np.empty((2, len(pairs)), np.int64)
        kind = np.empty(len(pairs), np.uint8)
        listed(left, right, partner, minor, known, minor, known, currency, out[0], out[1], kind)
        assert [tuple(pair) for pair in out.T] == pairs
        assert kind.tolist() == kinds
        low = left.copy()
        lowered(right, codes[1], low)
        for side_rows, code, keys in ((left, codes[0], left_keys), (right, codes[1], right_keys)):
            row_out, low_out = np.empty(code.size, np.int64), np.empty(code.size, np.int64)
            n = grouped(side_rows, code, low, row_out, low_out)
            wanted = [
                (row, smallest[key])
                for row, key in zip(side_rows, keys, strict=True)
                if key in smallest
            ]
            assert list(zip(row_out[:n], low_out[:n], strict=True)) == wanted


def split(rows, size):
    return rows[:size], rows[size:]
