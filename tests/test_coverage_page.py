"""The page that says what shows each figure cannot drift: its commands and queries are run."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.generate.samples import SHOWCASE
from recon.store.query import answer
from recon.store.read import open_snapshot
from recon.store.workspace import Workspace
from tests.test_samples import reconciled

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coverage.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"(?ms)^```sql\n(.*?)^```", TEXT))
QUERIES = dict(re.findall(r"(?ms)^/\* (Q\d+)\. [^\n]+ \*/\n(.*?;)$", BLOCKS))
MEANINGS = ("done", "code", "review", "complaints", "not yet", "outside")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith(("| asked", "| **"))
][len(MEANINGS) + 1 :]
SHOWN = {"done", "code"}
COMMANDS = list(dict.fromkeys(re.findall(r"`(recon [^`]+)`", "\n".join(row[1] for row in ROWS))))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reconcile the sample week as `recon demo` does; return its folder."""
    return reconciled(SHOWCASE, tmp_path_factory.mktemp("coverage")).parent


@pytest.fixture(scope="module")
def answers(week: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each query of the page, in order."""
    with open_snapshot(Workspace(week / "workspace")) as connection:
        return {name: answer(connection, query).to_dicts() for name, query in QUERIES.items()}


def test_every_row_has_its_cells_and_a_known_status() -> None:
    """Four cells a row; what is done names how it is shown, what is not built names no command."""
    for row in ROWS:
        assert len(row) == 4, row
        assert row[3] in MEANINGS, row
        assert bool(row[1]) == (row[3] in SHOWN), row
        assert row[2], row


def test_every_reference_has_its_query() -> None:
    """Each query of the page is named in the table, and each that is named exists."""
    named = set(re.findall(r"\bQ\d+\b", "\n".join(row[1] for row in ROWS)))
    assert named == set(QUERIES)
    assert BLOCKS.count("/* Q") == len(QUERIES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_runs(
    command: str, week: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command answers on the sample week, run in its folder."""
    monkeypatch.chdir(week)
    result = CliRunner().invoke(group, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()


def test_every_query_of_the_page_answers(answers: dict[str, list[dict[str, Any]]]) -> None:
    """Each query runs as printed and finds something in the week."""
    assert [name for name, rows in answers.items() if not rows] == []


def test_the_figures_are_the_planted_ones(answers: dict[str, list[dict[str, Any]]]) -> None:
    """Overdue batch, refund above its sale, wrong fees: as the sample's list of plants says."""
    overdue = {row["source"]: row["overdue"] for row in answers["Q4"]}
    assert overdue == {"wechat": 0, "alipay": 0, "unionpay": Decimal("7437.85")}
    assert (answers["Q6"][0]["order_id"], answers["Q6"][0]["refundable"]) == (
        "S261109-0002272",
        Decimal(-75),
    )
    fees = {row["merchant_id"]: (row["too_much"], row["too_little"]) for row in answers["Q3"]}
    assert fees["898310054113001"] == (Decimal("2.38"), 0)
    assert fees["1600000001"] == (Decimal("8.96"), Decimal("0.50"))


def test_money_missing_from_a_batch_is_the_planted_money(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    """A bounced payout, two short ones, a row twice; every other batch is covered."""
    missing = {row["batch_id"]: row["missing"] for row in answers["Q5"] if row["missing"]}
    assert missing == {
        "AL-261106": Decimal("16010.44"),
        "AL-261108": Decimal("167.67"),
        "UP898310054113001-261109": Decimal("34.10"),
        "UP898310054113001-261107": Decimal("0.51"),
    }


def test_a_payer_that_belongs_to_no_channel_stands_out(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    """The two planted transfers of a stranger; each channel has one payer of its own."""
    payers = {(row["pays_for"], row["payer"]): row["paid"] for row in answers["Q10"]}
    assert payers["no channel", "TRANSFER FROM A STRANGER"] == Decimal("13300.63")
    assert len(payers) == 4


def test_stages_of_refunds_are_told_by_channel(answers: dict[str, list[dict[str, Any]]]) -> None:
    """Each channel's refunds with the minutes to the channel and the days to the bank."""
    stages = {row["source"]: row for row in answers["Q7"]}
    assert set(stages) == {"alipay", "unionpay", "wechat"}
    assert all(row["minutes_median"] <= row["minutes_95"] for row in stages.values())
    assert stages["alipay"]["days_to_bank_median"] == 1
    assert stages["unionpay"]["not_at_the_bank"] == stages["unionpay"]["refunds"]
