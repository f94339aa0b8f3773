from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ssmp_instances import SCALES, instance
from recon.core.passes.subset_matching import match_subsets

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


def test_same_input_same_output():
    """The jitter has fixed seeds: two runs give the same matches."""
    made = instance(40, "large", 7)
    left, right = np.array(made["left"]), np.array(made["right"])
    assert match_subsets(left, right) == match_subsets(left, right)
