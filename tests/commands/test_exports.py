"""What leaves the workspace as a file is logged: who, when, which columns; a changed log shows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recon.cli import group
from recon.store.exports import NAME, append_export, read_exports
from tests.night_world import NightWorld

MONDAY = "2026-11-09"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world of one night with one break."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=["A1 10.00", "A2 21.00"])
    world.run(MONDAY)
    return world


def recon(world: NightWorld, *words: str) -> Result:
    """Run a command over the world's workspace."""
    call = [*words, "--workspace", str(world.folder / "workspace")]
    return CliRunner().invoke(group, call)


def test_reports_and_written_queries_are_logged(world: NightWorld) -> None:
    """A workbook and a CSV are two lines with columns, rows and the file's own digest."""
    book, table = world.folder / "night.xlsx", world.folder / "rows.csv"
    assert recon(world, "report", "--output", str(book)).exit_code == 0
    statement = "select order_id, amount_minor from transactions"
    call = ("query", statement, "--format", "csv", "--output", str(table))
    assert recon(world, *call).exit_code == 0
    assert recon(world, "query", statement).exit_code == 0  # read on the terminal: no file, no line
    first, second = json.loads(recon(world, "exports", "--json").stdout)["exports"]
    assert (first["command"], first["rows"]) == ("report xlsx", 1)
    assert "explanation_en" in first["columns"]
    assert second["columns"] == ["order_id", "amount_minor"]
    assert (second["what"], second["rows"]) == (statement, 4)
    assert second["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert second["user"]
    assert "report xlsx  1 row, " in recon(world, "exports", "--lang", "en").stdout
    assert "report xlsx  1 行，" in recon(world, "exports", "--lang", "zh").stdout


def test_a_line_taken_out_of_the_log_shows(world: NightWorld) -> None:
    """With its middle line gone the log no longer follows on, and the command says where."""
    root = world.folder / "workspace"
    for number in range(3):
        append_export(root, {"number": number})
    log = root / NAME
    lines = log.read_bytes().splitlines(keepends=True)
    assert read_exports(root)[1] == []
    assert log.stat().st_mode & 0o777 == 0o600
    log.write_bytes(lines[0] + lines[2])
    assert read_exports(root)[1] == [2]


def test_a_workspace_that_was_never_exported_from_says_so(world: NightWorld) -> None:
    """No log is no error."""
    assert "nothing was exported" in recon(world, "exports", "--lang", "en").stdout
    assert "没有导出记录" in recon(world, "exports", "--lang", "zh").stdout


def test_logged_exports_leave_the_runs_as_they_are(world: NightWorld) -> None:
    """The log is no part of a run: everything verifies after an export."""
    recon(world, "report", "--output", str(world.folder / "night.csv"), "--to", "csv")
    assert recon(world, "verify", "--all").exit_code == 0
