"""Refunds on their way to the payer: overdue by their term, closed when they arrive."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"
THURSDAY, FRIDAY = "2026-11-12", "2026-11-13"
POLICY = """
[refunds]
[[refunds.term]]
days = 2
[[refunds.term]]
source = ["other"]
days = 90
"""
ASKED = ["A1 100.00", "F1 30.00 kind=refund original=A1"]
SOLD = "A1 100.00"
REFUND = "F1 30.00 kind=refund original=A1"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world with a policy of two days for refunds to arrive."""
    world = NightWorld(tmp_path)
    world.config.write_text(world.config.read_text("utf-8") + POLICY, "utf-8")
    return world


def nights(
    world: NightWorld, first: str, last: str, **late: dict[str, list[str]]
) -> list[list[str]]:
    """Run the nights from `first` to `last` with payouts that fit; return the codes of each."""
    day, found = date.fromisoformat(first), []
    while day <= date.fromisoformat(last):
        given = late.get(f"d{day:%d}", {})
        world.day(str(day), **given)
        found.append(world.codes(world.run(str(day))))
        day += timedelta(days=1)
    return found


def test_a_refund_that_does_not_arrive_is_overdue_until_it_does(world: NightWorld) -> None:
    """Accepted on Monday, due by Wednesday: a break on Thursday, open on Friday, then resolved."""
    world.day(MONDAY, orders=ASKED, psp=[SOLD, f"{REFUND} state=PENDING"])
    first = world.run(MONDAY)
    assert world.codes(first) == []
    waits = world.table(first, "open_items").filter(pl.col("leg") == "arrival")
    assert waits["wait_until"].to_list() == [date(2026, 11, 11)]
    assert nights(
        world,
        TUESDAY,
        "2026-11-15",
        d10={"bank": ["70.00 memo=PAYOUT_8001_20261109"]},
        d14={"psp": [f"{REFUND} 11:00 on=2026-11-14"]},
    ) == [[], [], ["REFUND_OVERDUE"], ["REFUND_OVERDUE:OPEN"], ["REFUND_OVERDUE:RESOLVED"], []]
    verify(world.folder / "workspace")


def test_an_overdue_refund_is_a_dispute_with_its_term(world: NightWorld) -> None:
    """The case says how much, since when and by which day, and is the payer's money."""
    world.day(MONDAY, orders=ASKED, psp=[SOLD, f"{REFUND} state=PENDING"])
    world.run(MONDAY)
    paid = {"bank": ["70.00 memo=PAYOUT_8001_20261109"]}
    nights(world, TUESDAY, WEDNESDAY, d10=paid)
    world.day("2026-11-12")
    row = world.table(world.run("2026-11-12"), "disputes").row(0, named=True)
    assert (row["code"], row["amount_minor"], row["out_of_pocket"]) == (
        "REFUND_OVERDUE",
        3_000,
        "PAYER",
    )
    assert row["cause"] == "pending since 2026-11-09, due by 2026-11-11"


def test_news_of_a_refund_is_no_second_refund(world: NightWorld) -> None:
    """The row that says a refund is done is told again: it is refunded once, settled once."""
    world.day(MONDAY, orders=ASKED, psp=[SOLD, f"{REFUND} state=PENDING"])
    world.run(MONDAY)
    world.day(TUESDAY, psp=[f"{REFUND} 11:00"], bank=["70.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert world.codes(night, benign=True) == []
    outcomes = world.table(night, "outcomes")["outcome"].cast(pl.String).to_list()
    assert sorted(outcomes).count("RESENT") == 1
    assert world.table(night, "open_items").height == 0
    verify(world.folder / "workspace")


def test_a_refund_that_fails_after_all_is_not_settled(world: NightWorld) -> None:
    """Accepted, then failed: the payer has nothing until the refund is made after all."""
    world.day(MONDAY, orders=ASKED, psp=[SOLD, f"{REFUND} state=PENDING"])
    world.run(MONDAY)
    world.day(
        TUESDAY,
        psp=[f"{REFUND} 11:00 state=FAILED"],
        bank=["70.00 memo=PAYOUT_8001_20261109"],
    )
    first = world.run(TUESDAY)
    assert world.codes(first) == ["REFUND_NOT_SETTLED"]
    world.day(WEDNESDAY)
    then = world.run(WEDNESDAY)
    assert world.codes(then) == ["REFUND_NOT_SETTLED:OPEN"]
    (case,) = world.table(then, "breaks").filter(code="REFUND_NOT_SETTLED")["break_id"]
    assert case in world.table(first, "breaks")["break_id"].to_list()
    world.day(THURSDAY, psp=[f"{REFUND} 12:00"])
    assert world.codes(world.run(THURSDAY)) == ["REFUND_NOT_SETTLED:RESOLVED"]
    world.day(FRIDAY)
    assert world.codes(world.run(FRIDAY)) == []
    verify(world.folder / "workspace")


def test_without_a_policy_nothing_is_overdue(tmp_path: Path) -> None:
    """Where no terms are declared a refund is followed for the usual time and never a break."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=ASKED, psp=[SOLD, f"{REFUND} state=PENDING"])
    world.run(MONDAY)
    paid = {"bank": ["70.00 memo=PAYOUT_8001_20261109"]}
    found = nights(world, TUESDAY, "2026-11-21", d10=paid)
    assert found == [[]] * 12
    last = world.table(world.run("2026-11-21"), "open_items")
    assert last.height == 0


def test_a_source_that_tells_arrivals_is_believed(world: NightWorld) -> None:
    """A done refund without a time of arrival waits; the same row with one ends the wait."""
    text = world.config.read_text("utf-8")
    text = text.replace('channel_ref = "ref"\n', 'channel_ref = "ref"\narrived_at = "arrived"\n')
    world.config.write_text(text, "utf-8")

    def tell(day: str, rows: list[str], arrived: list[str], **more: list[str]) -> None:
        """Write a day whose channel file has a column of arrivals."""
        world.day(day, psp=rows, **more)
        path = world.file("psp", day.replace("-", ""))
        head, *lines = path.read_text("utf-8").splitlines()
        told = [f"{line},{when}" for line, when in zip(lines, arrived, strict=True)]
        path.write_text("\n".join([f"{head},arrived", *told]) + "\n", "utf-8")

    tell(MONDAY, [SOLD, REFUND], ["", ""], orders=ASKED)
    assert world.codes(world.run(MONDAY)) == []
    tell(TUESDAY, [], [], bank=["70.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []
    tell(WEDNESDAY, [], [])
    assert world.codes(world.run(WEDNESDAY)) == []
    tell("2026-11-12", [], [])
    assert world.codes(world.run("2026-11-12")) == ["REFUND_OVERDUE"]
    tell("2026-11-13", [f"{REFUND} on={MONDAY}"], ["2026-11-13 09:00:00"])
    assert world.codes(world.run("2026-11-13")) == ["REFUND_OVERDUE:RESOLVED"]
    tell("2026-11-14", [], [])
    assert world.codes(world.run("2026-11-14"), benign=True) == []


def test_terms_past_the_last_published_year_are_not_guessed(tmp_path: Path) -> None:
    """A term in working days that no calendar knows yet does not stop the night."""
    world = NightWorld(tmp_path, opening="2026-12-28", cycle="D+1")
    policy = '[refunds]\n[[refunds.term]]\ndays = 5\nbasis = "working"\n'
    world.config.write_text(world.config.read_text("utf-8") + policy, "utf-8")
    world.day("2026-12-28", orders=ASKED, psp=[SOLD, f"{REFUND} state=PENDING"])
    assert world.codes(world.run("2026-12-28")) == []
