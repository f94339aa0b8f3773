"""Every sample end to end: what was planted is found, nothing else is, the tables are golden."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from recon.commands.packing import read_pack
from recon.commands.report import write
from recon.generate.pos_week import write_pos_week
from recon.generate.samples import SHOWCASE, sample_names, sample_nights, samples_folder
from recon.generate.score import score, score_lines
from recon.generate.truth import read_truth
from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.report.tie_out import statements
from recon.rules.rule_file.rule_file import read_rules
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.golden import golden_tables
from tests.night_world import template_as_snapshot
from tests.showcase import Week

NAMES = sample_names()
EVERY_SLICE_CODE = {
    *("DUPLICATE_CHARGE", "DUPLICATE_CLEARING", "DUPLICATE_RECORD", "MISSING_IN_CHANNEL"),
    *("MISSING_IN_MERCHANT", "MISSING_SETTLEMENT", "UNKNOWN_CREDIT", "AMOUNT_MISMATCH"),
    *("NET_MISMATCH", "CHANNEL_PAID_MERCHANT_NOT", "MERCHANT_PAID_CHANNEL_NOT", "FILE_MISSING"),
    *("FILE_EMPTY", "FILE_TOTAL", "FILE_SCHEMA", "AMBIGUOUS"),
}


@pytest.fixture
def workspace(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return the workspace in which every night of a sample was run."""
    if name == SHOWCASE:
        week: Week = request.getfixturevalue("demo_week")
        return week.folder / "workspace"
    project = tmp_path / name
    shutil.copytree(samples_folder() / name, project)
    rules = read_rules(project / "recon.toml", tuple(item.name for item in FORMATS))
    with template_as_snapshot():
        for night in sample_nights(project):
            run_night(rules, night)
    return rules.workspace


@pytest.mark.parametrize("name", NAMES)
def test_sample(name: str, workspace: Path, tmp_path: Path, *, update_golden: bool) -> None:
    """Every plant is found and nothing else; tables as expected; each night verifies and ties out.

    Every document of the last night can be made.
    """
    expected = samples_folder() / name / "expected"
    result = score(workspace, read_truth(expected / "planted.csv"))
    assert result.is_perfect, "\n".join(score_lines(result))
    for file, table in golden_tables(workspace).items():
        path = expected / file
        if update_golden:
            path.write_text(table.write_csv(), encoding="utf-8")
        assert path.exists(), f"{path} is missing; judge the tables, then pytest --update-golden"
        assert table.write_csv() == path.read_text(encoding="utf-8"), f"{name}: {file} differs"
    for night in sample_nights(workspace.parent):
        report = verify(workspace, night.isoformat())
        assert report.ok, f"{name}: {night}: {report}"
        pack = read_pack(Workspace(workspace), Workspace(workspace).resolve(night.isoformat()))
        for proof in statements(pack):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0), (night, proof)
    for layout in ("xlsx", "html", "csv"):
        write(layout, pack, tmp_path / f"night.{layout}")
        assert (tmp_path / f"night.{layout}").stat().st_size > 0


def test_every_code_of_the_slice_is_planted() -> None:
    """Each code that the engine must find stands in some sample, and all of them in the week."""
    folder = samples_folder()
    codes = {
        name: set(read_truth(folder / name / "expected/planted.csv")["code"]) for name in NAMES
    }
    assert len(NAMES) > 8
    assert set().union(*(codes[name] for name in NAMES if name != SHOWCASE)) >= EVERY_SLICE_CODE
    assert codes[SHOWCASE] >= EVERY_SLICE_CODE


def test_benign_findings_occur() -> None:
    """Rows in transit and netted pairs are told in the samples, as benign."""
    folder = samples_folder()
    told = {
        code
        for name in NAMES
        for code in pl.read_csv(folder / name / "expected/breaks.csv", infer_schema=False)["code"]
    }
    assert {"IN_TRANSIT", "NETTED"} <= told


def test_the_week_is_what_the_generator_writes(tmp_path: Path) -> None:
    """The committed showcase is the generator's own, byte for byte."""
    write_pos_week(tmp_path)
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    sample = samples_folder() / SHOWCASE
    for name in sorted(written):
        assert (tmp_path / name).read_bytes() == (sample / name).read_bytes(), str(name)
    inbox = {path.relative_to(sample) for path in (sample / "inbox").rglob("*") if path.is_file()}
    assert inbox <= written
