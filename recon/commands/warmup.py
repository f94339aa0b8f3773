"""`recon warmup`: compile every kernel and module now, so that no run waits for it."""

from __future__ import annotations

import compileall
from pathlib import Path

import click

import recon


@click.command(name="warmup")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(quiet: bool) -> None:
    """Compile every kernel and keep the result in numba's cache; run it when building an image.

    Python's modules are compiled too, also where PYTHONDONTWRITEBYTECODE is set.
    """
    from recon.core.warm.warm import warm

    names = warm()
    folder = Path(recon.__file__).parent
    are_kept = compile_modules(folder)
    if not quiet:
        click.echo(f"{len(names)} kernels compiled and cached")
        if not are_kept:
            click.echo(f"modules are compiled at each start: {folder} cannot be written")


def compile_modules(folder: Path) -> bool:
    """Compile the modules of a package as an installer does; return whether all could be kept."""
    return bool(compileall.compile_dir(folder, quiet=2))
