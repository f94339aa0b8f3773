"""`recon runs`: every published run, in the order of publication."""

from __future__ import annotations

from pathlib import Path

import click

from recon.commands.options import json_option, workspace_option


@click.command("runs")
@workspace_option
@json_option
def command(workspace: Path, as_json: bool) -> None:
    """List the published runs in the order in which they were published.

    A run in force is the newest of its business date; the others stay as they were published and
    are shown by the views named NAME_all.
    """
    import polars as pl

    from recon.core import schema
    from recon.store.read import read_table
    from recon.store.render import RENDERERS
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    published = space.published()
    in_force = {run.run_id for run in space.newest_by_date().values()}
    rows = pl.concat([schema.RUNS.empty(), *(read_table(run.folder, "runs") for run in published)])
    frame = rows.with_columns(
        in_force=pl.col("run_id").is_in(list(in_force)),
        folder=pl.Series([str(run.folder) for run in published], dtype=pl.String),
    )
    brief = frame.select(
        "sequence", "business_date", "run_id", "in_force", "new_rows", "closing_rows",
        "breaks", "disputes", "exit_code",
    )  # fmt: skip
    click.echo(RENDERERS["json"](frame) if as_json else RENDERERS["table"](brief), nl=False)
