"""Frozen funds: a case until the releases have given back all of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.rules.words.causes import known
from tests.night_world import Day, NightWorld, nights

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


SOLD = ["A1 100.00", "A2 50.00"]
FREEZE, RELEASE = "Z1 -30.00 12:00 kind=freeze", "U1 30.00 kind=release original=RZ1"
WHOLE, ALL = "Z1 -150.00 12:00 kind=freeze", "U1 150.00 kind=release original=RZ1"
NEW, OPEN, OVER = f"{FROZEN}", f"{FROZEN}:OPEN", f"{FROZEN}:RESOLVED"


def _paid(amount: str, day: int = 9) -> Day:
    return {"bank": [f"{amount} memo=PAYOUT_8001_202611{day:02}"]}


def _sold(freeze: str) -> Day:
    return {"orders": SOLD, "psp": [*SOLD, freeze]}


STORIES: dict[str, tuple[list[Day], list[list[str]]]] = {
    "part of a batch, paid under its name after the release": (
        [_sold(FREEZE), _paid("120.00"), {"psp": [RELEASE]}, _paid("30.00"), {}],
        [[NEW], [OPEN], [OPEN], [OVER], []],
    ),
    "paid in the sum of the payout of the release": (
        [
            _sold(FREEZE),
            _paid("120.00"),
            {"orders": ["A3 10.00"], "psp": ["A3 10.00", RELEASE]},
            _paid("40.00", 11),
            {},
        ],
        [[NEW], [OPEN], [OPEN], [OVER], []],
    ),
    "released on the night of the short payout": (
        [_sold(FREEZE), {"psp": [RELEASE], **_paid("120.00")}, _paid("30.00"), {}],
        [[NEW], [OPEN], [OVER], []],
    ),
    "paid without a release": (
        [_sold(FREEZE), _paid("120.00"), {}, _paid("30.00"), {}],
        [[NEW], [OPEN], [OPEN], [OVER], []],
    ),
    "paid in two parts": (
        [_sold(FREEZE), _paid("120.00"), _paid("10.00"), _paid("20.00"), {}],
        [[NEW], [OPEN], [OPEN], [OVER], []],
    ),
    "a day after the sale, by the name of an order": (
        [
            {"orders": SOLD, "psp": SOLD},
            {"psp": ["Z1 -30.00 12:00 kind=freeze original=A1"], **_paid("120.00")},
            {"psp": [RELEASE]},
            _paid("30.00"),
            {},
        ],
        [[], [NEW], [OPEN], [OVER], []],
    ),
    "a whole batch, paid after the release": (
        [_sold(WHOLE), {}, {"psp": [ALL]}, _paid("150.00"), {}],
        [[NEW], [OPEN], [OPEN], [OVER], []],
    ),
    "a whole batch, released and paid in parts": (
        [
            _sold(WHOLE),
            {"psp": ["U1 50.00 kind=release original=RZ1"]},
            _paid("50.00"),
            {"psp": ["U2 100.00 kind=release original=RZ1"]},
            _paid("100.00"),
        ],
        [[NEW], [OPEN], [OPEN], [OPEN], [OVER]],
    ),
    "another difference is a case of its own": (
        [_sold(FREEZE), _paid("110.00"), {}],
        [[NEW], [OPEN, "NET_MISMATCH"], [OPEN, "NET_MISMATCH:OPEN"]],
    ),
    "another credit stays unknown": (
        [_sold(FREEZE), _paid("120.00"), _paid("31.00")],
        [[NEW], [OPEN], [OPEN, "UNKNOWN_CREDIT"]],
    ),
}


def _world(folder: Path) -> NightWorld:
    world = NightWorld(folder)
    text = world.config.read_text("utf-8")
    kinds = 'void = "void"\nfreeze = "freeze"\nrelease = "unfreeze"'
    world.config.write_text(text.replace('void = "void"', kinds), "utf-8")
    return world


@pytest.mark.parametrize("story", STORIES)
def test_a_payout_that_is_less_by_what_is_frozen_is_one_case(tmp_path: Path, story: str) -> None:
    """The freeze tells it, under one name, until the bank shows the money."""
    world = _world(tmp_path)
    days, expected = STORIES[story]
    told = nights(world, *days)
    assert [world.codes(night) for night in told] == expected
    frozen = pl.concat([world.table(night, "breaks") for night in told]).filter(code=FROZEN)
    assert frozen["break_id"].n_unique() == 1


def test_what_is_at_risk_is_what_the_bank_has_not_shown(tmp_path: Path) -> None:
    """After a release too, which the case tells; what came in part makes it less."""
    world = _world(tmp_path)
    days = [_sold(FREEZE), _paid("120.00"), _paid("10.00"), {"psp": [RELEASE]}]
    cases = [world.table(night, "disputes").filter(code=FROZEN) for night in nights(world, *days)]
    assert [case["amount_minor"].to_list() for case in cases] == [[3000], [3000], [2000], [2000]]
    assert cases[3]["cause"].to_list() == ["released by the channel, not yet paid"]
    assert known(cases[3]["cause"][0])
