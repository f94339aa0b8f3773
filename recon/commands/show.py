"""`recon show`: the summary of a published run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import click

from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say_json


@click.command(name="show")
@click.argument("run", required=False)
@workspace_option
@language_option
@click.option("--all", "whole", is_flag=True, help="All of it, also where it fits no screen.")
@json_option
def command(
    run: str | None, workspace: Path, lang: str | None, *, whole: bool, as_json: bool
) -> None:
    """Show a run: its id, a business date, or nothing for the latest.

    On a terminal it fits the screen: the gravest reasons, and how many more there are.
    """
    from recon.report.summary.screen import screen_text
    from recon.report.summary.text import display_width, summary_text
    from recon.store.workspace import Workspace

    folder = Workspace(workspace).resolve(run).folder
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    if as_json:
        say_json(summary)
        return
    text = f"{summary_text(summary, lang)}\nfolder: {folder}"
    size = shutil.get_terminal_size()
    lines = click.unstyle(text).splitlines()
    fits = len(lines) < size.lines and max(map(display_width, lines)) <= size.columns
    if sys.stdout.isatty() and not (whole or fits):
        text = screen_text(summary, lang or summary["language"], size.columns, size.lines)
    click.echo(text)
