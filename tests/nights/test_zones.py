"""Whole nights of a merchant whose clock is ahead: its books show a sale a night after the bill."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import NightWorld, codes

MORNING = "01:00 on=2026-11-10"  # in Auckland; Monday evening at eight where the channel is


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world whose orders come from Auckland, five hours ahead."""
    world = NightWorld(tmp_path, orders='time_zone = "Pacific/Auckland"')
    text = world.config.read_text("utf-8").replace("[[leg]]", "[refunds]\n\n[[leg]]", 1)
    world.config.write_text(text, "utf-8")
    return world


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([f"A1 200.00 {MORNING}"], []),
        ([f"A1 100.00 {MORNING}"], ["DUPLICATE_CHARGE"]),
        ([], ["DUPLICATE_CHARGE", "MISSING_IN_MERCHANT"]),
    ],
)
def test_two_charges_wait_for_their_order(
    world: NightWorld, order: list[str], found: list[str]
) -> None:
    """Two charges are a double one, or the parts of one order: the books of tomorrow know."""
    charges = ["A1 100.00 20:00 ref=R1", "A1 100.00 20:01 ref=R2"]
    paid = ["200.00 memo=PAYOUT_8001_20261109"]
    monday, tuesday = codes(world, {"psp": charges}, {"orders": order, "bank": paid})
    assert (monday, tuesday) == ([], found)


@pytest.mark.parametrize(
    ("amount", "found"),
    [("60.00", [[], [], ["REFUND_EXCESS"], []]), ("50.00", [[], ["REFUND_EXCESS"], [], []])],
)
def test_refunds_above_the_original_that_the_books_show_a_night_later(
    world: NightWorld, amount: str, found: list[list[str]]
) -> None:
    """Alike refunds are one that was made twice, or two that are too much: the books know."""
    asked = "kind=refund original=A1"
    assert (
        codes(
            world,
            {"psp": ["A1 100.00 09:00"], "orders": ["A1 100.00 14:00"]},
            {
                "psp": [f"F1 -60.00 09:00 {asked}", f"F2 -{amount} 20:00 {asked}"],
                "orders": [f"F1 -60.00 14:00 {asked}"],
                "bank": ["100.00 memo=PAYOUT_8001_20261109"],
            },
            {"orders": [f"F2 -{amount} 01:00 {asked}"]},
            {},
        )
        == found
    )
