"""The expected number of accidental subsets, against worlds in which every hit is an accident."""

from __future__ import annotations

import numpy as np
import pytest

from recon.core.passes.subset import search as searching
from recon.core.passes.subset.search import Pool

FORMS = {  # look, rows, amounts, how the target is drawn from the amounts, worlds, tolerance
    "runs": (searching.runs, 30, (100, 2_000), lambda rng, _: rng.integers(2_000, 20_000), 400, 5),
    "few": (searching.few, 20, (100, 9_000), lambda rng, _: rng.integers(5_000, 25_000), 400, 0),
    "all but few": (
        searching.all_but_few,
        20,
        (100, 5_000),
        lambda rng, total: total - rng.integers(3_000, 12_000),
        600,
        0,
    ),
    "any": (
        searching.anything,
        12,
        (100, 2_000),
        lambda rng, total: rng.integers(int(total * 0.35), int(total * 0.65)),
        300,
        0,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_expected_accidents_are_those_that_happen(form):
    """Targets drawn at random: the mean number of hits is the mean expectation, within a third."""
    look, rows, (least, most), draw, worlds, slack = FORMS[form]
    rng = np.random.default_rng(11)
    happened, expected = 0, 0.0
    for _ in range(worlds):
        amount = rng.integers(least, most, rows)
        target = int(draw(rng, int(amount.sum())))
        found = look(Pool(amount, target - slack, target + slack, 10**9))
        happened += found.alternatives
        expected += found.accidents
    assert happened > 40
    assert 0.67 <= expected / happened <= 1.5


def test_the_whole_pool_and_equal_amounts_are_never_thought_rarer_than_they_are():
    """For forms of one or few sets the expectation is an upper bound, up to chance."""
    rng = np.random.default_rng(12)
    for look, rows, most, width in ((searching.whole, 6, 400, 200), (searching.equal, 12, 125, 0)):
        happened, expected = 0, 0.0
        for _ in range(3_000):
            amount = rng.integers(100, most, rows)
            near = int(amount.sum()) if look is searching.whole else 330
            target = near + int(rng.integers(-width, width + 1)) if width else near
            found = look(Pool(amount, target, target, 10**9))
            happened += found.alternatives
            expected += found.accidents
        assert happened > 3
        assert expected >= happened - 3 * np.sqrt(happened)
