"""`recon inspect FILE`: what a person reads of one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from recon.commands.inspect import command
from recon.commands.survey import survey
from recon.generate.samples import samples_folder
from tests.io.formats.providers.test_paypal_report import REPORT

SETTLED = """\
entity_id,type,debit,credit,amount,currency,fee (exclusive tax),tax,on_hold,settled,created_at,\
settlement_id,settlement_utr,payment_id,order_id
pay_1,payment,0.00,97.64,100.00,INR,2.00,0.36,0,1,02/01/2026 00:10:00,setl_1,UTR1,,order_1
"""


def inspected(path: Path) -> str:
    """Return what the command writes of a file."""
    return CliRunner().invoke(command, [str(path)]).output


def test_control_totals_are_money_and_not_bare_minor_units() -> None:
    """Who reads a total must not take it for a hundred times as much."""
    night = samples_folder() / "wechat_trade_and_fund" / "inbox" / "2026-03-10"
    told = inspected(night / "fund.csv")
    assert "control 收入金额: declared 1,191.00 CNY, computed 1,191.00 CNY agrees" in told
    assert "control 收入笔数: declared 4, computed 4 agrees" in told


def test_what_a_reader_notes_is_told(tmp_path: Path) -> None:
    """A report that nothing proves must say so, alone and in the table of a folder."""
    lines = [line for line in REPORT.splitlines(keepends=True) if line[1:3] in {"SH", "CH", "SB"}]
    path = tmp_path / "STL.CSV"
    path.write_text("".join(lines))
    assert "note: the report has no footer: nothing proves that it is whole" in inspected(path)
    assert "the report has no footer" in survey(tmp_path)[0].why


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_row_without_a_line_end_is_told_where_nothing_else_proves_it(
    tmp_path: Path, end: str
) -> None:
    """A cut in the last cell that leaves an amount shows in no other way."""
    note = "note: the last line has no line end: its last cell may be cut off"
    path = tmp_path / "settled.csv"
    text = SETTLED.replace("\n", end)
    path.write_bytes(text.encode())
    assert note not in inspected(path)
    path.write_bytes(text.removesuffix(end).encode())
    assert note in inspected(path)
