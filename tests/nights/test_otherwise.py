"""Charges and orders that come a night after the other side has told another story."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.night_world import Day, NightWorld, codes, nights

PAID = "memo=PAYOUT_8001_2026111"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


@pytest.mark.parametrize("state", ["CLOSED", "PENDING"])
@pytest.mark.parametrize("nights_between", [0, 2])
def test_a_charge_after_its_order_was_told_unpaid(
    world: NightWorld, state: str, nights_between: int
) -> None:
    """A dropped order: both sides have told of it, so nothing is missing; it stays open."""
    between: list[Day] = [{} for _ in range(nights_between)]
    charge = {"psp": ["A1 100.00"]}
    night = nights(world, {"orders": [f"A1 100.00 state={state}"]}, *between, charge, {})
    told = [world.codes(one) for one in night]
    assert told[-2:] == [["CHANNEL_PAID_MERCHANT_NOT"], _later("CHANNEL_PAID_MERCHANT_NOT")]
    assert all(found == [] for found in told[:-2])
    rows = [world.table(one, "disputes").row(0, named=True) for one in night[-2:]]
    assert rows[0]["dispute_id"] == rows[1]["dispute_id"]
    assert [len(row["evidence"]) for row in rows] == [2, 2]
    assert rows[0]["cause"] == rows[1]["cause"]
    assert rows[0]["cause"] == f"the merchant told it as {state.lower()} on 2026-11-09"
    assert rows[0]["amount_minor"] == 10_000


def _later(code: str) -> list[str]:
    """Return the code as a later night tells it, with the payout that nobody has sent yet."""
    return sorted([f"{code}:OPEN", "MISSING_SETTLEMENT"])


def test_a_charge_after_its_order_was_told_failed(world: NightWorld) -> None:
    """The debit of a failed order waits for its reversal, and is a break when none comes."""
    failed = {"orders": ["A1 10.00 state=FAILED"]}
    charge = {"psp": ["A1 10.00"]}
    paid = {"bank": [f"10.00 {PAID}0"]}
    found = codes(world, failed, charge, paid, {}, {})
    assert found == [[], [], [], [], ["FAILED_BUT_DEBITED"]]


def test_a_late_charge_of_a_failed_order_is_reversed(world: NightWorld) -> None:
    """The terminal sends the reversal the next morning: no money is astray."""
    failed = {"orders": ["A1 10.00 state=FAILED"]}
    charge = {"psp": ["A1 10.00"]}
    undone = {"psp": ["V1 -10.00 kind=void original=A1"], "bank": [f"10.00 {PAID}0"]}
    assert codes(world, failed, charge, undone, {"bank": [f"-10.00 {PAID}1"]}, {}) == [[]] * 5


ENDS: dict[str, Day] = {
    "the books follow": {"orders": ["A1 100.00"]},
    "the channel gives it back": {"psp": ["F1 100.00 kind=refund original=A1"]},
    "the channel voids it": {"psp": ["V1 -100.00 kind=void original=RA1"]},
}


@pytest.mark.parametrize("what", ENDS)
def test_what_ends_a_late_charge(world: NightWorld, what: str) -> None:
    """Each correction ends the dispute on its night."""
    closed = {"orders": ["A1 100.00 state=CLOSED"]}
    end = {**ENDS[what], "bank": [f"100.00 {PAID}0"]}
    found = codes(world, closed, {"psp": ["A1 100.00"]}, end)
    assert found[2] == ["CHANNEL_PAID_MERCHANT_NOT:RESOLVED"]


def test_an_order_that_was_paid_after_all_is_not_looked_up_by_its_first_telling(
    world: NightWorld,
) -> None:
    """Pending, then paid and charged: a further charge is one charge more."""
    first = {"orders": ["A1 100.00 state=PENDING"]}
    second = {"orders": ["A1 100.00"], "psp": ["A1 100.00 ref=R1"]}
    third = {"psp": ["A1 100.00 ref=R2"], "bank": [f"100.00 {PAID}0"]}
    assert codes(world, first, second, third) == [[], [], ["DUPLICATE_CHARGE"]]


def test_a_second_late_charge(world: NightWorld) -> None:
    """The first charge of a closed order is told; the second one is a charge more."""
    closed = {"orders": ["A1 100.00 state=CLOSED"]}
    found = codes(world, closed, {"psp": ["A1 100.00 ref=R1"]}, {"psp": ["A1 100.00 ref=R2"]})
    assert "DUPLICATE_CHARGE" in found[2]
    assert "CHANNEL_PAID_MERCHANT_NOT:OPEN" in found[2]


def test_an_order_that_the_books_voided_is_charged_later(tmp_path: Path) -> None:
    """Sold and voided in the books on Monday, charged on Tuesday: voided but settled."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace(
        'refund = "refund"\n', 'refund = "refund"\nvoid = "void"\n', 1
    )
    world.config.write_text(text, "utf-8")
    voided = {"orders": ["A1 100.00", "V1 -100.00 kind=void original=A1"]}
    assert codes(world, voided, {"psp": ["A1 100.00"]}) == [[], ["VOIDED_BUT_SETTLED"]]


STORIES: dict[str, tuple[list[str], str]] = {
    "voided": (["A1 100.00", "V1 -100.00 kind=void original=RA1 10:05"], "reversed"),
    "failed": (["A1 100.00 state=FAILED"], "failed"),
}


@pytest.mark.parametrize("story", STORIES)
def test_an_order_told_after_its_charge_came_to_nothing(world: NightWorld, story: str) -> None:
    """The books call paid what the channel undid, or never took, on an earlier night."""
    rows, state = STORIES[story]
    night = nights(world, {"psp": rows}, {"orders": ["A1 100.00 on=2026-11-09"]}, {})
    told = [world.codes(one) for one in night]
    code = "MERCHANT_PAID_CHANNEL_NOT"
    assert told == [[], [code], [f"{code}:OPEN"]]
    dispute = world.table(night[1], "disputes").row(0, named=True)
    assert dispute["cause"] == f"the channel told it as {state} on 2026-11-09"
    assert (dispute["expected_minor"], dispute["actual_minor"]) == (10_000, 0)
    assert {item["side"] for item in dispute["evidence"]} == {"MERCHANT", "CHANNEL"}


@pytest.mark.parametrize(
    "end", [{"psp": ["A1 100.00 ref=R2"]}, {"orders": ["A1 100.00 state=CLOSED"]}]
)
def test_what_ends_an_order_without_its_charge(world: NightWorld, end: Day) -> None:
    """A new charge meets it, or the books call it closed."""
    order = {"orders": ["A1 100.00 on=2026-11-09"]}
    found = codes(world, {"psp": STORIES["voided"][0]}, order, end)
    assert found[2] == ["MERCHANT_PAID_CHANNEL_NOT:RESOLVED"]


def test_an_unpaid_order_whose_charge_was_undone_is_nothing(world: NightWorld) -> None:
    """Neither side calls it paid: no money moved."""
    order = {"orders": ["A1 100.00 state=CLOSED on=2026-11-09"]}
    assert codes(world, {"psp": STORIES["voided"][0]}, order, {}, {}) == [[]] * 4


def test_what_is_put_right_keeps_the_currency_it_was_told_in(world: NightWorld) -> None:
    """100 CNY charged as 100 USD, voided and charged again: a case in CNY, then resolved."""
    told, over = nights(
        world,
        {"orders": ["A1 100.00"], "psp": ["A1 100.00 currency=USD"]},
        {"psp": ["V1 -100.00 kind=void original=A1 currency=USD", "A1 100.00 ref=RX"]},
    )
    for night, status in ((told, "NEW"), (over, "RESOLVED")):
        case = world.table(night, "disputes").row(
            by_predicate=pl.col("code") == "CURRENCY_MISMATCH", named=True
        )
        figures = [case[name] for name in ("status", "currency", "expected_minor", "actual_minor")]
        assert figures == [status, "CNY", 10_000, 0]
