"""Disputes that stay open: told each night under one identity until a later row puts them right."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.core.schema import DECISIONS, conform
from recon.store import decisions
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.night_world import Day, NightWorld, codes, nights

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = "2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12"
PAID = "memo=PAYOUT_8001_20261109"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_a_difference_stays_open_under_one_identity(world: NightWorld) -> None:
    """The same dispute, older each night, with its evidence; the payout does not end it."""
    first = {"orders": ["A1 100.00"], "psp": ["A1 101.00"]}
    results = nights(world, first, {"bank": [f"101.00 {PAID}"]}, {})
    told = [world.table(night, "disputes").row(0, named=True) for night in results]
    assert [row["status"] for row in told] == ["NEW", "OPEN", "OPEN"]
    assert [row["age_days"] for row in told] == [0, 1, 2]
    assert len({row["dispute_id"] for row in told}) == 1
    assert all(row["amount_minor"] == 100 for row in told)
    assert all(len(row["evidence"]) == 2 for row in told)


A_1, PAID_1 = {"orders": ["A1 100.00"], "psp": ["A1 101.00 ref=R1"]}, f"101.00 {PAID}"
CORRECTIONS: dict[str, tuple[Day, Day]] = {
    "the channel voids it and charges anew": (
        A_1,
        {"psp": ["V1 -101.00 kind=void original=R1", "A1 100.00 ref=R2"], "bank": [PAID_1]},
    ),
    "the channel gives the difference back": (
        A_1,
        {"psp": ["F1 1.00 kind=refund original=R1"], "bank": [PAID_1]},
    ),
    "the merchant corrects the order": (A_1, {"orders": ["A1 101.00"], "bank": [PAID_1]}),
    "the second part comes a night later": (
        {"orders": ["A1 100.00"], "psp": ["A1 60.00 ref=R1"]},
        {"psp": ["A1 40.00 ref=R2 on=2026-11-09"], "bank": [f"100.00 {PAID}"]},
    ),
    "the second part of the books comes a night later": (
        {"orders": ["A1 60.00"], "psp": ["A1 100.00 ref=R1"]},
        {"orders": ["A1 40.00"], "bank": [f"100.00 {PAID}"]},
    ),
    "the books follow": (
        {"orders": ["A1 100.00 state=PENDING"], "psp": ["A1 100.00"]},
        {"orders": ["A1 100.00"], "bank": [f"100.00 {PAID}"]},
    ),
    "the books call it closed": (
        {"orders": ["A1 100.00"], "psp": ["A1 100.00 state=FAILED"]},
        {"orders": ["A1 100.00 state=CLOSED"]},
    ),
    "the money moves after all": (
        {"orders": ["A1 100.00"], "psp": ["A1 100.00 state=FAILED ref=R1"]},
        {"psp": ["A1 100.00 ref=R2 on=2026-11-09"], "bank": [f"100.00 {PAID}"]},
    ),
    "the channel gives back what the books do not call paid": (
        {"orders": ["A1 100.00 state=PENDING"], "psp": ["A1 100.00 ref=R1"]},
        {"psp": ["F1 100.00 kind=refund original=A1"], "bank": [f"100.00 {PAID}"]},
    ),
    "the second charge is refunded": (
        {"orders": ["A1 100.00"], "psp": ["A1 100.00 ref=R1", "A1 100.00 ref=R2 10:05"]},
        {"psp": ["F1 100.00 kind=refund original=R2"], "bank": [f"200.00 {PAID}"]},
    ),
    "the second charge is voided by its own number": (
        {"orders": ["A1 100.00"], "psp": ["A1 100.00 ref=R1", "A1 100.00 ref=R2 10:05"]},
        {"psp": ["V1 -100.00 kind=void original=R2"], "bank": [f"200.00 {PAID}"]},
    ),
    "a charge is voided by the number of the order": (
        {"orders": ["A1 100.00"], "psp": ["A1 100.00 ref=R1", "A1 100.00 ref=R2 10:05"]},
        {"psp": ["V1 -100.00 kind=void original=A1"], "bank": [f"200.00 {PAID}"]},
    ),
    "the rest of a payout comes": (
        {"orders": ["A1 100.00", "A2 50.00"], "psp": ["A1 100.00", "A2 50.00"]},
        {"bank": [f"140.00 {PAID}"]},
    ),
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_a_correction_resolves_the_dispute(tmp_path: Path, name: str) -> None:
    """Each kind of correction ends the dispute on its night, and leaves no other one behind."""
    world = NightWorld(tmp_path)
    first, second = CORRECTIONS[name]
    days = [first, second]
    if "payout" in name:
        days.append({"bank": [f"10.00 {PAID}"]})
    found = codes(world, *days, {})
    told = next(code for night in found for code in night)
    at = len(days) - 1
    assert found[at - 1] == [told]
    assert found[at] == [f"{told}:RESOLVED"]
    assert found[at + 1] == []


def test_a_pair_that_netting_undid_stays_undone(world: NightWorld) -> None:
    """The books call a voided payment paid: the dispute stays open though the void was netted."""
    psp = ["A1 10.00 10:00", "V1 10.00 10:05 kind=void original=A1"]
    found = codes(world, {"orders": ["A1 10.00"], "psp": psp}, {}, {})
    assert found == [["MERCHANT_PAID_CHANNEL_NOT"], *[["MERCHANT_PAID_CHANNEL_NOT:OPEN"]] * 2]


def test_a_further_charge_stays_open_after_its_order_is_closed(world: NightWorld) -> None:
    """The order and its charge are paid out and gone; the dispute keeps its three rows."""
    psp = ["A1 10.00 ref=R1", "A1 10.00 ref=R2 10:05"]
    first = {"orders": ["A1 10.00"], "psp": psp}
    results = nights(world, first, {"bank": [f"20.00 {PAID}"]}, {})
    told = [world.table(night, "disputes").row(0, named=True) for night in results]
    assert [row["status"] for row in told] == ["NEW", "OPEN", "OPEN"]
    assert len({row["dispute_id"] for row in told}) == 1
    evidence = [[item["txn_id"] for item in row["evidence"]] for row in told]
    assert evidence[0] == evidence[1] == evidence[2]
    assert world.table(results[2], "open_items").height == 1


def test_a_payout_that_is_paid_in_pieces(world: NightWorld) -> None:
    """A short payout of which a part follows is short by the rest, under the same identity."""
    rows = ["A1 100.00", "A2 50.00"]
    lines = [{"bank": [f"140.00 {PAID}"]}, {"bank": [f"4.00 {PAID}"]}, {"bank": [f"6.00 {PAID}"]}]
    results = nights(world, {"orders": rows, "psp": rows}, *lines)
    told = [world.table(night, "disputes").row(0, named=True) for night in results[1:]]
    assert [row["status"] for row in told] == ["NEW", "OPEN", "RESOLVED"]
    assert [row["actual_minor"] for row in told[:2]] == [14_000, 14_400]
    assert [len(row["evidence"]) for row in told] == [3, 3, 3]
    assert world.table(results[3], "open_items").height == 0


def test_a_late_row_of_a_batch_that_was_paid_whole(world: NightWorld) -> None:
    """The bank paid 140 for 100; the channel's row of 40 comes a night later: nothing is wrong."""
    late = {"orders": ["A2 40.00 on=2026-11-09"], "psp": ["A2 40.00 on=2026-11-09"]}
    first = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
    found = codes(world, first, {"bank": [f"140.00 {PAID}"]}, late, {})
    assert found == [[], ["NET_MISMATCH"], ["NET_MISMATCH:RESOLVED"], []]


def test_a_credit_that_makes_it_worse_is_its_own_case(world: NightWorld) -> None:
    """A further credit of a batch that was paid too much already is unknown."""
    first = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
    found = codes(world, first, {"bank": [f"140.00 {PAID}"]}, {"bank": [f"10.00 {PAID}"]})
    assert found[2] == ["NET_MISMATCH:OPEN", "UNKNOWN_CREDIT"]


def test_a_refund_that_both_books_show_ends_nothing(world: NightWorld) -> None:
    """Charged twice and refunded once on both sides: the order is refunded, the charge remains."""
    psp = ["A1 10.00 ref=R1", "A1 10.00 ref=R2 10:05"]
    refund = "F1 -10.00 kind=refund original=A1"
    back = {"orders": [refund], "psp": [refund.replace("-", "")], "bank": [f"20.00 {PAID}"]}
    found = codes(world, {"orders": ["A1 10.00"], "psp": psp}, back)
    assert found == [["DUPLICATE_CHARGE"], ["DUPLICATE_CHARGE:OPEN"]]


def decide(world: NightWorld, dispute: str, decision: str, sha256: str = "ab") -> None:
    """Record what a person decided about a dispute."""
    made = {"dispute_id": [dispute], "decision": [decision], "note": ["seen"], "row_no": [1]}
    workspace = Workspace(world.folder / "workspace")
    decisions.append(workspace, conform(pl.DataFrame(made), DECISIONS), sha256 * 32)


@pytest.mark.parametrize("decision", ["REJECTED", "CONFIRMED", "PENDING"])
def test_what_a_person_rejects_is_told_a_last_time(world: NightWorld, decision: str) -> None:
    """A rejected difference is over, and its rows are carried no more; any other stays open."""
    night = nights(world, {"orders": ["A1 100.00"], "psp": ["A1 101.00"]})[0]
    decide(world, world.table(night, "disputes")["dispute_id"][0], decision)
    world.day(TUESDAY, bank=[f"101.00 {PAID}"])
    second = world.run(TUESDAY)
    over = decision == "REJECTED"
    assert world.codes(second) == ["AMOUNT_MISMATCH:RESOLVED" if over else "AMOUNT_MISMATCH:OPEN"]
    assert world.table(second, "open_items").height == (0 if over else 2)
    assert verify(world.folder / "workspace", second.run_id).failures == []
    world.day(WEDNESDAY)
    assert world.codes(world.run(WEDNESDAY)) == ([] if over else ["AMOUNT_MISMATCH:OPEN"])


def test_a_night_run_again_knows_what_a_person_rejected(world: NightWorld) -> None:
    """The same night, run again with the decision, tells the case as over, and the next not at all.

    What is missing waits on untold: the late row meets it, and a new decision opens the case again.
    """
    files = {"orders": ["A1 100.00", "B1 20.00"], "psp": ["A1 101.00"]}
    first = nights(world, files)[0]
    assert world.codes(first) == ["AMOUNT_MISMATCH", "MISSING_IN_CHANNEL"]
    cases = world.table(first, "disputes").sort("code")["dispute_id"].to_list()
    for number, case in enumerate(cases):
        decide(world, case, "REJECTED", f"{number:02x}")
    again = world.run(MONDAY)
    assert again.run_id != first.run_id
    assert world.codes(again) == ["AMOUNT_MISMATCH:RESOLVED", "MISSING_IN_CHANNEL:RESOLVED"]
    told = world.table(again, "disputes").select("decision", "cause").unique().rows()
    assert told == [("REJECTED", "a person decided that it is no break")]
    world.day(TUESDAY, bank=[f"101.00 {PAID}"])
    assert world.codes(world.run(TUESDAY)) == []
    (missing,) = world.table(again, "disputes").filter(code="MISSING_IN_CHANNEL")["dispute_id"]
    decide(world, missing, "PENDING", "ef")
    world.day(WEDNESDAY)
    assert world.codes(world.run(WEDNESDAY)) == ["MISSING_IN_CHANNEL:OPEN"]
    world.day("2026-11-12", psp=["B1 20.00"])
    last = world.run("2026-11-12")
    assert world.codes(last) == ["MISSING_IN_CHANNEL:RESOLVED"]
    assert verify(world.folder / "workspace", last.run_id).failures == []


def test_what_is_rejected_is_over_though_its_row_comes_late(world: NightWorld) -> None:
    """A missing order that a person rejected is told once as over, and its late charge is none."""
    night = nights(world, {"orders": ["B1 20.00"]})[0]
    decide(world, world.table(night, "disputes")["dispute_id"][0], "REJECTED")
    world.day(TUESDAY)
    assert world.codes(world.run(TUESDAY)) == ["MISSING_IN_CHANNEL:RESOLVED"]
    world.day(WEDNESDAY, psp=["B1 20.00"])
    assert world.codes(world.run(WEDNESDAY)) == []


def test_what_nobody_puts_right_is_not_carried_for_ever(tmp_path: Path) -> None:
    """After `keep_days` a difference is told a last time, with the reason."""
    world = NightWorld(tmp_path)
    rules = world.config.read_text("utf-8") + "\n[breaks]\nkeep_days = 2\n"
    world.config.write_text(rules, "utf-8")
    first = {"orders": ["A1 100.00"], "psp": ["A1 101.00"]}
    results = nights(world, first, {"bank": [f"101.00 {PAID}"]}, {}, {})
    told = ["AMOUNT_MISMATCH", "AMOUNT_MISMATCH:OPEN", "AMOUNT_MISMATCH:RESOLVED"]
    assert [world.codes(night) for night in results] == [*([code] for code in told), []]
    last = world.table(results[2], "disputes").row(0, named=True)
    assert "no longer carried" in last["cause"]


BY_REFERENCE = """[[leg.pass]]
name = "reference"
keys = ["batch_id"]
"""


def test_a_single_payout_that_comes_in_two_credits(tmp_path: Path) -> None:
    """One payment, one payout: the rest of it comes a night later, and both make the sum."""
    world = NightWorld(tmp_path, bank_passes=BY_REFERENCE)
    first = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
    lines = [{"bank": [f"90.00 {PAID}"]}, {"bank": [f"10.00 {PAID}"]}]
    found = codes(world, first, *lines, {})
    assert found == [[], ["NET_MISMATCH"], ["NET_MISMATCH:RESOLVED"], []]


def test_a_second_credit_stays_unknown(tmp_path: Path) -> None:
    """A payout credited twice: the second credit is one open case until it is taken back."""
    world = NightWorld(tmp_path, bank_passes=BY_REFERENCE)
    first = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
    found = codes(world, first, {"bank": [f"100.00 {PAID}", f"100.00 {PAID}_again"]}, {})
    assert found == [[], ["UNKNOWN_CREDIT"], ["UNKNOWN_CREDIT:OPEN"]]
