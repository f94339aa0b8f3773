"""A person's pins, forbids and unmatches come before every pass."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from recon.errors import RuleFileError
from recon.report.summary.screen import screen_text
from recon.report.summary.text import summary_text
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


def pinned_group(world: NightWorld, order: str, charges: list[str]) -> None:
    """Write a Monday of one order and some charges, and pin all of them to it."""
    world.day(MONDAY, orders=[order], psp=charges)
    ids = rows(world)
    for charge in charges:
        pin = f"left = {ids['orders:A1']}", f"right = {ids['psp:' + charge.split()[0]]}"
        override(world, 'action = "pin"', *pin)


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("order", "charges", "told"),
    [
        ("A1 10.00", ["B1 4.00", "B2 5.00"], [("AMOUNT_MISMATCH", 1000, 900, "CNY")]),
        ("A1 10.00", ["B1 10.00 state=FAILED", "B2 10.00"], []),
        (
            "A1 10.00",
            ["B1 4.00 state=FAILED", "B2 6.00 state=FAILED"],
            [("MERCHANT_PAID_CHANNEL_NOT", 1000, 0, "CNY")],
        ),
        (
            "A1 10.00",
            ["B1 4.00", "B2 6.00 currency=USD"],
            [("AMOUNT_MISMATCH", 0, 600, "USD"), ("AMOUNT_MISMATCH", 1000, 400, "CNY")],
        ),
    ],
)
def test_a_pinned_group_hides_no_difference(
    tmp_path: Path, order: str, charges: list[str], told: list[tuple[object, ...]]
) -> None:
    """Several rows pinned to one are held against it by sum, a currency at a time, and carried."""
    world = NightWorld(tmp_path)
    pinned_group(world, order, charges)
    night = world.run(MONDAY)
    columns = ("code", "expected_minor", "actual_minor", "currency")
    breaks = world.table(night, "breaks").filter(pl.col("leg") == "order-channel")
    assert sorted(breaks.select(columns).rows()) == told
    assert verify(tmp_path / "workspace").failures == []
    world.day("2026-11-10")
    again = world.table(world.run("2026-11-10"), "breaks").filter(pl.col("leg") == "order-channel")
    assert sorted(again.select(columns).rows()) == told
    assert sorted(again["break_id"]) == sorted(breaks["break_id"])


def test_an_override_that_changes_nothing_is_told(tmp_path: Path) -> None:
    """A number that no night has, and a row of another night: the summary says which and why."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    ids = rows(world)
    override(world, 'action = "pin"', "left = 7", f"right = {ids['psp:A1']}")
    override(world, 'action = "unmatch"', f"left = {ids['orders:A1']}", "right = 8")
    summary = world.run(MONDAY).summary
    assert [
        (item["number"], item["applied"], item["absent"], item["unknown"])
        for item in summary["overrides"]
    ] == [(1, False, [7], [7]), (2, True, [8], [8])]
    told = (
        "override 1 (pin, order-channel) changed nothing: no night has row 7; check the number",
        "override 2 (unmatch, order-channel) worked in part: no night has row 8; check the number",
    )
    for text in (summary_text(summary, "en"), screen_text(summary, "en", 120, 40)):
        assert [line.strip() for line in plain(text) if "override" in line] == list(told)
    assert "人工指定 1（指定匹配，order-channel）未生效" in summary_text(summary, "zh")
    world.day("2026-11-10")
    later = world.run("2026-11-10").summary["overrides"]
    assert [(item["applied"], item["unknown"]) for item in later] == [(False, [7]), (True, [8])]


def plain(text: str) -> list[str]:
    """Return the lines of a text for a terminal without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def test_a_row_of_no_side_of_the_leg_cannot_stay_alone_on_it(tmp_path: Path) -> None:
    """An unmatch of a bank line on the leg of orders and charges is refused by name."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], bank=["9.00 memo=X"])
    table = world.table(world.run(MONDAY), "transactions")
    line = table.filter(pl.col("source") == "bank")["txn_id"].item()
    override(world, 'action = "unmatch"', f"left = {line}")
    with pytest.raises(RuleFileError, match="expected a row of the merchant or of the channel"):
        world.run(MONDAY)


def test_a_leg_named_against_the_way_of_the_money_takes_overrides(tmp_path: Path) -> None:
    """Left and right of an override are those of its leg as the rule file names them."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    sides = 'left = "merchant"\nright = "channel"', 'left = "channel"\nright = "merchant"'
    assert sides[0] in text
    world.config.write_text(text.replace(*sides), "utf-8")
    world.day(MONDAY, orders=["A1 10.00"], psp=["B1 9.00"])
    ids = rows(world)
    override(world, 'action = "pin"', f"left = {ids['psp:B1']}", f"right = {ids['orders:A1']}")
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH"]
    links = world.table(night, "links")
    assert links["left_txn_id"].to_list() == [ids["orders:A1"]]


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
