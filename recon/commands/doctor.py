"""`recon doctor`: is this machine fit to run; everything that would fail a night, looked at now."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from recon.commands.kernel_cache import kernel_cache, sharing
from recon.commands.options import json_option, parse_date, workspace_option

_LIBRARIES = ("polars", "pyarrow", "duckdb", "numba", "numpy", "pydantic", "click", "holidays")
_LEAST_FREE_BYTES = 1 << 30
_DAYS_AHEAD = 30  # how far ahead working days should be known


@click.command(name="doctor")
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False), required=False)
@workspace_option
@click.option(
    "--date",
    "today",
    callback=parse_date,
    metavar="YYYY-MM-DD",
    help="Look ahead from this day; today when left out.",
)
@json_option
def command(config: Path | None, workspace: Path, today: date | None, as_json: bool) -> None:
    """Check versions, the kernel cache, the disk, the workspace and the calendar.

    CONFIG is a rule file whose calendar is looked at; without one it is that of China.
    """
    from recon import __version__

    facts: dict[str, Any] = {
        "recon": __version__,
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "cores": os.cpu_count(),
        "kernel_cache": _kernel_cache(),
        "workspace": _folder(workspace),
        "calendar": _calendar(config, today or date.today()),  # noqa: DTZ011 - the operator's own day
    }
    looked_at = (facts["kernel_cache"], facts["workspace"])
    problems = [str(item["problem"]) for item in looked_at if item["problem"]]
    warnings = [facts["calendar"]["warning"]] if facts["calendar"]["warning"] else []
    if as_json:
        click.echo(json.dumps({**facts, "problems": problems, "warnings": warnings}, indent=2))
    else:
        for name, value in facts.items():
            click.echo(f"{name}: {value}")
        for warning in warnings:
            click.echo(f"warning: {warning}")
        click.echo("\n".join(problems) if problems else "everything is in order")
    sys.exit(5 if problems else 0)


def _kernel_cache() -> dict[str, str | None]:
    """Return where compiled kernels are kept, and what is wrong with that place."""
    folder = kernel_cache()
    nearest = next((item for item in (folder, *folder.parents) if item.exists()), Path("/"))
    problem = None
    if not os.access(nearest, os.W_OK):
        problem = (
            f"kernel cache {folder}: expected a writable folder; set NUMBA_CACHE_DIR to a private "
            f"one, or run `recon warmup` as a user who may write there"
        )
    elif shared := sharing(folder):
        problem = f"kernel cache {folder}: expected private, found {shared}"
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


def _calendar(config: Path | None, today: date) -> dict[str, str | None]:
    """Return how far working days are known, and a warning when that ends soon.

    Due dates are never guessed: past the last known day the nightly run stops and says so.
    """
    from recon.rules.days.calendar import Calendar
    from recon.rules.rule_file.rule_file import read_rules
    from recon.stages.surroundings import calendar_of

    calendar = Calendar() if config is None else calendar_of(read_rules(config))
    ahead = today + timedelta(days=_DAYS_AHEAD)
    warning = None
    if calendar.last_day < ahead:
        warning = (
            f"calendar {calendar.country}: expected working days known through {ahead}, found "
            f"them known through {calendar.last_day}; rows due after it stop the nightly run: "
            "upgrade the holidays package once the year is announced, or declare the year in the "
            f"overlay file (covers = [{calendar.last_day.year + 1}])"
        )
    return {
        "country": calendar.country,
        "known_through": str(calendar.last_day),
        "warning": warning,
    }
