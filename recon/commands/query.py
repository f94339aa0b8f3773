"""`recon query`: one reading statement over every published run."""

from __future__ import annotations

from pathlib import Path

import click

from recon.errors import UsageError

FORMATS = ("table", "csv", "json", "md", "parquet")


@click.command("query")
@click.argument("statement")
@click.option(
    "--workspace",
    default="workspace",
    envvar="RECON_WORKSPACE",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder that holds the published runs.",
)
@click.option("--format", "layout", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead.")
@click.option("--memory", default="4GiB", show_default=True, help="Most memory DuckDB may use.")
def command(
    statement: str,
    workspace: Path,
    layout: str,
    as_json: bool,  # noqa: FBT001 - click passes options by name
    output: Path | None,
    memory: str,
) -> None:
    """Run one SELECT over every published run (read-only DuckDB).

    Views: transactions, links, groups, breaks, disputes, open_items, outcomes, inputs, rejects,
    runs. Each shows, per business date, the run published last; NAME_all shows every run and
    NAME_latest the newest. Amounts are minor units; money(amount_minor, currency) prints them.

    Example: recon query "select code, count(*) from disputes group by all"
    """
    from recon.store.query import answer
    from recon.store.read import open_snapshot
    from recon.store.render import RENDERERS
    from recon.store.workspace import Workspace

    if layout == "parquet" and output is None:
        raise UsageError("expected a file to write Parquet to, found none", fix="add --output FILE")
    with open_snapshot(Workspace(workspace), memory=memory) as connection:
        frame = answer(connection, statement)
    if layout == "parquet" and output is not None:
        frame.write_parquet(output)
        return
    text = RENDERERS["json" if as_json else layout](frame)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
