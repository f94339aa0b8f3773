from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import MatchKind, Side
from recon.core.match import match
from recon.core.plan import Leg, Method, Pass
from recon.core.text import text_buffers
from tests.core.worlds import everybody, row, slim_of

C, B = Side.CHANNEL, Side.BANK
NAMES = ("ALDER", "BIRCH", "CEDAR", "ELM", "FIR", "HAZEL", "JUNIPER", "LARCH", "MAPLE", "OAK")


def world(pairs, seed):
    """Return rows and memos: the bank shows each payment later, changed a little, memo cut."""
    rng = np.random.default_rng(seed)
    rows, memos = [], []
    for k in range(pairs):
        amount = int(rng.integers(1_000, 900_000))
        day = int(rng.integers(0, 40))
        memo = f"{NAMES[k % 10]} {NAMES[int(rng.integers(10))]} {int(rng.integers(10**7)):07d}"
        rows += [row(C, None, amount, due=day, time=None)]
        late = day + int(rng.integers(1, 4))
        paid = amount - int(amount * rng.choice([0, 0, 6, 30]) // 1000)
        rows += [row(B, None, paid, value=late, time=None)]
        memos += [memo, memo[: int(rng.integers(8, len(memo) + 1))].lower() + " transfer"]
    return rows, memos


def solve(rows, memos, threads=1, **options):
    step = Pass("score", Method.SCORE, (), (), tolerance_ppm=100_000, days_after=10, **options)
    leg = Leg("leg", C, B, (step,))
    texts = {"memo": text_buffers(pl.Series(memos, dtype=pl.String))}
    return match(slim_of(rows), {}, (leg,), everybody(rows, leg), threads=threads, texts=texts)


def test_changed_pairs_are_found_and_strangers_are_not():
    """Nearly all true pairs are linked, no wrong one, and the score is a probability."""
    rows, memos = world(400, 5)
    rows += [row(C, None, 5_000_000, due=1, time=None), row(B, None, 77, value=1, time=None)]
    memos += ["NOBODY KNOWS", "SOMETHING ELSE"]
    links = solve(rows, memos).links
    wrong = links.filter(pl.col("right") != pl.col("left") + 1).height
    assert wrong == 0
    assert links.height >= 390
    assert set(links["match_kind"].to_list()) == {int(MatchKind.SCORE)}
    assert links["score"].min() >= 950_000
    assert links["score"].max() <= 1_000_000


def test_threads_change_no_byte():
    """The fitted model and its links do not depend on the number of threads."""
    rows, memos = world(150, 6)
    assert solve(rows, memos).links.equals(solve(rows, memos, threads=3).links)


def test_equal_rivals_are_shown():
    """Two rows that fit one partner equally well are listed, and none is picked."""
    rows, memos = world(60, 7)
    rows += [row(C, None, 33_333, due=5, time=None), row(C, None, 33_333, due=5, time=None)]
    rows += [row(B, None, 33_333, value=6, time=None)]
    memos += ["WILLOW 123456", "WILLOW 123456", "WILLOW 123456"]
    matches = solve(rows, memos)
    linked = set(matches.links["left"].to_list()) | set(matches.links["right"].to_list())
    assert not linked & {120, 121, 122}
    assert {120, 121, 122} <= set(matches.ambiguous["row"].to_list())


def test_no_candidates_no_links():
    """Rows without any candidate leave the model unfitted and nothing linked."""
    rows = [row(C, None, 100, due=0, time=None), row(B, None, 900_000, value=0, time=None)]
    assert solve(rows, ["A", "B"]).links.is_empty()
