"""What `recon warmup` leaves behind beside the kernels."""

from __future__ import annotations

import sys

from recon.commands.warmup import compile_modules


def test_modules_are_compiled_where_python_itself_would_not(tmp_path, monkeypatch):
    """An image without bytecode pays for each start; a warm one does not."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "one.py").write_text("ONE = 1\n")
    assert compile_modules(tmp_path)
    assert [path.stem for path in (tmp_path / "room" / "__pycache__").iterdir()] == [
        f"one.{sys.implementation.cache_tag}"
    ]


def test_a_package_that_cannot_be_written_is_told(tmp_path):
    """Where the compiled modules have no place the answer is no, not an error."""
    (tmp_path / "one.py").write_text("ONE = 1\n")
    (tmp_path / "__pycache__").write_text("in the way")
    assert not compile_modules(tmp_path)
