"""`recon diff`: what changed between two runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recon.commands.options import json_option, language_option, workspace_option

if TYPE_CHECKING:
    import polars as pl

    from recon.store.workspace import Run


@click.command(name="diff")
@click.argument("before")
@click.argument("after")
@workspace_option
@language_option
@json_option
def command(before: str, after: str, workspace: Path, lang: str | None, as_json: bool) -> None:
    """Say what changed from run BEFORE to run AFTER: rows, money, links, codes and disputes.

    A run is named by its id, the beginning of its id, or its business date. The same night under
    two rule files shows what the new rules change before they are put in force.
    """
    from recon.commands.catalogue_words import code_words
    from recon.commands.explain import published_language
    from recon.report.difference import difference
    from recon.report.difference_text import difference_text
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    runs = [space.resolve(selector) for selector in (before, after)]
    facts = difference(*(_tables(run) for run in runs))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        language = lang or published_language(runs[1].folder)
        click.echo(difference_text(facts, language, code_words()))


def _tables(run: Run) -> dict[str, pl.DataFrame]:
    """Return what a difference looks at; of the transactions only the columns it needs."""
    from recon.store.read import read_table, scan

    names = ("runs", "outcomes", "links", "breaks", "disputes")
    tables = {name: read_table(run.folder, name) for name in names}
    columns = ("txn_id", "side", "source", "currency", "amount_minor")
    tables["transactions"] = scan(run.folder, "transactions").select(columns).collect()
    return tables
