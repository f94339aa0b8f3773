"""`recon run`: the nightly job."""

from __future__ import annotations

import gc
from datetime import date
from pathlib import Path

import click

from recon.commands.approved import approved_rules, expect_rules_option
from recon.commands.attempt import recorded, told, watched
from recon.commands.options import json_option, language_option, night_memory, parse_date
from recon.commands.progress import reporter
from recon.commands.say import say_json

_COLLECT_EVERY = 100_000  # new objects: rows stand in arrays, in which the collector finds nothing


@click.command(name="run")
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--date", "business_date", required=True, callback=parse_date, metavar="YYYY-MM-DD")
@click.option("--engine", type=click.Choice(["local"]), default="local", show_default=True)
@click.option("--memory", callback=night_memory, metavar="4GiB", help="Memory to stay within.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--fail-on", multiple=True, metavar="EXPR", help="e.g. 'DUPLICATE_CHARGE > 0'")
@click.option(
    "--metrics",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a Prometheus text file, also when the night fails.",
)
@expect_rules_option
@language_option
@json_option
def command(
    config: Path,
    business_date: date,
    engine: str,
    memory: int | None,
    threads: int,
    fail_on: tuple[str, ...],
    metrics: Path | None,
    expect_rules: str | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Reconcile one business date; running a finished night again does nothing."""
    del engine  # one engine today; the option is the door for others
    gc.set_threshold(_COLLECT_EVERY)
    from recon.commands.gates import broken_gates, parse_gates
    from recon.pipeline import run_night
    from recon.report.summary.text import summary_text

    gates = parse_gates(fail_on)
    rule_file = approved_rules(config, expect_rules)
    workspace, name = rule_file.workspace, rule_file.rules.name
    with reporter() as progress, recorded(workspace, name, business_date, metrics=metrics) as night:
        result = run_night(
            rule_file,
            business_date,
            threads=threads,
            memory_bytes=memory,
            on_progress=watched(night, progress),
        )
        broken = broken_gates(gates, result.summary)
        night.done(result, 10 if broken else result.exit_code)
    with told():
        if as_json:
            facts = {**result.summary, "folder": str(result.folder), "repeated": result.repeated}
            say_json({**facts, "seconds": result.seconds})
        else:
            click.echo(summary_text(result.summary, lang))
            note = "finished before, nothing was done" if result.repeated else "published"
            click.echo(f"{note}: {result.folder}")
    for gate in broken:
        click.echo(f"recon: gate broke: {gate}", err=True)
    click.get_current_context().exit(10 if broken else result.exit_code)
