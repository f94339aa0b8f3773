"""A file without rows is named with its fix, like every other finding about files."""

from __future__ import annotations

from recon.report.summary.text import WORDS, _findings


def test_a_file_without_rows_is_named_with_its_fix():
    """The sentence names the source, what was expected and found, and the declaration."""
    quiet = {"source": "orders", "state": "UNVERIFIED", "rows": 0, "rejected": 0, "message": ""}
    full = {**quiet, "source": "psp", "rows": 3}
    summary = {"breaks": [{"code": "FILE_EMPTY", "count": 1}], "inputs": [quiet, full]}
    lines = _findings(summary, WORDS["en"], "en")
    assert lines[1] == "findings about files: FILE_EMPTY 1"
    assert lines[2].startswith("  orders: expected rows, found none; ")
    assert "allow_empty = true" in lines[2]
    assert len(lines) == 3
