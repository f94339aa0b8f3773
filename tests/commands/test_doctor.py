"""`recon doctor` looks ahead: working days that nobody has published yet are named in time."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from recon.cli import group
from recon.rules.days.published import published_through
from tests.night_world import NightWorld


def looked_at(*words: str) -> dict[str, object]:
    """Return the facts of `recon doctor` on a day."""
    result = CliRunner().invoke(group, ["doctor", "--json", *words])
    assert result.exit_code in {0, 5}, result.output
    facts: dict[str, object] = json.loads(result.stdout)
    return facts


def test_the_end_of_the_calendar_is_named_thirty_days_ahead(tmp_path: Path) -> None:
    """A month before working days end there is a warning with the fix; before that, none."""
    year = published_through("CN")
    quiet = looked_at("--workspace", str(tmp_path), "--date", f"{year}-11-30")
    assert quiet["warnings"] == []
    warned = looked_at("--workspace", str(tmp_path), "--date", f"{year}-12-15")
    (warning,) = warned["warnings"]  # type: ignore[misc]  # a list of texts
    assert f"known through {year}-12-31" in warning
    assert f"covers = [{year + 1}]" in warning


def test_a_rule_files_own_calendar_is_looked_at(tmp_path: Path) -> None:
    """An overlay that declares the next year, or a country without an end, ends the warning."""
    year = published_through("CN")
    world = NightWorld(tmp_path)
    day = f"{year}-12-15"
    (tmp_path / "overlay.toml").write_text(f"covers = [{year + 1}]\n", "utf-8")
    text = world.config.read_text("utf-8")
    world.config.write_text(text + '[calendar]\noverlay = "overlay.toml"\n', "utf-8")
    assert looked_at(str(world.config), "--date", day)["warnings"] == []
    world.config.write_text(text + '[calendar]\ncountry = "US"\n', "utf-8")
    assert looked_at(str(world.config), "--date", day)["warnings"] == []
