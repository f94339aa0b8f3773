"""A night of which nothing came: documents and verdict."""

from __future__ import annotations

import re
from datetime import timedelta

from recon.commands.packing import read_pack
from recon.commands.report import write
from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.report.summary.screen import screen_text
from recon.report.summary.text import night_line, summary_text
from recon.report.tie_out import statements
from recon.report.workbook.proof import verdict
from recon.report.workbook.words import Say
from recon.rules.rule_file.rule_file import read_rules
from recon.store.workspace import Workspace
from tests.report.shop_week import FIRST, write_inputs


def test_a_night_without_rows_is_reported_and_not_called_balanced(tmp_path):
    """Empty and missing files make documents too; verdict and summaries name them."""
    rules_path = write_inputs(tmp_path, 1, 0)
    rules = read_rules(rules_path, tuple(item.name for item in FORMATS))
    space = Workspace(rules.workspace)
    for day in (FIRST, FIRST + timedelta(days=1)):  # nothing came on the second day
        summary = run_night(rules, day).summary
        for told in (
            night_line(summary, "en"),
            summary_text(summary, "en"),
            screen_text(summary, "en", 100, 40),
        ):
            assert "nothing is wrong" not in told
        assert re.search(r"FILE_\w+ \d", night_line(summary, "en"))
        assert "FILE_" in night_line(summary, "zh")
        pack = read_pack(space, space.resolve(None), "en")
        sentence, proved = verdict(pack, statements(pack), Say("en"))
        assert not proved
        assert sentence.startswith("Findings about files: 3 (")
        for layout in ("xlsx", "html", "csv"):
            write(layout, pack, tmp_path / f"{day}.{layout}")
