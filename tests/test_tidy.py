"""The shape of the house, as a test: who imports whom, how long things are, which words."""

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
ENGINES = {"polars", "pyarrow", "duckdb", "numba", "numpy"}

# Room -> what it may import of recon. The longest matching room decides.
ROOMS: dict[str, tuple[str, ...]] = {
    "recon.errors": (),
    "recon.stopwatch": (),
    "recon.verify": ("recon.errors",),
    "recon.core": ("recon.core", "recon.errors"),
    "recon.core.kernels": ("recon.core.kernels", "recon.core.codes"),
    "recon.io": ("recon.io", "recon.core", "recon.errors"),
    "recon.rules": ("recon.rules", "recon.core", "recon.errors"),
    "recon.store": ("recon.store", "recon.core", "recon.errors"),
    "recon.report": ("recon.report", "recon.core", "recon.store", "recon.rules", "recon.errors"),
    "recon.generate": (
        "recon.generate",
        "recon.core",
        "recon.rules",
        "recon.store",
        "recon.errors",
    ),
    "recon.source_options": ("recon.core", "recon.io", "recon.rules"),
    "recon.history": ("recon.core", "recon.io", "recon.rules", "recon.store", "recon.errors"),
    "recon.surroundings": (
        "recon.core",
        "recon.io",
        "recon.rules",
        "recon.store",
        "recon.history",
        "recon.source_options",
    ),
    "recon.undoings": (
        "recon.core",
        "recon.io",
        "recon.rules",
        "recon.store",
        "recon.history",
        "recon.source_options",
    ),
    "recon.voided": (
        "recon.core",
        "recon.history",
        "recon.io",
        "recon.rules",
        "recon.undoings",
    ),
    "recon.refusals": ("recon.core", "recon.store"),
    "recon.archive": ("recon.core", "recon.io", "recon.store", "recon.history", "recon.refusals"),
    "recon.unseen_days": ("recon.core", "recon.io", "recon.rules", "recon.store", "recon.history"),
    "recon.undone_refunds": (
        "recon.core",
        "recon.io",
        "recon.rules",
        "recon.store",
        "recon.history",
    ),
    "recon.redelivered": ("recon.core", "recon.rules", "recon.store", "recon.history"),
    "recon.conversions": ("recon.core", "recon.errors", "recon.io", "recon.rules"),
    "recon.evening": (
        "recon.conversions",
        "recon.core",
        "recon.memory",
        "recon.rules",
        "recon.stopwatch",
        "recon.store",
    ),
    "recon.books": (
        "recon.evening",
        "recon.history",
        "recon.io",
        "recon.redelivered",
        "recon.undone_refunds",
        "recon.unseen_days",
        "recon.rules",
        "recon.source_options",
        "recon.surroundings",
    ),
    "recon.judgement": (
        "recon.archive",
        "recon.books",
        "recon.conversions",
        "recon.evening",
        "recon.rules",
        "recon.surroundings",
        "recon.undoings",
        "recon.voided",
    ),
    "recon.pipeline": (
        "recon.archive",
        "recon.books",
        "recon.conversions",
        "recon.core",
        "recon.evening",
        "recon.history",
        "recon.io",
        "recon.judgement",
        "recon.memory",
        "recon.report",
        "recon.rules",
        "recon.stopwatch",
        "recon.store",
        "recon.surroundings",
    ),
    "recon.commands": ("recon",),
    "recon.cli": ("recon.errors", "recon.commands"),
    "recon.__main__": ("recon.cli",),
    "recon.api": (
        "recon.core",
        "recon.errors",
        "recon.io",
        "recon.pipeline",
        "recon.rules",
        "recon.store",
    ),
    "recon": ("recon.api", "recon.errors"),
}
# Room -> third-party packages that it must not import.
FORBIDDEN: dict[str, set[str]] = {
    "recon.core.kernels": {"polars", "pyarrow", "duckdb"},
    "recon.core": {"duckdb", "click"},
    "recon.rules": {"numba", "duckdb", "pyarrow", "click"},
    "recon.io": {"click"},
    "recon.pipeline": {"click", "numba", "duckdb"},
    "recon.cli": ENGINES,
}
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


def room_of(module: str, rooms: dict[str, object]) -> str | None:
    """Return the longest room that holds a module."""
    inside = [room for room in rooms if module == room or module.startswith(room + ".")]
    return max(inside, key=len, default=None)


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write it absolute"
            if node.module in {"recon", "recon.core", "recon.rules", "recon.store", "recon.io"}:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif node.module:
                found.add(node.module)
    return found - {"recon.__version__"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_rooms_import_only_what_they_may(path: Path) -> None:
    """A file imports only rooms below its own, and no engine that its room forbids."""
    module = module_of(path)
    room = room_of(module, ROOMS)
    allowed = ROOMS[room]
    for name in imports_of(path):
        if name == "recon" or name.startswith("recon."):
            inside = any(name == other or name.startswith(other + ".") for other in allowed)
            assert inside, f"{module} imports {name}; {room} may import {allowed}"
        banned = FORBIDDEN.get(room_of(module, FORBIDDEN) or "", set())
        assert name.split(".")[0] not in banned, f"{module} imports {name}"


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
