"""The rooms of the house, as a test: which room may import which, and that no way leads back."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.test_tidy import FILES, module_of

ENGINES = {"polars", "pyarrow", "duckdb", "numba", "numpy"}
# Room of recon -> the rooms that it may import besides itself; a name covers the rooms inside it.
# The longest room that holds a module is its own. The order is that of the floors, from the ground
# up: whatever a name covers, a room imports nothing that stands below it here, so that no way
# through the house leads back.
ROOMS: dict[str, str] = {
    "errors": "",
    "core.codes": "",
    "core.kernels": "core.codes",
    "core.arrays": "errors",
    "core.texts": "core.arrays core.kernels",
    "core.plan": "core.codes",
    "core.passes": "core.arrays core.codes core.kernels core.plan core.texts errors",
    "core": "core errors",
    "core.warm": "core",
    "io.reading": "core errors",
    "io.staging": "core errors io.reading",
    "io.formats.schemes": "core errors io.reading",
    "io.formats.banks": "core errors io.reading",
    "io.formats.providers": "core errors io.reading",
    "io.formats.china_wallets": "core errors io.reading",
    "io.formats.china_acquirers": "core errors io.reading",
    "io.formats.china_banks": "core errors io.formats.china_acquirers io.reading",
    "io.formats.declared": "core errors io.reading",
    "io.formats": "errors io.formats io.reading",
    "io.recognition": "core errors io.formats io.reading io.staging",
    "io.loading": "core errors io.formats io.reading io.recognition io.staging",
    "io.lookup": "core errors io.reading io.staging",
    "io.one_file": "core errors io",
    "store": "core errors",
    "rules.days": "core errors",
    "rules.prices": "core errors",
    "rules.words": "core rules.prices",
    "rules.rule_file": "core errors rules.days rules.prices",
    "rules.night": "core rules.days rules.rule_file",
    "rules.batch_keys": "core rules.night",
    "rules.breaks": "core rules.days rules.night rules.words",
    "rules.intake": "core errors rules.breaks rules.days rules.night rules.rule_file",
    "rules.notices": "core rules.night",
    "rules.duplicates": "core rules.breaks rules.night",
    "rules.amounts": "core errors rules.breaks rules.night rules.prices rules.rule_file",
    "rules.pairs": "core rules.amounts rules.breaks rules.duplicates rules.night",
    "rules.refunds": "core errors rules.breaks rules.night rules.rule_file",
    "rules.undone": "core rules.breaks rules.night rules.refunds",
    "rules.fees": "core errors rules.batch_keys rules.breaks rules.prices rules.rule_file "
    "rules.words",
    "rules.terms": "core rules.breaks rules.fees rules.night rules.prices rules.refunds "
    "rules.rule_file",
    "rules.settlement": "core rules.batch_keys rules.breaks rules.days rules.intake rules.night "
    "rules.notices rules.refunds rules.terms",
    "rules.one_sided": "core rules.batch_keys rules.breaks rules.days rules.duplicates rules.night "
    "rules.pairs rules.refunds rules.settlement",
    "rules.classify": "core rules.breaks rules.duplicates rules.intake rules.night rules.one_sided "
    "rules.pairs rules.refunds rules.settlement rules.undone",
    "rules.tables": "core rules.classify rules.days rules.night rules.one_sided rules.undone",
    "rules.disputes": "core errors rules.batch_keys rules.night rules.one_sided rules.words",
    "report": "core errors report rules store",
    "generate": "core errors generate rules store",
    "earlier_nights": "core errors io rules store",
    "stages": "core earlier_nights errors io rules store",
    "pipeline": "core earlier_nights io report rules stages store",
    "api": "core errors io pipeline rules store",
    "verify": "errors",
    "commands": "api core earlier_nights errors generate io pipeline report rules stages store "
    "verify",
    "cli": "commands errors",
    "commands.docs": "cli commands core errors io rules",
    "__main__": "cli",
}
FLOORS = list(ROOMS)
DOOR = {"api", "errors"}  # what `recon/__init__.py` itself may import
# Room -> third-party packages that it must not import.
FORBIDDEN: dict[str, set[str]] = {
    "core.kernels": {"polars", "pyarrow", "duckdb"},
    "core": {"duckdb", "click"},
    "rules": {"numba", "duckdb", "pyarrow", "click"},
    "io": {"click"},
    "pipeline": {"click", "numba", "duckdb"},
    "cli": ENGINES,
}


def room_of(module: str, rooms: Iterable[str]) -> str:
    """Return the longest room that holds a module, or "" for none."""
    return max((room for room in rooms if within(module, room)), key=len, default="")


def within(module: str, room: str) -> bool:
    """Return whether a module is that room, or stands in it."""
    return f"{module}.".startswith(f"{room}.")


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write it absolute"
            if node.module in PACKAGES:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif node.module:
                found.add(node.module)
    return found - {"recon.__version__"}


PACKAGES = {module_of(path) for path in FILES if path.name == "__init__.py"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_rooms_import_only_what_they_may(path: Path) -> None:
    """A file imports only rooms below its own, and no engine that its room forbids."""
    module = module_of(path).removeprefix("recon").removeprefix(".")
    room = room_of(module, ROOMS)
    allowed = ROOMS[room].split() if room else DOOR
    banned = FORBIDDEN.get(room_of(module, FORBIDDEN), set())
    for name in imports_of(path):
        assert name.split(".")[0] not in banned, f"{module} imports {name}"
        if not within(name, "recon"):
            continue
        target = name.removeprefix("recon").removeprefix(".")
        other = room_of(target, ROOMS)
        if other == room or (not target and room == "commands"):
            continue
        named = any(within(target, item) for item in allowed)
        assert named, f"{module} imports {target}; {room} may import {allowed}"
        below = not room or FLOORS.index(other) < FLOORS.index(room)
        assert below, f"{module} imports {target}, which stands above {room} in ROOMS"


def test_every_room_exists() -> None:
    """A room that is gone, or a name that covers none, leaves the table."""
    modules = [module_of(path).removeprefix("recon.") for path in FILES]
    for name in {*ROOMS, *(" ".join(ROOMS.values())).split()}:
        assert any(within(module, name) for module in modules), name


def test_no_import_goes_in_a_circle() -> None:
    """Any module may be the first one that a command imports, and be read without a later one."""
    modules = {module_of(path): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        parts = [name.split(".") for name in imports_of(path)]
        names = {".".join(found[:size]) for found in parts for size in range(1, len(found) + 1)}
        above = {name for name in names if within(module, name)}  # packages that hold the module
        graph[module] = (names & set(modules)) - above
    TopologicalSorter(graph).prepare()
