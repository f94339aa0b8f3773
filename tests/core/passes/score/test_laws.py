"""Laws of a SCORE pass: the order of the rows and the number of threads change no figure."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.arrays.means import Means
from recon.core.codes import Side, State
from recon.core.match import match
from recon.core.passes.score import levels as score_levels
from recon.core.passes.score import model as score_model
from recon.core.passes.score import population as score_population
from recon.core.plan import Leg, Method, Pass
from recon.core.texts.text import text_buffers
from tests.core.worlds import digests_of, everybody, row, slim_of

pytestmark = pytest.mark.thorough

M, C = Side.MERCHANT, Side.CHANNEL
NAMES = ("ALDER", "BIRCH", "CEDAR", "ELM", "FIR", "HAZEL", "JUNIPER", "LARCH", "MAPLE", "OAK")


def world(seed, pairs, keys):
    """Return (row, memo) pairs: payments and what the other side says, some lost, some twice."""
    rng = random.Random(seed)  # noqa: S311 - a world, not a secret
    told = []
    for k in range(pairs):
        amount, day = rng.choice([rng.randint(1_000, 90_000), 5_000, 9_900]), rng.randrange(6)
        memo = f"{rng.choice(NAMES)} {rng.choice(NAMES)} {rng.randrange(10 ** rng.choice([2, 7]))}"
        key = f"k{rng.randrange(keys)}" if keys else None
        currency = int(rng.random() < 0.1)
        state = rng.choice([State.SUCCESS] * 4 + [State.FAILED])
        for side in (M, C):
            known = rng.random() < 0.9
            for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 2])):
                paid = amount - amount * rng.choice([0, 0, 6, 30]) // 1_000
                text = rng.choice([memo, memo[: rng.randint(0, len(memo))].lower(), f"pay {memo}"])
                when = day + rng.randrange(3) if side is C else day
                line = row(
                    side, key, paid, due=when if known else None, value=when if known else None,
                    time=86_400 * when + k if known else None,
                    currency=currency, state=state,
                )  # fmt: skip
                told.append((line, text))
    return told


def solve(told, *, keyed, threads=1, first=False):
    """Return everything that a SCORE pass says of the rows, by what they contain."""
    rows, memos = [line for line, _ in told], [memo for _, memo in told]
    keys = ("key",) if keyed else ()
    step = Pass("score", Method.SCORE, keys, keys, tolerance_ppm=100_000, days_after=3)
    exact = Pass("key", Method.UNIQUE, ("key",), ("key",), days_after=3)
    leg = Leg("leg", M, C, (exact, step) if first else (step,))
    texts = {"memo": text_buffers(pl.Series(memos, dtype=pl.String))}
    found = match(
        slim_of(rows),
        digests_of(rows),
        (leg,),
        everybody(rows, leg),
        means=Means(threads),
        texts=texts,
    )
    content = [str(sorted(line.items())) + memo for line, memo in told]
    linked = {p for ends in found.links.select("left", "right").rows() for p in ends}
    return (
        by_content(found.links.drop("leg", "pass_no"), content),
        by_content(found.spoken.drop("leg"), content),
        by_content(found.doubts.drop("leg"), content),
        sorted(content[p] for p in found.ambiguous["row"].unique()),
        sorted(content[p] for p in linked),
    )


def by_content(table, content):
    """Return the lines of a table with its rows named by what they contain."""
    return sorted(
        (content[left], content[right], *rest)
        for left, right, *rest in table.select("left", "right", pl.exclude("left", "right")).rows()
    )


@pytest.mark.parametrize("keys", [0, 2, 7])
@given(seed=st.integers(0, 10_000), pairs=st.integers(1, 40), order=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_changes_no_figure(keys, seed, pairs, order):
    """Links, scores, weights, doubts and ties of shuffled rows are the same to the last digit."""
    told = world(seed, pairs, keys)
    shuffled = told.copy()
    random.Random(order).shuffle(shuffled)  # noqa: S311 - no secret
    one, other = (solve(rows, keyed=bool(keys)) for rows in (told, shuffled))
    assert one == other


@pytest.mark.parametrize("keys", [0, 5])
@pytest.mark.parametrize("seed", range(3))
def test_threads_change_no_figure(keys, seed):
    """Any number of threads gives the same to the last digit, doubts included."""
    told = world(seed, 150, keys)
    one = solve(told, keyed=bool(keys))
    assert one[0]
    assert one[2]
    for threads in (2, 3, 8):
        assert solve(told, keyed=bool(keys), threads=threads) == one


@pytest.mark.parametrize("keys", [0, 9])
def test_what_is_sampled_does_not_depend_on_the_order(keys, monkeypatch):
    """With samples far smaller than the night, shuffled rows give the same to the last digit."""
    monkeypatch.setattr(score_population, "LOOKED_AT", 50)
    monkeypatch.setattr(score_population, "SORTED", 40)
    monkeypatch.setattr(score_model, "SAMPLE_PAIRS", 300)
    monkeypatch.setattr(score_model, "BLOCK_PAIRS", 200)
    monkeypatch.setattr(score_levels, "SAMPLED_PAIRS", 500)
    told = world(5, 400, keys)
    shuffled = told.copy()
    random.Random(1).shuffle(shuffled)  # noqa: S311 - no secret
    one, other = (solve(rows, keyed=bool(keys)) for rows in (told, shuffled))
    assert one[0]
    assert one == other


def test_the_population_does_not_depend_on_the_order(monkeypatch):
    """Rows that an earlier pass took count as strangers, whichever of them are looked at."""
    monkeypatch.setattr(score_population, "POPULATION", 120)
    told = world(6, 300, 40)
    shuffled = told.copy()
    random.Random(2).shuffle(shuffled)  # noqa: S311 - no secret
    one, other = (solve(rows, keyed=False, first=True) for rows in (told, shuffled))
    assert one[0]
    assert one == other
