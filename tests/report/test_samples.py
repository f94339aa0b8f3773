"""The proof and the documents on the sample scenarios: real formats, every night."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.commands.report import write
from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.report.tie_out import statements
from recon.report.workbook_proof import verdict
from recon.report.workbook_words import Say
from recon.rules.rule_file import read_rules
from recon.store.workspace import Workspace
from tests.report.shop_week import FIRST, write_inputs

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
CHOSEN = ("cutoff_and_weekend", "damaged_files", "netting_and_ambiguous", "overlap_resend")


@pytest.mark.parametrize("name", CHOSEN)
def test_every_night_ties_out_and_every_document_is_written(name, tmp_path):
    """No row and no amount of a sample is unexplained on any night; all documents can be made."""
    if not (SAMPLES / name / "recon.toml").exists():
        pytest.skip(f"data/samples/{name} is not there")
    root = tmp_path / name
    shutil.copytree(SAMPLES / name, root)
    rules = read_rules(root / "recon.toml", tuple(item.name for item in FORMATS))
    space = Workspace(rules.workspace)
    for folder in sorted((root / "inbox").iterdir()):
        run_night(rules, date.fromisoformat(folder.name))
        pack = read_pack(space, space.resolve(None))
        for proof in statements(pack):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0), (folder, proof)
    for layout in ("xlsx", "html", "csv"):
        path = tmp_path / f"night.{layout}"
        write(layout, pack, path)
        assert path.stat().st_size > 0


def test_a_night_without_rows_is_reported_and_not_called_balanced(tmp_path):
    """Empty files and missing files make documents too, and the verdict names them."""
    rules_path = write_inputs(tmp_path, 1, 0)
    rules = read_rules(rules_path, tuple(item.name for item in FORMATS))
    space = Workspace(rules.workspace)
    for day in (FIRST, FIRST + timedelta(days=1)):  # nothing came on the second day
        run_night(rules, day)
        pack = read_pack(space, space.resolve(None), "en")
        sentence, proved = verdict(pack, statements(pack), Say("en"))
        assert not proved
        assert sentence.startswith("Findings about 3 files")
        for layout in ("xlsx", "html", "csv"):
            write(layout, pack, tmp_path / f"{day}.{layout}")
