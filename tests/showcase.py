"""The showcase week, reconciled once for all tests that only look at it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from recon.cli import group


@dataclass(frozen=True, slots=True)
class Week:
    """What `recon demo` left and printed."""

    folder: Path  # the project: rule file, inbox, workspace
    printed: str


def reconciled_week(factory: pytest.TempPathFactory) -> Week:
    """Return the week as `recon demo` reconciles it; the first worker that asks does the work."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, printed = shared / "showcase", shared / "showcase.txt"
    with (shared / "showcase.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            result = CliRunner().invoke(group, ["demo", "--to", str(folder)])
            assert result.exit_code == 0, result.output
            printed.write_text(result.stdout, encoding="utf-8")
    return Week(folder, printed.read_text("utf-8"))
