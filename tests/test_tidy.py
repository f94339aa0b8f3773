"""The shape of the house, as a test: how long things are, which names and words they have."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "recon").rglob("*.py"))
FILE_LINES = 500
FUNCTION_LINES = 70

NAMES_BANNED = {"utils", "helpers", "common", "misc", "base", "manager"}
CLOCKS = re.compile(r"datetime\.now\(|date\.today\(|time\.time\(|utcnow\(")
WORDS = {
    r"\bFloat(32|64)\b": "money is Int64 minor units",
    r"raise NotImplementedError\b": "build it, or leave it out",
    r"# *(TODO|FIXME|XXX)\b": "finish it, or file it",
    r"\bdf\d?\b": "name the table",
}


def module_of(path: Path) -> str:
    """Return the dotted module name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_fit_in_the_head(path: Path) -> None:
    """A file has at most 500 lines and a function at most 70."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES, f"{path.name}: {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{path.name}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_banned_names_words_or_clocks(path: Path) -> None:
    """No grab-bag file names, no float money, no stubs, and a clock only at the command's edge."""
    module = module_of(path)
    assert path.stem not in NAMES_BANNED
    text = path.read_text(encoding="utf-8")
    for pattern, why in WORDS.items():
        found = re.search(pattern, text)
        assert not found, f"{module}: {found.group(0)!r}: {why}" if found else ""
    if not module.startswith("recon.commands"):
        assert not CLOCKS.search(text), f"{module} reads a clock; take the time as an argument"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_silenced_rules_say_why(path: Path) -> None:
    """Each `noqa` and each `type: ignore` names a code and a reason on its line."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if "# noqa" in line:
            assert re.search(r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)* .*\w{3}", line), (
                f"{path.name}:{number}"
            )
        if "# type: ignore" in line:
            assert re.search(r"# type: ignore\[[\w,-]+\] .*\w{3}", line), f"{path.name}:{number}"


def test_kernels_are_compiled_quietly() -> None:
    """Every kernel is `nogil` and cached, and none is parallel or fast-math."""
    for path in (ROOT / "recon/core/kernels").glob("*.py"):
        for line in re.findall(
            r"@njit\(.*?\)|@njit$", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert "nogil=True" in line, f"{path.name}: {line}"
            assert "cache=True" in line, f"{path.name}: {line}"
            assert "parallel=True" not in line, f"{path.name}: {line}"
            assert "fastmath" not in line, f"{path.name}: {line}"


def test_the_pipeline_fits_on_a_screen_or_two() -> None:
    """The file that calls the stages stays short."""
    assert (ROOT / "recon/pipeline.py").read_text(encoding="utf-8").count("\n") <= 250


def test_the_tree_names_no_machine() -> None:
    """No path of somebody's machine and no registry address stands in the tree."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"],  # noqa: S607 - git from the path, as a developer
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    machine = re.compile(r"/(work|farm|root|home)/[a-z]|://[^ ]*/simple/")
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".sh", ".cfg", ".yml"} and path.exists():
            found = machine.search(path.read_text(encoding="utf-8"))
            assert not found, f"{name}: {found.group(0)}" if found else ""
