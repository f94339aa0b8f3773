"""Whole nights of orders and charges: one order, several rows, states and amounts that differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.verify import verify
from tests.night_world import NightWorld

MONDAY = "2026-11-09"
TUESDAY = "2026-11-10"
WEDNESDAY = "2026-11-11"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_one_order_two_charges(world: NightWorld) -> None:
    """One order and two equal channel rows: one match and one duplicate charge (peer defect 1)."""
    world.day(
        MONDAY, orders=["A1 100.00"], psp=["A1 100.00 ref=R1 10:00", "A1 100.00 ref=R2 10:01"]
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["DUPLICATE_CHARGE"]
    dispute = world.table(night, "disputes").row(0, named=True)
    assert dispute["amount_minor"] == 10_000
    assert dispute["channel_ref"] == "R2"
    assert dispute["out_of_pocket"] == "PAYER"
    assert [item["side"] for item in dispute["evidence"]] == ["CHANNEL", "CHANNEL", "MERCHANT"]


def test_one_authorisation_cleared_twice(world: NightWorld) -> None:
    """The same channel reference at another time is a second clearing, not a second charge."""
    world.day(
        MONDAY, orders=["A1 100.00"], psp=["A1 100.00 ref=R1 10:00", "A1 100.00 ref=R1 10:05"]
    )
    assert world.codes(world.run(MONDAY)) == ["DUPLICATE_CLEARING"]


def test_the_same_record_twice(world: NightWorld) -> None:
    """A line that stands twice in a file is a fault of the file; it is not paid out twice."""
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00", "A1 100.00"])
    night = world.run(MONDAY)
    assert world.codes(night) == ["DUPLICATE_RECORD"]
    world.day(TUESDAY, bank=["100.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []


@pytest.mark.parametrize(
    ("order", "charges", "loser"),
    [
        ("100.00", ["90.00"], "MERCHANT"),
        ("100.00", ["110.00"], "PAYER"),
        ("100.00", ["60.00 ref=R1", "30.00 ref=R2 10:01"], "MERCHANT"),
        ("100.00", ["60.00 ref=R1", "10.00 ref=R2 10:01", "20.00 ref=R3 10:02"], "MERCHANT"),
    ],
)
def test_an_order_paid_too_little_or_too_much_is_one_difference(
    world: NightWorld, order: str, charges: list[str], loser: str
) -> None:
    """Who lost follows the direction; parts of an order that is not paid whole are no duplicates.

    The missing part ends it, on whichever night it comes.
    """
    world.day(MONDAY, orders=[f"A1 {order}"], psp=[f"A1 {charge}" for charge in charges])
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH"]
    dispute = world.table(night, "disputes").row(0, named=True)
    assert (dispute["amount_minor"], dispute["out_of_pocket"]) == (1000, loser)
    assert len(dispute["evidence"]) == 1 + len(charges)
    if loser == "MERCHANT":
        paid = ["90.00 memo=PAYOUT_8001_20261109"]
        world.day(TUESDAY, psp=["A1 10.00 ref=R9"], bank=paid)
        assert world.codes(world.run(TUESDAY)) == ["AMOUNT_MISMATCH:RESOLVED"]


def test_unequal_amounts_break_and_equal_ones_do_not(world: NightWorld) -> None:
    """Only the unequal pair breaks (4); 1.0 equals 1.00 (5); large amounts are exact (9)."""
    world.day(
        MONDAY,
        orders=["A1 100.00", "A2 1.0", "A3 12345678901.23", "A4 99.99"],
        psp=["A1 101.00", "A2 1.00", "A3 12345678901.23", "A4 99.98"],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH", "AMOUNT_MISMATCH"]
    differences = world.table(night, "disputes")["difference_minor"].sort().to_list()
    assert differences == [-1, 100]  # a difference of one fen in either direction (12)


def test_an_open_item_met_with_a_wrong_amount_is_one_break(world: NightWorld) -> None:
    """An order met on day 2 with an amount off by 1 is one break, and its wait is over (6)."""
    world.day(MONDAY, orders=["A1 100.00 23:30"])
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, psp=["A1 100.01 23:30 on=2026-11-09"])
    assert world.codes(world.run(TUESDAY)) == ["AMOUNT_MISMATCH"]
    world.day(WEDNESDAY, bank=["100.01 memo=PAYOUT_8001_20261110"])
    night = world.run(WEDNESDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH:OPEN"]
    assert world.table(night, "disputes").height == 1
    assert set(world.table(night, "open_items")["break_code"]) == {"AMOUNT_MISMATCH"}


def test_states_that_disagree(world: NightWorld) -> None:
    """The decision matrix: a dropped order, a false success, and two that moved no money."""
    world.day(
        MONDAY,
        orders=[
            "A1 10.00 state=PENDING",
            "A2 20.00",
            "A3 30.00 state=CLOSED",
            "A4 1.00 state=FAILED",
        ],
        psp=["A1 10.00", "A2 20.00 state=FAILED", "A4 1.00 state=FAILED"],
    )
    assert world.codes(world.run(MONDAY)) == [
        "CHANNEL_PAID_MERCHANT_NOT",
        "MERCHANT_PAID_CHANNEL_NOT",
    ]


def test_a_void_nets_with_its_payment(world: NightWorld) -> None:
    """A sale and its void are no transaction: benign for a closed order, a break for a paid one."""
    world.day(
        MONDAY,
        orders=["A1 10.00 state=CLOSED", "A2 20.00"],
        psp=[
            "A1 10.00 10:00",
            "V1 10.00 10:05 kind=void original=A1",
            "A2 20.00 10:00",
            "V2 20.00 10:05 kind=void original=A2",
        ],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["MERCHANT_PAID_CHANNEL_NOT"]
    assert world.codes(night, benign=True).count("NETTED") == 2


def test_a_failed_order_that_the_channel_debited(world: NightWorld) -> None:
    """Failed in the books, paid at the channel: the payer has lost the money."""
    world.day(MONDAY, orders=["A1 10.00 state=FAILED"], psp=["A1 10.00"])
    assert world.codes(world.run(MONDAY)) == []  # the terminal may still send its reversal
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []
    world.day("2026-11-12")
    assert world.codes(world.run("2026-11-12")) == ["FAILED_BUT_DEBITED"]


def test_a_reversal_on_the_next_clearing_day_is_benign(world: NightWorld) -> None:
    """A failed order, debited, reversed the next morning: no transaction, and no break."""
    world.day(MONDAY, orders=["A1 10.00 state=FAILED"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(
        TUESDAY, psp=["V1 10.00 kind=void original=A1"], bank=["10.00 memo=PAYOUT_8001_20261109"]
    )
    night = world.run(TUESDAY)
    assert world.codes(night) == []
    assert "NETTED" in world.codes(night, benign=True)
    assert world.table(night, "open_items")["order_id"].to_list() == ["V1"]


def test_a_paid_order_that_the_channel_undoes_on_a_later_night(world: NightWorld) -> None:
    """Paid and matched last night, voided by the channel tonight: the books are wrong now."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(TUESDAY, psp=["V1 10.00 kind=void original=A1"], bank=None)
    assert world.codes(world.run(TUESDAY)) == ["FILE_MISSING", "MERCHANT_PAID_CHANNEL_NOT"]


def test_a_second_charge_on_a_later_night(world: NightWorld) -> None:
    """The order met its charge last night; tonight's second charge of it is a duplicate."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00 ref=R1"])
    world.run(MONDAY)
    world.day(TUESDAY, psp=["A1 10.00 ref=R2 09:00"])
    assert world.codes(world.run(TUESDAY)) == ["DUPLICATE_CHARGE", "MISSING_SETTLEMENT"]


def test_an_order_told_again_is_not_missing(world: NightWorld) -> None:
    """An order that the next day's export repeats in another state was matched already."""
    world.day(MONDAY, orders=["A1 10.00 state=PENDING"], psp=["A1 10.00"])
    assert world.codes(world.run(MONDAY)) == ["CHANNEL_PAID_MERCHANT_NOT"]
    world.day(TUESDAY, orders=["A1 10.00 on=2026-11-09"], bank=None)
    told = ["CHANNEL_PAID_MERCHANT_NOT:RESOLVED", "FILE_MISSING"]
    assert world.codes(world.run(TUESDAY)) == told


def test_declared_attributes_are_compared(tmp_path: Path) -> None:
    """An attribute that a leg compares and that differs is an ATTRIBUTE_MISMATCH."""
    world = NightWorld(tmp_path, orders='merchant_id = "9999"')
    text = world.config.read_text("utf-8")
    leg = 'left = "merchant"\nright = "channel"\n'
    world.config.write_text(text.replace(leg, leg + 'compare = ["merchant_id"]\n'), "utf-8")
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    assert world.codes(world.run(MONDAY)) == ["ATTRIBUTE_MISMATCH"]


def test_the_charge_that_went_through_meets_the_order(world: NightWorld) -> None:
    """A failed attempt of the right amount, then a charge of 101: one mismatch, nothing else."""
    attempts = ["A1 100.00 ref=R1 state=FAILED 10:00", "A1 101.00 ref=R2 10:01"]
    world.day(MONDAY, orders=["A1 100.00"], psp=attempts)
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["expected_minor"], row["actual_minor"]) == (10_000, 10_100)


PARTS = {
    "channel": (["A1 100.00"], ["A1 60.00 ref=R1", "A1 40.00 ref=R2 10:05"]),
    "merchant": (["A1 60.00", "A1 40.00 10:05"], ["A1 100.00"]),
    "both": (["A1 60.00", "A1 40.00 10:05"], ["A1 40.00 ref=R1", "A1 60.00 ref=R2 10:05"]),
    "unequal": (
        ["A1 70.00", "A1 30.00 10:05"],
        ["A1 50.00 ref=R1", "A1 25.00 ref=R2 10:05", "A1 25.00 ref=R3 10:06"],
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_that_sum_to_the_order_are_no_duplicates(tmp_path: Path, name: str) -> None:
    """An order told in parts, by whichever side, is matched; its payout comes in one sum."""
    world = NightWorld(tmp_path)
    orders, psp = PARTS[name]
    world.day(MONDAY, orders=orders, psp=psp)
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, bank=["100.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0


def test_a_part_too_many_is_one_duplicate(world: NightWorld) -> None:
    """60, 40 and 40 for an order of 100: the second 40 was charged twice, nothing else."""
    parts = ["A1 60.00 ref=R1 10:00", "A1 40.00 ref=R2 10:01", "A1 40.00 ref=R3 10:02"]
    world.day(MONDAY, orders=["A1 100.00"], psp=parts)
    night = world.run(MONDAY)
    assert world.codes(night) == ["DUPLICATE_CHARGE"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["amount_minor"], row["channel_ref"]) == (4_000, "R3")


def test_the_same_amount_again_of_an_order_not_paid_whole_is_charged_twice(
    world: NightWorld,
) -> None:
    """18 and 18 for an order of 99: the second one is no part, and the order lacks 81."""
    world.day(MONDAY, orders=["A1 99.00"], psp=["A1 18.00 ref=R1", "A1 18.00 ref=R2 10:01"])
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH", "DUPLICATE_CHARGE"]
    assert sorted(world.table(night, "disputes")["amount_minor"]) == [1_800, 8_100]


def closed(world: NightWorld) -> None:
    """Run a Monday and a Tuesday after which nothing of order A1 is left in the ledger."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00 ref=R1"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0


def test_a_further_charge_after_everything_closed(world: NightWorld) -> None:
    """An order that was matched and paid out long ago is charged again: a duplicate, named."""
    closed(world)
    world.day(WEDNESDAY, psp=["A1 10.00 ref=R2"])
    night = world.run(WEDNESDAY)
    assert world.codes(night) == ["DUPLICATE_CHARGE"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["channel_ref"], row["amount_minor"]) == ("R2", 1_000)
    assert "2026-11-09 as R1" in row["cause"]
    assert [item["side"] for item in row["evidence"]] == ["CHANNEL", "CHANNEL", "MERCHANT"]
    assert verify(world.folder / "workspace", night.run_id).failures == []


@pytest.mark.parametrize(("amount", "codes"), [("10.00", []), ("11.00", ["MISSING_IN_CHANNEL"])])
def test_an_order_told_again_after_everything_closed(
    world: NightWorld, amount: str, codes: list[str]
) -> None:
    """A later export repeats an order at the amount that was charged: nothing is missing."""
    closed(world)
    world.day(WEDNESDAY, orders=[f"A1 {amount} 09:59 on=2026-11-09"])
    assert world.codes(world.run(WEDNESDAY)) == codes


def test_a_charge_after_one_that_was_undone_is_no_duplicate(world: NightWorld) -> None:
    """The first charge was voided on its day: a later charge of the order is the only one."""
    void = "V1 -10.00 kind=void original=R1 10:05"
    world.day(MONDAY, orders=["A1 10.00 state=CLOSED"], psp=["A1 10.00 ref=R1", void])
    world.run(MONDAY)
    world.day(TUESDAY)
    world.run(TUESDAY)
    world.day(WEDNESDAY, psp=["A1 10.00 ref=R2"])
    assert "DUPLICATE_CHARGE" not in world.codes(world.run(WEDNESDAY))
