"""`recon decisions`: what people decided, from the workbook back to the next night."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say_json


@click.group(name="decisions")
def command() -> None:
    """Bring decisions on disputes back from the workbook, and list them."""


@command.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_option
@json_option
def import_file(file: Path, workspace: Path, as_json: bool) -> None:
    """Import the decision columns of FILE.xlsx; the same file twice is imported once."""
    import polars as pl

    from recon.report.workbook.decisions_sheet import read_decisions
    from recon.store.decisions import append
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    space.resolve(None)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    known = Lookup.in_force(space).fetch("disputes", pl.lit(value=True))["dispute_id"]
    found = read_decisions(file, sha256, frozenset(known.to_list()))
    kept = append(space, found, sha256) if found.height else None
    counts = {str(name): count for name, count in found["decision"].value_counts().iter_rows()}
    if as_json:
        facts = {"imported": kept is not None, "decisions": found.height, "counts": counts}
        say_json(facts)
    elif kept is None:
        click.echo("nothing new: no decision is filled in, or this file was imported before")
    else:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        click.echo(f"imported {found.height} decisions ({listed}): {kept}")


@command.command(name="list")
@workspace_option
@language_option
@json_option
def list_all(workspace: Path, lang: str | None, as_json: bool) -> None:
    """List the decision that counts for each dispute."""
    import polars as pl

    from recon.commands.explain import workspace_language
    from recon.report.words import LABELS, pick
    from recon.report.workbook.decisions_sheet import LIST_HEADS, LIST_WORDS
    from recon.store.decisions import in_force
    from recon.store.render import RENDERERS, aligned
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    frame = in_force(space)
    if as_json:
        click.echo(RENDERERS["json"](frame), nl=False)
        return
    language = lang or workspace_language(space)
    words = {name: pick(pair, language) for name, pair in LABELS["decision"].items()}
    shown = frame.with_columns(pl.col("decision").cast(pl.String).replace(words)).select(
        pl.col(name).alias(pick(head, language)) for name, head in LIST_HEADS.items()
    )
    word = LIST_WORDS[min(frame.height, 2)]
    lines = aligned(shown) if frame.height else []
    click.echo("\n".join([*lines, pick(word, language).format(frame.height)]))
