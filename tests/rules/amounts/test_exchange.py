"""Two currencies in whole nights: rates by day, named causes, waiting for a rate, base amounts."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.commands.packing import read_pack
from recon.errors import RuleFileError
from recon.report.tie_out import statements
from recon.rules.rule_file.rule_file import read_rules
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.night_world import HEADERS, NightWorld

FRIDAY, MONDAY, TUESDAY, WEDNESDAY = "2026-11-06", "2026-11-09", "2026-11-10", "2026-11-11"
TERMS = """
[[exchange]]
name = "scheme"
rates = "rates/fx.csv"
markup_percent = "1.5"
spread_percent = "0.2"
day = "sold"
"""
RATES = ["2026-11-06,USD,CNY,7.1", "2026-11-09,USD,CNY,7.1234", "2026-11-10,USD,CNY,7.2"]


class Abroad(NightWorld):
    """A world whose rule file declares an exchange, and whose channel may tell a base amount."""

    def __init__(self, folder: Path, terms: str = TERMS, rates: list[str] | None = None) -> None:
        """Write the rule file and the rates."""
        super().__init__(folder)
        self.config.write_text(self.config.read_text("utf-8") + terms, "utf-8")
        (folder / "rates").mkdir(exist_ok=True)
        self.rates(RATES if rates is None else rates)

    def rates(self, lines: list[str]) -> None:
        """Write the file of rates."""
        text = "\n".join(["date,base,quote,rate", *lines]) + "\n"
        (self.folder / "rates" / "fx.csv").write_text(text, "utf-8")

    def found(self, night: object) -> list[tuple[str, int, int, str, str | None]]:
        """Return code, expected, actual, currency and cause of each break that is not benign."""
        columns = ("code", "expected_minor", "actual_minor", "currency", "cause")
        breaks = self.table(night, "breaks").filter(pl.col("code") != "IN_TRANSIT")  # type: ignore[arg-type]  # a Result
        return sorted(breaks.select(columns).rows(), key=str)


@pytest.fixture
def world(tmp_path: Path) -> Abroad:
    """Return a world with rates of Friday, Monday and Tuesday."""
    return Abroad(tmp_path)


def test_amounts_at_the_agreed_rate_are_no_break(world: Abroad) -> None:
    """Within the spread both amounts tell the same; the rows are matched and nothing is summed."""
    world.day(
        MONDAY,
        orders=["A1 100.00 currency=USD", "A2 100.00 currency=USD"],
        psp=["A1 701.65", "A2 703.00"],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == []
    groups = world.table(night, "groups")
    assert sorted(groups["currency"].to_list()) == ["CNY", "CNY", "USD", "USD"]
    foreign = groups.filter(pl.col("currency") == "USD")
    assert foreign.select("merchant_minor", "channel_rows").unique().rows() == [(10_000, 0)]
    world.day(TUESDAY, bank=["1404.65 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY), benign=True) == []
    verify(world.folder / "workspace")


def test_the_proof_of_two_currencies_has_no_residual(world: Abroad) -> None:
    """What was exchanged is a line of its own in each currency, and nothing is unexplained."""
    world.day(
        MONDAY,
        orders=["A1 100.00 currency=USD", "A2 100.00 currency=USD", "A3 5.00"],
        psp=["A1 701.65", "A2 650.00", "A3 6.00"],
    )
    night = world.run(MONDAY)
    workspace = Workspace(world.folder / "workspace")
    proofs = statements(read_pack(workspace, workspace.resolve(night.run_id)))
    assert [
        (proof.currency, proof.unexplained_minor, proof.unexplained_rows) for proof in proofs
    ] == [
        ("CNY", 0, 0),
        ("USD", 0, 0),
        ("CNY", 0, 0),
    ]
    lines = {proof.currency: proof.of("exchanged") for proof in proofs if proof.left == "MERCHANT"}
    assert [line.amount_minor for line in lines["USD"]] == [-20_000]
    assert [line.amount_minor for line in lines["CNY"]] == [70_165 + 65_000]


def test_beyond_the_spread_is_an_exchange_difference_with_its_cause(world: Abroad) -> None:
    """The cause that fits to the last fen is named, else how far the rate is off."""
    world.day(
        MONDAY,
        orders=[f"A{number} 100.00 currency=USD" for number in (1, 2, 3)],
        psp=["A1 699.35", "A2 712.34", "A3 690.00"],
    )
    monday = "USD/CNY 7.1234 of 2026-11-09; "
    assert world.found(world.run(MONDAY)) == [
        ("FX_DIFFERENCE", 70_165, actual, "CNY", monday + why)
        for actual, why in (
            (69_000, "1.66 % off the agreed rate, 0.2 % is agreed"),
            (69_935, "the rate of 2026-11-06 was used"),
            (71_234, "the agreed markup of 1.5 % was not taken"),
        )
    ]


def test_another_currency_is_not_an_exchange(world: Abroad) -> None:
    """Without a rate for the pair, or with the same figure, the currency is wrong, not the rate."""
    world.day(
        MONDAY,
        orders=["A1 100.00 currency=EUR", "A2 100.00 currency=USD"],
        psp=["A1 780.00", "A2 100.00"],
    )
    assert world.found(world.run(MONDAY)) == [
        ("CURRENCY_MISMATCH", 10_000, 0, "EUR", None),
        (
            "CURRENCY_MISMATCH",
            10_000,
            0,
            "USD",
            "the same figure: no exchange took place",
        ),
    ]


def test_a_pair_waits_for_the_rate_of_its_day(tmp_path: Path) -> None:
    """A working day whose rate is not published yet is not judged by the rate of the day before."""
    world = Abroad(tmp_path, rates=RATES[:1])
    world.day(MONDAY, orders=["A1 100.00 currency=USD"], psp=["A1 690.00"])
    first = world.run(MONDAY)
    assert world.codes(first) == []
    waiting = world.table(first, "open_items").filter(pl.col("leg") == "order-channel")
    assert waiting["wait_until"].cast(pl.String).to_list() == ["2026-11-12"] * 2
    world.day(TUESDAY, bank=["690.00 memo=PAYOUT_8001_20261109"])
    world.rates(RATES)
    second = world.run(TUESDAY)
    assert world.codes(second) == ["FX_DIFFERENCE"]
    assert world.table(second, "open_items").height == 0
    verify(world.folder / "workspace")


def test_after_the_wait_the_last_rate_counts(tmp_path: Path) -> None:
    """A rate that never comes is replaced by the last one before it, as far back as agreed."""
    world = Abroad(tmp_path, TERMS + "wait_days = 0\n", RATES[:1])
    world.day(MONDAY, orders=["A1 100.00 currency=USD"], psp=["A1 699.35"])
    assert world.codes(world.run(MONDAY)) == []
    world = Abroad(tmp_path / "far", TERMS + "wait_days = 0\ndays_back = 1\n", RATES[:1])
    world.day(MONDAY, orders=["A1 100.00 currency=USD"], psp=["A1 699.35"])
    assert world.found(world.run(MONDAY))[0][4] == (
        "no rate of USD/CNY for 2026-11-09 or 1 days before"
    )


def test_a_missing_or_wrong_file_of_rates_is_one_finding(tmp_path: Path) -> None:
    """The night is done without it: exit code 3 or 4, one finding, and the pairs wait."""
    world = Abroad(tmp_path)
    (world.folder / "rates" / "fx.csv").unlink()
    world.day(MONDAY, orders=["A1 100.00 currency=USD"], psp=["A1 690.00"])
    night = world.run(MONDAY)
    assert (night.exit_code, world.codes(night)) == (3, ["FILE_MISSING"])
    world.rates(["2026-11-09,USD,CNY,none"])
    again = world.run(MONDAY)
    assert (again.exit_code, world.codes(again)) == (4, ["FILE_SCHEMA"])
    world.rates(RATES)
    last = world.run(MONDAY)
    assert (last.exit_code, world.codes(last)) == (0, ["FX_DIFFERENCE"])
    assert world.run(MONDAY).repeated


def test_a_base_amount_is_compared_as_an_amount(tmp_path: Path) -> None:
    """What the channel says of the order's currency is compared first; then its own exchange."""
    world = Abroad(tmp_path)
    text = world.config.read_text("utf-8").replace(
        'channel_ref = "ref"\n',
        'channel_ref = "ref"\nbase_amount = "base"\nbase_currency = "base_currency"\n',
    )
    world.config.write_text(text, "utf-8")
    orders = [f"A{number} 100.00 currency=USD" for number in (1, 2, 3)]
    orders += ["F1 10.00 kind=refund original=A1 currency=USD"]
    rows = ["A1 701.65", "A2 701.65", "A3 690.00", "F1 70.17 kind=refund original=A1"]
    world.day(MONDAY, orders=orders, psp=rows)
    path = world.file("psp", "20261109")
    head, *lines = path.read_text("utf-8").splitlines()
    base = ["100.00,USD", "90.00,USD", "100.00,USD", "10.00,USD"]
    told = [f"{line},{more}" for line, more in zip(lines, base, strict=True)]
    path.write_text("\n".join([f"{head},base,base_currency", *told]) + "\n", "utf-8")
    night = world.run(MONDAY)
    assert [row[:4] for row in world.found(night)] == [
        ("AMOUNT_MISMATCH", 10_000, 9_000, "USD"),
        ("FX_DIFFERENCE", 70_165, 69_000, "CNY"),
    ]
    rows = world.table(night, "transactions").filter(pl.col("base_minor").is_not_null())
    assert sorted(rows["base_minor"].to_list()) == [-1_000, 9_000, 10_000, 10_000]


def test_a_base_amount_without_rates_is_enough(tmp_path: Path) -> None:
    """Where no exchange is declared, equal base amounts are no break: nobody can judge the rate."""
    world = Abroad(tmp_path, terms="")
    text = world.config.read_text("utf-8").replace(
        'channel_ref = "ref"\n',
        'channel_ref = "ref"\nbase_amount = "base"\nbase_currency = "base_currency"\n',
    )
    world.config.write_text(text, "utf-8")
    world.day(MONDAY, orders=["A1 1000 currency=JPY"])
    line = "A1,R1,48.10,0.00,2026-11-09 10:00:00,8001,sale,OK,CNY,,1000,JPY"
    path = world.file("psp", "20261109")
    path.write_text(f"{HEADERS['psp']},base,base_currency\n{line}\n", "utf-8")
    night = world.run(MONDAY)
    assert world.codes(night) == []
    path.write_text(f"{HEADERS['psp']},base,base_currency\n{line.replace('JPY', 'QQQ')}\n", "utf-8")
    refused = world.table(world.run(MONDAY), "rejects")["reasons"].to_list()
    assert "'QQQ' is not an active ISO 4217 code" in refused[0][0]


def test_rules_of_an_exchange_are_checked(tmp_path: Path) -> None:
    """A source that is not declared, or base amounts without their currency, refuse the file."""
    world = Abroad(tmp_path, TERMS + 'sources = ["pps"]\n')
    with pytest.raises(RuleFileError, match="no source is 'pps'"):
        read_rules(world.config)
    text = world.config.read_text("utf-8").replace('sources = ["pps"]', "")
    world.config.write_text(text.replace('fee = "fee"', 'fee = "fee"\nbase_amount = "b"'), "utf-8")
    with pytest.raises(RuleFileError, match="base_amount needs base_currency"):
        read_rules(world.config)


def test_check_names_the_files_of_rates(world: Abroad) -> None:
    """`recon check --date` says whether the rates of a night are there."""
    words = ["check", str(world.config), "--date", MONDAY, "--json"]
    files = json.loads(CliRunner().invoke(group, words).stdout)["files"]
    assert {"source": "exchange scheme", "path": "rates/fx.csv", "state": "there"} in files
    (world.folder / "rates" / "fx.csv").unlink()
    files = json.loads(CliRunner().invoke(group, words).stdout)["files"]
    assert {"source": "exchange scheme", "path": "rates/fx.csv", "state": "missing"} in files


def test_rates_may_come_in_a_file_a_day(tmp_path: Path) -> None:
    """Sunday takes Friday's file and misses none of its own; Monday's is missed when it is late."""
    world = Abroad(tmp_path, TERMS.replace("fx.csv", "{date:%Y%m%d}.csv"), [])
    world.config.write_text(
        world.config.read_text("utf-8").replace(MONDAY, "2026-11-07", 1), "utf-8"
    )
    friday = world.folder / "rates" / "20261106.csv"
    friday.write_text("date,base,quote,rate\n2026-11-06,USD,CNY,7.1\n", "utf-8")
    world.day("2026-11-08", orders=["A1 100.00 currency=USD"], psp=["A1 699.35"], bank=None)
    sunday = world.run("2026-11-08")
    assert (sunday.exit_code, world.codes(sunday)) == (0, [])
    world.day(MONDAY, bank=["699.35 memo=PAYOUT_8001_20261108"])
    monday = world.run(MONDAY)
    assert (monday.exit_code, world.codes(monday)) == (3, ["FILE_MISSING"])
