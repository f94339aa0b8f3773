"""`recon init`: a working project from one of the samples, to start from."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click


@click.command(name="init")
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), required=False
)
@click.option("--example", default="clean_day", show_default=True, help="Which sample to copy.")
@click.option("--list", "listing", is_flag=True, help="List the samples and stop.")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Propose a rule file for this file instead, or for several, with the leg between them; "
    "without DIR it is printed.",
)
def command(folder: Path | None, example: str, listing: bool, files: tuple[Path, ...]) -> None:
    """Write a working project into DIR: a rule file, its inbox and what it should find."""
    from recon.generate.samples import copy_sample, sample_names, sample_nights

    if listing:
        click.echo("\n".join(sample_names()))
        return
    if files:
        _propose(files, folder)
        return
    if folder is None:
        raise click.UsageError("expected DIR, a new or empty folder, or --from FILE")
    rule_file = copy_sample(example, folder)
    nights = sample_nights(folder)
    click.echo(f"wrote {folder}: {example}, {len(nights)} nights")
    click.echo(f"  read   {folder / 'README.md'}")
    click.echo(f"  check  recon check {rule_file}")
    click.echo(f"  run    recon backfill {rule_file} --from {nights[0]} --to {nights[-1]}")


def _propose(files: tuple[Path, ...], folder: Path | None) -> None:
    """Print a proposed rule file, or write it into a folder that has none and say what is next."""
    from recon.commands.propose import propose
    from recon.errors import UsageError

    text = propose(*files)
    if folder is None:
        click.echo(text, nl=False)
        return
    target = folder / "recon.toml"
    if target.exists():
        raise UsageError(
            "expected a folder without a rule file, found one",
            where=str(target),
            fix="leave DIR out to have the proposal printed, and copy what you need",
        )
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    click.echo(f"wrote {target}: look at every line that says confirm, then")
    for file, source in zip(files, tomllib.loads(text)["source"], strict=True):
        look = f"recon inspect {file} --config {target} --source {source['name']}"
        click.echo(f"  look   {look}")
    if len(files) == 1:
        click.echo("  add    the source of another side and a leg: give its file to --from as well")
        return
    click.echo(f"  check  recon check {target}")
    day = target.parent / "inbox" / "YYYY-MM-DD"
    click.echo(f"  put    the files of a day into {day}")
    click.echo(f"  run    recon run {target} --date YYYY-MM-DD")
