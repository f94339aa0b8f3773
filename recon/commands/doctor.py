"""`recon doctor`: is this machine fit to run; everything that would fail a night, looked at now."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from recon.commands.options import json_option, workspace_option

_LIBRARIES = ("polars", "pyarrow", "duckdb", "numba", "numpy", "pydantic", "click", "holidays")
_LEAST_FREE_BYTES = 1 << 30


@click.command(name="doctor")
@workspace_option
@json_option
def command(workspace: Path, as_json: bool) -> None:
    """Check versions, the kernel cache, the disk and the workspace."""
    from recon import __version__

    facts: dict[str, Any] = {
        "recon": __version__,
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "cores": os.cpu_count(),
        "kernel_cache": _kernel_cache(),
        "workspace": _folder(workspace),
    }
    looked_at = (facts["kernel_cache"], facts["workspace"])
    problems = [str(item["problem"]) for item in looked_at if item["problem"]]
    if as_json:
        click.echo(json.dumps({**facts, "problems": problems}, indent=2))
    else:
        for name, value in facts.items():
            click.echo(f"{name}: {value}")
        click.echo("\n".join(problems) if problems else "everything is in order")
    sys.exit(5 if problems else 0)


def _kernel_cache() -> dict[str, str | None]:
    """Return where compiled kernels are kept, and what is wrong with that place."""
    import recon.core.kernels

    declared = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(declared or Path(recon.core.kernels.__path__[0]) / "__pycache__")
    nearest = next((item for item in (folder, *folder.parents) if item.exists()), Path("/"))
    problem = None
    if not os.access(nearest, os.W_OK):
        problem = (
            f"kernel cache {folder}: expected a writable folder; set NUMBA_CACHE_DIR to a private "
            f"one, or run `recon warmup` as a user who may write there"
        )
    elif folder.exists() and folder.stat().st_mode & 0o002:
        problem = f"kernel cache {folder}: expected private, found writable by all; chmod go-w it"
    return {"folder": str(folder), "problem": problem}


def _folder(workspace: Path) -> dict[str, object]:
    """Return the workspace's state: writable, and how much room its disk has."""
    nearest = next(
        item for item in (workspace.absolute(), *workspace.absolute().parents) if item.exists()
    )
    free = shutil.disk_usage(nearest).free
    problem = None
    if not os.access(nearest, os.W_OK):
        problem = f"workspace {workspace}: expected a writable folder; choose another or chmod it"
    elif free < _LEAST_FREE_BYTES:
        problem = f"workspace {workspace}: expected 1 GiB free at least, found {free:,} bytes"
    return {"folder": str(workspace), "free_bytes": free, "problem": problem}
