"""`recon inspect FOLDER`: one line a file, whatever the file holds."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from recon.commands.inspect import command
from recon.commands.survey import survey, survey_text
from recon.generate.samples import samples_folder

CORPUS = Path(os.environ.get("RECON_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
STATES = {"ACCEPTED", "UNVERIFIED", "HELD", "REFUSED", "UNKNOWN"}


def test_a_sample_is_told_file_by_file():
    """Fixed formats are proved, generic files have no format, a damaged file says what is wrong."""
    found = {item.file: item for item in survey(samples_folder() / "damaged_files" / "inbox")}
    assert {item.state for item in found.values()} >= {"ACCEPTED", "HELD", "REFUSED", "UNKNOWN"}
    orders = [item for name, item in found.items() if name.endswith("orders.csv")]
    assert {(item.format, item.state) for item in orders} <= {
        ("none", "UNKNOWN"),
        ("none", "REFUSED"),
    }
    assert all(item.why for item in found.values() if item.state != "ACCEPTED")
    proved = [item for item in found.values() if item.state == "ACCEPTED"]
    assert all(item.controls_agreed == item.controls_declared > 0 for item in proved)


def test_every_way_of_writing_tells_every_file():
    """Table, Markdown, CSV and JSON hold the same files."""
    folder = samples_folder() / "clean_day" / "inbox"
    found = survey(folder)
    names = [item.file for item in found]
    assert names == sorted(names)
    assert [row["file"] for row in json.loads(survey_text(found, "json"))] == names
    table = csv.DictReader(io.StringIO(survey_text(found, "csv")))
    assert [row["file"] for row in table] == names
    for how in ("md", "table"):
        assert all(name in survey_text(found, how) for name in names)
    assert "wechat_trade" in survey_text(found, "counts")


def test_strange_content_is_a_line_not_a_crash(tmp_path):
    """An empty file, a broken archive and bytes of nothing each get a line; the exit code is 4."""
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 not an archive")
    (tmp_path / "a|b.bin").write_bytes(bytes(range(256)))
    result = CliRunner().invoke(command, [str(tmp_path), "--to", "md"])
    assert result.exit_code == 4
    assert "a\\|b.bin | none" in result.output
    assert "3 files: REFUSED 2, UNKNOWN 1" in result.output
    as_json = json.loads(CliRunner().invoke(command, [str(tmp_path), "--json"]).output)
    assert {item["state"] for item in as_json} == {"REFUSED", "UNKNOWN"}


@pytest.mark.thorough
def test_every_real_file_is_told_and_none_is_two_formats():
    """Over the corpus: no crash, no file of two formats, and no stop without a reason."""
    if not CORPUS.is_dir():
        pytest.skip("no corpus; set RECON_CORPUS to the folder of real samples")
    found = survey(CORPUS)
    assert len(found) == sum(path.is_file() for path in CORPUS.rglob("*"))
    assert [item for item in found if item.format == "several"] == []
    assert {item.state for item in found} <= STATES
    assert any("no batch is closed by its payout" in item.why for item in found)
    assert [item for item in found if item.state != "ACCEPTED" and not item.why] == []
    short = [item for item in found if item.controls_agreed != item.controls_declared]
    assert {item.state for item in short} <= {"HELD"}
