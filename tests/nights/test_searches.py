"""What subset searches say is published, and told by `recon explain`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.report.explain.explanation import explain
from recon.report.explain.text import explanation_text
from recon.store.lookup import Lookup
from recon.store.read import read_table
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY = "2026-11-09", "2026-11-10"
SUBSET = """[[leg.pass]]
name = "sum"
method = "subset"
days_before = 1
days_after = 1
"""
CASES = {
    "one": (["110.00 memo=x"], "UNIQUE", "one subset adds up"),
    "several": (["60.00 memo=x"], "ALTERNATIVES", "none is picked"),
    "none": (["11.00 memo=x"], "NONE", "proved: no subset adds up"),
}


def told(world: NightWorld, ident: str) -> str:
    """Return the text of `recon explain`."""
    lookup = Lookup.in_force(Workspace(world.folder / "workspace"))
    facts = explain(lookup.fetch, ident, lambda _row, _sha: {"line": None, "note": None})
    return explanation_text(facts, "en", {})


@pytest.mark.parametrize("name", CASES)
def test_the_answer_of_a_search_is_published(tmp_path: Path, name: str) -> None:
    """A credit without a reference: which answer the search of its parts gave, and the sentence."""
    lines, answer, sentence = CASES[name]
    world = NightWorld(tmp_path, bank_passes=SUBSET)
    amounts = {"A1": 20, "A2": 50, "A3": 40, "A4": 10}
    rows = [f"{order} {amount}.00" for order, amount in amounts.items()]
    world.day(MONDAY, orders=rows, psp=rows)
    world.run(MONDAY)
    world.day(TUESDAY, bank=lines)
    night = world.run(TUESDAY)
    searches = world.table(night, "searches")
    bank = world.table(night, "transactions").row(0, named=True)["txn_id"]
    found = searches.filter(searches["txn_id"] == bank)
    assert found["answer"].to_list() == [answer]
    assert found["pool_rows"].to_list() == [4]
    assert verify(world.folder / "workspace", night.run_id).failures == []
    assert sentence in told(world, str(bank))


def test_one_subset_that_the_budget_cannot_prove_is_shown(tmp_path: Path) -> None:
    """All rows but one add up, but not all sets that could be left out were tried: not linked."""
    world = NightWorld(tmp_path, bank_passes=SUBSET + "budget = 1000\n")
    amounts = range(101, 411, 2)  # odd, so that no two of them are one of them
    rows = [f"A{amount} {amount}.00" for amount in amounts]
    world.day(MONDAY, orders=rows, psp=rows)
    world.run(MONDAY)
    world.day(TUESDAY, bank=[f"{sum(amounts) - 401}.00 memo=x"])
    night = world.run(TUESDAY)
    credit = world.table(night, "transactions").row(0, named=True)["txn_id"]
    found = world.table(night, "searches").row(by_predicate=pl.col("txn_id") == credit, named=True)
    assert (found["answer"], found["form"]) == ("EXHAUSTED", "ALL_BUT_FEW")
    assert world.table(night, "links").filter(pl.col("right_txn_id") == credit).is_empty()
    assert "the budget was spent before it was proved the only one" in told(world, str(credit))


def test_runs_without_the_table_are_still_read(tmp_path: Path) -> None:
    """A run of an older version has no searches: the table reads empty, nothing else changes."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    folder = world.run(MONDAY).folder
    path = folder / "manifest.json"
    path.chmod(0o600)
    folder.chmod(0o700)
    path.write_text(path.read_text("utf-8").replace("searches.parquet", "other.parquet"), "utf-8")
    (folder / "searches.parquet").unlink()
    assert read_table(folder, "searches").height == 0
