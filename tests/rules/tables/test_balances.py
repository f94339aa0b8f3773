"""The law of the daily balance: every minor unit that came is somewhere, and is there tomorrow."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon.generate.profile import PROFILES
from recon.generate.world import World, generate
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules
from recon.store.read import open_snapshot, read_table
from recon.store.workspace import Workspace
from tests.night_world import NightWorld

MONDAY = date(2026, 11, 9)
CAME = ("opening", "sales", "refunds", "undone", "chargebacks", "adjustments", "other")
IS = ("settled", "disputed", "in_transit", "overdue", "idle", "residual")
ACCOUNT = ["source", "against", "currency"]


def law(tables: list[pl.DataFrame]) -> None:
    """Assert the identity of each night, and that a night opens as the one before closed."""
    closed: dict[tuple[str, ...], int] = {}
    for table in tables:
        opened = {}
        for row in table.to_dicts():
            came = sum(row[f"{name}_minor"] for name in CAME) - row["fees_minor"]
            assert came == sum(row[f"{name}_minor"] for name in IS), row
            assert row["residual_minor"] == 0, row
            opened[tuple(str(row[name]) for name in ACCOUNT)] = row["opening_minor"]
        for account, amount in closed.items():
            assert opened.pop(account, 0) == amount, account
        assert not any(opened.values()), opened
        closed = {
            tuple(str(row[name]) for name in ACCOUNT): row["in_transit_minor"]
            + row["overdue_minor"]
            for row in table.to_dicts()
        }


amounts = st.integers(1, 900_000).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
numbers = st.sampled_from(["A1", "A2", "A3", "A4", "A5"])
clocks = st.sampled_from(["00:10", "10:00", "10:01", "22:58", "23:30"])
currencies = st.sampled_from(["", "", "", " currency=USD"])


@st.composite
def orders(draw: st.DrawFn) -> str:
    """Return a row of the merchant's file."""
    state = draw(st.sampled_from(["PAID", "PAID", "PENDING", "CLOSED", "FAILED"]))
    kind = draw(st.sampled_from(["", "", " kind=refund original=A1"]))
    number = draw(numbers) if not kind else "F1"
    return f"{number} {draw(amounts)} {draw(clocks)} state={state}{kind}{draw(currencies)}"


@st.composite
def charges(draw: st.DrawFn) -> str:
    """Return a row of the channel's file."""
    state = draw(st.sampled_from(["OK", "OK", "PENDING", "FAILED"]))
    kind = draw(st.sampled_from(["", "", " kind=refund original=A1", " kind=void original=A2"]))
    number = draw(numbers) if not kind else f"F{kind[6:8]}"
    fee = draw(st.sampled_from(["0.00", "0.60", "-0.18"]))
    reference = draw(st.sampled_from(["R1", "R2", "R3", "R4"]))
    text = f"{number} {draw(amounts)} {draw(clocks)} ref={reference} fee={fee} state={state}"
    return f"{text}{kind}{draw(currencies)}"


@st.composite
def credits_of(draw: st.DrawFn) -> str:
    """Return a line of the bank's statement."""
    day = draw(st.sampled_from(["20261109", "20261110", "20261111"]))
    memo = draw(st.sampled_from([f"PAYOUT_8001_{day}", "who_knows"]))
    sign = draw(st.sampled_from(["", "", "-"]))
    return f"{sign}{draw(amounts)} memo={memo}{draw(currencies)}"


files = st.tuples(
    st.lists(orders(), max_size=6),
    st.none() | st.lists(charges(), max_size=6),
    st.lists(credits_of(), max_size=3),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(files, min_size=1, max_size=3))
def test_the_balance_of_any_nights(
    days: list[tuple[list[str], list[str] | None, list[str]]],
) -> None:
    """Whatever three parties send, no account has a residual and none loses its opening."""
    with tempfile.TemporaryDirectory() as folder:
        world = NightWorld(Path(folder))
        tables = []
        for number, (ours, theirs, lines) in enumerate(days):
            day = str(MONDAY + timedelta(days=number))
            world.day(day, orders=ours, psp=theirs, bank=lines)
            tables.append(world.table(world.run(day), "balances"))
        law(tables)


def test_the_balance_of_a_generated_world(tmp_path: Path) -> None:
    """Nights of a retail chain with every break planted balances to the fen, night after night."""
    world = World(PROFILES["retail"], rows=500, nights=3, seed=11)
    generate(world, tmp_path)
    rules = read_rules(tmp_path / "recon.toml")
    nights = [run_night(rules, world.first_night + timedelta(days=number)) for number in range(3)]
    tables = [read_table(night.folder, "balances") for night in nights]
    law(tables)
    assert all(table.height for table in tables)


def test_what_an_account_says(tmp_path: Path) -> None:
    """Each amount stands where a person would put it; the query and the summary say the same."""
    world = NightWorld(tmp_path)
    world.day(
        str(MONDAY),
        orders=["A1 100.00", "A2 50.00", "A3 20.00 23:30", "A4 5.00"],
        psp=["A1 100.00 fee=0.60", "A2 51.00", "B1 7.00"],
    )
    night = world.run(str(MONDAY))
    rows = {
        (row["source"], row["against"]): row for row in world.table(night, "balances").to_dicts()
    }
    ours, bank = rows["orders", "CHANNEL"], rows["psp", "BANK"]
    assert [ours[f"{name}_minor"] for name in ("sales", "settled", "in_transit", "residual")] == [
        17_500,
        10_000,
        2_000,
        0,
    ]
    assert ours["disputed_minor"] + ours["overdue_minor"] == 5_500  # ended, or carried as a break
    assert (bank["sales_minor"], bank["fees_minor"], bank["in_transit_minor"]) == (
        15_800,
        60,
        15_740,
    )
    with open_snapshot(Workspace(tmp_path / "workspace")) as connection:
        found = connection.execute("select sum(residual_minor) from balances_latest").fetchone()
    assert found == (0,)
    lines = night.summary["balances"]
    assert {(line["source"], line["against"]) for line in lines} == set(rows)
    assert all(line["residual_minor"] == 0 for line in lines)


def test_two_currencies_are_two_accounts(tmp_path: Path) -> None:
    """Money of two currencies stands on two lines and is never added."""
    world = NightWorld(tmp_path)
    world.day(str(MONDAY), orders=["A1 100.00", "A2 5.00 currency=USD"])
    table = world.table(world.run(str(MONDAY)), "balances")
    assert table.select("currency", "sales_minor").sort("currency").rows() == [
        ("CNY", 10_000),
        ("USD", 500),
    ]
