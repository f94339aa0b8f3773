"""`recon query`: one reading statement over every published run."""

from __future__ import annotations

from pathlib import Path

import click

from recon.commands.options import (
    json_option,
    memory_option,
    timeout_option,
    workspace_option,
)
from recon.errors import UsageError

FORMATS = ("table", "csv", "json", "md", "parquet")


@click.command("query")
@click.argument("statement")
@workspace_option
@click.option("--format", "layout", type=click.Choice(FORMATS), default="table", show_default=True)
@json_option
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead.")
@memory_option
@timeout_option
def command(
    statement: str,
    workspace: Path,
    layout: str,
    as_json: bool,
    output: Path | None,
    memory: int,
    timeout: float,
) -> None:
    """Run one SELECT over every published run (read-only DuckDB).

    Views: transactions, links, groups, breaks, disputes, open_items, outcomes, inputs, rejects,
    runs. Each shows, per business date, the run published last; NAME_all shows every run and
    NAME_latest the newest. Amounts are minor units; money(amount_minor, currency) prints them.

    Example: recon query "select code, count(*) from disputes group by all"
    """
    from recon.commands.export_log import log_export
    from recon.store.query import answer
    from recon.store.read import open_snapshot
    from recon.store.render import RENDERERS
    from recon.store.workspace import Workspace

    if layout == "parquet" and output is None:
        raise UsageError("expected a file to write Parquet to, found none", fix="add --output FILE")
    with open_snapshot(Workspace(workspace), memory_bytes=memory) as connection:
        frame = answer(connection, statement, seconds=timeout, most_bytes=memory)
    if output is None:
        click.echo(RENDERERS["json" if as_json else layout](frame), nl=False)
        return
    if layout == "parquet":
        frame.write_parquet(output)
    else:
        output.write_text(RENDERERS["json" if as_json else layout](frame), encoding="utf-8")
    log_export(workspace, f"query {layout}", output, frame.columns, frame.height, statement)
