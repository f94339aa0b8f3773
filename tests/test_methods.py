from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules
from tests.night_world import NightWorld

SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "clean_day"
NIGHTS = (date(2026, 3, 10), date(2026, 3, 11))
METHODS = {
    "window": "days_after = 1\nbusiness_days = true",
    "band": "tolerance_percent = 1\ntolerance_cap_minor = 500\ndays_after = 1",
    "score": 'tolerance_percent = 1\ndays_after = 1\ntext = "order_id"',
}


def links_of(folder: Path, merchant_pass: str) -> pl.DataFrame:
    """Run the clean day without its keys: a pass by attributes, and bank credits by sums."""
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    path = folder / "recon.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('keys = ["order_id"]', merchant_pass)
    text = text.replace(
        'method = "group"\nkeys = ["batch_id"]', 'method = "subset"\ndays_after = 3'
    )
    path.write_text(text, encoding="utf-8")
    rules = read_rules(path, tuple(item.name for item in FORMATS))
    results = [run_night(rules, night) for night in NIGHTS]
    assert [result.exit_code for result in results] == [0, 0]
    return pl.concat([pl.read_parquet(result.folder / "links.parquet") for result in results])


@pytest.mark.parametrize("method", METHODS)
def test_rule_file_reaches_every_method(tmp_path: Path, method: str) -> None:
    """A rule file without any key links sales by attributes and each credit by its only subset."""
    links = links_of(tmp_path, f'method = "{method}"\n{METHODS[method]}')
    kinds = dict(links.group_by("match_kind").len().rows())
    assert kinds.get(method.upper(), 0) > 0
    assert kinds.get("SUBSET", 0) > 0


def test_a_reference_is_found_inside_the_other_sides_text(tmp_path: Path) -> None:
    """`text` and `right_text` may differ: equal sums are told apart by a number inside a memo."""
    world = NightWorld(
        tmp_path,
        bank_passes="""[[leg.pass]]
name = "reference in the memo"
method = "score"
text = "channel_ref"
right_text = "memo"
days_after = 3
""",
    )
    numbers = [4_711_000 + 13 * k for k in range(12)]
    world.day(
        "2026-11-09",
        orders=[f"A{k} 50.00" for k in range(12)],
        psp=[f"A{k} 50.00 ref=P{number}" for k, number in enumerate(numbers)],
    )
    world.run("2026-11-09")
    paid = [f"50.00 memo=TRANSFER_REF/{number}/THANKS" for number in reversed(numbers)]
    world.day("2026-11-10", bank=paid)
    result = world.run("2026-11-10")
    links = world.table(result, "links").filter(pl.col("leg") == "channel-bank")
    assert links.height == 12
    rows = world.table(result, "transactions").select("txn_id", "memo")
    memos = links.join(rows, left_on="right_txn_id", right_on="txn_id")
    carried = world.table(world.run("2026-11-09"), "transactions").select("txn_id", "channel_ref")
    pairs = memos.join(carried, left_on="left_txn_id", right_on="txn_id")
    assert all(
        reference[1:] in memo for reference, memo in pairs.select("channel_ref", "memo").iter_rows()
    )
    assert links["reasons"].str.contains("in both texts").all()


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("tolerances", "credit", "day", "links"),
    [
        ('tolerance_minor = 50\ntolerance_sign = "above"', "10.50", "2026-11-10", 1),
        ('tolerance_minor = 50\ntolerance_sign = "above"', "9.50", "2026-11-10", 0),
        ('tolerance_percent = 5\ntolerance_base = "left"', "10.50", "2026-11-10", 1),
        ('tolerance_percent = 5\ntolerance_base = "right"', "10.51", "2026-11-10", 1),
        ('tolerance_percent = 5\ntolerance_base = "left"', "10.51", "2026-11-10", 0),
        ("days_after = 1", "10.00", "2026-11-11", 1),
        ("days_before = 1", "10.00", "2026-11-11", 0),
    ],
)
def test_a_leg_named_the_other_way_links_the_mirrored_pairs(
    tmp_path: Path, tolerances: str, credit: str, day: str, links: int
) -> None:
    """Left and right of a pass are those of its leg, whichever way the rule file names the sides.

    The same rule is written once along the way of the money and once against it, mirrored.
    """
    mirrored = {
        '"above"': '"below"', '"left"': '"right"', '"right"': '"left"',
        "days_after": "days_before", "days_before": "days_after",
    }  # fmt: skip
    words = re.compile("|".join(mirrored))
    for number, turned in enumerate((False, True)):
        told = words.sub(lambda word: mirrored[word[0]], tolerances) if turned else tolerances
        passes = f'[[leg.pass]]\nname = "payouts"\nmethod = "band"\n{told}\n'
        world = NightWorld(tmp_path / str(number), bank_passes=passes)
        if turned:
            text = world.config.read_text("utf-8")
            sides = 'left = "channel"\nright = "bank"', 'left = "bank"\nright = "channel"'
            assert sides[0] in text
            world.config.write_text(text.replace(*sides), "utf-8")
        world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00"])
        found = world.table(world.run("2026-11-09"), "links").height
        for later in ("2026-11-10", "2026-11-11")[: 1 + (day == "2026-11-11")]:
            world.day(later, bank=[f"{credit} memo=PAYOUT"] if later == day else [])
            night = world.run(later)
        assert (found, world.table(night, "links").height) == (1, links)


def test_a_night_without_rows_may_count_working_days(tmp_path: Path) -> None:
    """Both files empty, or all rows on one side, under a pass that counts working days: exit 0."""
    passes = '[[leg.pass]]\nname = "payouts"\nmethod = "window"\nbusiness_days = true\n'
    world = NightWorld(tmp_path, bank_passes=passes)
    world.day("2026-11-09")
    assert world.run("2026-11-09").exit_code == 0
    world.day("2026-11-10", bank=["10.00 memo=PAYOUT"])
    assert world.codes(world.run("2026-11-10")) == ["UNKNOWN_CREDIT"]


def test_a_night_of_december_needs_no_calendar_of_the_next_year(tmp_path: Path) -> None:
    """A pass that counts working days asks about days that rows carry, none beyond."""
    passes = '[[leg.pass]]\nname = "payouts"\nmethod = "window"\nbusiness_days = true\n'
    world = NightWorld(tmp_path, bank_passes=passes, cycle="D+0", opening="2026-12-28")
    world.day("2026-12-28", orders=["A1 10.00"], psp=["A1 10.00"], bank=["10.00 memo=PAYOUT"])
    assert world.codes(world.run("2026-12-28")) == []


def test_runs_of_rows_do_not_depend_on_the_order_of_a_file(tmp_path: Path) -> None:
    """Sales of one moment, told in any order: the subset search says the same of their credit."""
    passes = '[[leg.pass]]\nname = "sum"\nmethod = "subset"\ndays_after = 3\n'
    sales = [f"A{number} {amount}.00" for number, amount in enumerate((3, 5, 8, 13, 21, 34, 55))]
    said = []
    for number, order in enumerate((sales, sales[::-1], sales[3:] + sales[:3])):
        world = NightWorld(tmp_path / str(number), bank_passes=passes, cycle="D+0")
        world.day("2026-11-09", orders=sales, psp=order, bank=["68.00 memo=x", "29.00 memo=y"])
        searches = world.table(world.run("2026-11-09"), "searches").drop("txn_id")
        said.append(searches.sort(searches.columns).rows())
    assert said[0] == said[1] == said[2]
