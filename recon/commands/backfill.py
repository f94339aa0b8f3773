"""`recon backfill`: consecutive nights, in order, exactly as if each had run on its own day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from recon.commands.approved import approved_rules, expect_rules_option
from recon.commands.attempt import recorded, told, watched
from recon.commands.options import json_option, language_option, night_memory, parse_date
from recon.commands.progress import reporter
from recon.commands.say import say_json


@click.command(name="backfill")
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "first", required=True, callback=parse_date, metavar="YYYY-MM-DD")
@click.option("--to", "last", required=True, callback=parse_date, metavar="YYYY-MM-DD")
@click.option("--memory", callback=night_memory, metavar="4GiB", help="Memory to stay within.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True)
@expect_rules_option
@language_option
@json_option
def command(
    config: Path,
    first: date,
    last: date,
    memory: int | None,
    threads: int,
    expect_rules: str | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Reconcile every business date from --from to --to, in order."""
    from recon.errors import UsageError
    from recon.pipeline import run_night
    from recon.report.summary.text import night_line

    if last < first:
        raise UsageError(
            f"expected --to on or after --from, found {last} before {first}",
            fix="exchange the two dates",
        )
    rule_file = approved_rules(config, expect_rules)
    worst, nights = 0, []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        with (
            reporter() as progress,
            recorded(rule_file.workspace, rule_file.rules.name, day) as night,
        ):
            result = run_night(
                rule_file,
                day,
                threads=threads,
                memory_bytes=memory,
                on_progress=watched(night, progress),
            )
            night.done(result, result.exit_code)
        worst = max(worst, result.exit_code)
        nights.append({**result.summary, "folder": str(result.folder), "repeated": result.repeated})
        if not as_json:
            with told():
                click.echo(night_line(result.summary, lang, repeated=result.repeated))
    if as_json:
        with told():
            say_json(nights)
    click.get_current_context().exit(worst)
