"""The page of faults cannot drift: every case stands there once, each test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.pages import rows_of

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / "docs" / "faults.md").read_text(encoding="utf-8")
CASES = {
    "A": 25, "B": 26, "C": 16, "D": 10, "E": 13, "F": 13, "G": 11, "H": 8, "I-c": 9, "J": 21,
    "K": 9, "L": 7,
}  # fmt: skip
REASONS = ("by hand", "not applicable", "not built")
ROWS = [row for row in rows_of(PAGE) if re.fullmatch(r"[A-L](-c)?\d\d", row[0])]


@cache
def names_in(file: str) -> frozenset[str]:
    """Return the names of the test functions of a file, without importing it."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_case_stands_on_the_page_once() -> None:
    """All 168, in order."""
    expected = [f"{part}{n:02}" for part, count in CASES.items() for n in range(1, count + 1)]
    assert [row[0] for row in ROWS] == expected
    assert len(expected) == 168


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_case_says_what_shows_it(row: list[str]) -> None:
    """Four cells: case, fault, what recon does, and tests that exist or why there is none."""
    _, fault, told, shown = row
    assert fault
    assert told
    nodes = re.findall(r"`(\S+\.py)::(test_\w+)`", shown)
    assert re.sub(r"`\S+`", "", shown).strip() == "" if nodes else shown in REASONS
    assert not nodes or all(name in names_in(file) for file, name in nodes), shown
    assert nodes or told.startswith(shown) or shown == "not built"
