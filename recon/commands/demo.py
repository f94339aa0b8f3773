"""`recon demo`: the sample week through the main job, and whether it finds what was planted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from recon.commands.options import language_option

_QUESTION = "select code, order_id, amount_minor, explanation_en from disputes_latest"


@click.command(name="demo")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where to work: a new folder. A temporary one if left out.",
)
@language_option
def command(folder: Path | None, lang: str | None) -> None:
    """Reconcile the seven nights of the sample week and show what it finds."""
    from recon.generate.samples import SHOWCASE, copy_sample, sample_nights
    from recon.io.formats import FORMATS
    from recon.pipeline import run_night
    from recon.report.text import night_line, summary_text
    from recon.rules.rule_file import read_rules

    project = folder or Path(tempfile.mkdtemp(prefix="recon-demo-")) / SHOWCASE
    path = copy_sample(SHOWCASE, project)
    rules = read_rules(path, tuple(item.name for item in FORMATS))
    click.echo(f"a shop chain's week, seven nights, three parties: {project}\n")
    for night in sample_nights(project):
        result = run_night(rules, night)
        click.echo(night_line(result.summary, lang))
    click.echo(f"\n{summary_text(result.summary, lang)}\n")
    click.echo(_truth_line(rules.workspace, project))
    click.echo(f"results: {rules.workspace}")
    click.echo("try next:")
    click.echo(f"  recon show --workspace {rules.workspace} 2026-11-09")
    click.echo(f"  recon query --workspace {rules.workspace} '{_QUESTION}'")


def _truth_line(workspace: Path, project: Path) -> str:
    """Return how the disputes of the week compare with what was planted in it."""
    from recon.generate.score import score, score_lines
    from recon.generate.truth import read_truth

    truth = read_truth(project / "expected" / "planted.csv")
    result = score(workspace, truth)
    if result.is_perfect:
        return (
            f"planted breaks: {truth.height} of {truth.height} found, each on its night and with "
            "its amount; nothing else was reported"
        )
    return "\n".join(score_lines(result))
