"""UMS (银联商务) portal exports: the detail query with titles and totals, and the bare pages.

Checked on two real exports. The detail query has title lines, a header and a line of totals; its
title admits when it shows only the first 1000 rows, and a truncated export is refused. The bare
pages have 21 cells and no header, and pages are pasted together, so that blank lines and a title
can stand in the middle. The clearing day runs from 23:00 to 23:00.

| 交易类型       | kind    |
|----------------|---------|
| 消费           | PAYMENT |
| 预授权完成     | PAYMENT |
| 退货 退款      | REFUND  |
| 撤销 消费撤销 预授权完成撤销 | VOID |
| 冲正 消费冲正 预授权完成冲正 | REVERSAL |

参考号 is the retrieval reference number, which a reversal repeats; 流水号 has six digits and is not
unique within a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Constant,
    Control,
    Day,
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
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import Sheet, fits
from recon.io.reading.table import money_out
from recon.io.reading.workbook_sheet import read_either

_ROW: Final = (
    *("清算日期", "交易日期", "交易时间", "终端号", "交易金额", "清算金额", "手续费", "流水号"),
    *("交易类型", "参考号", "卡号", "商户号", "发卡行", "卡类型"),
)
_PAGE_ROW: Final = r"20[0-9]{6}\t20[0-9]{2}-[0-9]{2}-[0-9]{2}\t[0-9]{2}:[0-9]{2}:[0-9]{2}\t-?[0-9]"
DETAIL: Final = Sheet(
    required=_ROW,
    optional=("商户订单号", "银商订单号", "支付类型"),
    delimiter="\t",
    title="对账明细查询结果",
    own_titles=r"对账明细查询结果[^\n]*(?:\n(?:集团名称|清算日期从)[^\n]*)*\Z",
    aside=r"(?:总笔数|对账明细查询结果|集团名称|清算日期|\t+\r?$)",
    totals=(
        r"总笔数：\t(?P<总笔数>[0-9]+)\t+交易金额：\t(?P<交易金额>[-0-9.,]+)"
        r"\t+结算金额：\t(?P<结算金额>[-0-9.,]+)\t+手续费：\t(?P<手续费>[-0-9.,]+)"
    ),
    totals_required=True,
)
PAGES: Final = Sheet(
    required=(
        *("清算日期", "交易日期", "交易时间", "交易金额", "终端号", "清算金额", "手续费", "流水号"),
        *("交易类型", "参考号", "卡号", "商户号", "发卡行", "卡类型", "商户订单号", "银商订单号"),
        *("支付类型", "金额", "19", "20", "21"),
    ),
    delimiter="\t",
    header=False,
    row=_PAGE_ROW,
    aside=r"(?:总笔数|对账明细查询结果|集团名称|清算日期|\t+\r?$)",
)
_KINDS: Final = {
    "消费": Kind.PAYMENT,
    "预授权完成": Kind.PAYMENT,
    **dict.fromkeys(("退货", "退款"), Kind.REFUND),
    **dict.fromkeys(("撤销", "消费撤销", "预授权完成撤销"), Kind.VOID),
    **dict.fromkeys(("冲正", "消费冲正", "预授权完成冲正"), Kind.REVERSAL),
}
_OUTFLOWS: Final = tuple(word for word, kind in _KINDS.items() if kind is not Kind.PAYMENT)
_REVERSED: Final = tuple(word for word, kind in _KINDS.items() if kind is Kind.REVERSAL)
_LIMIT: Final = 1000  # rows that a truncated query shows


def _read(
    sheet: Sheet, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the rows; refunds and voids get their sign."""
    rows_seen = 0
    for rows in read_either(sheet, staged, options, reading):
        frame = frame_of(rows)
        is_out = pl.col("交易类型").is_in(_OUTFLOWS)
        signed = [
            money_out(pl.col(name), is_out).alias(name)
            for name in ("交易金额", "清算金额", "手续费")
        ]
        repeated = pl.when(pl.col("交易类型").is_in(_REVERSED)).then(pl.col("参考号"))
        rows_seen += frame.height
        yield rows_of(frame.with_columns(*signed, repeated.alias("original")), rows)
    if sheet is DETAIL and rows_seen >= _LIMIT:
        raise InputError(
            f"expected a whole day, found a query that shows {_LIMIT} rows only",
            where=staged.name,
            fix="export the day in parts that have fewer rows, or ask for the file interface",
            code="FILE_TOTAL",
        )


def fields(options: Options) -> Fields:
    """Return how the export's columns become the canonical table."""
    return {
        "kind": Choice("交易类型", _KINDS),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("商户号"),
        "terminal_id": Text("终端号"),
        "order_id": Text("商户订单号", optional=True),
        "channel_ref": Text("银商订单号", optional=True),
        "original_ref": Text("original"),
        "rrn": Text("参考号"),
        "stan": Text("流水号"),
        "card": Text("卡号"),
        "product": Text("卡类型"),
        "issuer": Text("发卡行"),
        "amount_minor": Money("交易金额", thousands=","),
        "fee_minor": Money("手续费", thousands=","),
        "net_minor": Money("清算金额", thousands=","),
        "currency": Constant(options.currency),
        "occurred_at": Time(("交易日期", "交易时间"), CLOCK),
        "clearing_date": Day("清算日期", ("YYYYMMDD",)),
        "attributes.entry_mode": Text("支付类型", optional=True),
    }


def refine(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse rows whose settled amount is not amount less fee."""
    amount, fee, net = pl.col("amount_minor"), pl.col("fee_minor"), pl.col("net_minor")
    reason = pl.format("amount {} less fee {} is not the settled amount {}", amount, fee, net)
    return frame.with_columns(pl.when(amount - fee != net).then(reason).alias("reject_reason"))


def controls(_options: Options) -> tuple[Control, ...]:
    """Return the totals of the last line."""
    money = Money("")
    return (
        Control("总笔数", "总笔数", pl.len()),
        Control("交易金额", "交易金额", pl.col("amount_minor").sum(), money),
        Control("结算金额", "结算金额", pl.col("net_minor").sum(), money),
        Control("手续费", "手续费", pl.col("fee_minor").sum(), money),
    )


FORMATS: Final = (
    Format(
        name="ums_detail",
        title_en="UMS portal export, detail query",
        title_zh="银联商务对账明细查询",
        side=Side.CHANNEL,
        recognise=partial(fits, DETAIL),
        read=partial(_read, DETAIL),
        fields=fields,
        refine=refine,
        controls=controls,
        has_controls=True,
        header=DETAIL.required,
    ),
    Format(
        name="ums_pages",
        title_en="UMS portal export, bare pages",
        title_zh="银联商务门户导出（无表头）",
        side=Side.CHANNEL,
        recognise=partial(fits, PAGES),
        read=partial(_read, PAGES),
        fields=fields,
        refine=refine,
    ),
)
