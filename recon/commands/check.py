"""`recon check`: is the rule file right, and can its inputs be found."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from recon.commands.options import json_option, parse_date
from recon.commands.say import say_json


@click.command(name="check")
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--date",
    "business_date",
    callback=parse_date,
    metavar="YYYY-MM-DD",
    help="Also look for the files of this date.",
)
@json_option
def command(config: Path, business_date: date | None, as_json: bool) -> None:
    """Check a rule file: every problem at once, each with its line and the fix."""
    from recon.io.formats import FORMATS
    from recon.rules.rule_file.rule_file import read_rules

    rule_file = read_rules(config, tuple(item.name for item in FORMATS))
    rules = rule_file.rules
    facts: dict[str, Any] = {
        "name": rules.name,
        "sources": [source.name for source in rules.sources],
        "legs": {leg.name: [item.name for item in leg.passes] for leg in rules.legs},
        "sha256": rule_file.sha256,
        "files": _files(rule_file, business_date) if business_date else [],
    }
    if as_json:
        say_json(facts)
        return
    click.echo(f"{config}: in order. {len(rules.sources)} sources, {len(rules.legs)} legs.")
    click.echo(f"  digest {rule_file.sha256}")
    for file in facts["files"]:
        click.echo(f"  {file['source']}: {file['path']}: {file['state']}")


def _files(rule_file: object, business_date: date) -> list[dict[str, str]]:
    """Return the files of a night, rates too, and of each whether it is there."""
    from recon.rules.intake.arrivals import expected, fill_date
    from recon.rules.rule_file.rule_file import RuleFile
    from recon.stages.surroundings import calendar_of

    assert isinstance(rule_file, RuleFile)
    arrived = expected(rule_file, business_date, calendar_of(rule_file))
    there = [
        {"source": file.source, "path": file.declared_path, "state": "there"}
        for file in arrived.files
    ]
    absent = [
        {"source": row["source"], "path": row["path"], "state": str(row["state"]).lower()}
        for row in arrived.absent.to_dicts()
    ]
    rates = [
        {
            "source": f"exchange {exchange.name}",
            "path": path,
            "state": "there" if (rule_file.folder / path).exists() else "missing",
        }
        for exchange in rule_file.rules.exchanges
        for path in (fill_date(template, business_date) for template in exchange.paths)
    ]
    return there + absent + rates
