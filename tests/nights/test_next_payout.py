"""The rest of a payout that was wrong, in the sum of the next one: over, and proved to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.report.tie_out import statements
from recon.store.workspace import Workspace
from tests.night_world import WEEK, Day, NightWorld, nights

WRONG, STILL, OVER = "NET_MISMATCH", "NET_MISMATCH:OPEN", "NET_MISMATCH:RESOLVED"


def paid(amount: str, day: int, merchant: str = "8001") -> str:
    """Return a bank line under the name of a merchant's batch of a day of the week."""
    return f"{amount} memo=PAYOUT_{merchant}_{WEEK[day].replace('-', '')}"


def sold(name: str, amount: str, *bank: str) -> Day:
    """Return a day with one sale on both sides, and bank lines."""
    return {"orders": [f"{name} {amount}"], "psp": [f"{name} {amount}"], "bank": list(bank)}


def two_merchants(monday: Day) -> Day:
    """Return the day with a sale of a second merchant."""
    more = {"orders": ["M1 70.00"], "psp": ["M1 70.00 merchant=8002"]}
    return {name: [*rows, *more.get(name, [])] for name, rows in monday.items()}


MONDAY = sold("A1", "100.00")
STORIES: dict[str, tuple[list[Day], list[list[str]]]] = {
    "short by ten, then ten more": (
        [MONDAY, sold("B1", "50.00", paid("90.00", 0)), {"bank": [paid("60.00", 1)]}, {}],
        [[], [WRONG], [OVER], []],
    ),
    "too much by ten, then ten less": (
        [MONDAY, sold("B1", "50.00", paid("110.00", 0)), {"bank": [paid("40.00", 1)]}, {}],
        [[], [WRONG], [OVER], []],
    ),
    "two rests in one payout": (
        [MONDAY, sold("B1", "50.00", paid("90.00", 0)), sold("C1", "50.00", paid("45.00", 1)),
         {"bank": [paid("65.00", 2)]}],
        [[], [WRONG], [WRONG, STILL], [OVER, OVER]],
    ),
    "equal rests of two payouts: nobody can tell which": (
        [MONDAY, sold("B1", "50.00", paid("90.00", 0)), sold("C1", "50.00", paid("40.00", 1)),
         {"bank": [paid("60.00", 2)]}],
        [[], [WRONG], [WRONG, STILL], [WRONG, STILL, STILL]],
    ),
    "another merchant's rest stays open": (
        [two_merchants(MONDAY), sold("B1", "50.00", paid("100.00", 0), paid("60.00", 0, "8002")),
         {"bank": [paid("60.00", 1)]}],
        [[], [WRONG], [WRONG, STILL]],
    ),
    "in a line of its own": (
        [MONDAY, {"bank": [paid("90.00", 0)]}, {"bank": [paid("10.00", 0)]}, {}],
        [[], [WRONG], [OVER], []],
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_the_rest_of_a_wrong_payout_in_the_next_one(tmp_path: Path, story: str) -> None:
    """What is explained to the last cent is over; the proof of each night leaves nothing over."""
    world = NightWorld(tmp_path)
    days, expected = STORIES[story]
    results = nights(world, *days)
    assert [world.codes(night) for night in results] == expected
    space = Workspace(tmp_path / "workspace")
    for night in results[2:]:
        for proof in statements(read_pack(space, space.resolve(night.run_id), "en")):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)
