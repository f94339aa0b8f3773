"""Rows that could not be read: what they may explain waits, and the reject is pointed at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from recon.commands.explain import command as explain
from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = "2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12"
PAID = "memo=PAYOUT_8001_20261109"
Day = dict[str, list[str]]


def patient(folder: Path) -> NightWorld:
    """Return a world that opens on a Monday, and that uses files however many rows are refused."""
    limit = "reject_limit_percent = 100"
    return NightWorld(folder, orders=limit, psp=limit, bank=limit)


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a patient world."""
    return patient(tmp_path)


def beside(day: str, rows: Day) -> Day:
    """Return the rows of a day beside an order of another merchant that is charged and paid."""
    number = int(day[-2:])
    order = f"Z{number} 1.00"
    before = [f"1.00 memo=PAYOUT_8009_202611{number - 1:02d}"] if day > MONDAY else []
    each = {"orders": [order], "psp": [f"{order} merchant=8009"], "bank": before}
    return {name: [*usual, *rows.get(name, [])] for name, usual in each.items()}


def codes(world: NightWorld, *days: Day) -> list[list[str]]:
    """Return the codes of Monday, Tuesday, ...; each night must prove itself."""
    found = []
    for day, rows in zip((MONDAY, TUESDAY, WEDNESDAY, THURSDAY), days, strict=False):
        world.day(day, **beside(day, rows))
        night = world.run(day)
        assert verify(world.folder / "workspace", night.run_id).failures == []
        found.append(world.codes(night))
    return found


HELD: dict[str, Day] = {
    "a charge": {"orders": ["A1 100.00"], "psp": ["A1 1x0.00"]},
    "an order": {"orders": ["A1 1x0.00"], "psp": ["A1 100.00"]},
    "a state": {"orders": ["A1 100.00"], "psp": ["A1 100.00 state=WHAT"]},
    "the charge beside a failed attempt": {
        "orders": ["A1 100.00"],
        "psp": ["A1 100.00 state=FAILED ref=R1", "A1 1x0.00 ref=R2"],
    },
    "the second part of an order": {
        "orders": ["A1 100.00"],
        "psp": ["A1 60.00 ref=R1", "A1 4x.00 ref=R2"],
    },
    "the void of a second charge": {
        "orders": ["A1 100.00"],
        "psp": ["A1 100.00 ref=R1", "A1 100.00 ref=R2", "V1 -1x0.00 kind=void original=R2"],
    },
    "a refund": {
        "orders": ["A1 100.00", "F1 -30.00 kind=refund original=A1"],
        "psp": ["A1 100.00", "F1 3x.00 kind=refund original=A1"],
    },
}


@pytest.mark.parametrize("what", HELD)
def test_what_lacks_only_a_refused_row_waits(world: NightWorld, what: str) -> None:
    """Each kind of finding waits while the row that may explain it cannot be read."""
    assert codes(world, HELD[what]) == [[]]


def test_the_corrected_row_ends_the_waiting(world: NightWorld) -> None:
    """The row comes again with the next file, readable: both are matched, nothing is told."""
    first = {"orders": ["A1 100.00"], "psp": ["A1 1x0.00"]}
    second = {"psp": ["A1 100.00 on=2026-11-09"], "bank": [f"100.00 {PAID}"]}
    assert codes(world, first, second, {}) == [[], [], []]
    assert "A1" not in world.table(world.run(WEDNESDAY), "open_items")["order_id"].to_list()


def test_a_night_that_is_run_again_with_a_corrected_file(world: NightWorld) -> None:
    """The sender corrects the file itself: the reject is gone with the run that it stood in."""
    assert codes(world, {"orders": ["A1 100.00"], "psp": ["A1 1x0.00"]}) == [[]]
    assert codes(world, {"orders": ["A1 100.00"], "psp": ["A2 100.00"]}) == [
        ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]
    ]


def test_it_waits_on_while_nobody_puts_it_right(world: NightWorld) -> None:
    """The nights after, the order still waits for the row that Monday's file could not show."""
    first = {"orders": ["A1 100.00"], "psp": ["A1 1x0.00"]}
    assert codes(world, first, {}, {"orders": ["A1 9.00"]})[:2] == [[], []]


@pytest.mark.parametrize("line", ["A10 1x0.00", "A2 1x0.00", "A2 x", "A2 1x0.00 ref=R1A1"])
def test_a_reject_that_names_another_row_explains_nothing(world: NightWorld, line: str) -> None:
    """A longer number, another order: the missing charge is missing."""
    found = codes(world, {"orders": ["A1 100.00", "A2 7.00"], "psp": [line]})
    assert "MISSING_IN_CHANNEL" in found[0]


def test_a_reject_does_not_end_an_old_break(world: NightWorld) -> None:
    """What was told before stays told; a reject of a later night is no proof."""
    found = codes(world, {"orders": ["A1 100.00"]}, {"psp": ["A1 1x0.00"]})
    assert found == [["MISSING_IN_CHANNEL"], ["MISSING_IN_CHANNEL:OPEN"]]


def test_a_second_charge_long_after_a_reject_is_one(world: NightWorld) -> None:
    """The refused row came again and met its order; a further charge of it is a dispute."""
    first = {"orders": ["A1 100.00"], "psp": ["A1 1x0.00 ref=R1"]}
    second = {"psp": ["A1 100.00 ref=R1 on=2026-11-09"], "bank": [f"100.00 {PAID}"]}
    third = {"psp": ["A1 100.00 ref=R2"]}
    assert codes(world, first, second, third) == [[], [], ["DUPLICATE_CHARGE"]]


def _raw(world: NightWorld, source: str, line: str) -> None:
    """Add a line to Monday's file of a source as it is."""
    with world.file(source, "20261109").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (",,123.45,0.00,yesterday,8001,sale,OK,CNY,", []),
        (",,123.46,0.00,yesterday,8001,sale,OK,CNY,", ["MISSING_IN_CHANNEL"]),
        ("A2,RA2,123.45,0.00,yesterday,8001,sale,OK,CNY,", ["MISSING_IN_CHANNEL"]),
        ("garbage", ["MISSING_IN_CHANNEL"]),
    ],
)
def test_a_reject_without_a_key_stands_for_its_amount(
    world: NightWorld, line: str, told: list[str]
) -> None:
    """Nothing but the amount can be read: the lone row of that amount waits, no other one does."""
    world.day(MONDAY, **beside(MONDAY, {"orders": ["A1 123.45", "A2 5.00"], "psp": ["A2 5.00"]}))
    _raw(world, "psp", line)
    assert world.codes(world.run(MONDAY)) == told


def test_a_payout_whose_line_was_refused(world: NightWorld) -> None:
    """The bank's line names the batch by its memo, and its amount cannot be read."""
    rows = ["A1 100.00", "A2 50.00"]
    first, second = {"orders": rows, "psp": rows}, {"bank": [f"1x0.00 {PAID}"]}
    assert codes(world, first, second, {}) == [[], [], []]
    third = {"bank": [f"150.00 {PAID} on=2026-11-10"]}
    world = patient(world.folder / "again")
    assert codes(world, first, second, third) == [[], [], []]


def test_a_batch_of_which_a_row_was_refused(world: NightWorld) -> None:
    """The credit is more than what could be read of its batch; the row comes, and it ties."""
    orders = ["A1 100.00", "A2 50.00"]
    first = {"orders": orders, "psp": ["A1 100.00", "A2 5x.00"]}
    second = {"bank": [f"150.00 {PAID}"]}
    third = {"psp": ["A2 50.00 on=2026-11-09"]}
    assert codes(world, first, second, third, {}) == [[], [], [], []]


def test_a_wrong_batch_of_another_merchant_is_told(world: NightWorld) -> None:
    """A reject that names one merchant does not hold the other merchant's payout."""
    orders = ["A1 100.00", "A2 50.00"]
    first = {"orders": orders, "psp": ["A1 100.00 merchant=8002", "A2 5x.00"]}
    second = {"bank": ["90.00 memo=PAYOUT_8002_20261109", f"50.00 {PAID}"]}
    assert codes(world, first, second) == [[], ["NET_MISMATCH"]]


def test_an_undoing_whose_payment_was_refused(world: NightWorld) -> None:
    """A void names a payment that could not be read: it is no orphan."""
    first = {"orders": [], "psp": ["A1 1x0.00", "V1 -100.00 kind=void original=A1"]}
    assert codes(world, first, {}, {}, {})[3] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_explain_points_at_the_reject(world: NightWorld, language: str) -> None:
    """`recon explain` of the order names the file, the record and every reason."""
    assert codes(world, {"orders": ["A1 100.00"], "psp": ["A2 5.00", "A1 1x0.00"]})
    space = ["--workspace", str(world.folder / "workspace")]
    said = CliRunner().invoke(explain, ["A1", *space, "--lang", language]).output
    assert "psp_20261109.csv" in said
    assert "'1x0.00'" in said
    assert ("refused" if language == "en" else "被拒") in said
    facts = json.loads(CliRunner().invoke(explain, ["A1", *space, "--json"]).output)
    [found] = facts["rows"][0]["refused"]
    assert (found["path"], found["record_no"]) == ("inbox/psp_20261109.csv", 4)
    assert "1x0.00" in found["reasons"][0]


def test_explain_of_what_only_a_reject_names(world: NightWorld) -> None:
    """No row bears the number; the refused line does, and is shown instead of an error."""
    assert codes(world, {"orders": [], "psp": ["A9 1x0.00"]}) == [[]]
    space = ["--workspace", str(world.folder / "workspace")]
    said = CliRunner().invoke(explain, ["A9", *space])
    assert said.exit_code == 0
    assert "psp_20261109.csv, record 3" in said.output
    assert CliRunner().invoke(explain, ["A8", *space]).exit_code != 0
