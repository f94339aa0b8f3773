"""Whole nights of payouts: batches, credits, due dates, and files that are missing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.verify import verify
from tests.night_world import Day, NightWorld, nights

MONDAY = "2026-11-09"
TUESDAY = "2026-11-10"
WEDNESDAY = "2026-11-11"
FRIDAY = "2026-11-13"
SATURDAY = "2026-11-14"
SUNDAY = "2026-11-15"
NEXT_MONDAY = "2026-11-16"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_a_batch_with_a_refund_matches_by_net(world: NightWorld) -> None:
    """A batch holds negative rows and matches by its net (11)."""
    world.day(
        MONDAY,
        orders=["A1 100.00", "F1 30.00 kind=refund original=A1"],
        psp=["A1 100.00 fee=0.60", "F1 30.00 kind=refund original=A1 fee=-0.18"],
    )
    night = world.run(MONDAY)
    transactions = world.table(night, "transactions")
    if transactions.filter(pl.col("kind") == "REFUND")["amount_minor"].max() > 0:
        pytest.fail("a refund's amount must be negative in the canonical table")
    world.day(TUESDAY, bank=["69.58 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []


def test_a_batch_paid_short(world: NightWorld) -> None:
    """A credit below the batch's net is one NET_MISMATCH with both sums."""
    world.day(MONDAY, orders=["A1 100.00", "A2 50.00"], psp=["A1 100.00", "A2 50.00"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["140.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert world.codes(night) == ["NET_MISMATCH"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["expected_minor"], row["actual_minor"]) == (15_000, 14_000)


def test_money_is_missing_after_its_due_date_and_late_when_it_comes(world: NightWorld) -> None:
    """T+1 over a weekend: in transit until Monday, missing on Monday, late and resolved after."""
    world.day(FRIDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    assert world.codes(world.run(FRIDAY), benign=True) == ["IN_TRANSIT"]
    for day in (SATURDAY, SUNDAY):
        world.day(day, bank=None)
        night = world.run(day)
        assert night.exit_code == 0
        assert world.codes(night, benign=True) == ["IN_TRANSIT"]
    world.day(NEXT_MONDAY)
    missing = world.run(NEXT_MONDAY)
    assert world.codes(missing) == ["MISSING_SETTLEMENT"]
    world.day("2026-11-17")
    still = world.run("2026-11-17")
    assert world.codes(still) == ["MISSING_SETTLEMENT:OPEN"]
    before, after = (
        world.table(night, "disputes").row(0, named=True) for night in (missing, still)
    )
    assert before["dispute_id"] == after["dispute_id"]
    assert after["age_days"] == 1
    world.day("2026-11-18", bank=["10.00 memo=PAYOUT_8001_20261113"])
    late = world.run("2026-11-18")
    assert world.codes(late) == ["LATE_SETTLEMENT", "MISSING_SETTLEMENT:RESOLVED"]
    assert world.table(late, "open_items").height == 0


def test_equal_credits_without_a_reference_are_ambiguous(tmp_path: Path) -> None:
    """Two batches and two credits that fit equally well: the tie is shown and none is picked."""
    unique = """[[leg.pass]]
name = "amount"
method = "unique"
keys = ["due_date"]
"""
    world = NightWorld(tmp_path, bank_passes=unique)
    world.day(MONDAY, orders=["A1 10.00", "A2 10.00"], psp=["A1 10.00", "A2 10.00"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=x", "10.00 memo=y"])
    night = world.run(TUESDAY)
    assert set(world.codes(night)) == {"AMBIGUOUS"}
    assert world.table(night, "links").height == 0
    rows = world.table(night, "disputes")["evidence"].list.len().to_list()
    assert min(rows) >= 3


def test_a_band_pass_links_within_its_tolerance(tmp_path: Path) -> None:
    """Payouts without a reference meet credits of nearly their amount; the rest is ROUNDING."""
    band = """[[leg.pass]]
name = "amount and date"
method = "band"
tolerance_minor = 5
days_before = 0
days_after = 3
"""
    world = NightWorld(tmp_path, bank_passes=band, cycle="D+0")
    world.day(
        MONDAY,
        orders=["A1 10.00", "A2 50.00"],
        psp=["A1 10.00", "A2 50.00"],
        bank=["10.03 memo=a", "50.00 memo=b"],
    )
    night = world.run(MONDAY)
    assert world.codes(night, benign=True) == ["ROUNDING"]


def test_a_sum_is_judged_by_the_tolerance_of_its_own_pass(tmp_path: Path) -> None:
    """A batch keyed by number must agree to the fen, whatever the pass after it tolerates."""
    passes = """[[leg.pass]]
name = "batch"
method = "group"
keys = ["batch_id"]
[[leg.pass]]
name = "sum"
method = "subset"
tolerance_minor = 5
accident_ppm = 100000
days_after = 3
"""
    world = NightWorld(tmp_path, bank_passes=passes, cycle="D+0")
    rows = ["A1 10.00", "A2 50.00 merchant=8002", "A3 7.00 merchant=8002"]
    world.day(
        MONDAY, orders=rows, psp=rows, bank=["10.03 memo=PAYOUT_8001_20261109", "57.03 memo=b"]
    )
    assert world.codes(world.run(MONDAY), benign=True) == ["NET_MISMATCH", "ROUNDING"]


def test_what_a_missing_file_should_show_is_not_judged(world: NightWorld) -> None:
    """Friday's statement never came: nothing due on Friday is missing until it is delivered."""
    thursday = "2026-11-12"
    world.day(thursday, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(thursday)
    world.day(FRIDAY, bank=None)
    assert world.codes(world.run(FRIDAY)) == ["FILE_MISSING"]
    for day in (SATURDAY, SUNDAY):
        world.day(day, bank=None)
        assert world.codes(world.run(day)) == []
    world.day(NEXT_MONDAY)
    assert world.codes(world.run(NEXT_MONDAY)) == []
    world.day(FRIDAY)
    assert world.codes(world.run(FRIDAY)) == ["MISSING_SETTLEMENT"]


def test_a_missing_channel_file_makes_no_breaks_on_later_nights(world: NightWorld) -> None:
    """Monday's channel file never came: neither its orders nor its payout become breaks."""
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=None)
    assert world.codes(world.run(MONDAY)) == ["FILE_MISSING"]
    world.day(
        TUESDAY, orders=["B1 5.00"], psp=["B1 5.00"], bank=["30.00 memo=PAYOUT_8001_20261109"]
    )
    assert world.codes(world.run(TUESDAY)) == []
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=["A1 10.00", "A2 20.00"])
    assert world.codes(world.run(MONDAY)) == []
    assert world.codes(world.run(TUESDAY)) == []


def test_a_debit_that_names_a_batch_is_a_bounced_payout(world: NightWorld) -> None:
    """A payout that comes back: the debit carries the batch's key, on whatever later night."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []
    world.day(WEDNESDAY, bank=["-10.00 memo=PAYOUT_8001_20261109"])
    night = world.run(WEDNESDAY)
    assert world.codes(night) == ["PAYOUT_BOUNCED"]
    assert world.table(night, "disputes")["amount_minor"].to_list() == [1_000]


def test_the_row_missing_from_a_payout_is_named(world: NightWorld) -> None:
    """A credit that is short by exactly one row of its batch names that row."""
    world.day(MONDAY, orders=["A1 10.00", "A2 31.70"], psp=["A1 10.00", "A2 31.70"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert world.codes(night) == ["NET_MISMATCH"]
    assert "31.70 is missing from the sum" in world.table(night, "disputes")["cause"][0]


def test_a_debit_that_names_a_batch_never_paid_is_unauthorised(world: NightWorld) -> None:
    """Money taken under the name of a batch that no credit ever paid is no returned payout."""
    world.day(MONDAY)
    world.run(MONDAY)
    world.day(TUESDAY, bank=["-10.00 memo=PAYOUT_8001_20261105"])
    assert world.codes(world.run(TUESDAY)) == ["UNAUTHORISED_DEBIT"]


def test_a_part_of_a_payout_that_is_taken_back_is_unauthorised(world: NightWorld) -> None:
    """A returned payout comes back whole; a debit of another amount is no return, whenever."""
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=["A1 10.00", "A2 20.00 merchant=8002"])
    world.run(MONDAY)
    first, second = "memo=PAYOUT_8001_20261109", "memo=PAYOUT_8002_20261109"
    world.day(TUESDAY, bank=[f"10.00 {first}", f"20.00 {second}", f"-5.00 {second}"])
    assert world.codes(world.run(TUESDAY)) == ["UNAUTHORISED_DEBIT"]
    world.day(WEDNESDAY, bank=[f"-3.00 {first}"])
    codes = world.codes(world.run(WEDNESDAY))
    assert codes == ["UNAUTHORISED_DEBIT", "UNAUTHORISED_DEBIT:OPEN"]


def test_a_payout_that_comes_back_the_same_night(world: NightWorld) -> None:
    """Credit and debit of one batch in one statement are a returned payout, not a wrong net."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    payout = "memo=PAYOUT_8001_20261109"
    world.day(TUESDAY, bank=[f"10.00 {payout}", f"-10.00 {payout}"])
    night = world.run(TUESDAY)
    assert world.codes(night) == ["PAYOUT_BOUNCED"]
    assert world.table(night, "disputes")["amount_minor"].to_list() == [1_000]


def test_a_returned_payout_stays_one(world: NightWorld) -> None:
    """The returned payout is told under one code and one identity until it is paid again."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    payout = "memo=PAYOUT_8001_20261109"
    found = []
    for day, lines in ((TUESDAY, [f"10.00 {payout}"]), (WEDNESDAY, [f"-10.00 {payout}"]),
                       ("2026-11-12", []), (FRIDAY, [f"10.00 {payout}"])):  # fmt: skip
        world.day(day, bank=lines)
        found.append(world.codes(world.run(day)))
    expected = [[], ["PAYOUT_BOUNCED"], ["PAYOUT_BOUNCED:OPEN"], ["PAYOUT_BOUNCED:RESOLVED"]]
    assert found == expected


SALE, REFUND = "A1 30.00", "F1 30.00 kind=refund original=A0"


def signed(row: str) -> str:
    """Return a row of the channel as the merchant's books tell it."""
    return row.replace(" 30.00 kind=refund", " -30.00 kind=refund")


def test_a_batch_of_nothing_is_closed_on_its_day(world: NightWorld) -> None:
    """As much refunded as sold: nothing is due, and nothing is carried for ever."""
    world.day(MONDAY, orders=[SALE, signed(REFUND)], psp=[SALE, REFUND])
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY)
    night = world.run(TUESDAY)
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0


def test_what_a_batch_owes_is_taken_from_the_next_payout(world: NightWorld) -> None:
    """A batch of refunds waits; the next payout of the merchant is less by it; both are over."""
    world.day(MONDAY, orders=[signed(REFUND)], psp=[REFUND])
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, orders=["B1 100.00"], psp=["B1 100.00"])
    assert world.codes(world.run(TUESDAY)) == []
    world.day(WEDNESDAY, bank=["70.00 memo=PAYOUT_8001_20261110"])
    night = world.run(WEDNESDAY)
    assert world.codes(night) == []
    assert world.table(night, "links")["match_kind"].to_list().count("TOGETHER") == 1
    assert world.table(night, "open_items").height == 0
    assert verify(world.folder / "workspace", night.run_id).failures == []


def test_a_payout_smaller_than_what_is_owed_is_not_missing(world: NightWorld) -> None:
    """Sales of 20 after refunds of 30 pay nothing; the payout after them is less by the rest."""
    world.day(MONDAY, orders=[signed(REFUND)], psp=[REFUND])
    world.run(MONDAY)
    world.day(TUESDAY, orders=["B1 20.00"], psp=["B1 20.00"])
    world.run(TUESDAY)
    world.day(WEDNESDAY, orders=["C1 100.00"], psp=["C1 100.00"])
    assert world.codes(world.run(WEDNESDAY)) == []
    world.day("2026-11-12", bank=["90.00 memo=PAYOUT_8001_20261111"])
    night = world.run("2026-11-12")
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0


def test_debts_are_taken_in_the_order_of_their_days(world: NightWorld) -> None:
    """Of three batches due on one Monday, Sunday's debt is no part of Saturday's payout."""
    rows = {
        "2026-11-12": REFUND,
        "2026-11-13": "B1 20.00",
        "2026-11-14": "C1 100.00",
        "2026-11-15": "F2 50.00 kind=refund original=Z2",
        "2026-11-16": "D1 80.00",
    }
    bank = {"2026-11-16": ["90.00 memo=PAYOUT_8001_20261114"]}
    bank["2026-11-17"] = ["30.00 memo=PAYOUT_8001_20261116"]
    for day, row in rows.items():
        booked = signed(row) if "refund" in row else row
        world.day(day, orders=[booked], psp=[row], bank=bank.get(day, []))
        assert world.codes(world.run(day)) == []
    world.day("2026-11-17", bank=bank["2026-11-17"])
    night = world.run("2026-11-17")
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0


def test_what_another_merchant_owes_is_not_taken(world: NightWorld) -> None:
    """A payout that is short by what another merchant owes is short."""
    world.day(MONDAY, orders=[signed(REFUND)], psp=[REFUND + " merchant=8002"])
    world.run(MONDAY)
    world.day(TUESDAY, orders=["B1 100.00"], psp=["B1 100.00"])
    world.run(TUESDAY)
    world.day(WEDNESDAY, bank=["70.00 memo=PAYOUT_8001_20261110"])
    assert world.codes(world.run(WEDNESDAY)) == ["NET_MISMATCH"]


def test_a_batch_of_two_currencies_is_two_payouts(world: NightWorld) -> None:
    """One merchant and day in yuan and dollars: each is paid, and judged, in its own currency."""
    rows = ["A1 100.00", "A2 30.00 currency=USD", "A3 20.00 currency=USD"]
    world.day(MONDAY, orders=rows, psp=rows)
    assert world.codes(world.run(MONDAY)) == []
    memo = "memo=PAYOUT_8001_20261109"
    world.day(TUESDAY, bank=[f"100.00 {memo}", f"45.00 {memo} currency=USD"])
    night = world.run(TUESDAY)
    assert world.codes(night) == ["NET_MISMATCH"]
    short = world.table(night, "breaks").filter(pl.col("code") == "NET_MISMATCH")
    figures = ["currency", "expected_minor", "actual_minor", "difference_minor"]
    assert short.select(figures).rows() == [("USD", 5_000, 4_500, -500)]
    world.day(WEDNESDAY, bank=[f"5.00 {memo}"])
    assert world.codes(world.run(WEDNESDAY)) == ["NET_MISMATCH:OPEN", "UNKNOWN_CREDIT"]


def test_a_batch_is_not_made_good_by_another_currency(world: NightWorld) -> None:
    """The dollars that were short came a night later; five yuan would not have done."""
    rows = ["A1 100.00", "A2 50.00 currency=USD"]
    world.day(MONDAY, orders=rows, psp=rows)
    world.run(MONDAY)
    memo = "memo=PAYOUT_8001_20261109"
    world.day(TUESDAY, bank=[f"150.00 {memo}"])
    assert world.codes(world.run(TUESDAY)) == ["MISSING_SETTLEMENT", "NET_MISMATCH"]
    world.day(WEDNESDAY, bank=[f"50.00 {memo} currency=USD", f"-50.00 {memo}"])
    night = world.run(WEDNESDAY)
    assert world.codes(night) == [
        "LATE_SETTLEMENT",
        "MISSING_SETTLEMENT:RESOLVED",
        "NET_MISMATCH:RESOLVED",
    ]


def test_an_order_told_in_two_currencies_is_summed_in_neither(world: NightWorld) -> None:
    """Rows of one order in two currencies are one group, of which each currency has its sums."""
    world.day(
        MONDAY,
        orders=["A1 100.00"],
        psp=["A1 60.00 ref=R1", "A1 40.00 ref=R2 currency=USD"],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH", "DUPLICATE_CHARGE"]
    groups = world.table(night, "groups").sort("currency")
    columns = ["currency", "merchant_minor", "channel_minor", "channel_rows"]
    assert groups.select(columns).rows() == [("CNY", 10_000, 6_000, 1), ("USD", 0, 4_000, 1)]
    assert groups["group_id"].n_unique() == 1
    assert verify(world.folder / "workspace", night.run_id).failures == []


BY_DAY = """[[leg.pass]]
name = "day"
method = "group"
keys = ["due_date=value_date"]
"""


@pytest.mark.parametrize("debit", ["-5.00", "-100.00"])
def test_a_debit_of_the_day_of_a_payout_is_none_that_came_back(tmp_path: Path, debit: str) -> None:
    """Where a day alone makes the batch, nothing says that it bounced: the debit is its own.

    It is one case under one name on the nights after, and the payout is settled.
    """
    world = NightWorld(tmp_path, bank_passes=BY_DAY)
    sale: Day = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
    told = nights(world, sale, {"bank": ["100.00 memo=X", f"{debit} memo=RENT"]}, {})
    code = "UNAUTHORISED_DEBIT"
    assert [world.codes(night) for night in told] == [[], [code], [f"{code}:OPEN"]]
    cases = [world.table(night, "disputes").row(0, named=True) for night in told[1:]]
    figures = [(case["dispute_id"], case["expected_minor"], case["actual_minor"]) for case in cases]
    assert len(set(figures)) == 1
    assert figures[0][1:] == (0, int(debit.replace(".", "")))
    assert world.table(told[1], "payouts")["state"].cast(pl.String).to_list()[-1] == "ARRIVED"
