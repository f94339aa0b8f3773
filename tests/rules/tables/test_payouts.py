"""Payouts: who paid them, in which interval they are expected, where each stands."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.core.schema import PAYOUTS, conform
from recon.errors import RuleFileError
from recon.rules.days.calendar import Calendar
from recon.rules.days.cycles import check_hours, plain_name
from recon.rules.night import Night
from recon.rules.rule_file.rule_file import read_rules
from recon.rules.tables.usual_arrival import usual
from recon.rules.words.causes import known
from tests.night_world import GROUP, NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"
FRIDAY = "2026-11-13"


def _world(folder: Path, settlement: str, passes: str = GROUP) -> NightWorld:
    """Return a world whose bank names payers and whose channel has further settlement terms."""
    world = NightWorld(folder, bank_passes=passes)
    text = world.config.read_text("utf-8")
    text = text.replace('cycle = "T+1"', f'cycle = "T+1"\n{settlement}')
    text = text.replace('memo = "memo"', 'memo = "memo"\ncounterparty = "payer"')
    world.config.write_text(text, "utf-8")
    return world


def _bank(world: NightWorld, day: str, *lines: str) -> None:
    """Write a bank file of lines `day,amount,memo,currency,payer`."""
    text = "\n".join(["day,amount,memo,currency,payer", *lines]) + "\n"
    world.file("bank", day.replace("-", "")).write_text(text, "utf-8")


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("payer", "found"),
    [
        ("拉卡拉支付股份有限公司", []),
        ("拉卡拉支付股份有限公司（备付金）4402 0000", []),
        ("LAKALA  payment co.,ltd", []),
        ("", []),
        ("张三", ["ATTRIBUTE_MISMATCH"]),
        ("Lakala Trading Ltd; branch", ["ATTRIBUTE_MISMATCH"]),
    ],
)
def test_a_credit_is_paid_by_a_declared_payer(tmp_path: Path, payer: str, found: list[str]) -> None:
    """The payer is compared as people read names; a bank that names none proves nothing."""
    world = _world(tmp_path, 'payers = ["拉卡拉支付", "Lakala Payment Co., Ltd."]')
    world.day(MONDAY, orders=["A1 100.00", "A2 50.00"], psp=["A1 100.00", "A2 50.00"], bank=None)
    _bank(world, MONDAY)
    world.run(MONDAY)
    world.day(TUESDAY, bank=None)
    _bank(world, TUESDAY, f'2026-11-10,150.00,PAYOUT 8001 20261109,CNY,"{payer}"')
    night = world.run(TUESDAY)
    assert world.codes(night) == found
    if found:
        case = world.table(night, "disputes").row(0, named=True)
        assert (case["expected_minor"], case["actual_minor"]) == (15000, 15000)
        assert case["cause"].startswith(f"paid by {payer}; declared as payer: 拉卡拉支付 or ")
        assert [row["side"] for row in case["evidence"]] == ["BANK", "CHANNEL", "CHANNEL"]
        assert f"由 {payer.split(';', maxsplit=1)[0]}" in case["explanation_zh"]
        outcomes = world.table(night, "transactions").join(
            world.table(night, "outcomes"), on="txn_id"
        )
        assert outcomes.filter(pl.col("side") == "BANK")["outcome"].to_list() == ["BREAK"]
        world.day(WEDNESDAY, bank=None)
        _bank(world, WEDNESDAY)
        assert world.codes(world.run(WEDNESDAY)) == []


def test_payer_of_single_payments(tmp_path: Path) -> None:
    """Payouts of single payments have their payers looked at as well."""
    single = '[[leg.pass]]\nname = "single"\nmethod = "window"\nuntil_due = true\n'
    world = _world(tmp_path, 'payers = ["Lakala"]', single)
    world.day(MONDAY, orders=["A1 100.00", "A2 50.00"], psp=["A1 100.00", "A2 50.00"], bank=None)
    _bank(world, MONDAY)
    world.run(MONDAY)
    world.day(TUESDAY, bank=None)
    _bank(world, TUESDAY, "2026-11-10,100.00,,CNY,Lakala", "2026-11-10,50.00,,CNY,Somebody")
    night = world.run(TUESDAY)
    assert world.codes(night) == ["ATTRIBUTE_MISMATCH"]
    assert world.table(night, "disputes")["amount_minor"].to_list() == [5000]


def test_names_are_compared_as_people_read_them() -> None:
    """Width, case, spaces and punctuation are the bank's; nothing else is overlooked."""
    assert plain_name("ＬＡＫＡＬＡ （Pay）Co., Ltd.") == plain_name("lakala(pay)co ltd")
    assert plain_name("拉卡拉") != plain_name("拉卡垃")
    assert known("paid by Lakala Payment Co., Ltd.")


def test_intervals_and_states_of_payouts(tmp_path: Path) -> None:
    """Each batch has its interval from cycle, calendar and grace, and stands where it stands."""
    world = _world(tmp_path, 'grace_days = 1\narrives = "07:00-14:00"')
    rows = {"8001": "100.00", "8002": "40.00", "8003": "7.00", "8004": "9.00"}
    psp = [f"A{shop} {amount} merchant={shop} fee=1.00" for shop, amount in rows.items()]
    orders = [f"A{shop} {amount}" for shop, amount in rows.items()]
    world.day(FRIDAY, orders=orders, psp=psp, bank=None)
    _bank(world, FRIDAY)
    night = world.run(FRIDAY)
    waits = world.table(night, "payouts").sort("batch")
    assert waits["state"].to_list() == ["EXPECTED"] * 4
    assert waits["expected_minor"].to_list() == [9900, 3900, 600, 800]
    assert set(waits["expected_from"]) == {date(2026, 11, 16)}  # Monday
    assert set(waits["expected_until"]) == {date(2026, 11, 17)}
    assert set(waits["hours"]) == {"07:00-14:00"}
    assert waits["batch"].to_list()[0] == "8001-20261113"
    for day in ("2026-11-14", "2026-11-15"):
        world.day(day, bank=None)
        _bank(world, day)
        world.run(day)
    world.day("2026-11-16", bank=None)
    _bank(
        world,
        "2026-11-16",
        "2026-11-16,99.00,PAYOUT 8001 20261113,CNY,P",
        "2026-11-16,39.50,PAYOUT 8002 20261113,CNY,P",
    )
    monday = world.table(world.run("2026-11-16"), "payouts").sort("batch")
    assert monday["state"].to_list() == ["ARRIVED", "DIFFERS", "EXPECTED", "EXPECTED"]
    assert monday["actual_minor"].to_list() == [9900, 3950, None, None]
    assert monday["counterparty"].to_list() == ["P", "P", None, None]
    world.day("2026-11-17", bank=None)
    _bank(world, "2026-11-17")
    tuesday = world.run("2026-11-17")
    assert world.table(tuesday, "payouts")["state"].to_list() == ["OVERDUE", "OVERDUE"]
    world.day("2026-11-18", bank=None)
    _bank(world, "2026-11-18", "2026-11-18,6.00,PAYOUT 8003 20261113,CNY,")
    wednesday = world.table(world.run("2026-11-18"), "payouts").sort("batch")
    assert wednesday["state"].to_list() == ["LATE", "OVERDUE"]
    assert wednesday["value_date"].to_list() == [date(2026, 11, 18), None]


def test_rows_without_a_batch_are_told_by_day(tmp_path: Path) -> None:
    """Where nothing names a batch, the rows due on a day, and paid on a day, are one payout."""
    single = '[[leg.pass]]\nname = "single"\nmethod = "window"\nuntil_due = true\n'
    world = NightWorld(tmp_path, bank_passes=single)
    rows = [f"A{number} {number}.00" for number in range(1, 6)]
    world.day(MONDAY, orders=rows, psp=rows)
    waits = world.table(world.run(MONDAY), "payouts").to_dicts()
    assert [(row["rows"], row["expected_minor"], row["batch"]) for row in waits] == [
        (5, 1500, None)
    ]
    world.day(TUESDAY, bank=["1.00", "2.00", "3.00"])
    found = world.table(world.run(TUESDAY), "payouts").sort("state").to_dicts()
    told = [
        (row["state"], row["rows"], row["expected_minor"], row["actual_minor"]) for row in found
    ]
    assert told == [("OVERDUE", 2, 900, None), ("ARRIVED", 3, 600, 600)]


def test_what_a_negative_batch_owed_is_netted(tmp_path: Path) -> None:
    """A batch below zero waits, and is netted when the next payout is less by it."""
    world = NightWorld(tmp_path)
    refund = "F1 30.00 kind=refund"
    world.day(MONDAY, orders=[refund], psp=[refund])
    first = world.table(world.run(MONDAY), "payouts").to_dicts()
    assert [(row["state"], row["expected_minor"]) for row in first] == [("EXPECTED", -3000)]
    world.day(TUESDAY, orders=["A1 100.00"], psp=["A1 100.00"])
    world.run(TUESDAY)
    world.day(WEDNESDAY, bank=["70.00 memo=PAYOUT_8001_20261110"])
    last = world.table(world.run(WEDNESDAY), "payouts").sort("expected_minor").to_dicts()
    told = [(row["state"], row["expected_minor"], row["actual_minor"]) for row in last]
    assert told == [("NETTED", -3000, -3000), ("ARRIVED", 10000, 10000)]


@pytest.mark.parametrize("hours", ["7-14", "07:00-07:00", "25:00-26:00", "07:00-14:60", ""])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    """Hours are from and until on a 24-hour clock."""
    with pytest.raises(RuleFileError, match="hours of the day"):
        check_hours(hours)
    assert check_hours("22:00-02:00") == "22:00-02:00"


def test_a_payer_of_no_letters_is_refused(tmp_path: Path) -> None:
    """Nothing would be in every name."""
    world = _world(tmp_path, 'payers = ["（ ）"]')
    with pytest.raises(RuleFileError, match="name of a payer"):
        read_rules(world.config)


def test_trace_tells_the_interval(tmp_path: Path) -> None:
    """Of money that waits at the channel, people read from when, and in which hours."""
    world = _world(tmp_path, 'grace_days = 1\narrives = "07:00-14:00"')
    world.day(FRIDAY, orders=["A1 100.00"], psp=["A1 100.00"], bank=None)
    _bank(world, FRIDAY)
    world.run(FRIDAY)
    arguments = ["trace", "A1", "--workspace", f"{tmp_path}/workspace", "--json"]
    told = json.loads(CliRunner().invoke(group, arguments, catch_exceptions=False).output)
    (now,) = told["now"]
    assert (now["expected_from"], now["due"], now["hours"]) == (
        "2026-11-16",
        "2026-11-17",
        "07:00-14:00",
    )
    assert "by 2026-11-17 (expected from 2026-11-16, 07:00-14:00)" in now["text_en"]
    assert "（预计自 2026-11-16 起，07:00-14:00）" in now["text_zh"]


def test_what_is_usual_is_learned_from_earlier_payouts(tmp_path: Path) -> None:
    """Days after the cycle's day, from the channel's own credits; told, with how many they were."""
    world = NightWorld(tmp_path)
    days = [f"2026-11-{day:02}" for day in (9, 10, 11, 12, 13, 14, 15, 16, 17)]
    for number, day in enumerate(days):
        late = 2 if number == 4 else 1  # Wednesday's payout comes on Friday
        bank = []
        if number >= late and number != 3 and day < "2026-11-14":
            before = days[number - late : number] if number == 4 else [days[number - 1]]
            bank = [f"10.00 memo=PAYOUT_8001_{one.replace('-', '')}" for one in before]
        if day == "2026-11-16":
            bank = ["10.00 memo=PAYOUT_8001_20261113"]
        world.day(day, orders=[f"A{number} 10.00"], psp=[f"A{number} 10.00"], bank=bank)
        night = world.run(day)
        told = world.table(night, "payouts").filter(state="EXPECTED")
        usual = set(told.select("usual_of", "usual_days", "usual_days_most").rows())
        assert usual == ({(5, 0, 1)} if day > "2026-11-16" else {(None, None, None)})
    arguments = ["trace", "A8", "--workspace", f"{tmp_path}/workspace"]
    text = CliRunner().invoke(group, arguments, catch_exceptions=False).output
    assert (
        "(of its last 5 payouts half came within 0 days of the day agreed, 95 % within 1)" in text
    )


def test_hours_of_earlier_payouts_and_declared_ones(tmp_path: Path) -> None:
    """Where the bank tells a time the hours are learned, but for a channel that declares them."""
    for arrives, hours in (("", "09:30-14:00"), ('arrives = "07:00-14:00"', None)):
        folder = tmp_path / (hours or "declared")
        rules = read_rules(_world(folder, arrives).config).rules
        night = Night(rules, Calendar("CN"), date(2026, 11, 20), date(2026, 11, 1))
        told = pl.DataFrame(
            {
                "leg": "channel-bank",
                "source": "psp",
                "currency": "CNY",
                "expected_from": date(2026, 11, 9),
                "value_date": [date(2026, 11, day) for day in (9, 9, 10, 9, 12)],
                "arrived_at": ["01:30", "02:30", "06:00", "03:30", "04:30"],  # UTC
                "state": ["ARRIVED", "ARRIVED", "LATE", "ARRIVED", "LATE"],
            }
        )  # fmt: skip
        clock = pl.format("2026-11-09 {}", "arrived_at").str.to_datetime("%Y-%m-%d %H:%M")
        learned = usual(conform(told.with_columns(arrived_at=clock), PAYOUTS), night)
        assert learned["usual_hours"].to_list() == ([hours] if hours else [])
        assert learned["usual_days"].to_list() == ([0] if hours else [])
        assert learned["usual_days_most"].to_list() == ([3] if hours else [])
