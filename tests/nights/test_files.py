"""Nights on which the files themselves have changed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import polars as pl
import pytest

from recon.rules.words.files import message_in_chinese
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


def test_a_name_that_is_no_text_is_told_with_its_bytes(tmp_path: Path) -> None:
    """File names are bytes; one that is no UTF-8 loads like any other."""
    world = NightWorld(tmp_path)
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("psp_{date:%Y%m%d}.csv", "psp_{date:%Y%m%d}*.csv"))
    world.day(MONDAY, orders=["A1 5.00"], psp=["A1 5.00"])
    file = world.file("psp", "20261109")
    file.rename(os.fsdecode(os.fsencode(file.with_suffix("")) + b"\xff.csv"))
    night = world.run(MONDAY)
    assert world.codes(night) == []
    path = world.table(night, "inputs").filter(source="psp")["path"].item()
    assert path == "inbox/psp_20261109\\xff.csv"


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


def test_the_file_of_yesterday_under_the_name_of_today_is_one_finding(tmp_path: Path) -> None:
    """Tonight's file is still to come: the other side's rows wait, and nothing else is told."""
    world = NightWorld(tmp_path, opening=MONDAY)
    world.day(MONDAY, orders=["A1 1.00", "A2 2.00"], psp=["A1 1.00", "A2 2.00"])
    assert world.codes(world.run(MONDAY)) == []
    tuesday = [f"B{n} {n}.00" for n in range(1, 9)]
    world.day(TUESDAY, orders=tuesday, psp=tuesday, bank=["3.00 memo=PAYOUT_8001_20261109"])
    right = world.file("psp", "20261110").read_bytes()
    world.file("psp", "20261110").write_bytes(world.file("psp", "20261109").read_bytes())
    night = world.run(TUESDAY)
    assert world.codes(night) == ["FILE_MISSING"]
    assert night.exit_code == 3
    told = world.table(night, "inputs").filter(source="psp")["message"].item()
    assert "found the bytes of inbox/psp_20261109.csv" in told
    world.file("psp", "20261110").write_bytes(right)
    night = world.run(TUESDAY)
    assert (world.codes(night), night.exit_code) == ([], 0)


def test_a_file_that_keeps_its_name_is_not_missing(tmp_path: Path) -> None:
    """One file for the whole month is read once and holds every night of it."""
    world = NightWorld(tmp_path, opening=MONDAY)
    text = world.config.read_text("utf-8")
    world.config.write_text(text.replace("psp_{date:%Y%m%d}", "psp_{date:%Y%m}"), "utf-8")
    world.day(MONDAY, orders=["A1 1.00"])
    world.day(TUESDAY, orders=["B1 1.00"], bank=["1.00 memo=PAYOUT_8001_20261109"])
    header = world.file("psp", "20261109").read_text("utf-8")
    rows = [
        f"{order},R{order},1.00,0.00,{day} 10:00:00,8001,sale,OK,CNY,"
        for order, day in (("A1", MONDAY), ("B1", TUESDAY))
    ]
    world.file("psp", "202611").write_text(header + "\n".join(rows) + "\n", "utf-8")
    for day in (MONDAY, TUESDAY):
        night = world.run(day)
        assert (world.codes(night), night.exit_code) == ([], 0)


def test_two_empty_days_are_two_findings(tmp_path: Path) -> None:
    """An empty file looks like the empty one before it and is told all the same."""
    world = NightWorld(tmp_path, opening=MONDAY)
    text = world.config.read_text("utf-8").replace("allow_empty = true", "allow_empty = false", 2)
    world.config.write_text(text, "utf-8")
    for day in (MONDAY, TUESDAY):
        world.day(day, orders=[f"{day[-2:]} 1.00"], bank=None if day == TUESDAY else [])
    assert world.codes(world.run(MONDAY)) == ["FILE_EMPTY"]
    assert "MISSING_IN_CHANNEL" not in world.codes(world.run(TUESDAY))
    night = world.run(TUESDAY)
    assert "FILE_EMPTY" in world.codes(night)


def lines_of(world: NightWorld, source: str, stamp: str) -> tuple[str, list[str]]:
    """Return header and rows of a delivered file."""
    header, *rows = world.file(source, stamp).read_text("utf-8").splitlines()
    return header, rows


@pytest.mark.parametrize(
    ("told", "extra", "code", "exit_code"),
    [
        ("in another order", "", "FILE_MISSING", 3),
        ("one put right", "", "FILE_MISSING", 4),
        ("of weeks ago", "", "FILE_MISSING", 4),
        ("in another order", "expected = 'optional'", "MISSING_IN_CHANNEL", 0),
    ],
)
def test_rows_of_another_night_under_the_name_of_today_are_one_finding(
    tmp_path: Path, told: str, extra: str, code: str, exit_code: int
) -> None:
    """Rows that earlier nights told, or that are far from the night, are not tonight's file."""
    world = NightWorld(tmp_path, opening=MONDAY, psp=extra)
    rows = [f"A{n:02d} {n}.00" for n in range(1, 13)]
    world.day(MONDAY, orders=rows, psp=rows)
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, orders=["B1 1.00", "B2 2.00"], bank=["78.00 memo=PAYOUT_8001_20261109"])
    header, lines = lines_of(world, "psp", "20261109")
    changed = {
        "in another order": lines[::-1],
        "one put right": [*lines[:-1], lines[-1].replace("12.00", "12.50")],
        "of weeks ago": [line.replace(MONDAY, "2026-10-19").replace("A", "X") for line in lines],
    }[told]
    world.file("psp", "20261110").write_text("\n".join([header, *changed]) + "\n", "utf-8")
    night = world.run(TUESDAY)
    assert set(world.codes(night)) == {code}
    assert night.exit_code == exit_code
    if code == "FILE_MISSING":
        cause = world.table(night, "breaks")["cause"].drop_nulls().item()
        assert "expected rows of " in cause
        told_in_chinese = message_in_chinese(cause)
        assert not re.search(
            "expected|found|deliver|raise", told_in_chinese.replace("expected =", "")
        )
        tuesday = ["B1 1.00", "B2 2.00"]
        paid = ["78.00 memo=PAYOUT_8001_20261109"]
        world.day(TUESDAY, orders=tuesday, psp=tuesday, bank=paid)
        assert world.codes(world.run(TUESDAY)) == []
