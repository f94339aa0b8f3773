"""A reversal of a payment that failed has the fate of its original: nothing moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import WEEK, NightWorld, nights

PAYOUTS = ["8.00 memo=PAYOUT_8001", "90.00 memo=PAYOUT_8002"]


def test_the_reversal_of_a_failure_is_no_case(tmp_path: Path) -> None:
    """Tonight's or an earlier night's failure; a payment among the attempts keeps its reversal.

    So is the reversal after a timeout: nobody ever says what became of the payment.
    """
    failed = [f"A{number} {number}0.00 state=FAILED" for number in (1, 2, 3, 4)]
    tries = ["A3 30.00 ref=R4 state=FAILED", "A3 30.00 ref=R5 11:00"]
    monday = {
        "orders": [*failed, "A9 90.00"],
        "psp": [
            "A1 10.00 ref=R1 state=FAILED",
            "V1 -10.00 ref=R2 kind=void original=R1 11:00",
            "A2 20.00 ref=R3 state=FAILED",
            *tries,
            "V3 -30.00 ref=R6 kind=void original=A3 12:00",
            "A4 40.00 ref=R10 state=PENDING",
            "V4 -40.00 ref=R11 kind=void original=R10 11:00",
            "A9 90.00 ref=R9",
        ],
    }
    tuesday = {
        "psp": ["V2 -20.00 ref=R7 kind=void original=R3", "A8 5.00 ref=R8"],
        "orders": ["A8 5.00"],
        "bank": ["90.00 memo=PAYOUT_8001_20261109"],
    }
    wednesday = {"bank": ["5.00 memo=PAYOUT_8001_20261110"]}
    world = NightWorld(tmp_path)
    results = nights(world, monday, tuesday, wednesday, {}, {})
    assert [world.codes(result) for result in results] == [[]] * len(WEEK)


def test_a_failure_that_was_reversed_all_the_same(tmp_path: Path) -> None:
    """A bank that takes the reversal's money leaves the payout short by it."""
    monday = {
        "orders": ["A1 10.00 state=FAILED", "A9 90.00"],
        "psp": [
            "A1 10.00 ref=R1 state=FAILED",
            "V1 -10.00 ref=R2 kind=void original=R1 11:00",
            "A9 90.00 ref=R9",
        ],
    }
    world = NightWorld(tmp_path)
    last = nights(world, monday, {"bank": ["80.00 memo=PAYOUT_8001_20261109"]})[-1]
    breaks = world.table(last, "breaks").filter(code="NET_MISMATCH")
    assert breaks.select("expected_minor", "actual_minor").rows() == [(9_000, 8_000)]


def test_a_failure_that_is_told_after_its_reversal(tmp_path: Path) -> None:
    """On the next night it is no case; one that was told as an orphan is over."""
    undo = "V1 -10.00 ref=R2 kind=void original=R1 11:00"
    late = "V2 -20.00 ref=R4 kind=void original=R3 11:00 merchant=8002"
    days = [
        {"psp": [undo, late, "A9 90.00 ref=R9"], "orders": ["A9 90.00"]},
        {"psp": ["A1 10.00 ref=R1 state=FAILED"], "bank": ["90.00 memo=PAYOUT_8001_20261109"]},
        {},
        {},
        {"psp": ["A2 20.00 ref=R3 state=FAILED merchant=8002"]},
    ]
    world = NightWorld(tmp_path)
    told = [world.codes(result) for result in nights(world, *days)]
    assert told == [[], [], [], ["REVERSAL_ORPHAN"], ["REVERSAL_ORPHAN:RESOLVED"]]


@pytest.mark.parametrize("ours", ["PAID", "FAILED"])
def test_a_reversed_payment_that_is_told_as_paid_after_all(tmp_path: Path, ours: str) -> None:
    """While it was pending its reversal was in no sum; now one undoes the other, in the payout too.

    Whether the payout was made before it was told, or after.
    """
    told = ["A1 10.00 ref=R1 on=2026-11-09", "A2 20.00 ref=R3 on=2026-11-09 merchant=8002"]
    days = [
        {
            "orders": [f"A1 10.00 state={ours}", f"A2 20.00 state={ours}", "A8 8.00", "A9 90.00"],
            "psp": [
                "A1 10.00 ref=R1 state=PENDING",
                "V1 -10.00 ref=R2 kind=void original=R1 11:00",
                "A2 20.00 ref=R3 state=PENDING merchant=8002",
                "V2 -20.00 ref=R4 kind=void original=R3 11:00 merchant=8002",
                "A8 8.00 ref=R8",
                "A9 90.00 ref=R9 merchant=8002",
            ],
        },
        {"psp": told[:1], "bank": [f"{row}_20261109" for row in PAYOUTS]},
        {"psp": told[1:]},
        {},
        {},
    ]
    world = NightWorld(tmp_path)
    paid_not = "MERCHANT_PAID_CHANNEL_NOT"
    expected: list[list[str]] = [[]] * len(WEEK)
    if ours == "PAID":
        expected = [[paid_not] * 2, *[[f"{paid_not}:OPEN"] * 2] * 4]
    results = nights(world, *days)
    assert [world.codes(result) for result in results] == expected
    at_risk = {sum(world.table(one, "disputes")["amount_minor"].to_list()) for one in results}
    assert at_risk == ({3_000} if ours == "PAID" else {0})
