"""`recon warmup`: compile every kernel now, so that no run waits for it."""

from __future__ import annotations

import click


@click.command(name="warmup")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(quiet: bool) -> None:
    """Compile every kernel and keep the result in numba's cache; run it when building an image."""
    from recon.core.warm import warm

    names = warm()
    if not quiet:
        click.echo(f"{len(names)} kernels compiled and cached")
