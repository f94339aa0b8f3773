"""Whole nights of payouts that one credit pays together, and of payouts that came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import NightWorld

MON, TUE, WED, THU, FRI = (f"2026-11-{day:02}" for day in range(9, 14))
SAT, SUN, MON2 = (f"2026-11-{day:02}" for day in range(14, 17))
MISSING, BOUNCED = "MISSING_SETTLEMENT", "PAYOUT_BOUNCED"
Night = tuple[str, list[str], list[str], list[str]]  # day, sales, bank lines, codes


def paid(amount: str, day: str) -> str:
    """Return a bank line under the name of a day's batch."""
    return f"{amount} memo=PAYOUT_8001_{day.replace('-', '')}"


STORIES: dict[str, list[Night]] = {
    "a weekend in one credit": [
        (FRI, ["A1 10.00"], [], []),
        (SAT, ["B1 20.00"], [], []),
        (SUN, ["C1 30.00"], [], []),
        (MON2, [], [paid("60.00", SUN)], []),
    ],
    "a missing batch with the next one": [
        (MON, ["A1 10.00"], [], []),
        (TUE, ["B1 20.00"], [], [MISSING]),
        (WED, [], [paid("30.00", TUE)], ["LATE_SETTLEMENT", f"{MISSING}:RESOLVED"]),
        (THU, [], [], []),
    ],
    "one of two missing batches": [
        (MON, ["A1 10.00"], [], []),
        (TUE, ["B1 20.00"], [], [MISSING]),
        (WED, ["C1 40.00"], [], [MISSING, f"{MISSING}:OPEN"]),
        (THU, [], [paid("50.00", WED)],
         ["LATE_SETTLEMENT", f"{MISSING}:OPEN", f"{MISSING}:RESOLVED"]),
    ],
    "one of two equal batches: nobody can tell which": [
        (MON, ["A1 10.00"], [], []),
        (TUE, ["B1 10.00"], [], [MISSING]),
        (WED, ["C1 40.00"], [], [MISSING, f"{MISSING}:OPEN"]),
        (THU, [], [paid("50.00", WED)], [f"{MISSING}:OPEN", f"{MISSING}:OPEN", "NET_MISMATCH"]),
    ],
    "two batches below zero, and sales too small to pay them": [
        (MON, ["F1 30.00 kind=refund original=A0"], [], []),
        (TUE, ["B1 5.00", "F2 20.00 kind=refund original=A9"], [], []),
        (WED, ["C1 10.00"], [], []),
        (THU, ["D1 100.00"], [], []),
        (FRI, [], [paid("65.00", THU)], []),
    ],
    "a returned payout in the sum of the next": [
        (MON, ["A1 10.00"], [], []),
        (TUE, [], [paid("10.00", MON)], []),
        (WED, ["C1 25.00"], [paid("-10.00", MON)], [BOUNCED]),
        (THU, [], [paid("35.00", WED)], [f"{BOUNCED}:RESOLVED"]),
        (FRI, [], [], []),
    ],
    "a returned payout, made good the same night": [
        (MON, ["A1 10.00"], [], []),
        (TUE, ["B1 25.00"], [paid("10.00", MON)], []),
        (WED, [], [paid("-10.00", MON), paid("35.00", TUE)], []),
        (THU, [], [], []),
    ],
    "a returned payout in two parts, on two nights": [
        (MON, ["A1 10.00"], [], []),
        (TUE, [], [paid("10.00", MON)], []),
        (WED, [], [paid("-10.00", MON)], [BOUNCED]),
        (THU, [], [paid("6.00", MON)], [f"{BOUNCED}:OPEN"]),
        (FRI, [], [paid("4.00", MON)], [f"{BOUNCED}:RESOLVED"]),
        (MON2, [], [], []),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_story(tmp_path: Path, story: str) -> None:
    """Each night tells what is true on it, and nothing else."""
    world = NightWorld(tmp_path)
    for day, sales, bank, codes in STORIES[story]:
        orders = [sale.replace(" ", " -", 1) if "refund" in sale else sale for sale in sales]
        world.day(day, orders=orders, psp=sales, bank=bank)
        assert (day, world.codes(world.run(day))) == (day, sorted(codes))


def test_what_is_left_of_a_returned_payout(tmp_path: Path) -> None:
    """A part of it was paid again: the case is what is still missing, under the same number."""
    world = NightWorld(tmp_path)
    cases = []
    for day, sales, bank, _ in STORIES["a returned payout in two parts, on two nights"][:4]:
        world.day(day, orders=sales, psp=sales, bank=bank)
        cases = [*cases, *world.table(world.run(day), "disputes").to_dicts()]
    told = [(case["status"], case["amount_minor"], case["dispute_id"]) for case in cases]
    assert told == [("NEW", 1000, told[0][2]), ("OPEN", 400, told[0][2])]


def test_several_batches_of_one_credit_are_payouts_of_their_own(tmp_path: Path) -> None:
    """Each has its own part of the credit, and only the one that came late is late."""
    world = NightWorld(tmp_path)
    for day, sales, bank, _ in STORIES["a missing batch with the next one"][:3]:
        world.day(day, orders=sales, psp=sales, bank=bank)
        night = world.run(day)
    payouts = world.table(night, "payouts").sort("batch")
    columns = ["state", "expected_minor", "actual_minor"]
    assert payouts.select(columns).rows() == [("LATE", 1000, 1000), ("ARRIVED", 2000, 2000)]
    late = world.table(night, "breaks").filter(code="LATE_SETTLEMENT").row(0, named=True)
    assert (late["expected_minor"], late["difference_minor"]) == (1000, 0)


def test_a_source_that_names_no_merchants_is_one_account(tmp_path: Path) -> None:
    """What it owes is taken from its next payout as well."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace('merchant_id = "merchant"\n', "", 1)
    text = text.replace("{merchant_id}-", "8001-").replace(
        'cut_off = "23:00"', 'cut_off = "23:00"\nignore_columns = ["merchant"]'
    )
    world.config.write_text(text, "utf-8")
    for day, sales, bank, codes in STORIES[
        "two batches below zero, and sales too small to pay them"
    ]:
        orders = [sale.replace(" ", " -", 1) if "refund" in sale else sale for sale in sales]
        world.day(day, orders=orders, psp=sales, bank=bank)
        assert (day, world.codes(world.run(day))) == (day, codes)


NOTICES = """
[[source]]
name = "notices"
side = "channel"
format = "delimited"
path = "inbox/notices_{date:%Y%m%d}.csv"
expected = "optional"
derive = { batch_id = "{merchant_id}-{clearing_date:%Y%m%d}" }
[source.columns]
channel_ref = "ref"
amount = "amount"
clearing_date = "day"
merchant_id = "merchant"
kind = "kind"
[source.kinds]
chargeback = "chargeback"

[[leg]]"""


def test_what_one_file_tells_is_taken_from_what_another_file_sold(tmp_path: Path) -> None:
    """A day of chargebacks alone, told in the acquirer's notices, makes the next payout less."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace("\n[[leg]]", NOTICES, 1)
    world.config.write_text(text, "utf-8")
    notice = "ref,amount,day,merchant,kind\nN1,50.00,2026-11-09,8001,chargeback\n"
    world.file("notices", "20261109").write_text(notice, "utf-8")
    world.day("2026-11-09")
    night = world.run("2026-11-09")
    assert world.codes(night) == ["CHARGEBACK"]
    told = world.table(night, "disputes").row(0, named=True)
    assert f"act by {told['due_at']}" in told["explanation_en"]  # not when its batch is paid
    world.day("2026-11-10", orders=["C1 80.00"], psp=["C1 80.00"])
    assert "MISSING_SETTLEMENT" not in world.codes(world.run("2026-11-10"))
    world.day("2026-11-11", bank=["30.00 memo=PAYOUT_8001_20261110"])
    night = world.run("2026-11-11")
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0
