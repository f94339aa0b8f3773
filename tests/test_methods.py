from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.rules.rule_file import read_rules

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
