"""A person's pins, forbids and unmatches come before every pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.errors import RuleFileError
from tests.night_world import NightWorld

MONDAY = "2026-11-09"


def override(world: NightWorld, *lines: str) -> None:
    """Add one override to the rule file."""
    text = world.config.read_text("utf-8")
    block = "\n".join(
        ["", "[[override]]", 'leg = "order-channel"', 'note = "seen the slip"', *lines]
    )
    world.config.write_text(text + block + "\n", "utf-8")


def rows(world: NightWorld) -> dict[str, int]:
    """Return source and order -> txn_id of the Monday."""
    table = world.table(world.run(MONDAY), "transactions")
    return {f"{s}:{o}": t for s, o, t in table.select("source", "order_id", "txn_id").iter_rows()}


def test_a_pin_links_what_no_key_links(tmp_path: Path) -> None:
    """Two rows with different order numbers that a person pinned are one match."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["B1 10.00"])
    ids = rows(world)
    override(world, 'action = "pin"', f"left = {ids['orders:A1']}", f"right = {ids['psp:B1']}")
    night = world.run(MONDAY)
    assert world.codes(night) == []
    assert world.table(night, "links")["match_kind"].to_list() == ["PINNED"]


def test_a_forbid_parts_what_a_key_links(tmp_path: Path) -> None:
    """Two rows of one order number that a person parted stand alone."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    ids = rows(world)
    override(world, 'action = "forbid"', f"left = {ids['orders:A1']}", f"right = {ids['psp:A1']}")
    assert world.codes(world.run(MONDAY)) == ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]


def test_an_unmatch_keeps_a_row_alone(tmp_path: Path) -> None:
    """A row that a person took out of matching is not linked."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    ids = rows(world)
    override(world, 'action = "unmatch"', f"left = {ids['orders:A1']}")
    assert world.table(world.run(MONDAY), "links").height == 0


def test_an_override_of_an_unknown_leg_is_refused(tmp_path: Path) -> None:
    """The rule file is refused and the nearest leg is named."""
    world = NightWorld(tmp_path)
    world.day(MONDAY)
    override(world, 'action = "unmatch"', "left = 1")
    world.config.write_text(
        world.config.read_text("utf-8").replace('leg = "order-channel"', 'leg = "order-chanel"'),
        "utf-8",
    )
    with pytest.raises(RuleFileError, match="did you mean 'order-channel'"):
        world.run(MONDAY)
