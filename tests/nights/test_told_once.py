"""One money, one dispute: what a case tells is told by no second one, and ends when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.rules.settlement.withheld import KEPT
from recon.rules.words.causes import known
from tests import night_world
from tests.night_world import Day, NightWorld

PAID = "memo=PAYOUT_8001_20261109"
CONTRACT = """
[[fee_contract]]
name = "all"
[[fee_contract.line]]
name = "all"
formula = "0.6%"
"""


def codes(world: NightWorld, *days: Day, rules: str = "") -> list[list[str]]:
    """Return the codes of Monday, Tuesday, ...; `rules` are added to the rule file."""
    world.config.write_text(world.config.read_text("utf-8") + rules, "utf-8")
    return night_world.codes(world, *days)


SOLD = ["A1 100.00"]
FAILED: Day = {
    "orders": SOLD,
    "psp": [
        "A1 100.00 fee=0.60",
        "B1 50.00 fee=0.30 state=FAILED",
        "B2 9.00 fee=0.05 state=FAILED",
    ],
}


def test_a_fee_on_a_failed_payment_that_is_deducted(tmp_path: Path) -> None:
    """The payout is less by the fees that are told already: one case a fee, none of the payout."""
    world = NightWorld(tmp_path)
    found = codes(world, FAILED, {"bank": [f"99.05 {PAID}"]}, {}, rules=CONTRACT)
    assert found == [["FEE_ON_FAILED", "FEE_ON_FAILED"], [], []]
    assert known(KEPT)


def test_a_fee_on_a_failed_payment_that_is_deducted_the_same_night(tmp_path: Path) -> None:
    """Where the payout comes with the rows, the fee is told once as well."""
    world = NightWorld(tmp_path, cycle="T+0")
    found = codes(world, {**FAILED, "bank": [f"99.05 {PAID}"]}, {}, rules=CONTRACT)
    assert found == [["FEE_ON_FAILED", "FEE_ON_FAILED"], []]


@pytest.mark.parametrize("paid", ["99.04", "99.06", "99.75", "99.10"])
def test_a_payout_that_differs_by_anything_else_is_told(tmp_path: Path, paid: str) -> None:
    """One fen off, the fee added instead of taken, or a part of the fees only: a case."""
    found = codes(NightWorld(tmp_path), FAILED, {"bank": [f"{paid} {PAID}"]}, rules=CONTRACT)
    assert found[1] == ["NET_MISMATCH"]


def test_without_a_contract_the_payout_is_told(tmp_path: Path) -> None:
    """Nobody tells of the fees then, so that the payout's difference is the one case."""
    assert codes(NightWorld(tmp_path), FAILED, {"bank": [f"99.05 {PAID}"]}) == [
        [],
        ["NET_MISMATCH"],
    ]


CHARGED_TWICE: Day = {"orders": SOLD, "psp": ["A1 100.00 ref=R1", "A1 100.00 ref=R2 10:05"]}


def refunded(amount: str, *, books: str, channel: str) -> Day:
    """Return a refund of an amount on both sides, and the originals that each side names."""
    row = f"F1 -{amount} kind=refund original="
    return {"orders": [row + books], "psp": [row + channel], "bank": [f"200.00 {PAID}"]}


@pytest.mark.parametrize(("books", "channel"), [("R2", "R2"), ("A1", "R2"), ("R2", "A1")])
def test_a_second_charge_that_both_sides_refund(tmp_path: Path, books: str, channel: str) -> None:
    """The merchant did what was suggested, and booked it: the case is told a last time."""
    back = refunded("100.00", books=books, channel=channel)
    found = codes(NightWorld(tmp_path), CHARGED_TWICE, back, {})
    assert found == [["DUPLICATE_CHARGE"], ["DUPLICATE_CHARGE:RESOLVED"], []]
    assert known("refunded on both sides by the charge's own number")


@pytest.mark.parametrize(
    "back",
    [
        refunded("99.99", books="R2", channel="R2"),
        refunded("100.00", books="R1", channel="R1"),
        refunded("100.00", books="R2", channel="R1"),
    ],
    ids=["one fen less", "of the first charge", "of another charge by the channel"],
)
def test_a_second_charge_that_is_not_refunded(tmp_path: Path, back: Day) -> None:
    """A refund of less, or of the first charge, leaves the second one open."""
    found = codes(NightWorld(tmp_path), CHARGED_TWICE, back)
    assert found[1] == ["DUPLICATE_CHARGE:OPEN"]


REFUND = "kind=refund original=A1"
REFUNDED: Day = {"orders": [f"F1 -40.00 {REFUND}"], "psp": [f"F1 40.00 {REFUND}"]}
NOT_KNOWN, OVER = "REFUND_NO_ORIGINAL", "REFUND_NO_ORIGINAL:RESOLVED"


@pytest.mark.parametrize(
    ("payment", "told"),
    [("A1 40.00", [OVER]), ("A1 39.99", ["REFUND_EXCESS", OVER]), ("A2 40.00", [])],
    ids=["of the amount", "one fen less", "another payment"],
)
def test_a_payment_that_is_told_after_its_refund(
    tmp_path: Path, payment: str, told: list[str]
) -> None:
    """The refund has its original then, once, and is held against what was paid."""
    world = NightWorld(tmp_path, cycle="T+3")
    sold: Day = {"orders": [payment], "psp": [payment]}
    found = codes(world, REFUNDED, {}, sold, {}, rules="\n[refunds]\n")
    assert found == [[NOT_KNOWN], [], told, []]


FREEZES = 'void = "void"\nfreeze = "freeze"\nrelease = "unfreeze"'


def freezing(folder: Path) -> NightWorld:
    """Return a world whose channel freezes and releases."""
    world = NightWorld(folder)
    text = world.config.read_text("utf-8")
    world.config.write_text(text.replace('void = "void"', FREEZES), "utf-8")
    return world


def frozen(amount: str) -> Day:
    """Return a sale of 100.00 of which an amount is frozen."""
    return {"orders": SOLD, "psp": [*SOLD, f"Z1 -{amount} kind=freeze"]}


RELEASED = "U1 100.00 kind=release original=RZ1"


def test_a_batch_that_is_frozen_whole(tmp_path: Path) -> None:
    """Its credit is neither missing nor late beside the freeze: one case until the money comes."""
    paid = {"psp": [RELEASED], "bank": [f"100.00 {PAID}"]}
    found = codes(freezing(tmp_path), frozen("100.00"), {}, paid, {})
    assert found[:2] == [["FUNDS_FROZEN"], ["FUNDS_FROZEN:OPEN"]]
    assert found[2:] == [["FUNDS_FROZEN:RESOLVED"], []]


def test_a_batch_that_is_released_and_not_paid(tmp_path: Path) -> None:
    """Released is not paid: the same case until the bank shows the money."""
    found = codes(freezing(tmp_path), frozen("100.00"), {}, {"psp": [RELEASED]})
    assert found[2] == ["FUNDS_FROZEN:OPEN"]


@pytest.mark.parametrize("amount", ["99.99", "100.01"])
def test_a_batch_of_which_another_amount_is_frozen(tmp_path: Path, amount: str) -> None:
    """One fen less or more: the freeze does not say where the money of the batch is."""
    found = codes(freezing(tmp_path), frozen(amount), {})
    assert found[1] == ["FUNDS_FROZEN:OPEN", "MISSING_SETTLEMENT"]
