"""Bill-payment files (代收付) that CEB, SPDB, PSBC and rural credit unions have in one layout.

Layouts of real excerpts that a payment company kept beside its readers; amounts are yuan, unsigned.
The settled amount is amount less fee. PSBC's own example, which begins with its count, does not add
up, so that its files are measured by themselves: where most rows add up, one that does not is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from recon.core.codes import State
from recon.io.formats.china_banks.cn_bank_settlement import (
    DAYS,
    KINDS,
    ROWS,
    layout,
    money,
    signed,
)
from recon.io.reading.contract import (
    Choice,
    ControlTotal,
    Day,
    Field,
    Format,
    Proof,
    Text,
    Time,
)
from recon.io.reading.sheet import Sheet
from recon.io.reading.sheet_format import Facts
from recon.io.reading.table import refuse_negative_payments

_SHOWN: Final = 5  # wrong rows that are told one by one
_VAS: Final = (
    *("交易码", "清算日期", "交易时间", "订单号", "网关流水", "商户号", "终端号", "金额", "手续费"),
    *("结算金额", "响应码", "12", "13", "14"),
)
_VAS_FIELDS: Final[Mapping[str, Field]] = {
    "kind": Choice("交易码", KINDS),
    "state": Choice(
        "响应码",
        dict.fromkeys(("AAAAAAA", "00000000", "0000", "00"), State.SUCCESS),
        otherwise=State.FAILED,
    ),
    "merchant_id": Text("商户号"),
    "terminal_id": Text("终端号"),
    "order_id": Text("订单号"),
    "channel_ref": Text("网关流水"),
    "amount_minor": money("金额"),
    "fee_minor": money("手续费"),
    "net_minor": money("结算金额"),
    "occurred_at": Time(("交易时间",), ("YYYYMMDDhhmmss",)),
    "clearing_date": Day("清算日期", DAYS),
    "attributes.response_code": Text("响应码"),
}


def _vas(facts: Facts) -> Mapping[str, pl.Expr]:
    """Derive signed amounts; PSBC groups digits otherwise than by three (`1,00.00` is 100.00)."""
    amounts = signed("交易码", "金额", "手续费", "结算金额")(facts)
    return {
        **amounts,
        "金额": amounts["金额"].str.replace_all(",", "", literal=True),
        "counted_first": pl.lit(facts.get("counted_first", "")),
    }


def _settled(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse successes whose settled amount is not amount less fee, but of PSBC (see `_parts`)."""
    amount, fee, net = pl.col("amount_minor"), pl.col("fee_minor"), pl.col("net_minor")
    is_proved = (pl.col("state") == State.SUCCESS.name) & (raw["counted_first"] == "")
    reason = pl.format("amount {} less fee {} is not the settled amount {}", amount, fee, net)
    is_wrong = is_proved & (amount - fee != net)
    told = frame.with_columns(pl.when(is_wrong).then(reason).alias("reject_reason"))
    return refuse_negative_payments(told, raw)


def _parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what is settled of the successes of a batch, stated and computed."""
    succeeded = frame.filter(pl.col("state") == State.SUCCESS.name)
    computed = (pl.col("amount_minor") - pl.col("fee_minor")).alias("computed")
    return succeeded.select("record_no", "net_minor", computed)


def _wrong_parts(rows: pl.DataFrame) -> list[ControlTotal]:
    """Return the first settled amounts that are wrong, in a file whose most are right."""
    wrong = rows.filter(pl.col("net_minor") != pl.col("computed"))
    if 2 * wrong.height >= rows.height:
        return []
    return [
        ControlTotal(f"settled amount at record {record}", net, computed, "CNY")
        for record, net, computed in wrong.head(_SHOWN).iter_rows()
    ]


LAYOUTS: Final = (
    layout(
        "vas",
        "Bill-payment file of CEB, SPDB, PSBC and rural credit unions",
        "光大、浦发、邮储、农信代收付",
        Sheet(
            required=_VAS,
            delimiter="|",
            header=False,
            row=r"(?:ZF0[12]|IPER)\|[0-9]{8}\|[0-9]{14}\|",
            aside="(?:共有|TotalCount)",
            facts=r"(?P<counted_first>TotalCount)=",
            empty="(?:TotalCount=0|共有 *0 *条记录)",
            totals=r"(?:共有 *|TotalCount=)(?P<总笔数>[0-9]+)",
        ),
        _VAS_FIELDS,
        _vas,
        (ROWS,),
        refine=_settled,
        net_is_exact=False,
        proofs=(
            Proof(
                "settled amount = amount less fee, in a file whose most do", _parts, _wrong_parts
            ),
        ),
    ),
    layout(
        "vas_rural",
        "Bill-payment file of a rural credit union, with a count first",
        "农信社代收付（首行笔数）",
        Sheet(
            required=_VAS[:-1],
            delimiter="|",
            header=False,
            row=r"ZF01\|[0-9]{8}\|[0-9]{14}\|",
            title=r"^[0-9]+\s*$",
            totals=r"(?m)^(?P<总笔数>[0-9]+)\s*$",
            totals_required=True,
        ),
        _VAS_FIELDS,
        _vas,
        (ROWS,),
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in LAYOUTS)
