"""What a pair of rows fails under a pass, held against the passes: they link what fails nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import Kind, Side, State
from recon.core.match import match
from recon.core.passes.contract import BusinessDays, read_facts
from recon.core.passes.gates import Pairs, beyond, failed
from recon.core.plan import Method
from tests.core.worlds import digests_of, everybody, leg_of, row, slim_of

TABLE = BusinessDays(19_900, np.cumsum(np.arange(1_000) % 7 < 5) - 1)  # five days of each seven
STEPS = st.fixed_dictionaries(
    {
        "days_before": st.integers(0, 2),
        "days_after": st.integers(0, 2),
        "business_days": st.booleans(),
    }
)
MINUTES = st.fixed_dictionaries(
    {"minutes_before": st.integers(0, 2), "minutes_after": st.integers(0, 2)}
)
BANDS = st.fixed_dictionaries(
    {
        "tolerance_minor": st.integers(0, 3),
        "tolerance_ppm": st.sampled_from([0, 10_000, 30_000]),
        "tolerance_cap_minor": st.sampled_from([0, 2]),
        "tolerance_sign": st.sampled_from([-1, 0, 1]),
        "tolerance_base": st.sampled_from(["left", "right"]),
    }
)
LINKS_ALONE = [Method.EXACT, Method.UNIQUE, Method.GROUP, Method.WINDOW, Method.BAND]


def rows(side):
    """Return rows that are often nearly alike."""
    return st.builds(
        row,
        side=st.just(side),
        key=st.sampled_from([None, "a", "a", "b"]),
        amount=st.sampled_from([-100, 0, 100, 101, 102, 103, 105]),
        kind=st.sampled_from([Kind.PAYMENT, Kind.PAYMENT, Kind.REFUND]),
        state=st.just(State.SUCCESS),
        currency=st.sampled_from([0, 0, 0, 1]),
        time=st.sampled_from([None, 0, 59, 60, 61, 120, 86_400 * 3]),
        due=st.sampled_from([None, 0, 1, 2, 3, 4]),
        value=st.sampled_from([None, 0, 1, 2, 3, 4]),
    )


@given(
    rows(Side.MERCHANT),
    rows(Side.CHANNEL),
    st.sampled_from(LINKS_ALONE),
    STEPS | MINUTES,
    BANDS,
    st.booleans(),
)
def test_a_pass_links_the_pair_that_fails_nothing(ours, theirs, method, days, bands, own_window):
    """Two rows alone in the world are linked exactly when no condition fails."""
    clocked = "minutes_before" in days
    if clocked and method not in (Method.UNIQUE, Method.WINDOW):
        days = {}
    options = days | bands | {"until_due": own_window and method is Method.WINDOW and not clocked}
    leg = leg_of(method, **options)
    world = [ours, theirs]
    slim, digests = slim_of(world), digests_of(world)
    found = match(slim, digests, (leg,), everybody(world, leg), means=Means(1), business_days=TABLE)
    facts = read_facts(slim, digests, TABLE)
    one, two = np.array([0]), np.array([1])
    minor = facts.amounts["amount_minor"].minor
    told = failed(facts, leg, leg.passes[0], Pairs(one, two, minor[one], minor[two]))
    assert (found.links.height == 1) == (told.count.item() == 0)


@given(BANDS, st.integers(-500, 500), st.integers(-500, 500))
def test_the_amount_is_beyond_by_what_has_to_be_given_up(bands, left, right):
    """Moving the side that is not the base back by the excess brings the pair inside, no less."""
    step = leg_of(Method.BAND, **bands).passes[0]
    one, two = np.array([left]), np.array([right])
    by = beyond(step, one, two).item()
    turned = step.tolerance_base == "right"

    def moved(minor):
        return (one + minor, two) if turned else (one, two - minor)

    assert beyond(step, *moved(by)).item() == 0
    if by:
        assert beyond(step, *moved(by - np.sign(by))).item() == np.sign(by)
