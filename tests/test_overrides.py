"""A person's pins, forbids and unmatches come before every pass."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.errors import RuleFileError
from recon.verify import verify
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


@pytest.mark.parametrize(
    ("charge", "code"),
    [("B1 9.00", "AMOUNT_MISMATCH"), ("B1 10.00 currency=USD", "CURRENCY_MISMATCH")],
)
def test_a_pin_hides_no_difference(tmp_path: Path, charge: str, code: str) -> None:
    """Rows that belong together by a person's word and differ in money are told as such."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=[charge])
    ids = rows(world)
    override(world, 'action = "pin"', f"left = {ids['orders:A1']}", f"right = {ids['psp:B1']}")
    assert world.codes(world.run(MONDAY)) == [code]


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


def test_charges_pinned_to_one_order_are_one_group(tmp_path: Path) -> None:
    """An order that two charges paid in parts, by a person's word, is no break and one group."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["B1 4.00", "B2 6.00"])
    ids = rows(world)
    for charge in ("B2", "B1"):
        pin = f"left = {ids['orders:A1']}", f"right = {ids[f'psp:{charge}']}"
        override(world, 'action = "pin"', *pin)
    night = world.run(MONDAY)
    assert world.codes(night) == []
    groups = world.table(night, "groups").filter(pl.col("merchant_rows") > 0)
    assert groups.select("channel_rows", "merchant_minor", "channel_minor").rows() == [
        (2, 1000, 1000)
    ]
    assert verify(tmp_path / "workspace").failures == []


def test_rows_under_the_wrong_side_are_refused(tmp_path: Path) -> None:
    """A pin whose rows are exchanged, or both of one side, is named with what was found."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00", "A2 10.00"], psp=["B1 10.00"])
    ids, text = rows(world), world.config.read_text("utf-8")
    for action in ("pin", "forbid"):
        for left, right in (("psp:B1", "orders:A1"), ("orders:A1", "orders:A2")):
            world.config.write_text(text, "utf-8")
            override(world, f'action = "{action}"', f"left = {ids[left]}", f"right = {ids[right]}")
            with pytest.raises(RuleFileError, match="expected a row of the merchant as left") as at:
                world.run(MONDAY)
            assert at.value.where == f"override {action} of leg order-channel"


def test_a_pin_that_another_override_takes_back_is_refused(tmp_path: Path) -> None:
    """Pinned and forbidden, or pinned and unmatched: nobody can tell which was meant."""
    world = NightWorld(tmp_path)
    world.day(MONDAY)
    text = world.config.read_text("utf-8")
    for action, right in (("forbid", 2), ("unmatch", 3)):
        world.config.write_text(text, "utf-8")
        override(world, 'action = "pin"', "left = 1", "right = 2")
        override(world, f'action = "{action}"', "left = 1", f"right = {right}")
        with pytest.raises(RuleFileError, match=r"pinned and .*; keep one"):
            world.run(MONDAY)


def test_both_rows_of_an_unmatch_stay_alone(tmp_path: Path) -> None:
    """Each row counts by itself: one that is not here tonight does not hide the other."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00", "A2 10.00"], psp=["A1 10.00", "A2 10.00"])
    ids = rows(world)
    override(world, 'action = "unmatch"', "left = 1", f"right = {ids['psp:A1']}")
    night = world.run(MONDAY)
    assert world.table(night, "links").height == 1
    assert world.codes(night) == ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]
