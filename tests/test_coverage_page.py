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
from recon.store.query import answer
from recon.store.read import open_snapshot
from recon.store.workspace import Workspace
from tests.night_world import NightWorld
from tests.pages import rows_of
from tests.showcase import Week

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coverage.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"(?ms)^```sql\n(.*?)^```", TEXT))
QUERIES = dict(re.findall(r"(?ms)^/\* (Q\d+)\. [^\n]+ \*/\n(.*?;)$", BLOCKS))
EXTRA = dict(re.findall(r"(?ms)^/\* (E\d+)\. [^\n]+ \*/\n(.*?;)$", BLOCKS))
MEANINGS = ("done", "code", "review", "complaints", "not yet", "outside")
ROWS = [row for row in rows_of(TEXT) if row[0] != "asked" and not row[0].startswith("**")][
    len(MEANINGS) + 1 :
]
SHOWN = {"done", "code"}
COMMANDS = list(dict.fromkeys(re.findall(r"`(recon [^`]+)`", "\n".join(row[1] for row in ROWS))))


@pytest.fixture(scope="module")
def week(demo_week: Week) -> Path:
    """Return the folder of the sample week."""
    return demo_week.folder


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
    named = set(re.findall(r"\b[QE]\d+\b", "\n".join(row[1] for row in ROWS)))
    assert named == set(QUERIES) | set(EXTRA)
    assert BLOCKS.count("/* ") == len(QUERIES) + len(EXTRA)


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


DAY = "2026-11-09"
ORDERS = """order,amount,time,state,kind,currency,original,why,agreed
A1,10.00,{day} 10:00:00,PAID,sale,CNY,,,
A2,20.00,{day} 10:05:00,PAID,sale,CNY,,,
A9,30.00,{day} 10:06:00,FAILED,sale,CNY,,,
F1,5.00,{day} 11:00:00,PAID,refund,CNY,A1,faulty,{day} 10:59:00
F2,5.00,{day} 11:10:00,PAID,refund,CNY,A2,,
"""
PSP = """order,ref,amount,fee,time,merchant,kind,state,currency,original,code,mode,slip,why,is,on,t
A1,RA1,10.00,0.00,{day} 10:00:00,8001,sale,OK,CNY,,00,swiped,000011,,personal,X1,T1
A2,RA2,20.00,0.00,{day} 10:05:00,8001,sale,OK,CNY,,00,tapped,000012,,company,X1,T1
A9,RA9,30.00,0.00,{day} 10:06:00,8001,sale,FAILED,CNY,,51,tapped,000015,"no ""go"" ",personal,X2,T1
F1,RF1,5.00,0.00,{day} 11:00:02,8001,refund,OK,CNY,A1,00,,000016,,personal,X1,T1
F2,RF2,5.00,0.00,{day} 11:10:02,8001,refund,OK,CNY,A2,00,,000017,,personal,X1,T1
Z1,RZ1,7.00,0.00,{day} 12:00:00,8001,freeze,OK,CNY,,,,,court order,,,
Z2,RZ2,8.00,0.00,{day} 12:00:00,8001,freeze,OK,CNY,,,,,by mistake,,,
Z2,RZ3,8.00,0.00,{day} 13:00:00,8001,unfreeze,OK,CNY,RZ2,,,,,,,
"""
ATTRIBUTES = """[source.attributes]
response_code = "code"
entry_mode = "mode"
voucher_no = "slip"
reason = "why"
account_kind = "is"
device_model = "on"
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each query over attributes, from files that carry them."""
    world = NightWorld(
        tmp_path_factory.mktemp("attributes"),
        orders='[source.attributes]\nreason = "why"\napproved_at = "agreed"',
        psp=ATTRIBUTES,
    )
    rules = world.config.read_text(encoding="utf-8")
    rules = rules.replace(
        'void = "void"', 'void = "void"\nfreeze = "freeze"\nunfreeze = "unfreeze"'
    )
    place = 'original_ref = "original"\n[source.states]\nOK'
    rules = rules.replace(place, f'terminal_id = "t"\n{place}')
    world.config.write_text(rules, encoding="utf-8")
    world.day("2026-11-09")
    world.file("orders", "20261109").write_text(ORDERS.replace("{day}", DAY), encoding="utf-8")
    world.file("psp", "20261109").write_text(PSP.replace("{day}", DAY), encoding="utf-8")
    world.run("2026-11-09")
    with open_snapshot(Workspace(world.folder / "workspace")) as connection:
        return {name: answer(connection, query).to_dicts() for name, query in EXTRA.items()}


def test_failures_are_told_by_response_code_and_reason(told: dict[str, Any]) -> None:
    """One payment failed, with the code and the words of its file, quotes and all."""
    (row,) = told["E1"]
    assert (row["response_code"], row["reason"], row["failed"]) == ("51", 'no "go"', 1)


def test_entry_modes_and_accounts_are_counted(told: dict[str, Any]) -> None:
    """Payments by how the card was read, money by kind of account."""
    modes = {row["entry_mode"]: row["payments"] for row in told["E2"] if row["source"] == "psp"}
    assert modes == {"tapped": 2, "swiped": 1}
    kinds = {row["account_kind"]: row["transactions"] for row in told["E6"]}
    assert kinds == {"personal": 4, "company": 1}


def test_refunds_without_a_reason_are_seen(told: dict[str, Any]) -> None:
    """One refund of the books has a reason and was agreed, the other has none."""
    mine = [row for row in told["E3"] if row["source"] == "orders"]
    found = {row["reason"]: (row["refunds"], row["approved"]) for row in mine}
    assert found == {"faulty": (1, 1), None: (1, 0)}


def test_a_gap_in_slip_numbers_is_named(told: dict[str, Any]) -> None:
    """Between 12 and 15 two slips of the till are in no file."""
    (gap,) = told["E4"]
    found = (gap["terminal_id"], gap["after_slip"], gap["before_slip"], gap["missing"])
    assert found == ("T1", 12, 15, 2)


def test_freezes_have_a_reason_and_a_length(told: dict[str, Any]) -> None:
    """Both freezes with their reason; one has ended on the same day."""
    found = {row["reason"]: (row["until"] is not None, row["days"]) for row in told["E5"]}
    assert found == {"court order": (False, 0), "by mistake": (True, 0)}


def test_any_attribute_of_the_rule_file_can_be_asked_for(told: dict[str, Any]) -> None:
    """The model of the device, which no format knows."""
    found = {row["device_model"]: (row["payments"], row["failed"]) for row in told["E7"]}
    assert found == {"X1": (2, 0), "X2": (1, 1)}
