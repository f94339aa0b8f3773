"""Price lists in tables: read as a fee contract, and asked what a payment costs."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.errors import UsageError
from tests.night_world import NightWorld

COLUMNS = ("ID", "scheme", "mcc", "credit", "low", "high", "rate", "fixed")
CELLS = (
    (1, "A", [5411, 5541], False, None, 7.2, 19, 0.1),
    (2, "A", [], None, 7.2, None, 86, 0.13),
    (3, "B", [], True, None, None, 50, 0.0),
    (4, "B", [], True, None, None, 60, 0.0),
)
ROWS = [dict(zip(COLUMNS, cells, strict=True)) for cells in CELLS]
CSV = """ID,scheme,mcc,credit,low,high,rate,fixed
1,A,5411|5541,false,,7.2,19,0.1
2,A,,,7.2,,86,0.13
3,B,,true,,,50,0.0
4,B,,true,,,60,0.0
"""
OPTIONS = ["--name", "ID", "--formula", "{rate}bp + {fixed}", "--as", "scheme=card_scheme"]
OPTIONS += ["--range", "fraud=low:high"]


def recon(*arguments: str) -> str:
    """Return what a command prints."""
    result = CliRunner().invoke(group, ["fees", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def written(folder: Path, name: str) -> Path:
    """Return the price list in the format that a name says."""
    path = folder / name
    if path.suffix == ".csv":
        path.write_text(CSV, "utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(ROWS), "utf-8")
    else:
        pl.DataFrame(ROWS).write_parquet(path)
    return path


def config(folder: Path, name: str) -> Path:
    """Return a rule file with the price list appended."""
    world = NightWorld(folder)
    text = recon("import", str(written(folder, name)), *OPTIONS)
    world.config.write_text(world.config.read_text("utf-8") + text, "utf-8")
    return world.config


@pytest.mark.parametrize("name", ["list.csv", "list.json", "list.parquet"])
@pytest.mark.parametrize(
    ("told", "verdict", "lines"),
    [
        (["card_scheme=A", "mcc=5541", "credit=false", "fraud=..7.2"], "priced", [("1", 29)]),
        (["card_scheme=A", "mcc=7011", "credit=false", "fraud=..7.2"], "no line", []),
        (["card_scheme=A", "mcc=7011", "credit=true", "fraud=7.2.."], "priced", [("2", 99)]),
        (["card_scheme=B", "credit=true"], "tied", [("3", 50), ("4", 60)]),
        (["card_scheme=B"], "no line", []),
    ],
)
def test_a_price_list_is_a_contract(tmp_path: Path, name, told, verdict, lines) -> None:
    """A blank is any, lists are words, ranges a word; what a payment of 100.00 costs is told."""
    asked = [word for text in told for word in ("--is", text)]
    path = config(tmp_path, name)
    (found,) = json.loads(recon("price", str(path), "--amount", "100", *asked, "--json"))
    assert found["verdict"] == verdict
    assert [(line["line"], line["fee_minor"]) for line in found["lines"]] == lines
    assert found["fee_minor"] == (lines[0][1] if verdict == "priced" else None)


def test_the_price_is_told_in_both_languages(tmp_path: Path) -> None:
    """The winner and every line that applies."""
    path = str(config(tmp_path, "list.csv"))
    asked = ("--amount", "100", "--is", "card_scheme=B", "--is", "credit=true")
    english, chinese = recon("price", path, *asked), recon("price", path, *asked, "--lang", "zh")
    assert "several lines apply, equally specific" in english
    assert "  3: 0.50 CNY (50bp + 0.0)" in english
    assert "几条同样具体的条目适用" in chinese


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["import", "list.csv", "--formula", "{rat}bp"], "expected columns rat, found ID, credit"),
        (["import", "list.csv", "--formula", "{rate}#"], "is not read"),
        (
            ["import", "list.txt", "--formula", "{rate}bp"],
            "a price list in .csv, .json or .parquet",
        ),
        (["import", "list.csv", "--formula", "{rate}bp", "--as", "mcc"], "expected KEY=VALUE"),
        (["price", "recon.toml", "--amount", "1", "--is", "shoe=4"], "found shoe"),
        (["price", "recon.toml", "--amount", "1.234"], "expected an amount in CNY, found '1.234'"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch, arguments, says) -> None:
    """The error says what was expected and what was found."""
    config(tmp_path, "list.csv")
    (tmp_path / "list.txt").write_text(CSV, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(group, ["fees", *arguments])
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)
