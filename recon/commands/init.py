"""`recon init`: a working project from one of the samples, to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--example", default="clean_day", show_default=True, help="Which sample to copy.")
@click.option("--list", "listing", is_flag=True, help="List the samples and stop.")
def command(folder: Path, example: str, listing: bool) -> None:
    """Write a working project into DIR: a rule file, its inbox and what it should find."""
    from recon.generate.samples import copy_sample, sample_names, sample_nights

    if listing:
        click.echo("\n".join(sample_names()))
        return
    rule_file = copy_sample(example, folder)
    nights = sample_nights(folder)
    click.echo(f"wrote {folder}: {example}, {len(nights)} nights")
    click.echo(f"  read   {folder / 'README.md'}")
    click.echo(f"  check  recon check {rule_file}")
    click.echo(f"  run    recon backfill {rule_file} --from {nights[0]} --to {nights[-1]}")
