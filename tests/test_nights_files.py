"""Nights on which the files themselves have changed."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.night_world import HEADERS, NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"


def deliver(world: NightWorld, day: str, header: str, row: str) -> None:
    """Deliver a day of one order and one charge, the order's file with a header of its own."""
    before = int(day[-2:]) - 1
    bank = [f"5.00 memo=PAYOUT_8001_202611{before:02d}"] if day > MONDAY else []
    world.day(day, psp=[f"A{day[-2:]} 5.00"], bank=bank)
    world.file("orders", day.replace("-", "")).write_text(f"{header}\n{row}\n", encoding="utf-8")


def test_a_moved_column_holds_the_file_until_it_is_declared(tmp_path: Path) -> None:
    """Columns in another order than on earlier nights: no dispute, one finding; then accepted."""
    moved = "amount,order,time,state,kind,currency,original"
    for extra, expected in (("", 4), ('changed_columns = ["*"]', 0)):
        world = NightWorld(tmp_path / str(expected), orders=extra)
        row = "A09,5.00,2026-11-09 10:00:00,PAID,sale,CNY,"
        deliver(world, MONDAY, HEADERS["orders"], row)
        assert world.run(MONDAY).exit_code == 0
        deliver(world, TUESDAY, moved, "5.00,A10,2026-11-10 10:00:00,PAID,sale,CNY,")
        night = world.run(TUESDAY)
        assert night.exit_code == expected
        assert world.codes(night) == (["FILE_SCHEMA"] if expected else [])
        if expected:
            cause = " ".join(world.table(night, "breaks")["cause"].drop_nulls())
            assert "the columns amount, order stand in another order" in cause
        else:
            deliver(world, WEDNESDAY, moved, "5.00,A11,2026-11-11 10:00:00,PAID,sale,CNY,")
            assert world.run(WEDNESDAY).exit_code == 0


def test_a_file_of_holes_is_held(tmp_path: Path) -> None:
    """Too many refused rows hold the file: one finding. None of its holes is a dispute ever."""
    for extra, codes in (("", ["FILE_SCHEMA"]), ("reject_limit_percent = 50", [])):
        world = NightWorld(tmp_path / extra[:6], psp=extra)
        charges = [f"A{n} 5.00" for n in range(20)]
        bad = [f"A{n} 5.x0" for n in range(20, 26)]
        orders = [f"A{n} 5.00" for n in range(26)]
        world.day(MONDAY, orders=orders, psp=[*charges, *bad])
        night = world.run(MONDAY)
        assert world.codes(night) == codes
        assert world.table(night, "rejects").height == 6


def test_two_files_of_one_night_that_overlap(tmp_path: Path) -> None:
    """Rows that two files of a night hold count once, and no second charge is claimed."""
    world = NightWorld(tmp_path)
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("psp_{date:%Y%m%d}.csv", "psp_{date:%Y%m%d}*.csv"))
    world.day(MONDAY, orders=[f"A{n} 5.00" for n in range(6)], psp=[f"A{n} 5.00" for n in range(4)])
    first = world.file("psp", "20261109")
    header, *rows = first.read_text(encoding="utf-8").splitlines()
    more = [rows[3].replace("A3", f"A{n}") for n in (4, 5)]
    second = world.file("psp", "20261109_b")
    second.write_text("\n".join([header, rows[2], rows[3], *more]) + "\n", encoding="utf-8")
    night = world.run(MONDAY)
    assert world.codes(night) == []
    outcomes = world.table(night, "outcomes")
    assert outcomes.filter(outcomes["outcome"] == "RESENT").height == 2
    assert outcomes.height == 6 + 8


def test_a_bill_of_the_whole_month_counts_nothing_again(tmp_path: Path) -> None:
    """A bill that holds the rows of every night before is known again, however far back."""
    world = NightWorld(tmp_path, opening="2026-11-02", psp="expected = 'optional'")
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("psp_{date:%Y%m%d}.csv", "psp_{date:%Y%m%d}*.csv"))
    bills: list[str] = []
    header = ""
    for number in range(2, 12):
        day = f"2026-11-{number:02d}"
        bank = [f"5.00 memo=PAYOUT_8001_202611{number - 1:02d}"] if number > 2 else []
        world.day(day, orders=[f"A{number} 5.00"], psp=[f"A{number} 5.00"], bank=bank)
        header, *rows = world.file("psp", f"202611{number:02d}").read_text("utf-8").splitlines()
        bills += rows
        if number == 11:
            whole = world.file("psp", "20261111_month")
            whole.write_text("\n".join([header, *bills]) + "\n", encoding="utf-8")
        night = world.run(day)
        assert [code for code in world.codes(night) if code != "FILE_MISSING"] == [], day
    assert world.table(night, "outcomes").filter(pl.col("outcome") == "RESENT").height == 9
    states = dict(world.table(night, "inputs").select("path", "state").rows())
    assert states["inbox/psp_20261111.csv"] == "DUPLICATE"
