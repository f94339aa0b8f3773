"""Whole nights of agreed terms: fees, refunds and rebates."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.verify import verify
from tests.night_world import NightWorld, codes

MONDAY = "2026-11-09"
TUESDAY = "2026-11-10"
WEDNESDAY = "2026-11-11"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


FEES = """
[[fee_contract]]
name = "psp price list"
[[fee_contract.line]]
name = "all"
formula = "AMT*0.006"
"""


def test_fees_are_held_against_the_contract(tmp_path: Path) -> None:
    """A contract of 0.60 % finds the row that was charged otherwise, and names what was charged."""
    world = NightWorld(tmp_path)
    world.config.write_text(world.config.read_text("utf-8") + FEES, "utf-8")
    orders = ["A1 100.00", "A2 50.00", "A3 7.50"]
    world.day(
        MONDAY, orders=orders, psp=["A1 100.00 fee=0.60", "A2 50.00 fee=0.35", "A3 7.50 fee=0.05"]
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["FEE_RATE"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["expected_minor"], row["actual_minor"], row["order_id"]) == (30, 35, "A2")


def test_refunds_are_held_against_their_originals(tmp_path: Path) -> None:
    """Two refunds above the sale of an earlier night are excess; one without a sale has none."""
    world = NightWorld(tmp_path)
    world.config.write_text(world.config.read_text("utf-8") + "\n[refunds]\n", "utf-8")
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"])
    world.run(MONDAY)
    refunds = ["F1 60.00 kind=refund original=A1", "F2 60.00 kind=refund original=A1"]
    refunds.append("F3 5.00 kind=refund original=Z9")
    world.day(TUESDAY, orders=refunds, psp=refunds, bank=["100.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert set(world.codes(night)) == {"REFUND_EXCESS", "REFUND_NO_ORIGINAL"}
    excess = world.table(night, "disputes").filter(pl.col("code") == "REFUND_EXCESS")
    assert "F2" in excess["order_id"].to_list()


REBATE = """
[[rebate]]
name = "volume rebate"
tiers = [{ from = 100, rate = "1%" }]
due_days = 9
"""


def test_a_rebate_that_never_came_is_reported_once(tmp_path: Path) -> None:
    """The night after a month's rebate was due, its absence is one break with the sum earned."""
    world = NightWorld(tmp_path, opening="2026-10-30")
    world.config.write_text(world.config.read_text("utf-8") + REBATE, "utf-8")
    world.day("2026-10-30", orders=["A1 300.00"], psp=["A1 300.00"])
    world.run("2026-10-30")
    world.day(MONDAY, bank=["300.00 memo=PAYOUT_8001_20261030 on=2026-11-02"])
    world.run(MONDAY)
    world.day(TUESDAY)
    night = world.run(TUESDAY)
    assert "REBATE_MISSING" in world.codes(night)
    assert verify(world.folder / "workspace", night.run_id).failures == []
    row = world.table(night, "disputes").filter(pl.col("code") == "REBATE_MISSING")
    assert row["expected_minor"].to_list() == [200]
    world.day(WEDNESDAY)
    assert "REBATE_MISSING" not in world.codes(world.run(WEDNESDAY))


def test_a_refunded_order_that_one_side_leaves_out(world: NightWorld) -> None:
    """The merchant's export drops a refunded order; with or without its refund, no break (13)."""
    world.day(
        MONDAY,
        orders=["F1 10.00 kind=refund original=A1"],
        psp=[
            "A1 10.00",
            "F1 10.00 kind=refund original=A1",
            "A2 20.00",
            "F2 20.00 kind=refund original=A2",
            "A3 30.00",
            "F3 5.00 kind=refund original=A3",
        ],
    )
    assert world.codes(world.run(MONDAY)) == ["MISSING_IN_MERCHANT", "REFUND_UNBOOKED"]


def test_the_books_say_what_was_asked_for(tmp_path: Path) -> None:
    """Where the merchant's row holds the request, it is told once, on the night of that row."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    for line in ('original_ref = "original"\n[source.states]\nPAID', 'fee = "fee"'):
        text = text.replace(line, 'requested_amount = "asked"\n' + line, 1)
    world.config.write_text(text + "\n[refunds]\n", "utf-8")
    refunds = ["F1 60.00 kind=refund original=A1", "F2 5.00 kind=refund original=A1"]
    world.day(MONDAY, orders=["A1 100.00", *refunds], psp=["A1 100.00"])
    world.day(TUESDAY, orders=[], psp=refunds)
    for source, day in (("orders", "20261109"), ("psp", "20261109"), ("psp", "20261110")):
        path = world.file(source, day)
        header, *rows = path.read_text("utf-8").splitlines()
        asked = ["80.00" if "F1" in row else "" for row in rows]
        lines = [f"{row},{more}" for row, more in zip(rows, asked, strict=True)]
        path.write_text("\n".join([header + ",asked", *lines]) + "\n", "utf-8")
    monday, tuesday = world.run(MONDAY), world.run(TUESDAY)
    assert "REFUND_WITHHELD" in world.codes(monday)
    assert "REFUND_WITHHELD" not in world.codes(tuesday)


def test_a_refund_of_less_than_was_asked_for_is_withheld(tmp_path: Path) -> None:
    """A deduction without a word is REFUND_WITHHELD; with one, or without a request, it is none."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace(
        'fee = "fee"', 'fee = "fee"\nrequested_amount = "asked"\nmemo = "why"'
    )
    world.config.write_text(text + "\n[refunds]\n", "utf-8")
    refunds = ["F1 60.00 kind=refund original=A1", "F2 5.00 kind=refund original=A1"]
    refunds.append("F3 4.00 kind=refund original=A1")
    world.day(MONDAY, orders=["A1 100.00", *refunds], psp=["A1 100.00", *refunds])
    path = world.file("psp", "20261109")
    header, sale, *rest = path.read_text("utf-8").splitlines()
    asked = [",80.00,", ",7.00,agreed fee", ",,"]
    lines = [header + ",asked,why", sale + ",,", *map("".join, zip(rest, asked, strict=True))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    night = world.run(MONDAY)
    assert world.codes(night) == ["REFUND_WITHHELD"]
    case = world.table(night, "disputes").to_dicts()[0]
    assert (case["order_id"], case["expected_minor"], case["actual_minor"]) == ("F1", 8_000, 6_000)


def test_a_refund_has_the_days_that_the_terms_give_the_channel(tmp_path: Path) -> None:
    """Shown a day later it is no break; one that never comes is told when the days are over."""
    world = NightWorld(tmp_path)
    world.config.write_text(
        world.config.read_text("utf-8") + "\n[refunds]\nsettle_days = 2\n", "utf-8"
    )
    refunds = ["F1 -5.00 kind=refund original=A1", "F2 -5.00 kind=refund original=A2"]
    orders = ["A1 100.00", "A2 100.00"]
    world.day(MONDAY, orders=[*orders, *refunds], psp=orders)
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, psp=refunds[:1], bank=["200.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []
    world.day(WEDNESDAY, bank=["-5.00 memo=PAYOUT_8001_20261110"])
    night = world.run(WEDNESDAY)
    assert world.codes(night) == ["REFUND_NOT_SETTLED"]
    assert world.table(night, "disputes")["order_id"].to_list() == ["F2"]


@pytest.mark.parametrize(("first", "last"), [("A1", "RA1"), ("RA1", "A1"), ("RA1", "RA1")])
def test_refunds_above_the_original_by_whatever_name_they_call_it(
    tmp_path: Path, first: str, last: str
) -> None:
    """One names the order, one the channel's number, nights apart: they refund one payment."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace("[[leg]]", "[refunds]\n\n[[leg]]", 1)
    world.config.write_text(text, "utf-8")
    paid = {"bank": ["100.00 memo=PAYOUT_8001_20261109"]}
    asked = ["F1 60.00 kind=refund original=A1"], ["F2 60.00 kind=refund original=A1"]
    made = [f"F1 60.00 kind=refund original={first}"], [f"F2 60.00 kind=refund original={last}"]
    assert codes(
        world,
        {"orders": ["A1 100.00"], "psp": ["A1 100.00"]},
        {"orders": asked[0], "psp": made[0], **paid},
        {},
        {"orders": asked[1], "psp": made[1]},
    ) == [[], [], [], ["REFUND_EXCESS"]]


def test_refunds_above_the_original_by_any_order_of_arrival(tmp_path: Path) -> None:
    """The refund that is told last is the one too many, whenever it was made."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace("[[leg]]", "[refunds]\n\n[[leg]]", 1)
    world.config.write_text(text, "utf-8")
    nights = {
        "2026-11-09": ["A1 100.00"],
        "2026-11-10": ["F2 60.00 12:00 kind=refund original=A1"],
        "2026-11-11": ["F1 60.00 11:00 kind=refund original=A1 on=2026-11-10"],
    }
    for day, rows in nights.items():
        orders = [row.replace(" ", " -", 1) if "refund" in row else row for row in rows]
        world.day(
            day,
            orders=orders,
            psp=rows,
            bank=["100.00 memo=PAYOUT_8001_20261109"][: day == "2026-11-10"],
        )
        night = world.run(day)
    excess = world.table(night, "disputes").filter(code="REFUND_EXCESS")
    assert excess.select("order_id", "expected_minor", "actual_minor").rows() == [
        ("F1", 10000, 12000)
    ]
