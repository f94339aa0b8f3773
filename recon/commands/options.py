"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

NIGHT_MEMORY = 600 << 20  # what the process takes with hardly a row, measured

Command = TypeVar("Command", bound=Callable[..., Any])

_LEAST_MEMORY = 1 << 20
_UNITS = {
    "": 1,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
}


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def language_option(command: Command) -> Command:
    """Add `--lang`."""
    return click.option(
        "--lang", type=click.Choice(["zh", "en"]), default=None, help="Language of labels."
    )(command)


def workspace_option(command: Command) -> Command:
    """Add `--workspace`."""
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("workspace"),
        show_default=True,
        envvar="RECON_WORKSPACE",
        help="Folder of the published runs.",
    )(command)


def memory_option(command: Command) -> Command:
    """Add `--memory` of statements over published runs."""
    return click.option(
        "--memory",
        callback=memory_bytes,
        default="4GiB",
        show_default=True,
        help="Memory to stay within.",
    )(command)


def timeout_option(command: Command) -> Command:
    """Add `--timeout`."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=600,
        show_default=True,
        help="Seconds that a statement may take.",
    )(command)


def parse_date(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    """Return an ISO date, or refuse the option."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"expected YYYY-MM-DD, found {value!r}") from error


def memory_bytes(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> int | None:
    """Return a size such as `4GiB` in bytes, or refuse the option."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+)\s*([kmg]i?b)?", value.strip().lower())
    if not found:
        raise click.BadParameter(f"expected a size such as 4GiB or 800MB, found {value!r}")
    size = int(found.group(1)) * _UNITS[found.group(2) or ""]
    if size < _LEAST_MEMORY:
        raise click.BadParameter(
            f"expected at least 1MiB, found {value!r}, which is {size:,} bytes; give the unit: 4GiB"
        )
    return size


def night_memory(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Return a size as `memory_bytes` does; say so where no night stays within it."""
    size = memory_bytes(context, option, value)
    if size is not None and size < NIGHT_MEMORY:
        click.echo(
            f"recon: --memory {value} is less than the {NIGHT_MEMORY >> 20} MiB that any night "
            "takes, beside 25 to 40 bytes a row: it goes on, keeps what it can in files, and "
            "exceeds the limit",
            err=True,
        )
    return size
