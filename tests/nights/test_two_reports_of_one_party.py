"""Two reports of one party are reconciled in a rule file of their own: sides are roles."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from recon.errors import RuleFileError
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules
from recon.store.read import read_table

RULES = """version = 1
name = "gateway_acquirer"

[[source]]
name = "gateway"
side = "{gateway}"
format = "delimited"
path = "gateway.csv"
columns = {{ channel_ref = "ref", amount = "amount", occurred_at = "time" }}

[[source]]
name = "acquirer"
side = "channel"
format = "lakala_jy"
path = "JY.txt"

[[leg]]
name = "gateway_acquirer"
left = "{gateway}"
right = "channel"

[[leg.pass]]
name = "trade number"
keys = ["channel_ref"]
"""
HEADER = (
    "商户编号|交易日期|交易时间|终端号|分支机构|交易类型|拉卡拉流水号|原拉卡拉流水号|卡号|支付渠道|"
    "银行名称|交易金额(分)|手续费(分)|结算金额(分)|商户订单号|支付订单号|外部流水号|系统参考号|备注|"
    "支付方式"
)
ROW = "822|20260310|10:00:0{n}|T1|B|消费|6600000000000{n}||||银行|{amount}|0|{amount}||||||"


def rules(folder: Path, gateway: str) -> Path:
    """Write the rule file and both reports: the acquirer has 2.00 where the gateway has 2.10."""
    path = folder / "recon.toml"
    path.write_text(RULES.format(gateway=gateway), encoding="utf-8")
    lines = [HEADER, *(ROW.format(n=n, amount=n * 100) for n in (1, 2))]
    (folder / "JY.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "gateway.csv").write_text(
        "ref,amount,time\n66000000000001,1.00,2026-03-10 10:00:01\n"
        "66000000000002,2.10,2026-03-10 10:00:02\n",
        encoding="utf-8",
    )
    return path


def test_a_gateway_against_an_acquirer(tmp_path: Path) -> None:
    """The report nearer to the sale stands for the merchant's side; the other is the channel."""
    done = run_night(read_rules(rules(tmp_path, "merchant")), date(2026, 3, 10))
    breaks = read_table(done.folder, "breaks")
    assert breaks.select("code", "expected_minor", "actual_minor").rows() == [
        ("AMOUNT_MISMATCH", 210, 200)
    ]


def test_a_leg_between_one_side_and_itself_tells_the_way(tmp_path: Path) -> None:
    """The refusal says how two reports of one party are declared."""
    with pytest.raises(RuleFileError, match=r'nearer to the sale `side = "merchant"`'):
        read_rules(rules(tmp_path, "channel"))
