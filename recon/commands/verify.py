"""`recon verify`: make a published run prove itself."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import click

from recon.commands.options import json_option, workspace_option
from recon.commands.say import say_json
from recon.errors import VerificationError


@click.command("verify")
@click.argument("run", required=False)
@workspace_option
@click.option("--all", "every", is_flag=True, help="Check every published run.")
@click.option(
    "--expect-head",
    metavar="SHA256",
    help="What an earlier check, or the job's log, called the head.",
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    run: str | None,
    workspace: Path,
    every: bool,
    expect_head: str | None,
    as_json: bool,
) -> None:
    """Recompute every hash and the conservation certificate of a run.

    RUN is a run id, its beginning or a business date; without it, the run that CURRENT names. The
    checker shares no code with the engine. Exit code 4 when anything is not as published.

    The head is the digest of the last manifest, which carries the digest of the one before it. Keep
    it elsewhere: with --expect-head a workspace whose last runs were taken away is noticed.
    """
    from recon.verify import run_folders, verify, verify_all

    reports = list(verify_all(workspace)) if every else [verify(workspace, run)]
    head = _manifest_digest(workspace / "CURRENT")
    known = {_manifest_digest(folder) for folder in run_folders(workspace)}
    if expect_head is not None and expect_head not in known:
        reports[0].compare("head", str(workspace), expected=expect_head, found=head)
    failed = [report for report in reports if not report.ok]
    if as_json:
        document = {
            "schema_version": 1,
            "ok": not failed,
            "head": head,
            "runs": [{**asdict(report), "ok": report.ok} for report in reports],
        }
        say_json(document)
    else:
        for report in reports:
            _print(report.run_id, report.checks, [asdict(failure) for failure in report.failures])
        click.echo(f"head: {head}")
    if failed:
        context.exit(VerificationError.exit_code)


def _manifest_digest(folder: Path) -> str:
    manifest = folder / "manifest.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else "none"


def _print(run_id: str, checks: list[str], failures: list[dict[str, str]]) -> None:
    verdict = f"{len(failures)} FAILED" if failures else "proved"
    click.echo(f"{run_id}  {verdict}  ({', '.join(checks)})")
    for failure in failures:
        click.echo(f"  {failure['check']}: {failure['where']}")
        click.echo(f"    expected {failure['expected']}")
        click.echo(f"    found    {failure['found']}")
    if failures:
        click.echo("  fix: restore the run's folder from a backup, or run the night again")
