"""`recon exports`: who wrote what out of the workspace, and when."""

from __future__ import annotations

import json
from pathlib import Path

import click

from recon.commands.options import json_option, workspace_option


@click.command(name="exports")
@workspace_option
@json_option
def command(workspace: Path, as_json: bool) -> None:
    """List every report and query that was written to a file: when, who, columns, rows, digest."""
    from recon.errors import UsageError
    from recon.store.exports import NAME, read_exports

    rows, broken = read_exports(workspace)
    if as_json:
        click.echo(json.dumps({"exports": rows, "broken": broken}, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            click.echo(
                f"{row['at']}  {row['user']}  {row['command']}  {row['rows']:,} rows, "
                f"{len(row['columns'])} columns  {row['path']}  {row['sha256'][:12]}  {row['what']}"
            )
        if not rows:
            click.echo("nothing was exported")
    if broken:
        raise UsageError(
            "expected a log in which each line follows on the one before, found a break",
            where=f"{workspace / NAME} line {broken[0]}",
            fix="restore the log from a backup: a line was changed or taken out",
        )
