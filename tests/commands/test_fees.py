"""`recon fees`: price lists checked, prices inferred, right and wrong fees explained, rebates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recon.cli import group
from tests.night_world import NightWorld

FRIDAY, SUNDAY = "2026-10-30", "2026-11-01"
TERMS = """
[[fee_contract]]
name = "cards"
on_refund = "rate"
merchant_classes = { 8002 = "preferential" }

[[fee_contract.line]]
name = "debit"
formula = "MIN(5,AMT*0.005)"
when = { card_type = "DC" }

[[fee_contract.line]]
name = "preferential debit"
formula = "AMT*0.0038"
when = { card_type = "DC", merchant_class = "preferential" }

[[fee_contract.line]]
name = "credit"
formula = "AMT*0.006"
when = { card_type = "CC" }
valid_from = 2026-01-01
announced = 2025-12-20

[[rebate]]
name = "volume rebate"
tiers = [{ from = 100, rate = "1%" }, { from = 1000, rate = "2%" }]
due_days = 2
paid_as = "bonus"
"""
BETWEEN_BANKS = """
[[fee_contract]]
name = "between banks"
component = "interchange"

[[fee_contract.line]]
name = "debit"
formula = "MIN(20,AMT*0.0040)"
when = { card_type = "debit" }
amount_below = 1000
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> NightWorld:
    """Return two nights of card sales, one fee wrong, and a rebate paid too low."""
    world = NightWorld(tmp_path_factory.mktemp("fees"), opening=FRIDAY)
    text = world.config.read_text("utf-8").replace(
        'fee = "fee"\n', 'fee = "fee"\nproduct = "state"\n'
    )
    text = text.replace('OK = "success"', 'OK = "success"\nDC = "success"\nCC = "success"')
    text = text.replace(
        'PENDING = "pending"\n[source.kinds]',
        'PENDING = "pending"\nbonus = "success"\n[source.kinds]',
    )
    text = text.replace('void = "void"\n', 'void = "void"\nbonus = "adjustment"\n')
    world.config.write_text(text + TERMS, "utf-8")
    sales = [(f"D{n}", 100 + n, "0.5" + f"{n // 2:01}") for n in range(8)]
    world.day(
        FRIDAY,
        orders=[*(f"{name} {amount}.00" for name, amount, _ in sales), "C1 900.00", "P1 100.00"],
        psp=[
            *(
                f"{name} {amount}.00 fee={_half_percent(amount)} state=DC"
                for name, amount, _ in sales
            ),
            "C1 900.00 fee=8.40 state=CC",
            "P1 100.00 fee=0.38 state=DC merchant=8002",
        ],
    )
    world.run(FRIDAY)
    world.day(SUNDAY, psp=["B1 3.00 kind=bonus state=bonus"])
    world.run(SUNDAY)
    return world


def _half_percent(amount: int) -> str:
    fen = (amount * 100 * 5 + 500) // 1000
    return f"{fen // 100}.{fen % 100:02}"


def told(*words: str) -> Any:
    """Return what a command says as JSON."""
    result = CliRunner().invoke(group, ["fees", *words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def says(*words: str, lang: str = "en") -> str:
    """Return what a command says to people."""
    result = CliRunner().invoke(group, ["fees", *words, "--lang", lang], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_check_tells_each_price_and_questions_some(world: NightWorld, tmp_path: Path) -> None:
    """Short notice, a rate above the statutory ceiling, a cap above it, a gap above the band."""
    config = tmp_path / "recon.toml"
    config.write_text(world.config.read_text("utf-8") + BETWEEN_BANKS, "utf-8")
    cards, banks = told("check", str(config), "--lang", "en")
    words = {line["line"]: line["words"] for line in cards["lines"]}
    assert words["debit"] == "0.50 % of the amount, at most 5.00"
    assert [item["kind"] for item in cards["findings"]] == ["notice"]
    assert [item["kind"] for item in banks["findings"]] == ["gap", "ceiling", "ceiling"]
    assert "amounts from 1,000.00 CNY on" in banks["findings"][0]["text"]
    chinese = says("check", str(config), lang="zh")
    assert "金额的 0.50 %，最高 5.00；四舍五入；按笔；退款按费率退还" in chinese
    assert "公告期不足 30 天" in chinese
    assert "高于上限 13.00 CNY" in chinese


def test_infer_finds_the_prices_that_were_charged(world: NightWorld) -> None:
    """By merchant and product: the preferential price is another one than the standard price."""
    where = ("--workspace", str(world.folder / "workspace"))
    rows = told("infer", "--by", "merchant_id", "--by", "product", *where)["rows"]
    found = {(row["merchant_id"], row["product"]): row for row in rows}
    assert found["8001", "DC"]["price"] == "0.50 %"
    assert (found["8001", "DC"]["explained"], found["8001", "DC"]["rows"]) == (8, 8)
    assert found["8002", "DC"]["price"] == "0.38 %"
    assert found["8001", "DC"]["first_day"] == FRIDAY


def test_a_right_fee_is_explained(world: NightWorld) -> None:
    """Line, formula, exact product, rounding: the fee of a sale that nobody contests."""
    where = ("--config", str(world.config), "--workspace", str(world.folder / "workspace"))
    (fee,) = told("explain", "D3", *where)
    assert (fee["verdict"], fee["due_minor"], fee["charged_minor"]) == ("right", 52, 52)
    assert "103.00 x 0.50 % = 0.515" in fee["steps"]
    (fee,) = told("explain", "RP1", *where)
    assert fee["line"]["line"] == "preferential debit"
    chinese = says("explain", "D3", *where, lang="zh")
    assert "手续费 0.52 CNY：正确" in chinese
    assert "四舍五入：0.52 CNY" in chinese


def test_a_wrong_fee_names_line_computation_and_cause(world: NightWorld) -> None:
    """5.40 is due, 8.40 was charged: a surcharge of 3.00, as the night said."""
    where = ("--config", str(world.config), "--workspace", str(world.folder / "workspace"))
    (fee,) = told("explain", "C1", *where)
    assert (fee["verdict"], fee["due_minor"], fee["charged_minor"]) == ("wrong", 540, 840)
    assert fee["code"] == "FEE_SURCHARGE"
    assert "FEE_SURCHARGE: surcharge of 3.00" in says("explain", "C1", *where)


def test_an_unknown_id_says_what_is_expected(world: NightWorld) -> None:
    """An id that no channel row carries is refused with the fix."""
    where = ("--config", str(world.config), "--workspace", str(world.folder / "workspace"))
    result = CliRunner().invoke(group, ["fees", "explain", "nobody", *where])
    assert result.exit_code != 0
    assert "channel or retrieval reference" in str(result.exception)


def test_the_rebates_of_a_month_are_stated_tier_by_tier(world: NightWorld) -> None:
    """1,728.00 of sales earn 1 % above 100 and 2 % above 1,000; 3.00 was paid, the rest is open."""
    where = ("--workspace", str(world.folder / "workspace"))
    (policy,) = told("rebates", str(world.config), *where, "--month", "2026-10")
    months = {row["merchant_id"]: row for row in policy["months"]}
    shop = months["8001"]
    assert (shop["volume_minor"], shop["count"]) == (172_800, 9)
    assert shop["portions"] == [90_000, 72_800]
    assert (shop["expected_minor"], shop["paid_minor"]) == (2356, 300)
    assert (shop["open_minor"], shop["due_day"], shop["overdue"]) == (2056, "2026-11-02", False)
    assert months["8002"]["expected_minor"] == 0
    chinese = says("rebates", str(world.config), *where, lang="zh")
    assert "各档分段计算" in chinese
    assert "900.00 x 1.00 % + 728.00 x 2.00 %" in chinese
    assert "应得 23.56 CNY, 已付 3.00 CNY, 未付 20.56 CNY" in chinese


def test_a_month_that_is_no_month_is_refused(world: NightWorld) -> None:
    """`--month October` names what was expected."""
    where = ("--workspace", str(world.folder / "workspace"))
    result = CliRunner().invoke(
        group, ["fees", "rebates", str(world.config), *where, "--month", "October"]
    )
    assert "expected a month" in str(result.exception)
