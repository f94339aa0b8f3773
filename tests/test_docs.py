"""Documents cannot drift: the generated ones equal their source, the README's commands run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recon.cli import COMMANDS
from recon.commands.docs import ROOT, documents


@pytest.mark.parametrize("name", sorted(documents()))
def test_generated_documents_are_in_step(name: str) -> None:
    """A generated document equals what the code says; `make docs` writes it anew."""
    assert (ROOT / name).read_text(encoding="utf-8") == documents()[name], "run make docs"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_names_only_commands_that_exist(name: str) -> None:
    """Each `recon` command in a README exists, and each path it names is in the tree."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for word in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?recon ([a-z]+)", text, re.MULTILINE):
        assert word in COMMANDS, f"{name}: recon {word}"
    for path in re.findall(r"\]\(([a-zA-Z][^):#]*)\)", text):
        assert (ROOT / path).exists(), f"{name}: {path}"


def test_every_command_says_what_it_does() -> None:
    """Each command module exists and has a one-line help of its own."""
    for name, about in COMMANDS.items():
        assert Path(ROOT / "recon/commands" / f"{name}.py").exists(), name
        assert about.endswith("."), name
