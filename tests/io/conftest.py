"""Fixtures for the tests of loading."""

from __future__ import annotations

import pytest

from recon.core.arrays.means import Means
from recon.core.codes import Side
from recon.core.plan import InputFile
from recon.io import formats
from recon.io.loading import load as module
from recon.io.loading.load import load
from recon.io.loading.tonight import Tonight, as_read
from recon.io.reading.contract import Options
from tests.io.loaded import KEYS, NIGHT
from tests.io.tiny_format import TINY


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Make the tiny format known beside the real ones."""
    real = formats.format_named
    monkeypatch.setattr(module, "format_named", lambda name: TINY if name == "tiny" else real(name))


@pytest.fixture
def night(tmp_path):
    """Return a function that writes files and loads them: name -> content, or (source, content)."""

    def run(files, fmt="tiny", options=None, seen=None, threads=1, finish=None, work="work"):
        inputs = []
        for place, (name, given) in enumerate(files.items()):
            source, content = given if isinstance(given, tuple) else ("shop", given)
            path = tmp_path / f"{place}-{name}"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            inputs.append(InputFile(source, 3, Side.CHANNEL, fmt, path, name))
        return load(
            inputs,
            Tonight(
                NIGHT,
                tmp_path / work,
                tmp_path / "staging",
                dict.fromkeys(("shop", "bank"), options or Options()),
                KEYS,
                seen=seen or {},
                finish=finish or as_read,
                means=Means(threads),
            ),
        )

    return run
