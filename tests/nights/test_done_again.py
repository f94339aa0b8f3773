"""What the channel undid and did again: the books were right all along."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import Day, NightWorld, nights

PAID_NOT, NOT_SETTLED, TWICE = "MERCHANT_PAID_CHANNEL_NOT", "REFUND_NOT_SETTLED", "DUPLICATE_CHARGE"
REFUND = "F1 -60.00 kind=refund original=A1"
VOID, UNDONE = "V1 -100.00 kind=void original=RA1", "V1 60.00 kind=void original=F1"
SALE: Day = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
BOTH: Day = {"orders": ["A1 100.00", REFUND], "psp": ["A1 100.00", REFUND]}


def line(amount: str, day: int) -> Day:
    """Return the bank line of the batch of a day."""
    return {"bank": [f"{amount} memo=PAYOUT_8001_202611{day:02}"]}


STORIES: dict[str, tuple[list[Day], list[list[str]]]] = {
    "a payment, some nights later": (
        [SALE, line("100.00", 9), {"psp": [VOID]},
         {"psp": ["A1 100.00 ref=R2"], **line("-100.00", 11)}, line("100.00", 12)],
        [[], [], [PAID_NOT], [f"{PAID_NOT}:RESOLVED"], []],
    ),
    "a payment, on the night of its void": (
        [SALE, line("100.00", 9), {"psp": [VOID, "A1 100.00 11:00 ref=R2"]}, {}],
        [[], [], [], []],
    ),
    "a refund": (
        [BOTH, line("40.00", 9), {"psp": [UNDONE]},
         {"psp": [f"{REFUND} ref=R2"], **line("60.00", 11)}, line("-60.00", 12)],
        [[], [], [NOT_SETTLED], [f"{NOT_SETTLED}:RESOLVED"], []],
    ),
    "a void of one charge of two that came again leaves the other": (
        [SALE, line("100.00", 9),
         {"psp": ["A1 100.00 ref=R2", "A1 100.00 10:30 ref=R3",
                  "V1 -100.00 11:00 kind=void original=R2"]}],
        [[], [], [TWICE]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_what_is_done_again_is_no_break(tmp_path: Path, story: str) -> None:
    """The case ends, and the new row is neither missing in the books nor one too many."""
    world = NightWorld(tmp_path)
    days, expected = STORIES[story]
    assert [world.codes(night) for night in nights(world, *days)] == expected
