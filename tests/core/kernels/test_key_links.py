"""From keys to rows: each kernel, interpreted and compiled, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.core.kernels.key_links import (
    count_keyed,
    grouped_rows,
    list_keyed,
    list_pairs,
    lower_to,
    place_partners,
)
from recon.core.passes.contract import WHOLE, KeySlice
from recon.core.passes.key_groups import group_keys, link_keys

KEYS = st.lists(st.integers(0, 6), max_size=12)


def digests(keys):
    return np.array([[key * 7 + 1, key + 1] for key in keys], np.uint64).reshape(-1, 2)


WORDS = st.sampled_from([0, 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), WORDS, WORDS), max_size=20))
def test_keyed_rows_are_the_free_rows_of_a_side_with_a_key(rows):
    """A null key is the digest 0, 0; every other key lies in one slice of the key space."""
    free = np.array([row[0] for row in rows], np.bool_)
    side = np.array([row[1] for row in rows], np.uint8)
    digest = np.array([row[2:] for row in rows], np.uint64).reshape(-1, 2)
    wanted = [k for k, (is_free, at, *key) in enumerate(rows) if is_free and at == 1 and any(key)]
    for count, fill in ((count_keyed, list_keyed), (count_keyed.py_func, list_keyed.py_func)):

        def keyed(part, count=count, fill=fill):
            out = np.empty(count(free, side, 1, digest, *part.bounds) + 1, np.int64)
            fill(free, side, 1, digest, *part.bounds, out)
            return out[:-1].tolist()

        assert keyed(WHOLE) == wanted
        sliced = [row for number in range(4) for row in keyed(KeySlice(2, number))]
        assert sorted(sliced) == wanted


@given(KEYS, KEYS, st.data())
def test_pairs_and_groups_equal_plain_python(left_keys, right_keys, data):
    """Rows alone with their key are paired in left order; groups carry their smallest row."""
    links = link_keys(digests(left_keys), digests(right_keys), threads=1)
    groups = group_keys(digests(left_keys), digests(right_keys), threads=1)
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
            for kernel in (place_partners, list_pairs, lower_to, grouped_rows)
        )
        partner = np.full(left.size, -1, np.int32)
        first(links.pairs, partner)
        out = np.empty((2, len(pairs)), np.int64)
        kind = np.empty(len(pairs), np.uint8)
        listed(left, right, partner, minor, known, minor, known, currency, out[0], out[1], kind)
        assert [tuple(pair) for pair in out.T] == pairs
        assert kind.tolist() == kinds
        low = left.copy()
        lowered(right, groups.right, low)
        for side_rows, group, keys in (
            (left, groups.left, left_keys),
            (right, groups.right, right_keys),
        ):
            row_out, low_out = np.empty(group.size, np.int64), np.empty(group.size, np.int64)
            n = grouped(side_rows, group, low, row_out, low_out)
            wanted = [
                (row, smallest[key])
                for row, key in zip(side_rows, keys, strict=True)
                if key in smallest
            ]
            assert list(zip(row_out[:n], low_out[:n], strict=True)) == wanted


def split(rows, size):
    return rows[:size], rows[size:]
