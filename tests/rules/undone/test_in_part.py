"""Reversals and voids that name a payment and undo another amount of it: one break."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.rules.words.causes import known
from tests.night_world import NightWorld

NIGHTS = ("2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12")
CAUSE = "undone by another amount: 90.00"


def _nights(
    folder: Path, order: str, *later: str, sale: str = "A1 100.00"
) -> list[list[tuple[str, str, int, int, str]]]:
    """Return what is told, night by night, of a sale of which 90.00 is undone within minutes."""
    world = NightWorld(folder)
    text = world.config.read_text("utf-8")
    world.config.write_text(
        text.replace('CLOSED = "closed"', 'CLOSED = "closed"\nVOIDED = "reversed"', 1), "utf-8"
    )
    void = "V1 90.00 11:00 kind=void original=A1"
    told = []
    for number, night in enumerate(NIGHTS):
        orders = [order] if number == 0 and order else []
        psp = {0: [sale, void], 2: list(later)}.get(number, [])
        net = {1: ["10.00 memo=PAYOUT_8001_20261109"], 3: []}.get(number, [])
        if number == 3 and later:
            net = [f"-{later[0].split()[1]} memo=PAYOUT_8001_20261111"]
        world.day(night, orders=orders, psp=psp, bank=net)
        breaks = world.table(world.run(night), "breaks")
        real = breaks.filter(~pl.col("code").cast(pl.String).is_in(["IN_TRANSIT", "NETTED"]))
        columns = ["code", "status", "expected_minor", "actual_minor", "cause"]
        told.append(real.select(columns).rows())
    return told


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("order", "code", "first"),
    [
        ("A1 100.00 state=VOIDED", "VOIDED_BUT_SETTLED", 0),
        ("A1 100.00 state=CLOSED", "CHANNEL_PAID_MERCHANT_NOT", 0),
        ("A1 100.00 state=FAILED", "FAILED_BUT_DEBITED", 3),
        ("", "MISSING_IN_MERCHANT", 0),
    ],
)
def test_what_is_left_of_the_payment_is_one_break(
    tmp_path: Path, order: str, code: str, first: int
) -> None:
    """The payment's own break counts what was undone; the undoing is no break beside it."""
    told = _nights(tmp_path, order)
    for number, found in enumerate(told):
        status = "NEW" if number == first else "OPEN"
        assert found == ([(code, status, 0, 1000, CAUSE)] if number >= first else [])


def test_the_rest_is_undone_later(tmp_path: Path) -> None:
    """A second void of what was left makes it good, and nothing is told any more."""
    later = "V2 10.00 kind=void original=A1"
    told = _nights(tmp_path, "A1 100.00 state=VOIDED", later)
    assert [row[:2] for row in told[2]] == [("VOIDED_BUT_SETTLED", "RESOLVED")]
    assert told[3] == []


def test_a_right_void_leaves_the_wrong_one_alone(tmp_path: Path) -> None:
    """Once the whole payment is undone, the other void undoes nothing and is told as such."""
    later = "V2 100.00 kind=void original=A1"
    told = _nights(tmp_path, "A1 100.00 state=VOIDED", later)
    assert [row[:2] for row in told[2]] == [("VOIDED_BUT_SETTLED", "RESOLVED")]
    assert [row[:2] for row in told[3]] == [("REVERSAL_ORPHAN", "NEW")]


def test_what_was_charged_too_much_and_undone_is_no_break(tmp_path: Path) -> None:
    """An order of 10.00, charged with 100.00, of which 90.00 was undone, is what it should be."""
    assert _nights(tmp_path, "A1 10.00") == [[], [], [], []]
    assert known(CAUSE)
    assert known("made good by what was undone of it")


@pytest.mark.parametrize(("undone", "share"), [("120.00", "more than"), ("20.00", "a part of")])
def test_an_undoing_of_another_amount_tells_what_was_paid(
    tmp_path: Path, undone: str, share: str
) -> None:
    """The books call the order paid, the channel undid more of it, or less: the case says so.

    What both sides undo of a payment, each by its own name of it, is no case.
    """
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    text = text.replace('refund = "refund"\n\n', 'refund = "refund"\nvoid = "void"\n\n', 1)
    world.config.write_text(text, "utf-8")
    void = f"V1 {undone} 11:00 kind=void original=A1"
    both = "V2 30.00 11:00 kind=void original="
    told = []
    for number, night in enumerate(NIGHTS):
        world.day(
            night,
            orders=["A1 100.00", "A2 50.00", f"{both}A2"] * (number == 0),
            psp={0: ["A1 100.00", "A2 50.00", void], 1: [f"{both}RA2"]}.get(number, []),
        )
        breaks = world.table(world.run(night), "breaks")
        told.append(breaks.filter(code="REVERSAL_ORPHAN").select("status", "cause").rows())
    assert told == [[], [], [], [("NEW", f"undoes {share} the payment of 100.00 that it names")]]
