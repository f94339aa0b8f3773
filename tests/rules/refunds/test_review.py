"""Refunds that the merchant was asked for and does not send, over whole nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.report.tie_out import statements
from recon.store.workspace import Workspace
from tests.night_world import WEEK, Day, NightWorld, codes, nights

POLICY = "[refunds]\nreview_days = 1\n"
SALE = "A 100.00"
ASKED = "F1 -100.00 kind=refund original=A state=PENDING"
FIRST: Day = {"orders": [SALE, ASKED], "psp": [SALE]}
PAID: Day = {"bank": ["100.00 memo=PAYOUT_8001_20261109"]}
SENT = "F1 -100.00 kind=refund original=A"


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("fourth", "told"),
    [
        ({}, ["REFUND_OVERDUE:OPEN"]),
        ({"orders": [SENT], "psp": [SENT]}, ["REFUND_OVERDUE:RESOLVED"]),
        ({"orders": [f"{SENT} state=CLOSED"]}, ["REFUND_OVERDUE:RESOLVED"]),  # refused
        ({"orders": [f"{SENT} state=PENDING 12:00"]}, ["REFUND_OVERDUE:OPEN"]),  # still asked
        # the channel refunds it under a number of its own
        ({"psp": [SENT.replace("F1", "W7")]}, ["REFUND_OVERDUE:RESOLVED", "REFUND_UNBOOKED"]),
    ],
)
def test_a_refund_that_is_not_sent_is_overdue(tmp_path: Path, fourth: Day, told: list[str]) -> None:
    """Asked for on Monday, to be sent by Tuesday: late on Wednesday, until somebody tells of it."""
    world = NightWorld(tmp_path, extra_top=POLICY)
    found = codes(world, FIRST, PAID, {}, fourth)
    assert found == [[], [], ["REFUND_OVERDUE"], told]
    space = Workspace(tmp_path / "workspace")
    for day in WEEK[:4]:
        for proof in statements(read_pack(space, space.resolve(day), "en")):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)


def test_the_case_says_since_when_and_by_when(tmp_path: Path) -> None:
    """The cause names the stage, its day and the day by which it should have been over."""
    world = NightWorld(tmp_path, extra_top=POLICY)
    night = nights(world, FIRST, PAID, {})[-1]
    (cause,) = world.table(night, "breaks").filter(code="REFUND_OVERDUE")["cause"]
    assert cause == "requested since 2026-11-09, due by 2026-11-10"
    (loser,) = world.table(night, "disputes")["out_of_pocket"].cast(str)
    assert loser == "PAYER"


def test_what_is_sent_or_refused_in_time_is_no_case(tmp_path: Path) -> None:
    """Nor is anything without a policy, or while the channel's file may show it."""
    world = NightWorld(tmp_path / "sent", extra_top=POLICY)
    assert codes(world, FIRST, {**PAID, "orders": [SENT], "psp": [SENT]}, {}, {}) == [[]] * 4
    assert codes(NightWorld(tmp_path / "none"), FIRST, PAID, {}, {}) == [[]] * 4
    held = codes(NightWorld(tmp_path / "held", extra_top=POLICY), FIRST, PAID, {"psp": None})
    assert held[2] == ["FILE_MISSING"]
