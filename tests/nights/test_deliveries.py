"""Nights on which a row comes again, comes late, or cannot be judged since its bill is lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.core.schema import DECISIONS, conform
from recon.report.summary.screen import screen_text
from recon.report.summary.text import summary_text
from recon.store import decisions
from recon.store.workspace import Workspace
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"
PAID_MONDAY = ["10.00 memo=PAYOUT_8001_20261109"]


def test_an_open_order_that_comes_again_stays_open(tmp_path: Path) -> None:
    """A missing order of an overlapping file is the same break, whatever identity it gets.

    Identities come from the bytes of the files: the five names meet both orders of old and new.
    """
    below = set()
    for number in range(2, 7):
        world = NightWorld(tmp_path / str(number))
        name = f"B{number}"
        world.day(MONDAY, orders=["A1 10.00", f"{name} 20.00"], psp=["A1 10.00"])
        first = world.run(MONDAY)
        assert world.codes(first) == ["MISSING_IN_CHANNEL"]
        again = [f"C{number} 5.00", f"{name} 20.00 on={MONDAY}"]
        world.day(TUESDAY, orders=again, psp=[f"C{number} 5.00"], bank=PAID_MONDAY)
        second = world.run(TUESDAY)
        assert world.codes(second) == ["MISSING_IN_CHANNEL:OPEN"], name
        told = [_identity(world, night, name) for night in (first, second)]
        below.add(told[0] < told[1])
    assert below == {True, False}


def _identity(world: NightWorld, night: object, order: str) -> int:
    """Return the txn_id of the row of an order in the file of a night."""
    rows = world.table(night, "transactions")  # type: ignore[arg-type]  # any published night
    return int(rows.filter(rows["order_id"] == order)["txn_id"].item())


def test_an_open_charge_that_comes_again_stays_open(tmp_path: Path) -> None:
    """A charge without an order, in every file of a bill that overlaps, is one break."""
    for number in range(3):
        world = NightWorld(tmp_path / str(number))
        charge = f"B{number} 20.00 on={MONDAY}"
        bank = ["30.00 memo=PAYOUT_8001_20261109"]
        world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00", charge])
        assert world.codes(world.run(MONDAY)) == ["MISSING_IN_MERCHANT"]
        world.day(TUESDAY, orders=["C1 5.00"], psp=[charge, f"C1 5.00 fee=0.0{number}"], bank=bank)
        assert world.codes(world.run(TUESDAY)) == ["MISSING_IN_MERCHANT:OPEN"]


@pytest.mark.parametrize("clock", ["09:00", "10:00"])
def test_a_late_order_that_is_told_otherwise_is_the_further_one(tmp_path: Path, clock: str) -> None:
    """Of two tellings of a missing order the one that came first stays what it was."""
    for number in range(3):
        world = NightWorld(tmp_path / str(number))
        world.day(MONDAY, orders=["A1 10.00", f"B{number} 20.00"], psp=["A1 10.00"])
        assert world.codes(world.run(MONDAY)) == ["MISSING_IN_CHANNEL"]
        world.day(TUESDAY, orders=[f"B{number} 21.00 on={MONDAY} {clock}"], bank=PAID_MONDAY)
        found = world.codes(world.run(TUESDAY))
        assert found == ["DUPLICATE_RECORD", "MISSING_IN_CHANNEL:OPEN"]


@pytest.mark.parametrize("first", ["09:00", "10:00", "10:05"])
def test_a_charge_that_comes_after_its_twin_is_a_further_one(tmp_path: Path, first: str) -> None:
    """What was delivered and met first is the charge of the order, whatever the clocks say."""
    for number in range(3):
        world = NightWorld(tmp_path / str(number))
        order = f"A{number}"
        world.day(MONDAY, orders=[f"{order} 10.00 09:00"], psp=[f"{order} 10.00 10:00 ref=R1"])
        assert world.codes(world.run(MONDAY)) == []
        late = f"{order} 10.00 {first} ref=R2 on={MONDAY} merchant=8002"
        world.day(TUESDAY, psp=[late], bank=PAID_MONDAY)
        codes = world.codes(world.run(TUESDAY))
        assert [code for code in codes if code != "MISSING_SETTLEMENT"] == ["DUPLICATE_CHARGE"]


@pytest.mark.parametrize("ends", ["rejected", "kept"])
def test_a_break_that_is_over_stays_over_when_its_rows_come_again(
    tmp_path: Path, ends: str
) -> None:
    """Rejected, or past its days: what an overlapping file repeats raises nothing anew."""
    world = NightWorld(tmp_path)
    if ends == "kept":
        rules = world.config.read_text("utf-8") + "\n[breaks]\nkeep_days = 1\n"
        world.config.write_text(rules, "utf-8")
    orders, charges = [f"A1 10.00 on={MONDAY}", f"B1 20.00 on={MONDAY}"], [f"A1 10.00 on={MONDAY}"]
    twice = [*charges, f"A1 10.00 10:05 ref=R2 on={MONDAY}"]
    world.day(MONDAY, orders=orders, psp=twice)
    first = world.run(MONDAY)
    assert world.codes(first) == ["DUPLICATE_CHARGE", "MISSING_IN_CHANNEL"]
    if ends == "rejected":
        made = conform(
            pl.DataFrame(
                {
                    "dispute_id": world.table(first, "disputes")["dispute_id"],
                    "decision": ["REJECTED", "REJECTED"],
                    "note": ["seen", "seen"],
                    "row_no": [1, 2],
                }
            ),
            DECISIONS,
        )
        decisions.append(Workspace(world.folder / "workspace"), made, "ab" * 32)
    found = []
    for day in (TUESDAY, WEDNESDAY):
        bank = ["20.00 memo=PAYOUT_8001_20261109"] if day == TUESDAY else []
        world.day(day, orders=orders, psp=twice, bank=bank)
        told = world.codes(world.run(day))
        found.append([code for code in told if code != "FILE_MISSING"])  # the bytes of Monday
    missing = "MISSING_IN_CHANNEL"  # of no age: data ends it, or a person
    if ends == "rejected":
        assert found == [["DUPLICATE_CHARGE:RESOLVED", f"{missing}:RESOLVED"], []]
    else:
        assert found == [["DUPLICATE_CHARGE:RESOLVED", f"{missing}:OPEN"], [f"{missing}:OPEN"]]


@pytest.mark.parametrize("clock", ["22:57", "23:02"])
def test_an_order_near_the_cut_off_may_stand_in_the_lost_bill(tmp_path: Path, clock: str) -> None:
    """Minutes from the cut-off of a bill that never came nobody can judge; the others wait too."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00 12:00", f"A2 10.00 {clock}"], psp=None)
    assert world.codes(world.run(MONDAY)) == ["FILE_MISSING"]
    world.day(TUESDAY, orders=["B1 7.00 12:00"])
    assert world.codes(world.run(TUESDAY)) == ["MISSING_IN_CHANNEL"]
    world.day(WEDNESDAY)
    night = world.run(WEDNESDAY)
    assert world.codes(night) == ["MISSING_IN_CHANNEL:OPEN"]
    waiting = world.table(night, "open_items")
    assert sorted(waiting["order_id"]) == ["A1", "A2", "B1"]


@pytest.mark.parametrize("clock", ["23:57", "00:03"])
def test_a_charge_near_midnight_may_stand_in_the_lost_books(tmp_path: Path, clock: str) -> None:
    """A charge minutes from midnight may be an order of the day whose file never came."""
    world = NightWorld(tmp_path)
    charged_on = MONDAY if clock == "23:57" else TUESDAY
    world.day(MONDAY, orders=None, psp=[f"A1 10.00 12:00 on={MONDAY}"])
    assert world.codes(world.run(MONDAY)) == ["FILE_MISSING"]
    world.day(TUESDAY, psp=[f"A2 10.00 {clock} on={charged_on}", "B1 7.00 12:00"], bank=PAID_MONDAY)
    codes = world.codes(world.run(TUESDAY))
    assert codes.count("MISSING_IN_MERCHANT") == 1


def test_a_night_that_was_not_run_is_told_and_its_days_are_not_judged(tmp_path: Path) -> None:
    """Nobody ran Tuesday: Monday's payout may have come then. Once it is run, all is well."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    assert world.run(MONDAY).summary["not_run"] == []
    world.day(WEDNESDAY, orders=["C1 5.00"], psp=["C1 5.00"])
    skipped = world.run(WEDNESDAY)
    assert (skipped.exit_code, world.codes(skipped)) == (3, [])
    for language, told in (("en", "1 night was not run: 2026-11-10"), ("zh", "有 1 晚未运行")):
        assert told in summary_text(skipped.summary, language)
        assert told in screen_text(skipped.summary, language, 120, 40)
    world.day(TUESDAY, bank=PAID_MONDAY)
    assert [world.run(day).exit_code for day in (TUESDAY, WEDNESDAY)] == [0, 0]


def test_a_file_by_the_week_leaves_no_night_out(tmp_path: Path) -> None:
    """Where the next files bring the days between, the night did what it should."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    rows = [f"B1 20.00 on={TUESDAY}", f"C1 5.00 on={WEDNESDAY}"]
    bank = [f"9.00 on={TUESDAY} memo=PAYOUT_8001_20261109"]
    world.day(WEDNESDAY, orders=rows, psp=rows, bank=bank)
    night = world.run(WEDNESDAY)
    assert (night.exit_code, night.summary["not_run"]) == (0, [])
    assert world.codes(night) == ["MISSING_SETTLEMENT", "NET_MISMATCH"]
