"""WeChat Pay fund-flow bill: every movement of one account of the merchant, with its balance.

Source: the vendor's "fund bill format" page. The envelope is the trade bill's. The amount has no
sign: 收支类型 says 收入 (in) or 支出 (out). A fee is a row of its own.

| 业务名称 / 业务类型       | kind       |
|---------------------------|------------|
| 业务类型 names 手续费     | FEE        |
| 交易, money in            | PAYMENT    |
| 退款, money out           | REFUND     |
| 充值/提现 提现 企业付款   | PAYOUT     |
| any other                 | ADJUSTMENT |

channel_ref is 微信支付业务单号, order_id is 业务凭证号, bank_ref is 资金流水单号 (unique in new
bills; in old ones a refund shows the payment's transaction id there).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.formats.china_wallets.wechat_envelope import CLOCKS, Bill, present_name
from recon.io.reading.chain import balance_chain
from recon.io.reading.contract import (
    Choice,
    Constant,
    Control,
    Fields,
    Format,
    Money,
    Options,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.cutting import frame_of, rows_of

COLUMNS: Final = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
)
_COUNT: Final = "资金流水总笔数"
_DIRECTIONS: Final = ("收入", "支出")
BILL: Final = Bill(
    title="a WeChat fund bill",
    count=_COUNT,
    marks=frozenset(("记账时间", "微信支付业务单号", "资金流水单号", "收支金额(元)")),
    required=COLUMNS,
    optional=(),
    unread=(),
    column_name=present_name,
)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the bill's rows; fill the summary cells."""
    for rows in BILL.read(staged, options, reading):
        yield _derived(rows)


def _derived(rows: RawRows) -> RawRows:
    """Add the signed amount, and one word for the kind."""
    is_in = pl.col("收支类型") == "收入"
    amount = pl.col("收支金额(元)")
    is_fee = pl.col("业务类型").str.contains("手续费", literal=True)
    name = pl.col("业务名称")
    is_against = ((name == "交易") & ~is_in) | ((name == "退款") & is_in)
    is_payout = name.is_in(["充值/提现", "提现", "企业付款"]) & ~is_in
    frame = frame_of(rows).with_columns(
        pl.when(is_in).then(amount).otherwise(pl.lit("-") + amount).alias("amount"),
        pl.when(is_fee)
        .then(pl.lit("手续费"))
        .when(is_payout)
        .then(pl.lit("提现"))
        .when(is_against)
        .then(pl.lit(""))
        .otherwise(name)
        .alias("kind"),
    )
    return rows_of(frame, rows)


def fields(options: Options) -> Fields:
    """Return how the bill's columns become the canonical table."""
    return {
        "kind": Choice(
            "kind",
            {
                "交易": Kind.PAYMENT,
                "退款": Kind.REFUND,
                "手续费": Kind.FEE,
                "提现": Kind.PAYOUT,
            },
            otherwise=Kind.ADJUSTMENT,
        ),
        "state": Constant(State.SUCCESS),
        "order_id": Text("业务凭证号"),
        "channel_ref": Text("微信支付业务单号"),
        "bank_ref": Text("资金流水单号"),
        "product": Text("业务类型"),
        "amount_minor": Money("amount", thousands=","),
        "_balance_minor": Money("账户结余(元)", thousands=","),
        "_direction": Text("收支类型"),
        "currency": Constant(options.currency),
        "occurred_at": Time(("记账时间",), CLOCKS),
        "memo": Text("备注"),
    }


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse a direction that is neither in nor out, and an amount below zero."""
    direction = raw["收支类型"]
    is_known = direction.is_in(list(_DIRECTIONS))
    is_unsigned = (direction == "收入") == (frame["amount_minor"] >= 0)
    is_wrong = ~is_known | (~is_unsigned & (frame["amount_minor"] != 0))
    reason = pl.format("expected 收入 or 支出 and an unsigned amount, found {}", direction)
    return frame.with_columns(
        pl.when(pl.lit(is_wrong)).then(reason).alias("reject_reason"),
    )


def controls(_options: Options) -> tuple[Control, ...]:
    """Return the summary's totals; a movement of nothing counts in the direction it is told in."""
    amount, direction = pl.col("amount_minor"), pl.col("_direction")
    money = Money("", thousands=",")
    return (
        Control(_COUNT, _COUNT, pl.len()),
        Control("收入笔数", "收入笔数", (direction == "收入").sum()),
        Control("收入金额", "收入金额", amount.filter(amount > 0).sum(), money),
        Control("支出笔数", "支出笔数", (direction == "支出").sum()),
        Control("支出金额", "支出金额", amount.filter(amount < 0).sum() * -1, money),
    )


FORMAT: Final = Format(
    name="wechat_fund",
    title_en="WeChat Pay fund-flow bill",
    title_zh="微信支付资金账单",
    side=Side.CHANNEL,
    recognise=BILL.recognise,
    read=read,
    fields=fields,
    refine=refine,
    controls=controls,
    has_controls=True,
    header=COLUMNS,
    column_name=present_name,
    proofs=(balance_chain(always=True),),
)
