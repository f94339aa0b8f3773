"""Nights on which the files themselves have changed."""

from __future__ import annotations

from pathlib import Path

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
    """Too many refused rows hold the file: one finding, and none of its holes is a dispute."""
    for extra, codes in (("", ["FILE_SCHEMA"]), ("reject_limit_percent = 50", 6)):
        world = NightWorld(tmp_path / extra[:6], psp=extra)
        charges = [f"A{n} 5.00" for n in range(20)]
        bad = [f"A{n} 5.x0" for n in range(20, 26)]
        orders = [f"A{n} 5.00" for n in range(26)]
        world.day(MONDAY, orders=orders, psp=[*charges, *bad])
        night = world.run(MONDAY)
        found = world.codes(night)
        assert found == codes if isinstance(codes, list) else len(found) == codes
        assert world.table(night, "rejects").height == 6
