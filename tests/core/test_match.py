from __future__ import annotations

from unittest import mock

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import Kind, MatchKind, Side, State
from recon.core.match import Decisions, match
from recon.core.passes import key_slices
from recon.core.plan import Method
from tests.core.worlds import (
    EXACT,
    GROUP,
    ROWS,
    UNIQUE,
    digests_of,
    everybody,
    leg_of,
    link_set,
    row,
    slim_of,
)
from tests.oracle import matching as oracle

M, C, B = Side.MERCHANT, Side.CHANNEL, Side.BANK
TRIPLE = ("left", "right", "match_kind")


def solve(rows, *legs, threads=1, memory_bytes=None):
    means = Means(threads, memory_bytes)
    return match(slim_of(rows), digests_of(rows), legs, everybody(rows, *legs), means=means)


def sides(rows):
    left = [p for p, r in enumerate(rows) if r["side"] == M]
    right = [p for p, r in enumerate(rows) if r["side"] == C]
    return left, right


def key_group(groups, rows):
    return [groups.get(p, -1) for p in range(len(rows))]


@given(ROWS)
@settings(max_examples=200, deadline=None)
def test_exact_pass_equals_oracle(rows):
    """Links, key groups and components of an EXACT pass are those of the naive twin."""
    matches = solve(rows, leg_of(EXACT))
    links, groups = oracle.exact_links(rows, *sides(rows), banked=False)
    assert link_set(matches, *TRIPLE) == links
    assert matches.key_group["leg"].tolist() == key_group(groups, rows)
    pairs = [(p, q) for p, q, _ in links]
    assert matches.group.tolist() == oracle.components(len(rows), pairs)


@given(ROWS)
@settings(max_examples=100, deadline=None)
def test_group_pass_equals_oracle(rows):
    """Links and key groups of a GROUP pass are those of the naive twin."""
    matches = solve(rows, leg_of(GROUP))
    links, groups = oracle.group_links(rows, *sides(rows))
    assert link_set(matches, *TRIPLE) == links
    assert matches.key_group["leg"].tolist() == key_group(groups, rows)


@given(ROWS, st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=200, deadline=None)
def test_unique_pass_equals_oracle(rows, before, after):
    """Links and ties of a UNIQUE pass, with or without a date window, are the naive twin's."""
    dated = [r | {"time": None} for r in rows]
    matches = solve(dated, leg_of(UNIQUE, days_before=before, days_after=after))
    links, ties = oracle.unique_links(dated, *sides(dated), before, after)
    linked = {p for link in links for p in link[:2]}
    assert link_set(matches, *TRIPLE) == links
    shown = set(matches.ambiguous.select("row", "candidate").rows())
    assert shown == {(p, q) for p, q in ties if p not in linked and q not in linked}


@given(ROWS, st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_threads_change_nothing_and_mirror_mirrors(rows, threads):
    """The same rows give the same bytes for any thread count; swapped sides swap the links."""
    leg = leg_of(EXACT, UNIQUE, GROUP)
    first, second = solve(rows, leg), solve(rows, leg, threads=threads)
    assert first.links.equals(second.links)
    assert first.ambiguous.equals(second.ambiguous)
    swapped = leg_of(EXACT, UNIQUE, GROUP, left=C, right=M)
    mirrored = solve(rows, swapped)
    assert link_set(mirrored, "right", "left", "match_kind") == link_set(first, *TRIPLE)
    assert np.array_equal(first.group, mirrored.group)


@given(ROWS, st.sampled_from([200, 4_000]))
@settings(max_examples=60, deadline=None)
def test_a_memory_limit_changes_nothing(rows, memory):
    """A pass done a slice of the key space at a time finds what it finds at once."""
    leg = leg_of(
        Method.WINDOW, EXACT, UNIQUE, GROUP, Method.BAND, days_after=1, tolerance_minor=100
    )
    whole = solve(rows, leg)
    with mock.patch.object(key_slices, "SMALL", 0):
        sliced = solve(rows, leg, memory_bytes=memory)
    assert whole.links.equals(sliced.links)
    assert whole.ambiguous.equals(sliced.ambiguous)
    assert whole.pass_counts.equals(sliced.pass_counts)
    assert np.array_equal(whole.group, sliced.group)


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_fresh_pair_changes_no_other_link(rows):
    """A pair with a key of its own is linked and leaves every other link as it was."""
    before = solve(rows, leg_of(EXACT, GROUP))
    after = solve([*rows, row(M, "fresh", 7), row(C, "fresh", 7)], leg_of(EXACT, GROUP))
    n = len(rows)
    new = {(n, n + 1, int(MatchKind.EXACT))}
    assert link_set(after, *TRIPLE) == link_set(before, *TRIPLE) | new


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_identity_not_position_decides(rows):
    """Other txn_ids in the same order give the same links."""
    ids = [7 * k + 1_000_000 for k in range(len(rows))]
    leg = leg_of(EXACT, UNIQUE)
    other = match(
        slim_of(rows, ids), digests_of(rows), (leg,), everybody(rows, leg), means=Means(1)
    )
    assert other.links.equals(solve(rows, leg).links)


def test_no_admissible_pair_is_left_unmatched():
    """Maximality: an anti-join in DuckDB finds no key with a free row on both sides."""
    rng = np.random.default_rng(9)
    rows = [
        row(
            M if rng.random() < 0.5 else C,
            f"k{rng.integers(0, 4000)}",
            int(rng.integers(1, 50)),
            kind=Kind.PAYMENT if rng.random() < 0.9 else Kind.REFUND,
        )
        for _ in range(8000)
    ]
    matches = solve(rows, leg_of(EXACT), threads=2)
    frame = pl.DataFrame(
        {
            "row": range(len(rows)),
            "side": [int(r["side"]) for r in rows],
            "key": [r["key"] for r in rows],
            "kind": [int(r["kind"]) for r in rows],
            "free": matches.key_group["leg"] < 0,
        }
    )
    with duckdb.connect() as connection:
        connection.register("world", frame)
        query = "select count(*) from world l join world r using (key, kind) where {}"
        free = "l.side = 0 and r.side = 1 and (l.free or r.free)"
        assert connection.execute(query.format(free)).fetchall() == [(0,)]
        pairs = connection.execute(
            query.format("l.side = 0 and r.side = 1 and not l.free")
        ).fetchall()
    assert pairs[0][0] >= matches.links.height > 0


def test_one_order_two_equal_channel_rows():
    """Seed 1: one order and two equal channel rows give one match and one surplus, not two."""
    rows = [row(M, "o", 100), row(C, "o", 100, time=9), row(C, "o", 100, time=3)]
    matches = solve(rows, leg_of(EXACT))
    assert link_set(matches, *TRIPLE) == {(0, 2, MatchKind.EXACT), (0, 1, MatchKind.SURPLUS)}


def test_only_the_unequal_pair_differs():
    """Seed 4: of an equal and an unequal pair only the unequal one is linked as KEY."""
    rows = [row(M, "a", 100), row(C, "a", 100), row(M, "b", 100), row(C, "b", 101)]
    assert link_set(solve(rows, leg_of(EXACT)), *TRIPLE) == {
        (0, 1, MatchKind.EXACT),
        (2, 3, MatchKind.KEY),
    }


def test_currencies_never_pair_as_equal_nor_share_a_group():
    """Seed 7: equal numbers of two currencies are not equal, and never one sum."""
    rows = [row(M, "a", 100, currency=1), row(C, "a", 100, currency=2)]
    assert link_set(solve(rows, leg_of(EXACT)), *TRIPLE) == {(0, 1, MatchKind.KEY)}
    assert solve(rows, leg_of(GROUP)).links.is_empty()
    assert solve(rows, leg_of(UNIQUE)).links.is_empty()


def test_group_with_refund_links_by_key():
    """Seed 11: a batch of sales and a refund is linked to its one net credit."""
    rows = [
        row(C, "batch", 1000),
        row(C, "batch", -300, kind=Kind.REFUND),
        row(B, "batch", 700, kind=Kind.CREDIT),
    ]
    matches = solve(rows, leg_of(GROUP, left=C, right=B))
    assert link_set(matches, "left", "right") == {(0, 2), (1, 2)}
    assert matches.key_group["leg"].tolist() == [0, 0, 0]
    assert matches.pass_counts["amount"].to_list() == [700]


@pytest.mark.parametrize("difference", [1, -1])
def test_a_difference_of_either_sign_is_no_equality(difference):
    """Seed 12: one fen more and one fen less are both KEY links, never EXACT."""
    rows = [row(M, "a", 100), row(C, "a", 100 + difference)]
    assert link_set(solve(rows, leg_of(EXACT)), *TRIPLE) == {(0, 1, MatchKind.KEY)}


def test_equal_rows_are_shown_not_guessed():
    """Two left rows and one right row of equal attributes are ambiguous in a UNIQUE pass."""
    rows = [row(M, "a", 100), row(M, "a", 100), row(C, "a", 100)]
    matches = solve(rows, leg_of(UNIQUE))
    assert matches.links.is_empty()
    assert set(matches.ambiguous.select("row", "candidate").rows()) == {
        (0, 2),
        (1, 2),
        (2, 0),
        (2, 1),
    }


def test_tie_settled_by_a_later_pass_is_no_longer_shown():
    """A tie whose rows a later pass links is not ambiguous any more."""
    rows = [row(M, "a", 100), row(M, "a", 100), row(C, "a", 100)]
    matches = solve(rows, leg_of(UNIQUE, EXACT))
    assert matches.ambiguous.is_empty()
    assert matches.links.height == 2


def test_success_is_paired_before_failure():
    """Of two equal channel rows the successful one is the match, whatever their times."""
    rows = [
        row(M, "a", 100),
        row(C, "a", 100, state=State.FAILED, time=1),
        row(C, "a", 100, state=State.SUCCESS, time=8),
    ]
    assert (0, 2, MatchKind.EXACT) in link_set(solve(rows, leg_of(EXACT)), *TRIPLE)


def test_ineligible_rows_take_no_part():
    """A row that is not eligible on a leg is neither linked nor counted there."""
    rows = [row(M, "a", 100), row(C, "a", 100), row(C, "a", 100)]
    leg = leg_of(EXACT)
    eligible = {"leg": np.array([True, False, True])}
    matches = match(slim_of(rows), digests_of(rows), (leg,), eligible, means=Means(1))
    assert link_set(matches, *TRIPLE) == {(0, 2, MatchKind.EXACT)}


def test_components_span_legs():
    """Links of two legs join merchant, channel and bank rows in one group."""
    rows = [row(M, "a", 100), row(C, "a", 100), row(B, "a", 100), row(M, "z", 5)]
    one, two = leg_of(EXACT, name="one"), leg_of(GROUP, name="two", left=C, right=B)
    assert solve(rows, one, two).group.tolist() == [0, 0, 0, 3]


def test_six_thousand_rows_of_one_key():
    """Seed 10: six thousand rows a side under one key are all linked, each once."""
    rows = [row(M, "a", k) for k in range(6000)] + [row(C, "a", k) for k in range(6000)]
    matches = solve(rows, leg_of(EXACT))
    assert matches.links["match_kind"].to_list() == [0] * 6000
    assert (matches.links["right"] - matches.links["left"]).unique().to_list() == [6000]


def test_empty_world():
    """No rows give no links and no groups."""
    matches = solve([], leg_of(EXACT, UNIQUE, GROUP))
    assert matches.links.is_empty()
    assert matches.group.size == 0


def decided(rows, leg, **decisions):
    given = {name: np.array(value, np.int64) for name, value in decisions.items()}
    return match(
        slim_of(rows),
        digests_of(rows),
        (leg,),
        everybody(rows, leg),
        decisions={leg.name: Decisions(**given)},
    )


def test_pinned_pair_is_linked_before_every_pass():
    """A pair that a person pinned is linked whatever its keys, and is free for no pass."""
    rows = [row(M, "a", 100), row(C, "a", 100), row(C, "z", 7)]
    matches = decided(rows, leg_of(EXACT), pin=[(0, 2)])
    assert link_set(matches, *TRIPLE) == {(0, 2, MatchKind.PINNED)}
    assert matches.pass_counts["pass"].to_list()[0] == "pinned"


def test_forbidden_pair_is_never_linked():
    """A pair that a person forbade stays apart; both rows are free for later passes."""
    rows = [row(M, "a", 100), row(C, "a", 100)]
    matches = decided(rows, leg_of(EXACT, UNIQUE, GROUP), forbid=[(0, 1)])
    assert matches.links.is_empty()
    assert matches.key_group["leg"].tolist() == [-1, -1]


def test_unmatched_row_stays_alone():
    """A row that a person took out of matching leaves its partner to the next one."""
    rows = [row(M, "a", 100), row(C, "a", 100), row(C, "a", 100)]
    matches = decided(rows, leg_of(EXACT), unmatch=[1])
    assert link_set(matches, *TRIPLE) == {(0, 2, MatchKind.EXACT)}
