"""Whole nights whose bank credits are split otherwise than the channel's batches."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.errors import ReconError
from recon.rules.rule_file.rule_file import read_rules
from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY = "2026-11-09", "2026-11-10"
PASSES = """[[leg.pass]]
name = "sums"
method = "subset"
days_after = 1
[[leg.pass]]
name = "split payouts"
method = "subset"
many_to_many = true
days_after = 1
"""
SALES = ["A1 300000.07", "A2 512233.10"]
ORDERS = {"orders": SALES, "psp": SALES}


def test_two_sales_paid_in_two_credits(tmp_path: Path) -> None:
    """Two sales paid in two credits of other amounts are linked, and nobody is disputed."""
    world = NightWorld(tmp_path, bank_passes=PASSES)
    world.day(MONDAY, **ORDERS)
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, bank=["411110.99", "401122.18"])
    second = world.run(TUESDAY)
    assert world.codes(second, benign=True) == []
    kinds = world.table(second, "links").filter(pl.col("pass") == "split payouts")
    assert kinds["match_kind"].to_list() == ["SUBSET"] * 3
    searches = world.table(second, "searches").filter(pl.col("form") == "MANY")
    assert set(searches["answer"].to_list()) == {"UNIQUE"}
    assert verify(tmp_path / "workspace").failures == []


def test_rival_sets_are_ambiguous(tmp_path: Path) -> None:
    """With a third sale of the same amount two sets fit: they are shown, none is posted."""
    world = NightWorld(tmp_path, bank_passes=PASSES)
    sales = [*SALES, "A3 512233.10"]
    world.day(MONDAY, orders=sales, psp=sales)
    world.run(MONDAY)
    world.day(TUESDAY, bank=["411110.99", "401122.18"])
    second = world.run(TUESDAY)
    assert "AMBIGUOUS" in world.codes(second)
    assert world.table(second, "links").filter(pl.col("pass") == "split payouts").is_empty()


def test_other_methods_refuse_the_option(tmp_path: Path) -> None:
    """The rule file says where `many_to_many` belongs."""
    wrong = PASSES.replace('method = "subset"\nmany', 'method = "window"\nmany')
    world = NightWorld(tmp_path, bank_passes=wrong)
    with pytest.raises(ReconError, match="many_to_many"):
        read_rules(world.config)
