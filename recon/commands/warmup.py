"""`recon warmup`: compile every kernel and module now, so that no run waits for it."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path

import click

import recon

_REST = "from recon.core.warm.warm import warm_rest; warm_rest()"


@click.command(name="warmup")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(quiet: bool) -> None:
    """Compile every kernel and keep the result in numba's cache; run it when building an image.

    Python's modules are compiled too, also where PYTHONDONTWRITEBYTECODE is set.
    """
    from recon.core.warm.warm import warm, warm_matcher

    with subprocess.Popen([sys.executable, "-c", _REST]):  # noqa: S603 - ourselves, on the other core
        warm_matcher()
    warm()  # what the other process compiled is read from the cache
    folder = Path(recon.__file__).parent
    are_kept = compile_modules(folder)
    if not quiet:
        click.echo("all kernels are compiled and cached")
        if not are_kept:
            click.echo(f"modules are compiled at each start: {folder} cannot be written")


def compile_modules(folder: Path) -> bool:
    """Compile the modules of a package as an installer does; return whether all could be kept."""
    return bool(compileall.compile_dir(folder, quiet=2))
