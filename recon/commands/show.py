"""`recon show`: the summary of a published run."""

from __future__ import annotations

import json
from pathlib import Path

import click

from recon.commands.options import json_option, language_option, workspace_option


@click.command(name="show")
@click.argument("run", required=False)
@workspace_option
@language_option
@json_option
def command(run: str | None, workspace: Path, lang: str | None, as_json: bool) -> None:
    """Show a run: its id, a business date, or nothing for the latest."""
    from recon.report.text import summary_text
    from recon.store.workspace import Workspace

    folder = Workspace(workspace).resolve(run).folder
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=2))
    else:
        click.echo(summary_text(summary, lang))
        click.echo(f"folder: {folder}")
