"""`recon diff`: what changed between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say, say_json

if TYPE_CHECKING:
    import polars as pl

    from recon.store.workspace import Run, Workspace


@click.command(name="diff")
@click.argument("before")
@click.argument("after")
@workspace_option
@language_option
@json_option
def command(before: str, after: str, workspace: Path, lang: str | None, as_json: bool) -> None:
    """Say what changed from run BEFORE to run AFTER: rows, money, links, codes and disputes.

    A run is named by its id, the beginning of its id, or its business date. The same night under
    two rule files shows what the new rules change before they are put in force. Between two
    nights a case is resolved, told once (a fact that no later row changes) or still open.
    """
    from recon.commands.catalogue_words import code_words
    from recon.commands.explain import in_language, published_language
    from recon.report.difference.difference import difference
    from recon.report.difference.text import difference_text
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    first, second = (space.resolve(selector) for selector in (before, after))
    facts = difference(_tables(space, first), _tables(space, second), _course(space, first, second))
    if as_json:
        say_json(facts)
    else:
        language = lang or published_language(second.folder)
        say(difference_text(in_language(facts, language), language, code_words()))


def _tables(space: Workspace, run: Run) -> dict[str, pl.DataFrame]:
    """Return what a difference looks at; of the transactions only the columns it needs."""
    from recon.store.lookup import previous_open_items
    from recon.store.read import read_table, scan

    names = ("runs", "outcomes", "links", "breaks", "disputes")
    tables = {name: read_table(run.folder, name) for name in names}
    columns = ("txn_id", "side", "source", "currency", "amount_minor")
    tables["transactions"] = scan(run.folder, "transactions").select(columns).collect()
    tables["carried"] = previous_open_items(space, run).select("txn_id", "currency", "amount_minor")
    return tables


def _course(space: Workspace, first: Run, second: Run) -> pl.DataFrame:
    """Return what each night from the first run to the one before the second tells of its breaks.

    One night has no course. Of a night that was run again the run in force counts.
    """
    import polars as pl

    from recon.report.difference.cases import COURSE
    from recon.store.lookup import Lookup
    from recon.store.read import read_table

    nights = [
        run
        for run in Lookup.in_force(space).runs
        if first.business_date < run.business_date < second.business_date
    ]
    if first.business_date < second.business_date:
        nights.insert(0, first)
    told = [
        read_table(run.folder, "breaks").select(
            "break_id",
            pl.lit(run.business_date).alias("night"),
            pl.col("status").cast(pl.String),
            "cause",
            pl.col("break_id")
            .is_in(read_table(run.folder, "open_items")["break_id"].drop_nulls().implode())
            .alias("carried"),
        )
        for run in nights
    ]
    return pl.concat([pl.DataFrame(schema=COURSE), *told])
