"""Figures of the page against worlds that a person counts by hand."""

from __future__ import annotations

import polars as pl
import pytest

from recon.commands.packing import read_pack
from recon.report.html_pictures import merchant_league, percentile
from recon.store.workspace import Workspace
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"


def pack_of(world: NightWorld):
    """Return the newest night's pack."""
    space = Workspace(world.folder / "workspace")
    return read_pack(space, space.resolve(None), "en")


def test_a_merchant_is_ranked_by_its_cases(tmp_path):
    """Twenty rows with two wrong, forty with one: 10 % before 2.5 %; three have no rank."""
    world = NightWorld(tmp_path)
    shops = {"8001": 20, "8002": 40, "8003": 3}
    wrong = {("8001", 0), ("8001", 1), ("8002", 0), ("8003", 0)}
    orders, psp = [], []
    for shop, sales in shops.items():
        for number in range(sales):
            cents = "50" if (shop, number) in wrong else "00"
            orders.append(f"O{shop}x{number} 10.00")
            psp.append(f"O{shop}x{number} 10.{cents} merchant={shop}")
    world.day(MONDAY, orders=orders, psp=psp)
    world.run(MONDAY)
    ranked = merchant_league(pack_of(world)).select("merchant_id", "broken", "rows", "share")
    assert ranked.rows() == [("8001", 2, 20, 1000), ("8002", 1, 40, 250)]


def test_a_payout_that_did_not_come_is_one_case(tmp_path):
    """A batch of thirty rows that the bank never paid does not make the merchant all wrong."""
    world = NightWorld(tmp_path)
    sales = [f"A{number} 10.00" for number in range(30)]
    world.day(MONDAY, orders=sales, psp=sales)
    for day in (TUESDAY, WEDNESDAY):
        world.day(day)
    results = [world.run(day) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    assert "MISSING_SETTLEMENT" in " ".join(
        code for result in results for code in world.codes(result)
    )
    (row,) = merchant_league(pack_of(world)).to_dicts()
    assert (row["broken"], row["rows"]) == (1, 30)


def test_days_to_the_bank_are_counted_from_the_clearing_day(tmp_path):
    """Two rows paid next day and one two days later: counted a row, not a batch."""
    world = NightWorld(tmp_path)
    two = ["A1 10.00", "A2 20.00"]
    other = "A3 30.00 merchant=8002"
    world.day(MONDAY, orders=[*two, "A3 30.00"], psp=[*two, other])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["30.00 memo=PAYOUT_8001_20261109"])
    world.run(TUESDAY)
    world.day(WEDNESDAY, bank=["30.00 memo=PAYOUT_8002_20261109"])
    world.run(WEDNESDAY)
    settled = pack_of(world).settled.group_by("days").agg(pl.col("rows").sum()).sort("days")
    assert settled.rows() == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("part", "days"),
    [(50, 1), (60, 1), (61, 2), (90, 2), (91, 7), (100, 7)],
)
def test_percentiles_are_the_least_day_that_covers_the_share(part, days):
    """Six rows after one day, three after two, one after seven: counted on the fingers."""
    counted = pl.DataFrame({"days": [1, 2, 7], "rows": [6, 3, 1]})
    assert percentile(counted, part) == days
