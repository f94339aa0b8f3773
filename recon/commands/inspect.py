"""`recon inspect`: recognise a file by its content; show rows, rejects and control totals."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.commands.options import json_option, parse_date
from recon.commands.say import say, say_json

if TYPE_CHECKING:
    from recon.io.loading.load import Loaded
    from recon.io.reading.contract import Options

_SHOWN = (
    "record_no",
    "kind",
    "state",
    "order_id",
    "channel_ref",
    "bank_ref",
    "amount_minor",
    "fee_minor",
    "net_minor",
    "currency",
    "occurred_at",
    "value_date",
)


_NOTES = 20  # shown of a file
_STOPPED = ("HELD", "REFUSED", "UNKNOWN")


@click.command(name="inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_name", help="Read it as this format, whatever it looks like.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="A rule file ...")
@click.option("--source", help="... and the source in it that says how to read the file.")
@click.option("--date", "business_date", callback=parse_date, help="For dates without a year.")
@click.option("--rows", default=5, show_default=True, help="Rows and rejects to show.")
@click.option(
    "--to",
    "how",
    type=click.Choice(["table", "md", "csv", "json", "counts"]),
    default="table",
    show_default=True,
    help="How the table of a folder is written; counts: one line a format.",
)
@json_option
def command(
    file: Path,
    format_name: str | None,
    config: Path | None,
    source: str | None,
    business_date: date | None,
    rows: int,
    how: str,
    as_json: bool,
) -> None:
    """Recognise FILE, read it whole and show what was understood; nothing is kept.

    Of a folder: one line a file, with format, rows, rejects, control totals (agreed of declared),
    state and why. Exit code 0: all would be accepted; 4: one would be held or refused, and why.
    """
    if file.is_dir():
        _survey(file, business_date, "json" if as_json else how)
    from recon.commands.survey import day_of
    from recon.io.one_file import read_alone

    name, options = _how_to_read(file, format_name, config, source)
    with tempfile.TemporaryDirectory(prefix="recon-") as folder:
        day = business_date or day_of(file)
        loaded = read_alone(file, name, options, day, Path(folder))
        facts = _facts(loaded, name, rows)
    if as_json:
        say_json(facts, default=str)
    else:
        _print(facts)
    click.get_current_context().exit(4 if facts["state"] in _STOPPED else 0)


def _survey(folder: Path, business_date: date | None, how: str) -> None:
    """Write the table of every file of a folder and leave with its exit code."""
    from recon.commands.survey import survey, survey_text

    found = survey(folder, business_date)
    click.echo(survey_text(found, how))
    stopped = any(item.state in _STOPPED for item in found)
    click.get_current_context().exit(4 if stopped else 0)


def _how_to_read(
    file: Path, format_name: str | None, config: Path | None, source: str | None
) -> tuple[str, Options]:
    """Return the format's name and the options: given, from a rule file, or by recognition."""
    from recon.io.reading.contract import Options

    if not file.is_file():
        from recon.errors import UsageError

        raise UsageError("expected a file, found none", where=str(file), fix="check the path")
    if config is not None:
        return _declared(config, source)
    if format_name is not None:
        return format_name, Options()
    return _recognised(file), Options()


def _declared(config: Path, source: str | None) -> tuple[str, Options]:
    """Return format and options of a source of a rule file, which may be incomplete yet."""
    from recon.errors import UsageError
    from recon.rules.rule_file.models import RulesInTheMaking
    from recon.rules.rule_file.rule_file import read_rules
    from recon.stages.source_options import options_of

    rules = read_rules(config, model=RulesInTheMaking).rules
    chosen = [item for item in rules.sources if item.name == source]
    if not chosen:
        names = ", ".join(item.name for item in rules.sources)
        raise UsageError(
            f"expected --source to name one of {names}, found {source!r}",
            where=str(config),
            fix=f"for instance --source {rules.sources[0].name}",
        )
    return chosen[0].format, options_of(chosen[0], rules)


def _recognised(file: Path) -> str:
    """Return the one format whose content this is."""
    from recon.io.one_file import format_of

    fix = "name it with --format, or declare its columns in a rule file: --config and --source"
    with tempfile.TemporaryDirectory(prefix="recon-") as folder:
        return format_of(file, Path(folder), fix)


def _facts(loaded: Loaded, name: str, rows: int) -> dict[str, Any]:
    """Return what `inspect` tells of a file, as `--json` prints it."""
    import polars as pl

    item = loaded.inputs.row(0, named=True)
    parts = [pl.scan_parquet(part) for part in loaded.parts]
    sample = pl.concat(parts).select(_SHOWN).head(rows).collect().to_dicts() if parts else []
    return {
        "format": name,
        "state": item["state"],
        "message": item["message"],
        "bytes": item["bytes"],
        "lines": item["lines"],
        "rows": item["rows"],
        "rejected": item["rejected"],
        "controls": json.loads(item["controls"] or "[]"),
        "notes": list(loaded.notes),
        "sample": sample,
        "rejects": loaded.rejects.select("record_no", "text", "reasons").head(rows).to_dicts(),
    }


def _print(facts: dict[str, Any]) -> None:
    """Print the facts of a file for people."""
    from recon.io.loading.control import shown_total
    from recon.report.summary.text import table

    click.echo(
        f"{facts['format']}: {facts['state']}, {facts['lines'] or 0:,} lines, "
        f"{facts['rows'] or 0:,} rows, {facts['rejected'] or 0:,} rejected"
    )
    if facts["message"]:
        say(f"  {facts['message']}")
    for control in facts["controls"]:
        word = "agrees" if control["agrees"] else "DIFFERS"
        declared, computed = (
            shown_total(control[name], control["currency"]) for name in ("declared", "computed")
        )
        say(f"  control {control['name']}: declared {declared}, computed {computed} {word}")
    for note in facts["notes"][:_NOTES]:
        say(f"  note: {note}")
    if facts["sample"]:
        used = [key for key in _SHOWN if any(row[key] is not None for row in facts["sample"])]
        shown = [["" if row[k] is None else str(row[k]) for k in used] for row in facts["sample"]]
        click.echo("\n".join(table([used, *shown])))
    for reject in facts["rejects"]:
        say(f"  reject {reject['record_no']}: {'; '.join(reject['reasons'])}")
        say(f"    {reject['text']}")
