"""`recon show` on a terminal: one screen."""

from __future__ import annotations

import json
import re

import click
import pytest

from recon.report.summary.screen import screen_text
from recon.report.summary.text import display_width
from recon.store.workspace import Workspace


@pytest.fixture(scope="module")
def summary(workspace):
    """Return the summary of a night with few reasons, repeated under forty codes."""
    folder = Workspace(workspace).resolve(None).folder
    told = json.loads((folder / "summary.json").read_text("utf-8"))
    (first, *_) = told["disputes"]
    many = [
        {**first, "code": f"CODE_{number:02d}", "status": "NEW", "count": number, "amount_minor": 5}
        for number in range(1, 41)
    ]
    worst = {**first, "code": "WORST", "severity": "CRITICAL", "status": "OPEN", "count": 1,
             "amount_minor": 7, "currency": "USD"}  # fmt: skip
    over = {**first, "code": "OVER", "status": "RESOLVED", "count": 9, "amount_minor": 10**9}
    held = {**told["inputs"][0], "state": "HELD", "path": "in/" + "long" * 40}
    return {**told, "disputes": [*many, worst, over], "inputs": [*told["inputs"], held]}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 14), (200, 70)])
def test_it_fits_the_terminal(summary, language, columns, lines):
    """No line is wider, the prompt has its line, and what is not shown is counted."""
    text = screen_text(summary, language, columns, lines)
    plain = click.unstyle(text).splitlines()
    assert len(plain) < lines
    assert max(map(display_width, plain)) <= columns
    assert any("HELD" in line or "暂停" in line for line in plain)
    assert plain[-1].endswith("recon show --all")


def test_the_gravest_comes_first_and_the_rest_adds_up(summary):
    """Critical before many; resolved money is not at risk; shown and other counts are all."""
    plain = click.unstyle(screen_text(summary, "en", 80, 24)).splitlines()
    start = next(at for at, line in enumerate(plain) if line.startswith("  reason"))
    assert plain[start - 1] == "money at risk: 2.00 CNY + 0.07 USD"
    assert plain[start - 2] == "candidate disputes: 820 new, 1 still open, 9 resolved"
    assert plain[start + 1].endswith("0.07 USD")
    rest = next(line for line in plain if "more reasons" in line)
    shown = plain[start + 2 : plain.index(rest)]
    counts = [int(re.search(r" (\d+) +0.05 CNY$", line).group(1)) for line in shown]
    assert counts == sorted(counts, reverse=True)
    new, resolved = (int(word) for word in re.findall(r" (\d+)(?= )", rest.split("reasons")[1]))
    assert (sum(counts) + new, resolved) == (820, 9)


def test_a_log_has_all_of_it(recon):
    """Where standard output is no terminal nothing is left out."""
    text = recon("show").output
    assert "MISSING_IN_CHANNEL" in text
    assert "folder: " in text
