"""A day is a clearing day: minutes around the cut, dates without a year, every date axis kept."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world whose channel cuts at 23:00 and whose clocks may differ by five minutes."""
    return NightWorld(tmp_path)


@pytest.mark.parametrize(
    ("clock", "broken"),
    [
        ("22:54", ["MISSING_IN_CHANNEL"]),
        ("22:55", []),
        ("22:59", []),
        ("23:00", []),
        ("23:04", []),
    ],
)
def test_minutes_around_the_cut_are_nobodys_break(
    world: NightWorld, clock: str, broken: list[str]
) -> None:
    """An order within the tolerance of the cut may stand in either day's file; before it, not."""
    world.day(MONDAY, orders=[f"A1 10.00 {clock}"])
    assert world.codes(world.run(MONDAY)) == broken
    world.day(TUESDAY, psp=[f"A1 10.00 23:01 on={MONDAY}"])
    assert world.codes(world.run(TUESDAY)) == [f"{code}:RESOLVED" for code in broken]


def test_a_terminal_that_runs_ahead_is_no_break(world: NightWorld) -> None:
    """An order of 23:03 by its own clock may stand in the file that was cut at 23:00."""
    world.day(MONDAY, orders=["A1 10.00 23:03"], psp=["A1 10.00 22:59"])
    assert world.codes(world.run(MONDAY)) == []


def test_a_day_without_a_year_over_new_year(tmp_path: Path) -> None:
    """A row of 31 December in the file of 1 January is of the year before, and so is its day."""
    world = NightWorld(tmp_path, opening="2025-12-31", psp='time_patterns = ["MMDDhhmmss"]')
    world.day("2025-12-31", orders=["A1 10.00 23:30", "A2 5.00 09:00"])
    path = world.file("psp", "20251231")
    head = path.read_text("utf-8")
    path.write_text(head + "A2,R2,5.00,0.00,1231090000,8001,sale,OK,CNY,\n", "utf-8")
    assert world.codes(world.run("2025-12-31")) == []
    world.day("2026-01-01", bank=None)
    path = world.file("psp", "20260101")
    path.write_text(head + "A1,R1,10.00,0.00,1231233000,8001,sale,OK,CNY,\n", "utf-8")
    night = world.run("2026-01-01")
    assert world.codes(night) == []
    row = world.table(night, "transactions").row(0, named=True)
    assert row["occurred_at"] == datetime(2025, 12, 31, 15, 30)  # noqa: DTZ001 - UTC without a zone
    assert (row["clearing_date"], row["due_date"]) == (date(2026, 1, 1), date(2026, 1, 4))


def test_every_date_axis_is_kept(tmp_path: Path) -> None:
    """The sale's own time, the clearing day, the value day and the due day stand side by side."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace(
        'channel_ref = "ref"\n',
        'channel_ref = "ref"\nclearing_date = "cleared"\nvalue_date = "value"\n',
    )
    world.config.write_text(text, "utf-8")
    world.day(MONDAY, orders=["A1 10.00 22:59"])
    path = world.file("psp", "20261109")
    head = path.read_text("utf-8").strip()
    row = f"A1,R1,10.00,0.00,{MONDAY} 22:59:00,8001,sale,OK,CNY,,{TUESDAY},{WEDNESDAY}"
    path.write_text(f"{head},cleared,value\n{row}\n", "utf-8")
    night = world.run(MONDAY)
    told = world.table(night, "transactions").filter(side="CHANNEL").row(0, named=True)
    axes = [told[name] for name in ("occurred_at", "clearing_date", "value_date", "due_date")]
    assert axes == [
        datetime(2026, 11, 9, 14, 59),  # noqa: DTZ001 - UTC without a zone
        date(2026, 11, 10),  # the file's word outranks the cut-off
        date(2026, 11, 11),
        date(2026, 11, 11),  # T+1 of the clearing day
    ]
    assert world.codes(night) == []


@pytest.mark.parametrize(
    ("zone", "cut_off"),
    [("UTC", "15:00"), ("Pacific/Auckland", "04:00"), ("Asia/Tokyo", "00:00")],
)
@pytest.mark.parametrize(("clock", "broken"), [("16:30", True), ("22:54", True), ("23:30", False)])
def test_the_cut_is_by_the_clock_of_the_channel(
    tmp_path: Path, zone: str, cut_off: str, clock: str, *, broken: bool
) -> None:
    """One moment of cut-off, told in four zones, gives an order the same clearing day."""
    world = NightWorld(tmp_path, psp=f'time_zone = "{zone}"')
    text = world.config.read_text("utf-8").replace('cut_off = "23:00"', f'cut_off = "{cut_off}"')
    world.config.write_text(text, "utf-8")
    world.day(MONDAY, orders=[f"A1 10.00 {clock}"])
    assert world.codes(world.run(MONDAY)) == ["MISSING_IN_CHANNEL"] * broken


@pytest.mark.parametrize(
    ("zone", "clock", "monday"),
    [
        ("Pacific/Auckland", "20:00", []),  # one in the morning of Tuesday in the books
        ("Pacific/Auckland", "18:00", ["MISSING_IN_MERCHANT"]),
        ("America/Lima", "20:00", ["MISSING_IN_MERCHANT"]),  # seven in the morning of Monday
    ],
)
def test_a_charge_is_due_on_the_day_of_the_merchant(
    tmp_path: Path, zone: str, clock: str, monday: list[str]
) -> None:
    """A charge waits for the file of the day that it has by the merchant's clock."""
    world = NightWorld(tmp_path, orders=f'time_zone = "{zone}"')
    world.day(MONDAY, psp=[f"A1 10.00 {clock}"])
    assert world.codes(world.run(MONDAY)) == monday
    world.day(TUESDAY)
    followed = [f"{code}:OPEN" for code in monday] or ["MISSING_IN_MERCHANT"]
    assert world.codes(world.run(TUESDAY)) == [*followed, "MISSING_SETTLEMENT"]
