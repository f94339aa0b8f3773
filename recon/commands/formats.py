"""`recon formats`: which files can be read."""

from __future__ import annotations

import click

from recon.commands.options import json_option
from recon.commands.say import say_json


@click.command(name="formats")
@json_option
def command(as_json: bool) -> None:
    """List the file formats: name, who sends it, what it is."""
    from recon.io.formats import FORMATS
    from recon.report.summary.text import table

    facts = [
        {
            "name": item.name,
            "side": item.side.name.lower(),
            "title_en": item.title_en,
            "title_zh": item.title_zh,
            "control_totals": item.has_controls,
        }
        for item in FORMATS
    ]
    if as_json:
        say_json(facts)
        return
    rows = [(str(f["name"]), str(f["side"]), str(f["title_en"]), str(f["title_zh"])) for f in facts]
    click.echo("\n".join(table([("name", "side", "what", "名称"), *rows])))
