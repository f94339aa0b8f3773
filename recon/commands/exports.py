"""`recon exports`: who wrote what out of the workspace, and when."""

from __future__ import annotations

from pathlib import Path

import click

from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say_json

_LINE = ("{rows:,} row{s}, {columns} column{t}", "{rows:,} 行，{columns} 列")
_NONE = ("nothing was exported", "没有导出记录")


@click.command(name="exports")
@workspace_option
@language_option
@json_option
def command(workspace: Path, lang: str | None, as_json: bool) -> None:
    """List every report and query that was written to a file: when, who, columns, rows, digest."""
    from recon.commands.explain import workspace_language
    from recon.errors import UsageError
    from recon.report.words import pick
    from recon.store.exports import NAME, read_exports
    from recon.store.workspace import Workspace

    rows, broken = read_exports(workspace)
    language = lang or workspace_language(Workspace(workspace))
    if as_json:
        say_json({"exports": rows, "broken": broken})
    else:
        for row in rows:
            counts = {"rows": row["rows"], "columns": len(row["columns"])}
            size = pick(_LINE, language).format(
                **counts, s="s"[counts["rows"] == 1 :], t="s"[counts["columns"] == 1 :]
            )
            click.echo(
                f"{row['at']}  {row['user']}  {row['command']}  {size}  "
                f"{row['path']}  {row['sha256'][:12]}  {row['what']}"
            )
        if not rows:
            click.echo(pick(_NONE, language))
    if broken:
        raise UsageError(
            "expected a log in which each line follows on the one before, found a break",
            where=f"{workspace / NAME} line {broken[0]}",
            fix="restore the log from a backup: a line was changed or taken out",
        )
