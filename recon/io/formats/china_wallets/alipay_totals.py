"""Alipay's summaries (业务汇总, 账务汇总) without their details: a row for a shop or a type.

Columns as public readers of these bills describe them. A summary in one zip with its details is
compared with them (`alipay_summary`) and gives no rows. The row 合计 is no row either: it declares
what the rows above it add up to.

| summary | row    | amount              | fee          | net        | named by             |
|---------|--------|---------------------|--------------|------------|----------------------|
| trade   | a shop | 订单金额            | minus 服务费 | 实收净额   | terminal_id 门店编号 |
| account | a type | 收入金额 - 支出金额 |              | the amount | product 类型         |

The amount of a shop has its refunds taken off. 支出金额 stands with or without its minus; a type
whose 总金额 is not what came in less what went out is a reject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import polars as pl

from recon.core.codes import Side, State
from recon.io.formats.china_wallets.alipay_account import KINDS, along
from recon.io.reading.contract import (
    Choice,
    Constant,
    Control,
    Day,
    Field,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.sheet import Sheet, fits
from recon.io.reading.workbook_sheet import read_either

_FACTS: Final = (
    r"#账号：\[(?P<account>[0-9]+?)(?:0156)?\]"
    r"|起始日期：\[(?P<from>[0-9]{4}年[0-9]{2}月[0-9]{2}日)[^\]]*\]"
    r"\s*终止日期：\[(?P<until>[0-9]{4}年[0-9]{2}月[0-9]{2}日)"
)
_DAY: Final = "%Y年%m月%d日"
_TOTAL: Final = "合计"
_MONEY: Final = Money("", thousands=",")


@dataclass(frozen=True, slots=True)
class Summary:
    """One kind of summary; `totals`: the columns of 合计 that are compared, and with what."""

    name: str
    title_en: str
    title_zh: str
    sheet: Sheet
    label: str  # the column in which 合计 stands
    fields: Mapping[str, Field]
    derive: tuple[pl.Expr, ...]
    totals: Mapping[str, tuple[pl.Expr, Money | None]]
    refine: Callable[[pl.DataFrame, Mapping[str, pl.Series]], pl.DataFrame]

    def format(self) -> Format:
        """Return the format that this declaration makes."""
        return Format(
            name=self.name,
            title_en=self.title_en,
            title_zh=self.title_zh,
            side=Side.CHANNEL,
            recognise=partial(_recognise, self),
            read=partial(_read, self),
            fields=partial(_fields, self),
            refine=self.refine,
            header=self.sheet.required,
            controls=lambda _options: tuple(
                Control(name, name, compute, money)
                for name, (compute, money) in self.totals.items()
            ),
        )


def _recognise(summary: Summary, probe: Probe) -> bool:
    """Return whether a file is such a summary, alone: beside its details it is only compared."""
    return len(probe.members) <= 1 and fits(summary.sheet, probe)


def _fields(summary: Summary, options: Options) -> Fields:
    """Return how the summary's columns become the canonical table."""
    common: dict[str, Field] = {
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("account"),
        "currency": Constant(options.currency),
        "clearing_date": Day("day", ("YYYY-MM-DD",)),
    }
    return {**common, **summary.fields}


def _read(
    summary: Summary, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the rows above 合计; fill what that row declares."""
    for rows in read_either(summary.sheet, staged, options, reading):
        frame = frame_of(rows)
        is_total = frame[summary.label].str.starts_with(_TOTAL)
        for total in frame.filter(is_total).iter_rows(named=True):
            told = {name: total.get(name) or "0" for name in summary.totals}
            reading.declared.update(told)
        found = int(is_total.sum())
        reading.record_lines -= found
        reading.trailer_lines += found
        whole = frame.with_columns(
            pl.lit(reading.facts.get("account", "")).alias("account"),
            pl.lit(_one_day(reading.facts)).alias("day"),
            *summary.derive,
        )
        yield rows_of(whole, rows, ~is_total.to_numpy())


def _one_day(facts: Mapping[str, str]) -> str:
    """Return the day that a summary covers, as it stands in its title; empty for a longer span."""
    try:
        begin, end = (datetime.strptime(facts[name], _DAY).date() for name in ("from", "until"))  # noqa: DTZ007 - a date
    except (KeyError, ValueError):
        return ""
    return begin.isoformat() if end - begin <= timedelta(days=1) else ""


def _shop_net(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make the fee a cost."""
    return frame.with_columns(-pl.col("fee_minor"))


def _type_amount(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse a type whose total is not what came in less what went out."""
    amount = pl.col("_received_minor") - pl.col("_spent_minor")
    reason = pl.format(
        "received {} less spent {} is not the stated total {} (minor units)",
        "_received_minor",
        "_spent_minor",
        "amount_minor",
    )
    return frame.with_columns(
        pl.when(amount != pl.col("amount_minor")).then(reason).alias("reject_reason")
    )


SHOPS: Final = Summary(
    "alipay_trade_summary",
    "Alipay merchant trade bill, summary by shop",
    "支付宝业务汇总",
    Sheet(
        required=(
            *("门店编号", "交易订单总笔数", "退款订单总笔数", "订单金额(元)", "商家实收(元)"),
            *("服务费(元)", "实收净额(元)"),
        ),
        optional=("门店名称",),
        unread=("支付宝优惠(元)", "商家优惠(元)", "卡消费金额(元)", "分润(元)"),
        first_line="#支付宝业务汇总查询",
        aside="#",
        facts=_FACTS,
    ),
    "门店编号",
    {
        "terminal_id": Text("门店编号"),
        "amount_minor": Money("订单金额(元)", thousands=","),
        "fee_minor": Money("服务费(元)", thousands=","),  # `refine` turns the sign
        "net_minor": Money("实收净额(元)", thousands=","),
        "memo": Text("门店名称", optional=True),
        "_received_minor": Money("商家实收(元)", thousands=","),
        "_paid": Money("交易订单总笔数", unit="minor"),
        "_refunded": Money("退款订单总笔数", unit="minor"),
    },
    (),
    {
        "交易订单总笔数": (pl.col("_paid").sum(), None),
        "退款订单总笔数": (pl.col("_refunded").sum(), None),
        "订单金额(元)": (pl.col("amount_minor").sum(), _MONEY),
        "商家实收(元)": (pl.col("_received_minor").sum(), _MONEY),
        "服务费(元)": (0 - pl.col("fee_minor").sum(), _MONEY),
        "实收净额(元)": (pl.col("net_minor").sum(), _MONEY),
    },
    _shop_net,
)
TYPES: Final = Summary(
    "alipay_account_summary",
    "Alipay merchant account bill, summary by type",
    "支付宝账务汇总",
    Sheet(
        required=("类型", "收入笔数", "收入金额(+元)", "支出笔数", "支出金额(-元)", "总金额(元)"),
        first_line="#支付宝账务",
        aside="#",
        facts=_FACTS,
    ),
    "类型",
    {
        "kind": Choice("kind", KINDS, otherwise=KINDS[""]),
        "product": Text("类型"),
        "amount_minor": Money("总金额(元)", thousands=","),
        "_received_minor": Money("收入金额(+元)", thousands=","),
        "_spent_minor": Money("spent", thousands=","),
        "_credits": Money("收入笔数", unit="minor"),
        "_debits": Money("支出笔数", unit="minor"),
    },
    (
        pl.col("支出金额(-元)").str.strip_prefix("-").alias("spent"),
        along(
            pl.col("类型"),
            pl.col("总金额(元)").str.starts_with("-"),
            ~pl.col("总金额(元)").str.starts_with("-"),
        ).alias("kind"),
    ),
    {
        "收入笔数": (pl.col("_credits").sum(), None),
        "收入金额(+元)": (pl.col("_received_minor").sum(), _MONEY),
        "支出笔数": (pl.col("_debits").sum(), None),
        "总金额(元)": (pl.col("amount_minor").sum(), _MONEY),
    },
    _type_amount,
)
FORMATS: Final = tuple(summary.format() for summary in (SHOPS, TYPES))
