"""Rebates over nights: paid early, and of rows that came twice or were undone."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.night_world import NightWorld

FRIDAY, SATURDAY, SUNDAY = "2026-10-30", "2026-10-31", "2026-11-01"
MONDAY, TUESDAY, WEDNESDAY = "2026-11-02", "2026-11-03", "2026-11-04"
REBATE = """
[[rebate]]
name = "volume rebate"
tiers = [{ from = 0, rate = "1%" }]
due_days = 2
paid_as = "bonus"
"""


def world_of(folder: Path) -> NightWorld:
    """Return a world with a rebate policy, whose channel names products in the merchant column."""
    world = NightWorld(folder, opening=FRIDAY)
    text = world.config.read_text("utf-8")
    text = text.replace('fee = "fee"\n', 'fee = "fee"\nproduct = "state"\n')
    text = text.replace(
        'PENDING = "pending"\n[source.kinds]',
        'PENDING = "pending"\nbonus = "success"\n[source.kinds]',
    )
    text = text.replace('void = "void"\n', 'void = "void"\nbonus = "adjustment"\n')
    world.config.write_text(text + REBATE, "utf-8")
    return world


def rebates(world: NightWorld, day: str) -> list[str]:
    """Run a night and return its rebate codes."""
    return [code for code in world.codes(world.run(day)) if code.startswith("REBATE")]


def test_a_rebate_paid_before_its_day_is_not_missing(tmp_path: Path) -> None:
    """A rebate paid in time is no break that night, nor on the night after its due day."""
    world = world_of(tmp_path)
    world.day(FRIDAY, orders=["A1 300.00"], psp=["A1 300.00"])
    world.day(SUNDAY, psp=["B1 3.00 kind=bonus state=bonus"])
    for day in (FRIDAY, SUNDAY, MONDAY, TUESDAY, WEDNESDAY):
        if day not in (FRIDAY, SUNDAY):
            world.day(day)
        assert rebates(world, day) == [], day


def test_a_wrong_rebate_is_reported_on_its_night_only(tmp_path: Path) -> None:
    """A payment of another amount is one break; a second merchant's payment does not repeat it."""
    world = world_of(tmp_path)
    world.day(
        FRIDAY,
        orders=["A1 300.00", "A2 500.00"],
        psp=["A1 300.00", "A2 500.00 merchant=8002"],
    )
    world.run(FRIDAY)
    world.day(SUNDAY, psp=["B1 4.00 kind=bonus state=bonus"])
    assert rebates(world, SUNDAY) == ["REBATE_AMOUNT"]
    world.day(MONDAY, psp=["B2 5.00 kind=bonus state=bonus merchant=8002"])
    assert rebates(world, MONDAY) == []
    world.day(TUESDAY)
    assert rebates(world, TUESDAY) == []


def test_undone_and_repeated_sales_earn_no_rebate(tmp_path: Path) -> None:
    """A sale voided that night or the next, and a line that stands twice, do not count."""
    world = world_of(tmp_path)
    twice = "A1 300.00 ref=R1"
    world.day(
        FRIDAY,
        orders=["A1 300.00", "A2 70.00 state=CLOSED", "A3 90.00 state=FAILED"],
        psp=[twice, twice, "A2 70.00", "V2 -70.00 kind=void original=A2", "A3 90.00"],
    )
    world.run(FRIDAY)
    world.day(SATURDAY, psp=["V3 -90.00 kind=void original=A3"])
    world.run(SATURDAY)
    world.day(SUNDAY, psp=["B1 3.00 kind=bonus state=bonus"])
    assert rebates(world, SUNDAY) == []
    night = world.day(TUESDAY)
    assert night is None
    result = world.run(TUESDAY)
    disputes = world.table(result, "disputes")
    assert not disputes.filter(pl.col("code").cast(pl.String).str.starts_with("REBATE")).height
