"""Whole nights on small worlds: what is found, when it is found, and when it is over."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.core.schema import DECISIONS, conform
from recon.store import decisions
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"
FRIDAY, SATURDAY, SUNDAY, NEXT_MONDAY = "2026-11-13", "2026-11-14", "2026-11-15", "2026-11-16"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_a_clean_day_and_its_payout(world: NightWorld) -> None:
    """Three parties that agree leave nothing but a batch in transit, and then nothing at all."""
    world.day(MONDAY, orders=["A1 100.00", "A2 50.00"], psp=["A1 100.00 fee=0.60", "A2 50.00"])
    first = world.run(MONDAY)
    assert world.codes(first, benign=True) == ["IN_TRANSIT"]
    world.day(TUESDAY, bank=["149.40 memo=PAYOUT_8001_20261109"])
    second = world.run(TUESDAY)
    assert world.codes(second, benign=True) == []
    assert world.table(second, "open_items").height == 0


def test_one_order_two_charges(world: NightWorld) -> None:
    """One order and two equal channel rows: one match and one duplicate charge (peer defect 1)."""
    world.day(
        MONDAY, orders=["A1 100.00"], psp=["A1 100.00 ref=R1 10:00", "A1 100.00 ref=R2 10:01"]
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["DUPLICATE_CHARGE"]
    dispute = world.table(night, "disputes").row(0, named=True)
    assert dispute["amount_minor"] == 10_000
    assert dispute["channel_ref"] == "R2"
    assert dispute["out_of_pocket"] == "PAYER"
    assert [item["side"] for item in dispute["evidence"]] == ["CHANNEL", "CHANNEL", "MERCHANT"]


def test_one_authorisation_cleared_twice(world: NightWorld) -> None:
    """The same channel reference at another time is a second clearing, not a second charge."""
    world.day(
        MONDAY, orders=["A1 100.00"], psp=["A1 100.00 ref=R1 10:00", "A1 100.00 ref=R1 10:05"]
    )
    assert world.codes(world.run(MONDAY)) == ["DUPLICATE_CLEARING"]


def test_the_same_record_twice(world: NightWorld) -> None:
    """A line that stands twice in a file is a fault of the file; it is not paid out twice."""
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00", "A1 100.00"])
    night = world.run(MONDAY)
    assert world.codes(night) == ["DUPLICATE_RECORD"]
    world.day(TUESDAY, bank=["100.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []


def test_unequal_amounts_break_and_equal_ones_do_not(world: NightWorld) -> None:
    """Only the unequal pair breaks (4); 1.0 equals 1.00 (5); large amounts are exact (9)."""
    world.day(
        MONDAY,
        orders=["A1 100.00", "A2 1.0", "A3 12345678901.23", "A4 99.99"],
        psp=["A1 101.00", "A2 1.00", "A3 12345678901.23", "A4 99.98"],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH", "AMOUNT_MISMATCH"]
    differences = world.table(night, "disputes")["difference_minor"].sort().to_list()
    assert differences == [-1, 100]  # a difference of one fen in either direction (12)


def test_an_open_item_met_with_a_wrong_amount_is_one_break(world: NightWorld) -> None:
    """An order met on day 2 with an amount off by 1 breaks once, and its wait is over (6)."""
    world.day(MONDAY, orders=["A1 100.00 23:30"])
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, psp=["A1 100.01 23:30 on=2026-11-09"])
    assert world.codes(world.run(TUESDAY)) == ["AMOUNT_MISMATCH"]
    world.day(WEDNESDAY, bank=["100.01 memo=PAYOUT_8001_20261110"])
    assert world.codes(world.run(WEDNESDAY)) == []
    assert world.table(world.run(WEDNESDAY), "open_items").height == 0


def test_currencies_are_never_summed_or_equated(world: NightWorld) -> None:
    """Equal figures in two currencies do not match, and a batch sums one currency only (7)."""
    world.day(MONDAY, orders=["A1 100.00", "A2 5.00"], psp=["A1 100.00 currency=USD", "A2 5.00"])
    first = world.run(MONDAY)
    assert world.codes(first) == ["CURRENCY_MISMATCH"]
    world.day(TUESDAY, bank=["5.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == ["MISSING_SETTLEMENT"]


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


def test_states_that_disagree(world: NightWorld) -> None:
    """The decision matrix: a dropped order, a false success, and two that moved no money."""
    world.day(
        MONDAY,
        orders=[
            "A1 10.00 state=PENDING",
            "A2 20.00",
            "A3 30.00 state=CLOSED",
            "A4 1.00 state=FAILED",
        ],
        psp=["A1 10.00", "A2 20.00 state=FAILED", "A4 1.00 state=FAILED"],
    )
    assert world.codes(world.run(MONDAY)) == [
        "CHANNEL_PAID_MERCHANT_NOT",
        "MERCHANT_PAID_CHANNEL_NOT",
    ]


def test_rows_on_one_side_only(world: NightWorld) -> None:
    """An order that the channel lacks, a payment without an order, a credit of nobody."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["B1 20.00"])
    assert world.codes(world.run(MONDAY)) == ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]
    world.day(TUESDAY, bank=["20.00 memo=PAYOUT_8001_20261109", "7.00 memo=who_knows"])
    assert world.codes(world.run(TUESDAY)) == [
        "MISSING_IN_CHANNEL:OPEN",
        "MISSING_IN_MERCHANT:OPEN",
        "UNKNOWN_CREDIT",
    ]


def test_a_sale_after_the_cut_off_waits_for_the_next_file(world: NightWorld) -> None:
    """A charge at 23:30 that comes in the next day's file is in transit, then matched (18)."""
    world.day(MONDAY, orders=["A1 10.00 23:30"])
    assert world.codes(world.run(MONDAY), benign=True) == ["IN_TRANSIT"]
    world.day(TUESDAY, psp=["A1 10.00 23:30 on=2026-11-09"])
    second = world.run(TUESDAY)
    assert world.codes(second) == []
    links = world.table(second, "links")
    assert links["match_kind"].to_list() == ["EXACT"]


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


def test_a_missing_file_is_one_finding(world: NightWorld) -> None:
    """A file that is not there is FILE_MISSING and exit 3; its rows stay in transit (I-08)."""
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=None)
    night = world.run(MONDAY)
    assert night.exit_code == 3
    assert world.codes(night) == ["FILE_MISSING"]
    assert world.table(night, "disputes").height == 0
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=["A1 10.00", "A2 20.00"])
    again = world.run(MONDAY)
    assert again.exit_code == 0
    assert world.codes(again) == []


def test_a_bad_row_is_quarantined(world: NightWorld) -> None:
    """A line whose amount cannot be read is a reject with its reason, never 0 or dropped (15)."""
    world.day(MONDAY, orders=["A1 10.00", "A2 0.125", "A3 １２"], psp=["A1 10.00"])
    night = world.run(MONDAY)
    rejects = world.table(night, "rejects")
    assert rejects.height == 2
    assert all("amount" in reasons[0] for reasons in rejects["reasons"].to_list())
    inputs = world.table(night, "inputs").filter(pl.col("source") == "orders").row(0, named=True)
    assert (inputs["rows"], inputs["rejected"]) == (1, 2)


def test_two_equal_coffees_then_an_overlapping_statement(world: NightWorld) -> None:
    """Equal bank lines are distinct money; the same lines delivered again are not (16)."""
    coffee = "3.50 memo=coffee on=2026-11-09"
    world.day(MONDAY, bank=[coffee, coffee])
    first = world.run(MONDAY)
    assert world.table(first, "transactions").height == 2
    world.day(TUESDAY, bank=[coffee, coffee, "9.00 memo=lunch"])
    outcomes = world.table(world.run(TUESDAY), "outcomes")
    assert outcomes.filter(pl.col("outcome") == "RESENT").height == 2


def test_the_same_file_again(world: NightWorld) -> None:
    """The same bytes on the next night are a DUPLICATE input and change nothing."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    world.file("psp", "20261110").write_bytes(world.file("psp", "20261109").read_bytes())
    night = world.run(TUESDAY)
    states = dict(world.table(night, "inputs").select("source", "state").iter_rows())
    assert states["psp"] == "DUPLICATE"
    assert world.codes(night) == []


def test_a_void_nets_with_its_payment(world: NightWorld) -> None:
    """A sale and its void are no transaction: benign for a closed order, a break for a paid one."""
    world.day(
        MONDAY,
        orders=["A1 10.00 state=CLOSED", "A2 20.00"],
        psp=[
            "A1 10.00 10:00",
            "V1 10.00 10:05 kind=void original=A1",
            "A2 20.00 10:00",
            "V2 20.00 10:05 kind=void original=A2",
        ],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["MERCHANT_PAID_CHANNEL_NOT"]
    assert world.codes(night, benign=True).count("NETTED") == 2


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


def test_a_finished_night_is_a_no_op(world: NightWorld) -> None:
    """Running a finished night again does nothing and says so."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    first = world.run(MONDAY)
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = world.run(MONDAY)
    assert again.repeated
    assert again.run_id == first.run_id
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


def test_order_of_rows_and_threads_change_no_byte(tmp_path: Path) -> None:
    """Threads change no byte, and shuffled rows change no finding."""
    orders = [f"A{n} {n}.00" for n in range(1, 40)]
    channel = [f"A{n} {n + (n % 7 == 0)}.00" for n in range(1, 40) if n % 11]
    digests = []
    for name, threads in (("one", 1), ("two", 2)):
        world = NightWorld(tmp_path / name)
        world.day(MONDAY, orders=orders, psp=channel)
        night = world.run(MONDAY, threads=threads)
        names = sorted(path for path in night.folder.rglob("*.parquet"))
        digests.append([(path.name, path.read_bytes()) for path in names])
    assert digests[0] == digests[1]
    world = NightWorld(tmp_path / "shuffled")
    world.day(MONDAY, orders=orders[::-1], psp=channel[::2] + channel[1::2])
    shuffled = world.table(world.run(MONDAY), "disputes")
    columns = ["dispute_id", "code", "amount_minor", "order_id", "first_seen"]
    other = NightWorld(tmp_path / "one")
    plain = other.table(other.run(MONDAY), "disputes")
    assert shuffled.select(columns).rows() == plain.select(columns).rows()


def test_every_night_proves_itself(world: NightWorld) -> None:
    """The independent checker proves a chain of nights: hashes, conservation, roll-forward."""
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00 23:30"], psp=["A1 10.00", "A9 3.00"])
    world.day(
        TUESDAY, psp=["A2 20.00 23:30 on=2026-11-09"], bank=["13.00 memo=PAYOUT_8001_20261109"]
    )
    for day in (MONDAY, TUESDAY):
        night = world.run(day)
        assert verify(world.folder / "workspace", night.run_id).failures == []


FEES = """
[[fee_contract]]
name = "psp price list"
[[fee_contract.line]]
name = "all"
formula = "AMT*0.006"
"""


def test_fees_are_held_against_the_contract(tmp_path: Path) -> None:
    """A contract of 0.60 % finds the row that was charged otherwise, and names what was charged."""
    world = NightWorld(tmp_path)
    world.config.write_text(world.config.read_text("utf-8") + FEES, "utf-8")
    orders = ["A1 100.00", "A2 50.00", "A3 7.50"]
    world.day(
        MONDAY, orders=orders, psp=["A1 100.00 fee=0.60", "A2 50.00 fee=0.35", "A3 7.50 fee=0.05"]
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["FEE_RATE"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["expected_minor"], row["actual_minor"], row["order_id"]) == (30, 35, "A2")


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


def test_a_failed_order_that_the_channel_debited(world: NightWorld) -> None:
    """Failed in the books, paid at the channel: the payer has lost the money."""
    world.day(MONDAY, orders=["A1 10.00 state=FAILED"], psp=["A1 10.00"])
    assert world.codes(world.run(MONDAY)) == []  # the terminal may still send its reversal
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []
    world.day("2026-11-12")
    assert world.codes(world.run("2026-11-12")) == ["FAILED_BUT_DEBITED"]


def test_a_reversal_on_the_next_clearing_day_is_benign(world: NightWorld) -> None:
    """A failed order, debited, reversed the next morning: no transaction, and no break."""
    world.day(MONDAY, orders=["A1 10.00 state=FAILED"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(
        TUESDAY, psp=["V1 10.00 kind=void original=A1"], bank=["10.00 memo=PAYOUT_8001_20261109"]
    )
    night = world.run(TUESDAY)
    assert world.codes(night) == []
    assert "NETTED" in world.codes(night, benign=True)
    assert world.table(night, "open_items")["order_id"].to_list() == ["V1"]


def test_a_paid_order_that_the_channel_undoes_on_a_later_night(world: NightWorld) -> None:
    """Paid and matched last night, voided by the channel tonight: the books are wrong now."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(TUESDAY, psp=["V1 10.00 kind=void original=A1"], bank=None)
    assert world.codes(world.run(TUESDAY)) == ["FILE_MISSING", "MERCHANT_PAID_CHANNEL_NOT"]


def test_a_second_charge_on_a_later_night(world: NightWorld) -> None:
    """The order met its charge last night; tonight's second charge of it is a duplicate."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00 ref=R1"])
    world.run(MONDAY)
    world.day(TUESDAY, psp=["A1 10.00 ref=R2 09:00"])
    assert world.codes(world.run(TUESDAY)) == ["DUPLICATE_CHARGE", "MISSING_SETTLEMENT"]


def test_an_order_told_again_is_not_missing(world: NightWorld) -> None:
    """An order that the next day's export repeats in another state was matched already."""
    world.day(MONDAY, orders=["A1 10.00 state=PENDING"], psp=["A1 10.00"])
    assert world.codes(world.run(MONDAY)) == ["CHANNEL_PAID_MERCHANT_NOT"]
    world.day(TUESDAY, orders=["A1 10.00 on=2026-11-09"], bank=None)
    assert world.codes(world.run(TUESDAY)) == ["FILE_MISSING"]


def test_declared_attributes_are_compared(tmp_path: Path) -> None:
    """An attribute that a leg compares and that differs is an ATTRIBUTE_MISMATCH."""
    world = NightWorld(tmp_path, orders='merchant_id = "9999"')
    text = world.config.read_text("utf-8")
    leg = 'left = "merchant"\nright = "channel"\n'
    world.config.write_text(text.replace(leg, leg + 'compare = ["merchant_id"]\n'), "utf-8")
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    assert world.codes(world.run(MONDAY)) == ["ATTRIBUTE_MISMATCH"]


def test_refunds_are_held_against_their_originals(tmp_path: Path) -> None:
    """Two refunds above the sale of an earlier night are excess; one without a sale has none."""
    world = NightWorld(tmp_path)
    world.config.write_text(world.config.read_text("utf-8") + "\n[refunds]\n", "utf-8")
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"])
    world.run(MONDAY)
    refunds = ["F1 60.00 kind=refund original=A1", "F2 60.00 kind=refund original=A1"]
    refunds.append("F3 5.00 kind=refund original=Z9")
    world.day(TUESDAY, orders=refunds, psp=refunds, bank=["100.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert set(world.codes(night)) == {"REFUND_EXCESS", "REFUND_NO_ORIGINAL"}
    excess = world.table(night, "disputes").filter(pl.col("code") == "REFUND_EXCESS")
    assert "F2" in excess["order_id"].to_list()


REBATE = """
[[rebate]]
name = "volume rebate"
tiers = [{ from = 100, rate = "1%" }]
due_days = 9
"""


def test_a_rebate_that_never_came_is_reported_once(tmp_path: Path) -> None:
    """The night after a month's rebate was due, its absence is one break with the sum earned."""
    world = NightWorld(tmp_path, opening="2026-10-30")
    world.config.write_text(world.config.read_text("utf-8") + REBATE, "utf-8")
    world.day("2026-10-30", orders=["A1 300.00"], psp=["A1 300.00"])
    world.run("2026-10-30")
    world.day(MONDAY, bank=["300.00 memo=PAYOUT_8001_20261030 on=2026-11-02"])
    world.run(MONDAY)
    world.day(TUESDAY)
    night = world.run(TUESDAY)
    assert "REBATE_MISSING" in world.codes(night)
    row = world.table(night, "disputes").filter(pl.col("code") == "REBATE_MISSING")
    assert row["expected_minor"].to_list() == [200]
    world.day(WEDNESDAY)
    assert "REBATE_MISSING" not in world.codes(world.run(WEDNESDAY))


def test_causes_of_differences_are_named_where_they_fit(world: NightWorld) -> None:
    """Swapped digits, a unit error and a fee taken off are named; what fits nothing is not."""
    world.day(
        MONDAY,
        orders=["A1 112.00", "A2 5.00", "A3 100.00", "A4 77.00"],
        psp=["A1 121.00", "A2 500.00", "A3 99.40 fee=0.60", "A4 70.31"],
    )
    disputes = world.table(world.run(MONDAY), "disputes").sort("order_id")
    swapped, unit, fee, unknown = disputes["cause"].to_list()
    assert "swapped" in swapped
    assert "x100" in unit
    assert "fee of 0.60" in fee
    assert unknown is None


def test_the_row_missing_from_a_payout_is_named(world: NightWorld) -> None:
    """A credit that is short by exactly one row of its batch names that row."""
    world.day(MONDAY, orders=["A1 10.00", "A2 31.70"], psp=["A1 10.00", "A2 31.70"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    night = world.run(TUESDAY)
    assert world.codes(night) == ["NET_MISMATCH"]
    assert "31.70 is missing from the sum" in world.table(night, "disputes")["cause"][0]


def test_decisions_are_read_by_the_next_night(world: NightWorld) -> None:
    """What a person decided stands beside the dispute on the next night, and changes its run."""
    world.day(MONDAY, orders=["A1 10.00"])
    dispute = world.table(world.run(MONDAY), "disputes")["dispute_id"][0]
    made = pl.DataFrame(
        {"dispute_id": [dispute], "decision": ["CONFIRMED"], "note": ["seen"], "row_no": [1]}
    )
    decisions.append(Workspace(world.folder / "workspace"), conform(made, DECISIONS), "ab" * 32)
    world.day(TUESDAY)
    row = world.table(world.run(TUESDAY), "disputes").row(0, named=True)
    assert (row["status"], row["decision"], row["decision_note"]) == ("OPEN", "CONFIRMED", "seen")


def test_a_refunded_order_that_one_side_leaves_out(world: NightWorld) -> None:
    """The merchant's export drops a refunded order; with or without its refund, no break (13)."""
    world.day(
        MONDAY,
        orders=["F1 10.00 kind=refund original=A1"],
        psp=[
            "A1 10.00",
            "F1 10.00 kind=refund original=A1",
            "A2 20.00",
            "F2 20.00 kind=refund original=A2",
            "A3 30.00",
            "F3 5.00 kind=refund original=A3",
        ],
    )
    assert world.codes(world.run(MONDAY)) == ["MISSING_IN_MERCHANT", "REFUND_UNBOOKED"]


def test_minor_units_are_read_as_declared(tmp_path: Path) -> None:
    """One column of fen holds 9999 and 10000: both are fen, nothing is guessed (3)."""
    fen = 'amount_unit = "minor"'
    world = NightWorld(tmp_path, orders=fen, psp=fen)
    world.day(MONDAY, orders=["A1 9999", "A2 10000"], psp=["A1 9999 fee=0", "A2 10000 fee=0"])
    night = world.run(MONDAY)
    assert world.codes(night) == []
    assert set(world.table(night, "transactions")["amount_minor"].to_list()) == {9_999, 10_000}


def test_six_thousand_rows_a_side(world: NightWorld) -> None:
    """Nothing is capped: six thousand orders match six thousand charges (10)."""
    rows = [f"A{number} {number % 97 + 1}.00" for number in range(6_000)]
    world.day(MONDAY, orders=rows, psp=rows)
    night = world.run(MONDAY)
    assert world.codes(night) == []
    assert world.table(night, "links").height == 6_000
