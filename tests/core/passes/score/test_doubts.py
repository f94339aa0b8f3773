"""Doubts of a SCORE pass: which pairs are kept does not depend on the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.passes.score import doubts
from recon.core.passes.score.doubts import most_probable
from tests.core.passes.score.test_score import solve, world


@given(st.lists(st.integers(0, 6), max_size=30), st.randoms(use_true_random=False))
def test_the_cap_does_not_depend_on_the_order(scores, random):
    """At most so many are kept, the highest ones, and of equal scores all or none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doubts, "KEPT", 8)
        first = [scores[place] for place in most_probable(np.array(scores, np.int32))]
        random.shuffle(scores)
        second = [scores[place] for place in most_probable(np.array(scores, np.int32))]
    assert sorted(first) == sorted(second)
    assert len(first) <= 8
    left = [score for score in scores if score not in first]
    assert len(first) == len(scores) or not left or max(left) < min(first, default=7)
    assert all(first.count(score) == scores.count(score) for score in first)


def test_doubts_are_pairs_of_rows_alone_with_their_weights():
    """Of a night with few sure pairs every doubt is below the bar and of two unlinked rows."""
    rows, memos = world(60, 7)
    found = solve(rows, memos, confidence_ppm=999_990)
    linked = set(found.links["left"].to_list()) | set(found.links["right"].to_list())
    assert found.doubts.height > 10
    assert not linked & {*found.doubts["left"].to_list(), *found.doubts["right"].to_list()}
    assert found.doubts["score"].max() < 999_990
    again = solve(rows, memos)
    own = {
        pair: told
        for *pair, told in again.spoken.select("left", "right", "text_weight").rows()
        for pair in [tuple(pair)]
    }
    both = [
        (told, own[left, right])
        for left, right, told in found.doubts.select("left", "right", "text_weight").rows()
        if (left, right) in own
    ]
    assert len(both) > 10
    assert all(one == other for one, other in both)
