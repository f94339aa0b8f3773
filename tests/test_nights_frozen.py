"""Frozen funds: a case until the releases have given back all of them."""

from __future__ import annotations

from pathlib import Path

from tests.night_world import NightWorld

FROZEN = "FUNDS_FROZEN"


def _told(world: NightWorld, *nights: list[str]) -> list[list[tuple[str, int]]]:
    """Run nights of channel rows; return status and amount at risk of each night's freezes."""
    text = world.config.read_text("utf-8")
    kinds = 'void = "void"\nfreeze = "freeze"\nrelease = "unfreeze"'
    world.config.write_text(text.replace('void = "void"', kinds), "utf-8")
    told = []
    for number, rows in enumerate(nights):
        day = f"2026-11-{9 + number:02}"
        world.day(day, psp=rows)
        disputes = world.table(world.run(day), "disputes")
        told.append(sorted(disputes.select("status", "amount_minor").rows()))
    return told


def test_a_freeze_stays_open_until_it_is_released(tmp_path: Path) -> None:
    """Nobody needs to find it again: the case ends with the release."""
    told = _told(
        NightWorld(tmp_path),
        ["Z1 -50.00 kind=freeze"],
        [],
        ["U1 50.00 kind=release original=RZ1"],
        [],
    )
    assert told == [[("NEW", 5000)], [("OPEN", 5000)], [("RESOLVED", 5000)], []]


def test_what_is_left_of_a_freeze(tmp_path: Path) -> None:
    """Releases in part, by the order's number or the freeze's reference, leave the rest frozen."""
    told = _told(
        NightWorld(tmp_path),
        ["Z1 -50.00 kind=freeze", "Z2 -70.00 kind=freeze"],
        ["U1 20.00 kind=release original=Z1"],
        ["Z1 10.00 kind=release ref=U2"],
        ["U3 20.00 kind=release original=RZ1", "U4 70.00 kind=release original=RZ2"],
        [],
    )
    assert told == [
        [("NEW", 5000), ("NEW", 7000)],
        [("OPEN", 3000), ("OPEN", 7000)],
        [("OPEN", 2000), ("OPEN", 7000)],
        [("RESOLVED", 2000), ("RESOLVED", 7000)],
        [],
    ]


def test_a_freeze_that_is_released_the_same_day_is_none(tmp_path: Path) -> None:
    """Two freezes of one order, one release: the first one is over, the second is a case."""
    rows = ["Z1 -50.00 kind=freeze ref=F1", "Z1 -30.00 kind=freeze ref=F2 11:00"]
    told = _told(NightWorld(tmp_path), [*rows, "Z1 50.00 kind=release ref=U1 12:00"], [])
    assert told == [[("NEW", 3000)], [("OPEN", 3000)]]
