"""What a `score` pass leaves doubtful is published pair by pair, and told by `recon explain`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from recon.report.explain.explanation import explain
from recon.report.explain.text import explanation_text
from recon.rules.words.causes import in_chinese, known
from recon.store.lookup import Lookup
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY = "2026-11-09", "2026-11-10"
SCORE = """[[leg.pass]]
name = "texts"
method = "score"
tolerance_percent = 5
days_after = 3
text = "channel_ref"
right_text = "memo"
"""
SALES = ["A1 100.00", "A2 250.00", "A3 77.00"]


def told(world: NightWorld, ident: int, language: str) -> str:
    """Return the text of `recon explain`."""
    lookup = Lookup.in_force(Workspace(world.folder / "workspace"))
    facts = explain(lookup.fetch, str(ident), lambda _row, _sha: {"line": None, "note": None})
    return explanation_text(facts, language, {})


def nights(folder: Path, *lines: str, passes: str = SCORE, sales: list[str] = SALES):
    """Run a night of sales and a night of credits; return the world and the last night."""
    world = NightWorld(folder, bank_passes=passes)
    world.day(MONDAY, orders=sales, psp=sales)
    world.run(MONDAY)
    world.day(TUESDAY, bank=list(lines))
    return world, world.run(TUESDAY)


def test_a_doubtful_pair_tells_its_probability_and_what_spoke(tmp_path: Path) -> None:
    """Each row of the pair tells the same figures; what was missing is the rest."""
    world, night = nights(tmp_path, "100.00 memo=TRANSFER X", "240.00 memo=REST", "500.00 memo=Z")
    doubts = world.table(night, "doubts").sort("score", descending=True)
    assert doubts["confidence"].to_list() == [950_000, 950_000]
    one = doubts.row(0, named=True)
    assert 0 < one["score"] < one["confidence"]
    assert one["reasons"].startswith("for: equal amount +")
    assert "; against: " in one["reasons"]
    short = f"{(one['confidence'] - one['score']) / 10_000:g}"
    probable = f"{one['score'] / 10_000:g} %"
    for row in (one["left_txn_id"], one["right_txn_id"]):
        english = told(world, row, "en")
        assert f"{probable} probable, {short} points below 95 %" in english
        assert f"evidence {one['reasons']}" in english
        chinese = told(world, row, "zh")
        assert f"可能性 {probable}，距 95 % 差 {short} 个百分点" in chinese
        assert "依据 支持：金额相等 +" in chinese
    gates = world.table(night, "breaks").filter(pl.col("txn_ids").list.contains(row))
    gate = gates["failed_gate"].item()
    assert gate == (
        f"amount equal; pass texts fails on being {probable} probable, {short} points short of 95 %"
    )
    assert known(gate)
    assert f"可能性 {probable}，距 95 % 差 {short} 个百分点" in in_chinese(gate)
    assert verify(world.folder / "workspace", night.run_id).failures == []


def test_a_tie_tells_what_each_pair_weighs(tmp_path: Path) -> None:
    """Two sales fit one credit: both pairs are told with one probability, none is picked."""
    sales = ["A1 123.45", "A2 123.45"]
    world, night = nights(tmp_path, "123.45 memo=TRANSFER", sales=sales)
    doubts = world.table(night, "doubts")
    assert doubts["score"].n_unique() == 1
    assert doubts.height == 2
    assert world.table(night, "links").filter(pl.col("leg") == "channel-bank").is_empty()
    credit = doubts["right_txn_id"][0]
    assert told(world, credit, "en").count("  weighed on leg channel-bank, pass texts") == 2


def test_a_pair_that_is_likely_but_not_enough_is_called_so(tmp_path: Path) -> None:
    """A credit whose only partner is not probable enough has no equally good partners."""
    passes = SCORE + "confidence_ppm = 999_999\n"
    world, night = nights(
        tmp_path, "100.00 memo=RA1", "250.00 memo=RA2", "77.00 memo=RA3", passes=passes
    )
    found = world.table(night, "breaks").filter(pl.col("code") == "AMBIGUOUS")
    assert found.height == 3
    assert set(found["cause"]) == {"1 possible partners, none probable enough"}
    cases = world.table(night, "disputes").filter(pl.col("code") == "AMBIGUOUS")
    assert all("has 1 possible partner, not probable enough" in x for x in cases["explanation_en"])
    assert all("可能性均不足" in x for x in cases["explanation_zh"])
    assert in_chinese(found["cause"][0]) == "1 个可能的对手记录，可能性均不足"


def test_a_pair_that_a_later_pass_links_is_no_doubt(tmp_path: Path) -> None:
    """Doubts are told of rows that stay alone: a `unique` pass behind links one of the pairs."""
    passes = SCORE + '[[leg.pass]]\nname = "amount"\nmethod = "unique"\nkeys = ["amount_minor"]\n'
    world, night = nights(tmp_path, "100.00 memo=TRANSFER X", "240.00 memo=REST", passes=passes)
    links = world.table(night, "links").filter(pl.col("leg") == "channel-bank")
    doubts = world.table(night, "doubts")
    assert links["pass"].to_list() == ["amount"]
    assert doubts.height == 1
    assert doubts["left_txn_id"].item() not in links["left_txn_id"].to_list()
