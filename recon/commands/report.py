"""`recon report`: the finance team's documents."""

from __future__ import annotations

from pathlib import Path

import click

from recon.commands.options import language_option, workspace_option


@click.command(name="report")
@click.argument("run", required=False)
@click.option(
    "--to", "layout", type=click.Choice(["xlsx", "html", "csv"]), default="xlsx", show_default=True
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@workspace_option
@language_option
def command(
    run: str | None, layout: str, output: Path | None, workspace: Path, lang: str | None
) -> None:
    """Write a night's report: workbook, page or list. RUN is an id, a date, or nothing."""
    from recon.commands.export_log import log_export
    from recon.commands.packing import read_pack
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    chosen = space.resolve(run)
    pack = read_pack(space, chosen, lang)
    path = output or Path(f"recon-{pack.business_date}.{layout}")
    write(layout, pack, path)
    disputes = pack.disputes
    log_export(
        space.root, f"report {layout}", path, disputes.columns, disputes.height, chosen.run_id
    )
    click.echo(str(path))


def write(layout: str, pack: object, path: Path) -> None:
    """Write a pack as `layout` beside its place, then move it there whole."""
    from recon.report.pack import Pack

    assert isinstance(pack, Pack)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    if layout == "xlsx":
        from recon.report.workbook.workbook import write_workbook

        write_workbook(pack, draft)
    elif layout == "html":
        from recon.report.html.html import write_html

        write_html(pack, draft)
    else:
        from recon.report.csv_list import write_csv

        write_csv(pack, draft)
    draft.replace(path)
