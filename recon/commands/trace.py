"""`recon trace`: where the money is now, by any id."""

from __future__ import annotations

from pathlib import Path

import click

from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say, say_json


@click.command(name="trace")
@click.argument("ident", metavar="ID")
@click.option("--run", "selector", default=None, help="As of this run: its id or date.")
@workspace_option
@language_option
@json_option
def command(
    ident: str, selector: str | None, workspace: Path, lang: str | None, as_json: bool
) -> None:
    """Follow one order, refund, reference, batch or dispute across every file, side and night.

    Prints a timeline, then where the money is now and when it is due.
    """
    from recon.commands.catalogue_words import code_words
    from recon.commands.explain import published_language
    from recon.report.trace.text import trace_text
    from recon.report.trace.trace import trace
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    run = space.resolve(selector)
    facts = trace(Lookup.in_force(space, run).fetch, ident, code_words())
    if as_json:
        say_json(facts)
    else:
        say(trace_text(facts, lang or published_language(run.folder)))
