"""The proof and the documents on the sample scenarios: real formats, every night."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.commands.report import write
from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.report.tie_out import statements
from recon.rules.rule_file import read_rules
from recon.store.workspace import Workspace

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
