"""Orders that the merchant's books undo a night after the channel charged them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import Day, NightWorld, codes, nights

CODE = "VOIDED_BUT_SETTLED"
PAID = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
CREDIT = {"bank": ["100.00 memo=PAYOUT_8001_20261109"]}
BACK = {"psp": ["C1 -100.00 kind=void original=RA1"]}
DEBIT = {"bank": ["-100.00 memo=PAYOUT_8001_20261111"]}
TOLD = {
    "a void": {"orders": ["V1 -100.00 kind=void original=A1"]},
    "the order again": {"orders": ["A1 100.00 state=VOIDED"]},
    "the order closed": {"orders": ["A1 100.00 state=CLOSED on=2026-11-09"]},
}


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world whose merchant voids, by a row or by a state."""
    made = NightWorld(tmp_path)
    text = made.config.read_text("utf-8")
    text = text.replace('refund = "refund"\n', 'refund = "refund"\nvoid = "void"\n', 1)
    text = text.replace('FAILED = "failed"\n', 'FAILED = "failed"\nVOIDED = "reversed"\n', 1)
    made.config.write_text(text, "utf-8")
    return made


@pytest.mark.parametrize("how", TOLD)
def test_a_charge_that_stands_is_told_until_the_channel_undoes_it(
    world: NightWorld, how: str
) -> None:
    """One break under one name, with the charge as evidence, that ends with the channel's void."""
    told = nights(world, PAID, {**TOLD[how], **CREDIT}, {}, BACK)
    found = [world.codes(night) for night in told]
    assert found == [[], [CODE], [f"{CODE}:OPEN"], [f"{CODE}:RESOLVED"]]
    first, second = (world.table(night, "disputes").row(0, named=True) for night in told[1:3])
    assert first["dispute_id"] == second["dispute_id"]
    assert first["cause"] == "the merchant undid the payment on a later night"
    assert (first["expected_minor"], first["actual_minor"]) == (0, 10_000)
    assert [item["side"] for item in first["evidence"]] == ["MERCHANT", "CHANNEL"]


@pytest.mark.parametrize("how", TOLD)
@pytest.mark.parametrize("between", [[], [CREDIT]])
def test_a_void_of_both_sides_is_no_break(world: NightWorld, how: str, between: list[Day]) -> None:
    """The channel undoes it on the same night, before its money came or after."""
    credit = {} if between else CREDIT
    assert codes(world, PAID, *between, {**TOLD[how], **BACK, **credit}) == [[]] * (
        2 + len(between)
    )


def test_an_order_that_is_closed_by_its_refund_is_judged_by_the_refund(world: NightWorld) -> None:
    """The books refund the order and close it; the channel's refund comes the night after."""
    refund = "F1 100.00 kind=refund original=A1"
    closed = {"orders": [refund, "A1 100.00 state=CLOSED on=2026-11-09"], **CREDIT}
    late = "REFUND_NOT_SETTLED"
    assert codes(world, PAID, closed, {"psp": [refund]}, {}) == [
        [],
        [late],
        [f"{late}:RESOLVED"],
        [],
    ]


def test_a_refund_in_another_currency_gives_nothing_back(world: NightWorld) -> None:
    """A hundred dollars do not undo a charge of a hundred yuan."""
    dollars = {"psp": ["F1 -100.00 kind=refund original=A1 currency=USD"]}
    found = codes(world, PAID, {**TOLD["a void"], **CREDIT}, dollars)
    assert f"{CODE}:OPEN" in found[2]


def test_a_void_after_the_channel_s_day_waits_for_its_next_file(world: NightWorld) -> None:
    """Voided at 23:30, and the channel's day ends at 23:00: tomorrow's file may show it."""
    late = {"orders": ["V1 -100.00 23:30 kind=void original=A1"], **CREDIT}
    assert codes(world, PAID, late, BACK, {"bank": DEBIT["bank"]}) == [[]] * 4


def test_a_void_after_the_channel_s_day_is_told_when_no_file_shows_it(world: NightWorld) -> None:
    """The next day's file does not undo the charge either."""
    late = {"orders": ["V1 -100.00 23:30 kind=void original=A1"], **CREDIT}
    assert codes(world, PAID, late, {}, {}) == [[], [], [CODE], [f"{CODE}:OPEN"]]


def test_a_voided_order_told_in_both_ways_is_one_break(world: NightWorld) -> None:
    """The void and the order's new state are about one charge."""
    both = {"orders": [*TOLD["a void"]["orders"], *TOLD["the order again"]["orders"]]}
    assert codes(world, PAID, {**both, **CREDIT}, {}) == [[], [CODE], [f"{CODE}:OPEN"]]


def test_a_void_of_an_order_that_was_never_charged_is_no_break(world: NightWorld) -> None:
    """The charge was undone a night before the books followed."""
    found = codes(world, PAID, {**BACK, **CREDIT}, TOLD["a void"])
    assert CODE not in [code for night in found for code in night]
