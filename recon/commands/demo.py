"""`recon demo`: the sample week through the main job, and whether it finds what was planted."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

from recon.commands.options import language_option

Line = tuple[str, str]  # code, out of pocket
_QUESTION = "select code, order_id, amount_minor, explanation_en from disputes_latest"

_HEADING = (
    *("candidate disputes of the week:", "code", "label", "count", "resolved", "CNY at risk"),
    "out of pocket",
)
_HEADING_ZH = ("本周疑似争议：", "代码", "名称", "笔数", "已解决", "涉及金额 CNY", "垫付方")


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
    from recon.report.summary.text import night_line
    from recon.rules.rule_file.rule_file import read_rules

    project = folder or Path(tempfile.mkdtemp(prefix="recon-demo-")) / SHOWCASE
    path = copy_sample(SHOWCASE, project)
    rules = read_rules(path, tuple(item.name for item in FORMATS))
    click.echo(f"a shop chain's week, seven nights, three parties: {project}\n")
    summaries = []
    for night in sample_nights(project):
        summaries.append(run_night(rules, night).summary)
        click.echo(night_line(summaries[-1], lang))
    click.echo("\n" + "\n".join(_week_lines(summaries, lang)) + "\n")
    click.echo(_truth_line(rules.workspace, project))
    click.echo(f"results: {rules.workspace}")
    click.echo("try next:")
    click.echo(f"  recon show --workspace {rules.workspace} 2026-11-09")
    click.echo(f"  recon query --workspace {rules.workspace} '{_QUESTION}'")


def _week_lines(summaries: list[dict[str, Any]], lang: str | None) -> list[str]:
    """Return the week's candidate disputes, each counted once, and how many were resolved."""
    from recon.core.money import format_minor
    from recon.report.summary.text import table

    chinese = (lang or summaries[0]["language"]) == "zh"
    heading = _HEADING_ZH if chinese else _HEADING
    first, money, resolved = Counter[Line](), Counter[Line](), Counter[Line]()
    labels: dict[Line, str] = {}
    for item in (item for summary in summaries for item in summary["disputes"]):
        line = item["code"], item["out_of_pocket"]
        labels[line] = item["label_zh"] if chinese else item["label_en"]
        if item["status"] == "NEW":
            first[line] += int(item["count"])
            money[line] += int(item["amount_minor"])
        elif item["status"] == "RESOLVED":
            resolved[line] += int(item["count"])
    rows = [
        (
            line[0],
            label,
            f"{first[line]}",
            f"{resolved[line] or ''}",
            format_minor(money[line], "CNY"),
            line[1],
        )
        for line, label in sorted(labels.items())
    ]
    return [heading[0], *table([heading[1:], *rows], right=(2, 3, 4))]


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
