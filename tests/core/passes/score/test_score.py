from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.bench_calibration import calibration_error, measure
from benchmarks.score_worlds import draw_world
from benchmarks.score_worlds import solve as score_world
from recon.core.arrays.means import Means
from recon.core.codes import MatchKind, Side
from recon.core.evidence import NOTHING_SPOKE, reasons
from recon.core.match import Decisions, match
from recon.core.passes.score import population as score_population
from recon.core.plan import Leg, Method, Pass
from recon.core.texts.text import text_buffers
from tests.core.worlds import digests_of, everybody, row, slim_of

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
    return match(slim_of(rows), {}, (leg,), everybody(rows, leg), means=Means(threads), texts=texts)


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


def test_a_parted_pair_takes_no_evidence_from_the_others():
    """With a forbidden pair the pass runs again; every link still tells what spoke for it."""
    rows, memos = world(60, 7)
    step = Pass("score", Method.SCORE, (), (), tolerance_ppm=100_000, days_after=10)
    leg = Leg("leg", C, B, (step,))
    texts = {"memo": text_buffers(pl.Series(memos, dtype=pl.String))}
    decided = {"leg": Decisions(forbid=np.array([[0, 1]]))}
    facts = slim_of(rows), {}, (leg,), everybody(rows, leg)
    found = match(*facts, texts=texts, decisions=decided)
    pairs = found.links.select("left", "right").rows()
    assert (0, 1) not in pairs
    assert len(pairs) > 50
    assert sorted(found.spoken.select("left", "right").rows()) == pairs


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


def linked(memos, amounts=None):
    """Return the right partner of each left row: rows 0, 2, .. left, 1, 3, .. right, true pairs."""
    amounts = amounts or [500] * (len(memos) // 2)
    rows = []
    for amount in amounts:
        rows += [row(C, None, amount, due=1, time=None), row(B, None, amount, value=1, time=None)]
    found = solve(rows, memos)
    return dict(found.links.select("left", "right").iter_rows()), found


def test_equal_amounts_are_told_apart_by_each_kind_of_text_evidence():
    """Digit runs inside other words, rare words, misspelt references and names each decide."""
    kinds = {
        "digits": ("REF{0}A", "TRANSFER 99/{0}X SETTLED"),
        "words": ("GOODS {1} {0} JUNE", "RECEIVED FROM {0} {1} THANKS"),
        "spelling": ("AB{0}XY{1}QQ", "BA{0}XY{1}Q"),
    }
    rng = np.random.default_rng(4)
    for kind, (one, two) in kinds.items():
        memos = []
        for _ in range(40):
            number = f"{int(rng.integers(10**6, 10**7))}"
            name = "".join(rng.choice(list("BCDFGHKLMNPRSTVW"), 7))
            words = (number, name) if kind == "digits" else (name, name[::-1])
            memos += [one.format(*words), two.format(*words)]
        pairs, _ = linked(memos)
        wrong = {left: right for left, right in pairs.items() if right != left + 1}
        assert not wrong, kind
        assert len(pairs) >= 38, kind


def test_common_words_say_nothing():
    """Words that every row shows do not link rows of equal amount."""
    pairs, _ = linked(["PAYMENT RECEIVED THANK YOU"] * 40)
    assert not pairs


def test_unrelated_rows_are_not_linked():
    """Small and large nights of strangers that come near by amount and day stay apart."""
    rng = np.random.default_rng(8)
    total = 0
    for size in (1, 2, 3, 5, 10, 200):
        rows, memos = [], []
        for _ in range(size):
            for side, day in ((C, "due"), (B, "value")):
                amount, when = int(rng.integers(9_900, 10_100)), int(rng.integers(0, 2))
                rows.append(row(side, None, amount, **{day: when}, time=None))
                memos.append(f"INV {int(rng.integers(10**7)):07d}")
        total += solve(rows, memos).links.height
    assert total <= 1


def test_a_text_that_is_missing_speaks_neither_way():
    """Rows without text are linked by their amounts among rows that have text."""
    memos = []
    for k in range(60):
        memos += ["", ""] if k % 6 == 0 else [f"ORDER {7_000_000 + k * 37}"] * 2
    pairs, found = linked(memos, [1_000 + 7 * k for k in range(60)])
    assert all(right == left + 1 for left, right in pairs.items())
    assert len(pairs) == 60
    absent = found.spoken.filter(pl.col("text_level") == 1)
    assert absent.height == 10
    assert set(absent["text_weight"].to_list()) == {0}


def test_reasons_name_what_spoke_for_and_against():
    """A link's evidence is told in words with its weight in bits; faint levels are left out."""
    rows, memos = world(200, 9)
    told = reasons(solve(rows, memos).spoken, working_days=pl.lit(value=False)).to_list()
    assert all(line.startswith("for: ") and line.endswith(" (bits)") for line in told)
    assert any("equal amount +" in line and "days later +" in line for line in told)
    levels = {"amount_level": [0, 8, 0], "lag": [-1, 3, 0], "text_level": [26, 1, 2]}
    weights = {
        "amount_weight": [925, -380, 9],
        "lag_weight": [-10, 120, -9],
        "text_weight": [1401, 0, 0],
    }
    frame = pl.DataFrame({**levels, **weights})
    assert reasons(frame, working_days=pl.lit(value=True)).to_list() == [
        "for: equal amount +9.2, equal texts +14.0; against: 1 working day earlier -0.1 (bits)",
        "for: 3 working days later +1.2; against: amount within 20 % -3.8 (bits)",
        NOTHING_SPOKE,
    ]


def test_a_lower_bar_links_more_and_scores_are_honest():
    """Of links at any probability about that share is right, with orphans on both sides."""
    right, said = 0, 0.0
    total = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        rows, memos, truth = [], [], []
        for k in range(500):
            amount, day = int(rng.integers(1_000, 60_000)), int(rng.integers(0, 30))
            memo = f"{NAMES[int(rng.integers(10))]} {NAMES[int(rng.integers(10))]}"
            if rng.random() < 0.8:
                rows.append(row(C, None, amount, due=day, time=None))
                memos.append(memo)
                truth.append(k)
            if rng.random() < 0.8:
                paid = amount - int(amount * rng.integers(0, 60) // 1000)
                rows.append(row(B, None, paid, value=day + int(rng.integers(0, 5)), time=None))
                memos.append(memo)
                truth.append(k)
        links = solve(rows, memos, confidence_ppm=0).links
        truths = np.array(truth)
        same = truths[links["left"].to_numpy()] == truths[links["right"].to_numpy()]
        right += int(same.sum())
        said += links["score"].sum() / 1e6
        total += links.height
    assert total > 1_000
    assert said / total <= right / total + 0.02


def test_no_candidates_no_links():
    """Rows without any candidate leave the model unfitted and nothing linked."""
    rows = [row(C, None, 100, due=0, time=None), row(B, None, 900_000, value=0, time=None)]
    assert solve(rows, ["A", "B"]).links.is_empty()


def small(pairs, days=1):
    """Return the links of a night of few rows: (amount, text) of each side, a day apart."""
    rows = [row(C, None, amount, due=1, time=None) for amount, _ in pairs[0]]
    rows += [row(B, None, amount, value=1 + days, time=None) for amount, _ in pairs[1]]
    return solve(rows, [text for side in pairs for _, text in side])


def test_one_pair_alone_is_linked_by_overwhelming_evidence():
    """A long reference, or an amount that nobody thinks of, needs no further rows."""
    for one, two in (
        ((48_817, "ORDER 7304918265"), (48_817, "TRF ORDER 7304918265 OK")),
        ((120_000, "ORDER 7304918265"), (119_280, "ORDER 7304918265")),
        ((123_457, ""), (123_457, "")),
    ):
        found = small(([one], [two]))
        assert found.links.select("left", "right").rows() == [(0, 1)], (one, two)


def test_one_pair_alone_is_not_linked_by_what_anybody_shares():
    """A popular amount, other texts, or a near amount say too little of a lone pair."""
    for one, two in (
        ((1_000, "TAXI 4711"), (1_000, "HOTEL 0815")),
        ((16_123, "JUN SMITH GAS 3890"), (16_224, "TRF LEI LIU GAS 2866")),
        ((10_000, "7730412"), (10_000, "")),
        ((5_000, "20261130"), (5_250, "20261130")),
    ):
        assert small(([one], [two])).links.is_empty(), (one, two)


def test_equals_are_never_parted_in_a_small_night():
    """Two rows that fit one partner alike, or two that fit two, are shown and none is picked."""
    paid = (48_817, "ORDER 7304918265")
    for left, right in ((2, 1), (1, 2), (2, 2), (3, 2)):
        found = small(([paid] * left, [paid] * right))
        assert found.links.is_empty()
        assert set(found.ambiguous["row"].to_list()) == set(range(left + right))


@pytest.mark.parametrize("most", [score_population.POPULATION, 12])
def test_rows_linked_before_tell_how_common_values_are(monkeypatch, most):
    """An amount that rows linked before show often is no evidence for the last pair."""
    monkeypatch.setattr(score_population, "POPULATION", most)
    step = Pass("score", Method.SCORE, (), (), days_after=2)
    leg = Leg("leg", C, B, (Pass("exact", Method.EXACT, ("key",), ("key",)), step))
    for others, linked in (([77_013] * 40, 0), (range(1_003, 99_003, 2_450), 1)):
        rows = []
        for place, amount in enumerate(others):
            rows += [
                row(C, place, amount, due=1, time=None),
                row(B, place, amount, value=1, time=None),
            ]
        rows += [row(C, None, 77_013, due=1, time=None), row(B, None, 77_013, value=2, time=None)]
        texts = {"memo": text_buffers(pl.Series([""] * len(rows)))}
        slim, keys = slim_of(rows), digests_of(rows)
        found = match(slim, keys, (leg,), everybody(rows, leg), means=Means(1), texts=texts).links
        last = found.filter(pl.col("left") == len(rows) - 2)
        assert last.height == linked, others


def test_links_are_as_often_right_as_they_say():
    """On worlds of every size, with rows that have no partner: the error of what links say."""
    found = measure(3_000_000, {1: 60, 3: 60, 10: 20, 100: 10, 500: 2})
    said, right = (np.concatenate([part[k] for part in found]) for k in (1, 2))
    linked = said >= 0.95
    assert linked.sum() > 1_200
    assert calibration_error(said[linked], right[linked]) <= 0.01
    assert right[linked].mean() >= 0.99
    assert calibration_error(said, right) <= 0.025
    assert said.mean() <= right.mean() + 0.005


def told(world):
    """Return what a world's links say, by truth, and which rows are shown as undecided."""
    both = [*world.left, *world.right]
    _, _, found = score_world(world, 950_000)
    links = found.links.select("left", "right", "score").rows()
    return {(both[a], both[b], score) for a, b, score in links}, {
        both[p] for p in found.ambiguous["row"].to_list()
    }


def test_the_order_of_rows_changes_no_probability():
    """Shuffled rows get other identities, and every link the same probability to the last digit."""
    rng = np.random.default_rng(3)
    for seed in range(60):
        world = draw_world(7_000 + seed, (2, 5, 20, 80)[seed % 4])
        if not world.left or not world.right:
            continue
        left, right = (rng.permutation(len(side)) for side in (world.left, world.right))
        other = replace(
            world, left=[world.left[k] for k in left], right=[world.right[k] for k in right]
        )
        assert told(other) == told(world), seed
