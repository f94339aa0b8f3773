"""`recon sql`: a prompt over every published run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from recon.commands.options import memory_option, timeout_option, workspace_option
from recon.errors import ResourceError, UsageError

WELCOME = """Read-only SQL over every published run. End a statement with ;
.tables lists the views, .format NAME changes the output (table, csv, json, md), .quit ends.
"""


@click.command("sql")
@workspace_option
@memory_option
@timeout_option
def command(workspace: Path, memory: int, timeout: float) -> None:
    """Open an SQL prompt over every published run (read-only DuckDB).

    Statements are read from standard input when it is not a terminal.
    """
    from recon.store.query import answer
    from recon.store.read import open_snapshot
    from recon.store.render import RENDERERS
    from recon.store.workspace import Workspace

    layout = "table"
    interactive = sys.stdin.isatty()
    if interactive:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - gives the prompt its line editing
        click.echo(WELCOME, nl=False)
    with open_snapshot(Workspace(workspace), memory_bytes=memory) as connection:
        for statement in _statements(input if interactive else _piped):
            if statement.startswith(".format"):
                layout = _layout(statement, tuple(RENDERERS), layout)
                continue
            wanted = "show tables" if statement == ".tables" else statement
            try:
                rows = answer(connection, wanted, seconds=timeout, most_bytes=memory)
                click.echo(RENDERERS[layout](rows), nl=False)
            except (UsageError, ResourceError) as error:
                click.echo(error.message(), err=True)
                if not interactive:
                    raise
            except KeyboardInterrupt:
                click.echo("interrupted", err=True)
                if not interactive:
                    raise


def _layout(statement: str, known: tuple[str, ...], before: str) -> str:
    name = statement.removeprefix(".format").strip()
    if name in known:
        return name
    click.echo(f"expected one of {', '.join(known)}, found {name or 'nothing'}", err=True)
    return before


def _statements(read: Callable[[str], str]) -> Iterator[str]:
    """Yield statements as they are completed by a semicolon, and dot commands by line."""
    pending = ""
    while True:
        try:
            line = read("   ...> " if pending else "recon> ")
        except (EOFError, KeyboardInterrupt):
            break
        if not pending and line.strip() == ".quit":
            return
        if not pending and line.lstrip().startswith("."):
            yield line.strip()
            continue
        pending += line + "\n"
        if line.rstrip().endswith(";"):
            yield pending.strip()
            pending = ""
    if pending.strip():
        yield pending.strip()


def _piped(_prompt: str) -> str:
    """Read one line of standard input without printing a prompt."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")
