import ast
import json
import re
import signal
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from recon import errors
from recon.cli import COMMANDS, LazyGroup, group
from recon.store import results
from tests.night_world import NightWorld
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


def test_the_kubernetes_job_mounts_what_it_declares():
    """Each mount of the container is a volume of the pod, and the job runs `recon run`."""
    (job,) = [block for kind, block in BLOCKS if kind == "yaml" and "CronJob" in block]
    mounts, volumes = job.split("          volumes:\n")
    names = r"- \{?name: (\w+)"
    assert re.findall(names, mounts.split("volumeMounts:")[1]) == re.findall(names, volumes)
    assert "- exec recon run /etc/recon/pos.toml --date" in job


@pytest.mark.parametrize("text", [block for kind, block in BLOCKS if kind == "sh"])
def test_shell_examples_are_shell(text):
    """Every command line parses; in a crontab each percent sign is escaped."""
    lines = text.splitlines()
    if "cron" in lines[0]:
        jobs = [line for line in lines if re.match(r"\d", line)]
        assert not any(re.search(r"(?<!\\)%", job) for job in jobs)
        lines = [job.split(None, 6)[6].replace("\\%", "%") for job in jobs]
    done = subprocess.run(["/bin/sh", "-n"], input="\n".join(lines), text=True, check=False)
    assert done.returncode == 0


def test_the_dagster_example_reads_what_the_job_prints(tmp_path):
    """The keys that the example takes from `--json` are there, of their kinds."""
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 11.00"])
    call = ["run", str(world.config), "--date", "2026-11-09", "--json"]
    night = json.loads(CliRunner().invoke(group, call).stdout)
    assert night["run_id"].startswith("20261109-")
    assert Path(night["folder"]).is_dir()
    assert night["roll_forward"]["new"] == 2
    assert sum(line["count"] for line in night["disputes"]) == 1


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
    assert told == used | {0, 1, 3, 10, results.INTERRUPTED, 128 + signal.SIGTERM}


def test_every_metric_is_listed_and_every_listed_one_exists():
    """The page names the metrics that are written, all of them."""
    written = {line.split()[2] for line in results.metric_lines(document()) if "# HELP" in line}
    listed = set(re.findall(r"`(recon_\w+)`", TEXT))
    assert listed == written
