"""`recon diff`: what changed between two runs."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.report.difference.cases import COURSE
from recon.report.difference.difference import difference
from recon.store.read import read_table
from recon.store.workspace import Workspace
from tests.night_world import NightWorld


def changed(recon, before, after):
    return json.loads(recon("diff", before, after, "--json").output)


def test_a_run_does_not_differ_from_itself(recon):
    """Nothing is listed, and the text says so."""
    facts = changed(recon, "2026-03-04", "2026-03-04")
    assert [facts[name] for name in ("rows", "outcomes", "links", "breaks", "at_risk")] == [[]] * 5
    counts = facts["disputes"]["counts"]
    assert counts["still_open"] == counts["before"] == counts["after"]
    assert "nothing differs" in recon("diff", "2026-03-04", "2026-03-04", "--lang", "en").output


def test_counts_are_whole_and_symmetric(recon):
    """Every dispute of either run is counted once; what is new one way is absent the other way."""
    forth = changed(recon, "2026-03-04", "2026-03-05")["disputes"]
    counts = forth["counts"]
    here = ("changed", "still_open")
    absent = ("told_once", "ended", "gone")
    now = [item for item in forth["resolved"] if item["ended_on"] == "2026-03-05"]
    assert counts["new"] + sum(counts[name] for name in here) + len(now) == counts["after"]
    assert counts["resolved"] + sum(counts[name] for name in (*here, *absent)) == counts["before"]
    back = changed(recon, "2026-03-05", "2026-03-04")["disputes"]["counts"]
    assert back["gone"] == counts["new"]
    assert back["new"] == sum(counts[name] for name in absent) + counts["resolved"] - len(now)


def test_a_case_that_only_grew_a_day_older_is_still_open(recon):
    """A break seen again the next night is neither changed nor new."""
    facts = changed(recon, "2026-03-04", "2026-03-05")["disputes"]
    assert facts["counts"]["still_open"] > 0
    assert all(set(item["fields"]) - {"severity", "due_at"} for item in facts["changed"])


def test_one_row_and_one_link_less_is_seen(workspace):
    """Taking one row and one link away shows exactly these, with the money of the row."""
    run = Workspace(workspace).resolve("2026-03-04")
    names = ("runs", "transactions", "outcomes", "links", "breaks", "disputes")
    before = {name: read_table(run.folder, name) for name in names}
    before["carried"] = before["transactions"].clear()
    first = before["transactions"].head(1)
    after = dict(before)
    after["transactions"] = before["transactions"].slice(1)
    after["outcomes"] = before["outcomes"].filter(pl.col("txn_id") != first["txn_id"][0])
    after["links"] = before["links"].slice(1)
    facts = difference(before, after, pl.DataFrame(schema=COURSE))
    (rows,) = facts["rows"]
    assert rows["rows"][0] - rows["rows"][1] == 1
    assert rows["amount_minor"][0] - rows["amount_minor"][1] == first["amount_minor"][0]
    assert [item["after"] for item in facts["outcomes"]] == [None]
    assert facts["outcomes"][0]["amount_minor"] == first["amount_minor"][0]
    assert sum(item["gone"] for item in facts["links"]) == 1


@pytest.mark.parametrize(("language", "word"), [("en", "disputes:"), ("zh", "争议：")])
def test_text_is_in_the_language_asked_for(recon, language, word):
    """The text names the disputes in either language."""
    assert word in recon("diff", "2026-03-04", "2026-03-05", "--lang", language).output


MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"
THURSDAY, FRIDAY = "2026-11-12", "2026-11-13"
PRICE = """
[[fee_contract]]
name = "cards"

[[fee_contract.line]]
name = "all"
formula = "AMT*{rate}"
"""
PAYOUT = "memo=PAYOUT_8001_20261109"


def cases(world: NightWorld, before: str, after: str) -> dict:
    """Return what became of the disputes between two runs of a world, each kind by its codes."""
    place = ["--workspace", str(world.folder / "workspace"), "--json"]
    answer = CliRunner().invoke(group, ["diff", before, after, *place], catch_exceptions=False)
    told = json.loads(answer.output)["disputes"]
    codes = {name: [item["code"] for item in told[name]] for name in told if name != "counts"}
    return {name: found for name, found in codes.items() if found} | (
        {"still_open": told["counts"]["still_open"]} if told["counts"]["still_open"] else {}
    )


def test_what_is_told_once_is_no_change_and_what_ended_says_so(tmp_path: Path) -> None:
    """A wrong fee is told once; a returned payout stays open until it is paid again."""
    rules = PRICE.format(rate="0.006")
    world = NightWorld(tmp_path, extra_top="")
    world.config.write_text(world.config.read_text() + rules)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00 fee=0.07"])
    world.run(MONDAY)
    for day, lines in (
        (TUESDAY, [f"9.93 {PAYOUT}"]), (WEDNESDAY, [f"-9.93 {PAYOUT}"]), (THURSDAY, []),
        (FRIDAY, [f"9.93 {PAYOUT}"]),
    ):  # fmt: skip
        world.day(day, bank=lines)
        world.run(day)
    assert cases(world, MONDAY, TUESDAY) == {"told_once": ["FEE_RATE"]}
    assert cases(world, TUESDAY, WEDNESDAY) == {"new": ["PAYOUT_BOUNCED"]}
    assert cases(world, WEDNESDAY, THURSDAY) == {"still_open": 1}
    assert cases(world, THURSDAY, FRIDAY) == {"resolved": ["PAYOUT_BOUNCED"]}
    world.day("2026-11-16")
    world.run("2026-11-16")
    assert cases(world, FRIDAY, "2026-11-16") == {"ended": ["PAYOUT_BOUNCED"]}
    assert cases(world, MONDAY, "2026-11-16") == {"told_once": ["FEE_RATE"]}
    assert cases(world, WEDNESDAY, "2026-11-16") == {"resolved": ["PAYOUT_BOUNCED"]}


def test_two_rule_versions_of_one_night_show_codes_rows_and_money(tmp_path: Path) -> None:
    """A tolerance makes a difference vanish, a price moves a fee: the row keeps its place."""
    world = NightWorld(tmp_path)
    old = world.config.read_text()
    world.config.write_text(old + PRICE.format(rate="0.006"))
    world.day(
        MONDAY, orders=["A1 10.00", "A2 20.00"], psp=["A1 10.00 fee=0.06", "A2 20.00 fee=0.15"]
    )
    first = world.run(MONDAY)
    world.config.write_text(old + PRICE.format(rate="0.007"))
    second = world.run(MONDAY)
    place = ["--workspace", str(world.folder / "workspace"), "--json"]
    ids = [first.folder.name, second.folder.name]
    answer = CliRunner().invoke(group, ["diff", *ids, *place], catch_exceptions=False)
    facts = json.loads(answer.output)
    assert facts["runs"][0]["rules_sha256"] != facts["runs"][1]["rules_sha256"]
    assert facts["at_risk"] == [{"currency": "CNY", "open": [1, 2], "amount_minor": [3, 2]}]
    (changed,) = facts["disputes"]["changed"]
    assert changed["fields"]["expected_minor"] == [12, 14]
    assert [item["code"] for item in facts["disputes"]["new"]] == ["FEE_RATE"]


def test_a_row_told_under_another_code_is_named_once(tmp_path: Path) -> None:
    """New rules that only call it otherwise show one case, from which code to which."""
    world = NightWorld(tmp_path)
    old = world.config.read_text() + PRICE.format(rate="0.006")
    world.config.write_text(old)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00 fee=0.16"])
    first = world.run(MONDAY)
    world.config.write_text(old + 'when = { merchant_id = "8002" }\n')
    second = world.run(MONDAY)
    found = cases(world, first.folder.name, second.folder.name)
    assert found == {"recoded": ["FEE_UNLISTED"]}
    place = ["--workspace", str(world.folder / "workspace"), "--lang", "en"]
    answer = CliRunner().invoke(group, ["diff", first.folder.name, second.folder.name, *place])
    assert "code Fee rate differs -> Fee not in any contract" in answer.output


def test_a_resolved_case_says_first_that_it_is_over(tmp_path: Path) -> None:
    """What was told before stands behind it, in both languages."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    for day, lines in ((TUESDAY, []), (WEDNESDAY, [f"10.00 {PAYOUT}"])):
        world.day(day, bank=lines)
        night = world.run(day)
    told = world.table(night, "disputes").filter(pl.col("status").cast(pl.String) == "RESOLVED")
    english, chinese = told.select("explanation_en", "explanation_zh").row(0)
    assert english.startswith("Resolved: the missing row arrived. Told before: 10.00 CNY cleared")
    assert chinese.startswith("已解决：缺失的记录已到。此前报告：")
