"""How commands print: text from files arrives on a terminal or in a log without hidden signs."""

from __future__ import annotations

from collections.abc import Callable

import click

from recon.core.texts import inert


def say(text: str, *, err: bool = False) -> None:
    """Print text of several lines, to standard output or standard error."""
    click.echo(inert.lines(text), err=err)


def say_json(document: object, *, default: Callable[[object], object] | None = None) -> None:
    """Print one JSON document."""
    click.echo(inert.json_text(document, default=default))
