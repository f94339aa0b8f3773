from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ssmp_instances import SCALES, instance
from recon.core.kernels import set_packing
from recon.core.passes.subset import matching as subset_matching
from recon.core.passes.subset.matching import match_subsets, sorted_sets

AMOUNTS = st.lists(st.integers(-20, 60).filter(bool), max_size=10)


def check(found, left, right, slack):
    """Assert disjoint matches whose sums agree; return the objective."""
    for side in ("left", "right"):
        rows = [row for match in found for row in getattr(match, side)]
        assert len(rows) == len(set(rows))
    for match in found:
        one, two = sum(left[k] for k in match.left), sum(right[k] for k in match.right)
        assert abs(one - two) <= slack
        assert match.left
        assert match.right
    return sum(match.worth for match in found)


@given(AMOUNTS, AMOUNTS, st.integers(0, 2))
@settings(max_examples=20, deadline=None)
def test_matches_are_disjoint_and_agree(left, right, slack):
    """Whatever the rows, matches share no row and their sums agree; mirrored input works too."""
    one, two = np.array(left, np.int64), np.array(right, np.int64)
    check(match_subsets(one, two, slack), left, right, slack)
    check(match_subsets(two, one, slack), right, left, slack)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("seed", [1, 2])
def test_planted_objective_is_reached(scale, seed):
    """On small planted instances the objective is at least the planted one."""
    made = instance(14, scale, seed)
    left, right = np.array(made["left"]), np.array(made["right"])
    reached = check(match_subsets(left, right), made["left"], made["right"], 0)
    assert reached >= sum(len(a) + len(b) + 1 for a, b in made["planted"])


SUMS = st.lists(st.integers(-9, 9), max_size=7)


@given(SUMS, SUMS, st.integers(0, 2), st.integers(1, 9))
@settings(max_examples=80, deadline=None)
def test_joined_sums_equal_brute_force(one, two, slack, limit):
    """Positions of ascending sums near each other, as many as there is room for, in order."""
    sides = np.sort(np.array(one, np.int64)), np.sort(np.array(two, np.int64))
    expected = [
        [i, j]
        for i, a in enumerate(sides[0].tolist())
        for j, b in enumerate(sides[1].tolist())
        if abs(a - b) <= slack
    ][:limit]
    for kernel in (set_packing.join_sums, set_packing.join_sums.py_func):
        out = np.zeros((limit, 2), np.int64)
        assert out[: kernel(*sides, slack, out)].tolist() == expected


@given(SUMS, SUMS, st.integers(0, 2))
@settings(max_examples=80, deadline=None)
def test_triples_equal_brute_force(one, amounts, slack):
    """Every three rows whose sum is near a given sum are listed, each once, in ascending order."""
    ordered = np.sort(np.array(one, np.int64))
    amount = np.array(amounts, np.int64)
    expected = {
        (i, *three)
        for i, wanted in enumerate(ordered.tolist())
        for three in combinations(range(len(amounts)), 3)
        if abs(sum(amounts[k] for k in three) - wanted) <= slack
    }
    pairs = sorted_sets(amount, 2)
    for kernel in (set_packing.join_triples, set_packing.join_triples.py_func):
        out = np.zeros((len(expected) + 1, 4), np.int64)
        n = kernel(ordered, *pairs, amount, slack, out)
        assert n == len(expected)
        assert {tuple(line) for line in out[:n].tolist()} == expected
        assert kernel(ordered, *pairs, amount, slack, out[:0]) == 0


def test_large_sides_are_joined_without_listing_their_triples(monkeypatch):
    """Where sets of three are too many to list, one or two rows still find their three."""
    made = instance(30, "wide", 3)
    left, right = np.array(made["left"]), np.array(made["right"])
    monkeypatch.setattr(subset_matching, "SETS_MOST", 600)
    found = {(m.left, m.right) for m in match_subsets(left, right)}
    planted = {tuple(tuple(sorted(side)) for side in sides) for sides in made["planted"]}
    assert {pair for pair in planted if max(map(len, pair)) <= 2} <= found
    assert {pair for pair in planted if min(map(len, pair)) < 3} <= found


def test_same_input_same_output():
    """The jitter has fixed seeds: two runs give the same matches."""
    made = instance(40, "large", 7)
    left, right = np.array(made["left"]), np.array(made["right"])
    assert match_subsets(left, right) == match_subsets(left, right)
