import ast
import re
from pathlib import Path

import click
import pytest

from recon import errors
from recon.cli import COMMANDS, LazyGroup
from recon.store import results
from tests.store.test_results import document

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```", TEXT)


def commands_shown():
    """Return every (command, options) that the page's examples and text call."""
    calls = re.findall(r"recon (\w+)((?:[^\n`|&>\"]|\"\$\([^)]*\)\")*)", TEXT)
    listed = re.findall(r'"recon", "(\w+)",(.*)\]', TEXT)
    return [
        (name, re.findall(r"(--[a-z][a-z-]*)", rest))
        for name, rest in [*calls, *listed]
        if name in COMMANDS
    ]


def test_every_command_and_option_shown_exists():
    """An operator who copies a line gets no usage error."""
    group = LazyGroup()
    context = click.Context(group)
    shown = commands_shown()
    assert {name for name, _ in shown} >= {"run", "verify", "backfill", "warmup", "show", "query"}
    for name, options in shown:
        command = group.get_command(context, name)
        assert command is not None
        known = {text for parameter in command.params for text in parameter.opts}
        assert set(options) <= known, f"recon {name} {options}"


@pytest.mark.parametrize("code", [block for kind, block in BLOCKS if kind == "python"])
def test_python_examples_are_python(code):
    """The Airflow and Dagster examples parse."""
    ast.parse(code)


def test_every_host_has_an_example():
    """Cron, Kubernetes, Airflow and Dagster are shown with code."""
    kinds = [kind for kind, _ in BLOCKS]
    assert kinds.count("python") == 2
    assert "yaml" in kinds
    for host in ("Cron", "Kubernetes", "Airflow", "Dagster"):
        assert f"## {host}\n" in TEXT


def test_every_exit_code_is_explained():
    """The table of exit codes names all that our errors use, and those of the command."""
    told = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", TEXT)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    used = {kind.exit_code for kind in kinds if issubclass(kind, errors.ReconError)}
    assert told == used | {0, 1, 3, 10}


def test_every_metric_is_listed_and_every_listed_one_exists():
    """The page names the metrics that are written, all of them."""
    written = {line.split()[2] for line in results.metric_lines(document()) if "# HELP" in line}
    listed = set(re.findall(r"`(recon_\w+)`", TEXT))
    assert listed == written
