"""Any module may be the first one that a command imports: no import goes in a circle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("commands", "io", "report", "rules", "store")
SCRIPT = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [item for item in sys.modules if item.partition(".")[0] == "recon"]:
        if not loaded.startswith("recon.core"):
            del sys.modules[loaded]
    importlib.import_module(name)
"""


def test_every_module_can_be_imported_first() -> None:
    """Commands import late: each of them begins with another module."""
    files = [path for room in ROOMS for path in sorted((ROOT / "recon" / room).glob("*.py"))]
    files += sorted((ROOT / "recon").glob("*.py"))
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in files
        if path.name not in ("__init__.py", "__main__.py")
    ]
    command = [sys.executable, "-c", SCRIPT, *names]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
