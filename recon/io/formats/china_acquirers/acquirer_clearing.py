"""Acquirer's clearing detail as CSV: some 46 named columns, passed through a spreadsheet.

Checked on a real day. The spreadsheet dropped zeros (`.54`, `0` for 000000), and rows may be one
empty cell wider than the header. 交易时间 is `MMDDhhmmss` without a year, which comes from the
clearing day. The merchant's fee is 商户手续费; 收单收益 is the acquirer's own margin. Processing
code 000000 is a sale, 200000 a refund, which is money out whatever sign the file writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import polars as pl

from recon.core.attributes import entry_mode
from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
    Constant,
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
from recon.io.reading.sheet import Sheet, fits
from recon.io.reading.table import money_out
from recon.io.reading.workbook_sheet import read_either

SHEET: Final = Sheet(
    required=(
        *("清算日期", "交易时间", "结算商户编号", "交易终端号", "交易金额", "商户手续费"),
        *("收单收益", "交易类型", "卡号", "参考号bit37"),
    ),
    optional=(
        *("品牌费", "卡种", "银联系统跟踪号", "终端流水号bit11", "授权号", "原bit37", "订单号"),
        "服务点输入方式",
        "mcc号",
    ),
    quote='"',
    wider=1,
    closed=False,
)
_KINDS: Final = {
    "000000": Kind.PAYMENT,
    "200000": Kind.REFUND,
}


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the rows; give amounts their dropped zero and times their year, as text."""
    for rows in read_either(SHEET, staged, options, reading):
        frame = frame_of(rows)
        time = _zeros_back("交易时间", 10)
        day = pl.col("清算日期")
        year = day.str.head(4).cast(pl.Int32, strict=False)
        in_december = (day.str.slice(4, 2) == "01") & (time.str.head(2) == "12")
        shift = pl.when(in_december).then(-1).otherwise(0)
        code = _zeros_back("交易类型", 6)
        is_refund = code == "200000"
        money = [
            _whole_amount(pl.col(name), is_refund).alias(name)
            for name in ("交易金额", "商户手续费", "收单收益")
        ]
        yield rows_of(
            frame.with_columns(
                *money,
                code.alias("交易类型"),
                *_entry_mode(frame),
                ((year + shift).cast(pl.String).fill_null("") + time).alias("occurred_at"),
            ),
            rows,
        )


def _zeros_back(column: str, width: int) -> pl.Expr:
    """Return digits with the zeros that a spreadsheet dropped; an empty cell says nothing."""
    cell = pl.col(column)
    return pl.when(cell == "").then(cell).otherwise(cell.str.zfill(width))


def _entry_mode(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return how the card was read, in words; a spreadsheet dropped the code's first zero."""
    if "服务点输入方式" not in frame.columns:
        return []
    return [entry_mode(_zeros_back("服务点输入方式", 3)).alias("entry_mode")]


def _whole_amount(cell: pl.Expr, is_refund: pl.Expr) -> pl.Expr:
    """Return an amount with the zero that a spreadsheet dropped, and a refund's minus."""
    return money_out(cell.str.replace(r"^(-?)\.", "${1}0."), is_refund)


def fields(options: Options) -> Fields:
    """Return how the file's columns become the canonical table."""
    return {
        "kind": Choice("交易类型", _KINDS),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("结算商户编号"),
        "terminal_id": Text("交易终端号"),
        "order_id": Text("订单号", optional=True),
        "channel_ref": Text("参考号bit37"),  # by which a refund names its original
        "rrn": Text("参考号bit37"),
        "stan": Text("终端流水号bit11", optional=True),
        "auth_code": Text("授权号", optional=True),
        "original_ref": Text("原bit37", optional=True),
        "card": Text("卡号"),
        "product": Text("卡种", optional=True),
        "amount_minor": Money("交易金额", thousands=","),
        "fee_minor": Money("商户手续费", thousands=","),
        "_margin_minor": Money("收单收益", thousands=","),
        "currency": Constant(options.currency),
        "occurred_at": Time(("occurred_at",), ("YYYYMMDDhhmmss",)),
        "clearing_date": Day("清算日期", ("YYYYMMDD",)),
        "attributes.mcc": Text("mcc号", optional=True),
        "attributes.entry_mode": Text("entry_mode", nulls=("", "000"), optional=True),
    }


FORMAT: Final = Format(
    name="acquirer_clearing",
    title_en="Acquirer clearing detail (CSV)",
    title_zh="收单清算明细",
    side=Side.CHANNEL,
    recognise=partial(fits, SHEET),
    read=read,
    fields=fields,
    header=SHEET.required,
    natural_key=("rrn",),
)
