"""Alipay merchant account bill (账务明细): every movement of the account, with its balance.

Source: the vendor's bill download pages, checked on real exports. The `#` envelope of the trade
bill; the first line may say 账务汇总 in a detail file, and envelope lines may be padded with
commas. 支出金额 is written below zero in most exports and above zero in some: the amount is
收入金额 less the size of 支出金额; a row that fills both is a reject. A fee is its own row.

| 业务类型                   | kind                                      |
|----------------------------|-------------------------------------------|
| 在线支付 交易付款 交易分账 | PAYMENT when money comes, else ADJUSTMENT |
| 交易退款 退款              | REFUND when money leaves, else ADJUSTMENT |
| 收费 退费                  | FEE, taken or given back                  |
| 提现 转账                  | PAYOUT when money leaves, else ADJUSTMENT |
| any other                  | ADJUSTMENT                                |

The zip holds a summary (账务汇总) by type beside the details: its last row is compared with them.
An order of a Taobao seller (`T200P` and its number) gets the number that the seller has.
channel_ref is 业务流水号 (the trade number), bank_ref is 账务流水号, which is unique.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.formats.china_wallets.alipay_summary import PREFIX, take_summary
from recon.io.reading.archive import decoded_name, opened
from recon.io.reading.chain import balance_chain
from recon.io.reading.contract import (
    Choice,
    Constant,
    Control,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.free_text import FreeText
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import Sheet, fits, read_stream

SHEET: Final = Sheet(
    required=(
        "账务流水号",
        "业务流水号",
        "商户订单号",
        "发生时间",
        "收入金额(+元)",
        "支出金额(-元)",
    ),
    optional=("商品名称", "账户余额(元)", "业务类型", "备注"),
    unread=(
        *("对方账号", "对方账户", "交易渠道", "业务描述", "业务基础订单号", "业务订单号"),
        *("业务账单来源", "账务类型", "门店名称"),
    ),
    closed=False,  # columns come and go in this export
    wider=1,
    free_text=FreeText(
        ("商品名称", "备注", "业务描述"),
        (
            ("^发生时间$", r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2} [0-9:]+"),
            (r"元\)$", r"[+-]?[0-9]+\.[0-9]{2}|0?"),
        ),
    ),
    first_line="#支付宝账务",
    aside="#",
    ending=r"#-*账务(?:明细|汇总)列表结束|#(?:支出|收入)合计",
    facts=r"#账号：\[(?P<account>[0-9]+?)(?:0156)?\]",
    totals=(
        r"#支出合计：(?P<支出笔数>[0-9]+)笔，共-?(?P<支出金额>[0-9.,]+)元"
        r"|#收入合计：(?P<收入笔数>[0-9]+)笔，共(?P<收入金额>-?[0-9.,]+)元"
    ),
)
_SUMMARY: Final = ("收入笔数", "收入金额(+元)", "支出笔数", "支出金额(-元)")
_IN: Final = ("在线支付", "交易付款", "交易分账")
_OUT: Final = ("提现", "转账", "交易退款", "退款")
_DETAIL_NAME: Final = re.compile(r"账务明细(?!.*汇总)")
KINDS: Final = {
    "": Kind.ADJUSTMENT,
    "在线支付": Kind.PAYMENT,
    "交易付款": Kind.PAYMENT,
    "交易分账": Kind.PAYMENT,
    "交易退款": Kind.REFUND,
    "退款": Kind.REFUND,
    "收费": Kind.FEE,
    "退费": Kind.FEE,
    "提现": Kind.PAYOUT,
    "转账": Kind.PAYOUT,
}


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the bill's rows; fill the footer's totals and the account."""
    with opened(staged, options, lambda _name, head: is_detail(head)) as stream:
        for rows in read_stream(SHEET, stream, staged.name, options, reading):
            yield _derived(rows, reading)
    take_summary(staged, ("#支付宝账务",), _SUMMARY, reading)


def is_detail(head: bytes) -> bool:
    """Return whether a member has the title and the columns of an account bill's details."""
    return fits(SHEET, Probe("", len(head), head))


def _derived(rows: RawRows, reading: Reading) -> RawRows:
    """Add the unsigned outflow, the account, and one word for the kind."""
    frame = frame_of(rows)
    kind = pl.col("业务类型") if "业务类型" in frame.columns else pl.lit("")
    spent = pl.col("支出金额(-元)").str.strip_prefix("-")
    earned = pl.col("收入金额(+元)").str.strip_prefix("+")
    is_zero = r"^0*\.?0*$"
    leaves, enters = ~spent.str.contains(is_zero), ~earned.str.contains(is_zero)
    frame = frame.with_columns(
        pl.when(enters).then(earned).otherwise(pl.lit("")).alias("credit"),
        pl.when(leaves | enters)
        .then(pl.when(leaves).then(spent).otherwise(pl.lit("")))
        .otherwise(pl.lit("0"))
        .alias("debit"),
        along(kind, leaves, enters).alias("kind"),
        pl.lit(reading.facts.get("account", "")).alias("merchant_id"),
        merchants_order(pl.col("商户订单号")).alias("商户订单号"),
    )
    return rows_of(frame, rows)


def along(kind: pl.Expr, leaves: pl.Expr, enters: pl.Expr) -> pl.Expr:
    """Return the word for the kind; none where money goes against it: the merchant is the buyer."""
    against = (kind.is_in(_IN) & leaves) | (kind.is_in(_OUT) & enters)
    return pl.when(against).then(pl.lit("")).otherwise(kind)


def merchants_order(number: pl.Expr) -> pl.Expr:
    """Return an order's number as the merchant has it: Taobao's stand behind `T200P` here."""
    return number.str.replace(r"^T200P([0-9]{15,})$", "${1}")


def fields(options: Options) -> Fields:
    """Return how the bill's columns become the canonical table."""
    return {
        "kind": Choice("kind", KINDS, otherwise=Kind.ADJUSTMENT),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant_id"),
        "order_id": Text("商户订单号"),
        "channel_ref": Text("业务流水号"),
        "bank_ref": Text("账务流水号"),
        "credit_minor": Money("credit", thousands=","),
        "debit_minor": Money("debit", thousands=","),
        "_balance_minor": Money("账户余额(元)", thousands=",", optional=True),
        "product": Text("业务类型", optional=True),
        "currency": Constant(options.currency),
        "occurred_at": Time(("发生时间",), CLOCK),
        "memo": Text("商品名称", optional=True),
    }


def controls(_options: Options) -> tuple[Control, ...]:
    """Return the footer's totals; an outflow is declared without or with its sign."""
    amount = pl.col("amount_minor")
    money = Money("", thousands=",")
    return (
        Control("收入笔数", "收入笔数", (amount > 0).sum()),
        Control("收入金额", "收入金额", amount.filter(amount > 0).sum(), money),
        Control("支出笔数", "支出笔数", (amount < 0).sum()),
        Control("支出金额", "支出金额", amount.filter(amount < 0).sum() * -1, money),
        *_summary_controls(),
    )


def _summary_controls() -> tuple[Control, ...]:
    """Return the totals of the zip's summary; an outflow stands there with or without its sign."""
    amount, money = pl.col("amount_minor"), Money("", thousands=",")
    earned, received, spent, paid = (PREFIX + name for name in _SUMMARY)
    outflow = amount.filter(amount < 0).sum()
    return (
        Control(earned, earned, (amount > 0).sum()),
        Control(received, received, amount.filter(amount > 0).sum(), money),
        Control(spent, spent, (amount < 0).sum()),
        Control(paid, paid, outflow * -1, money, also=outflow),
    )


def _recognise(probe: Probe) -> bool:
    """Return whether the text, or a member, is an account bill with details."""
    names = (decoded_name(name) for name in probe.members)
    return is_detail(probe.head) or any(_DETAIL_NAME.search(name) for name in names)


FORMAT: Final = Format(
    name="alipay_account",
    title_en="Alipay merchant account bill",
    title_zh="支付宝账务明细",
    side=Side.CHANNEL,
    recognise=_recognise,
    read=read,
    fields=fields,
    controls=controls,
    reads_archives=True,
    header=SHEET.required,
    proofs=(balance_chain(always=True),),
)
