"""UnionPay merchant reconciliation files ZM and ZME: fixed width in bytes, GBK, no trailer.

Source: the all-channel platform's file interface (part 3), verified byte for byte on a real day.
42 fields, one space between them, 607 bytes a line. Amounts are 12 digits of fen; the fee and the
settled amount carry C (to the merchant), D (from the merchant) or a space for zero. Times have no
year: it comes from the query number, which begins with the full time.

A day without sales, or errors, has no bytes: it is read from the day's zip, where its name is seen.
The wap report is a banner in front of the same lines. ZME lists error handling (differences that
were settled later) in the same layout: its rows are adjustments, signed as their settled amount.

Each row proves itself: amount (signed by kind) + fee (signed by C or D) = settled amount; where the
fee of instalments (field 38) is settled too, it is part of the fee. Other rows are rejects. Field
27, the query number of the original, links a refund to its sale.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from itertools import chain
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Constant,
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
    Time,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.fixed import cut_fixed, slices_of
from recon.io.reading.lines import Block, Lines
from recon.io.reading.sheet import sniffed_encoding

WIDTHS: Final = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1),
    *(21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98),
)
LENGTH: Final = sum(WIDTHS) + len(WIDTHS) - 1
NAMES: Final = {
    1: "交易代码",
    4: "系统跟踪号",
    5: "交易传输时间",
    6: "账号",
    7: "交易金额",
    8: "商户类型",
    10: "查询流水号",
    12: "商户订单号",
    13: "支付卡类型",
    16: "商户手续费",
    17: "结算金额",
    20: "交易类型",
    27: "原交易查询流水号",
    28: "商户代码",
    33: "清算净额",
    34: "终端号",
    35: "商户自定义域",
    38: "分期付款附加手续费",
    41: "原始订单号",
}
_SIGNED: Final = frozenset({"商户手续费", "结算金额", "清算净额", "分期付款附加手续费"})
_KINDS: Final = {
    "01": Kind.PAYMENT,  # consumption
    "03": Kind.PAYMENT,  # pre-authorisation completion
    "04": Kind.REFUND,
    "11": Kind.PAYMENT,  # collected from a card by agreement
    "13": Kind.PAYMENT,  # a bill
    "31": Kind.VOID,  # consumption voided
    "33": Kind.VOID,  # completion voided
}
_INFLOWS: Final = tuple(code for code, kind in _KINDS.items() if kind is Kind.PAYMENT)
_FILE_NAME: Final = re.compile(r"INN(\d{6})\d\dZME?_")
_ERRORS_NAME: Final = re.compile(r"\dZME_")
_SALES_NAME: Final = re.compile(r"INN\d{8}ZM_")
_CLEARING: Final = re.compile(r"清算日期：\s*(\d{8})")
_WAP_TITLE: Final = "中国银联wap支付商户清算交易明细表"
_BANNER_LINES: Final = 50
_CODE: Final = re.compile(rb"[A-Z]\d\d ")
_LINE: Final = re.compile(rb"[A-Z]\d\d .{11} .{11} \d{6} \d{10} .{19} \d{12} ", re.DOTALL)


def _read(
    outflow: pl.Expr, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the rows, with a full time, a signed amount and the clearing day as text."""
    if not staged.size:  # a member of the day's zip: there is nothing to tell
        return
    slices = slices_of(WIDTHS, NAMES, _SIGNED)
    with staged.path.open("rb") as stream:
        blocks = Lines(stream, staged.name, options.encoding, _encoding)
        first = blocks.take()
        assert first is not None, "Lines refuses an empty file"
        banner, first = _banner(first, reading)
        clearing = clearing_day(staged, banner)
        seen = 0
        blocks_left = chain((first,), blocks)
        for rows in cut_fixed(blocks_left, LENGTH, slices, reading, counted="gb18030"):
            seen += rows.record_no.size
            yield _derived(rows, clearing, outflow)
    if not seen and reading.rejects:
        raise InputError(
            f"expected lines of {LENGTH} bytes, found none",
            where=staged.name,
            fix="check that this is a ZM file in its original encoding, not converted or trimmed",
            code="FILE_SCHEMA",
        )


def _encoding(head: bytes) -> str:
    """Return the encoding of a file: GBK, unless somebody converted it, or its banner only."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if head.lstrip().startswith(b"===="):
        return sniffed_encoding(head)
    lines = (line.removesuffix(b"\r") for line in head.split(b"\n"))
    is_converted = any(len(line) > LENGTH and is_line(_in_gbk(line)) for line in lines)
    return "utf-8" if is_converted else "gb18030"


def _in_gbk(line: bytes) -> bytes:
    """Return a line in the bytes that its fields are counted in."""
    if len(line) <= LENGTH or line.isascii():
        return line
    try:
        return line.decode().encode("gb18030")
    except UnicodeError:
        return line


def _banner(block: Block, reading: Reading) -> tuple[str, Block]:
    """Return the titles of a report, and the block that follows them."""
    lines = block.line_texts(_BANNER_LINES)
    filled = next((line for line in lines if line.strip()), "")
    if not filled.startswith("===="):
        return "", block
    raw = block.raw.tobytes().split(b"\n", len(lines))
    count = next((at for at, line in enumerate(raw) if is_line(_in_gbk(line.rstrip(b"\r")))), 0)
    if not count and not any(_CODE.match(line) for line in raw):
        count = min(len(lines), block.lines)  # a day without rows: the titles are the whole report
    blank = sum(not line.strip() for line in lines[:count])
    reading.lines += count
    reading.blank_lines += blank
    reading.header_lines += count - blank
    return "\n".join(lines[:count]), block.after(count)


def clearing_day(staged: StagedFile, banner: str) -> date | None:
    """Return the clearing day in the file's name or banner, or else the business date."""
    named, titled = _FILE_NAME.search(staged.name), _CLEARING.search(banner)
    text = f"20{named[1]}" if named else titled[1] if titled else ""
    if not text:
        return staged.business_date if isinstance(staged.business_date, date) else None
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except ValueError:
        return None


def _derived(rows: RawRows, clearing: date | None, outflow: pl.Expr) -> RawRows:
    """Add the signed amount, the full time, the clearing day and the original's number as text."""
    frame = frame_of(rows)
    amount = pl.col("交易金额")
    original = pl.col("原交易查询流水号")
    time = pl.col("交易传输时间")
    frame = frame.with_columns(
        pl.when(outflow).then(pl.lit("-") + amount).otherwise(amount).alias("amount"),
        (year_of(time, pl.col("查询流水号"), clearing) + time).alias("occurred_at"),
        pl.lit("" if clearing is None else f"{clearing:%Y%m%d}").alias("clearing_date"),
        pl.when(original == "")
        .then(pl.col("原始订单号"))
        .otherwise(original)
        .alias("original_ref"),
    )
    return rows_of(frame, rows)


def year_of(time: pl.Expr, query: pl.Expr, clearing: date | None) -> pl.Expr:
    """Return the year of `MMDDhhmmss` as text.

    The query number's own year, one more or less when New Year lies between the two; without a
    query number, the clearing day's. Empty when there is neither: the row is then refused.
    """
    known = query.str.extract(r"^((?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{2})", 1)
    if clearing is not None:
        known = pl.coalesce(known, pl.lit(f"{clearing:%Y%m%d}"))
    year = known.str.slice(0, 4).cast(pl.Int32, strict=False)
    month = known.str.slice(4, 2)
    own = time.str.slice(0, 2)
    shift = (
        pl.when((month == "12") & (own == "01"))
        .then(1)
        .when((month == "01") & (own == "12"))
        .then(-1)
        .otherwise(0)
    )
    return (year + shift).cast(pl.String).fill_null("")


def _fields(kind: Field, options: Options) -> Fields:
    """Return how the file's fields become the canonical table."""
    return {
        "kind": kind,
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("商户代码"),
        "terminal_id": Text("终端号"),
        "order_id": Text("商户订单号"),
        "channel_ref": Text("查询流水号"),
        "original_ref": Text("original_ref"),
        "stan": Text("系统跟踪号"),
        "card": Text("账号"),
        "product": Text("支付卡类型"),
        "attributes.mcc": Text("商户类型"),
        "amount_minor": Money("amount", unit="minor"),
        "fee_minor": Money("商户手续费", unit="credit_debit_minor"),  # `refine` turns the sign
        "net_minor": Money("结算金额", unit="credit_debit_minor"),
        "_instalment_minor": Money("分期付款附加手续费", unit="credit_debit_minor"),
        "currency": Constant(options.currency),
        "occurred_at": Time(("occurred_at",), ("YYYYMMDDhhmmss",)),
        "clearing_date": Day("clearing_date", ("YYYYMMDD",)),
        "memo": Text("商户自定义域"),
    }


def refine(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make the fee a cost (D takes it from the merchant); refuse rows that do not add up."""
    cost = -pl.col("fee_minor")
    whole = cost - pl.col("_instalment_minor")
    settled = pl.col("amount_minor") - whole == pl.col("net_minor")
    frame = frame.with_columns(pl.when(settled).then(whole).otherwise(cost).alias("fee_minor"))
    return frame.with_columns(
        pl.when(pl.col("amount_minor") - pl.col("fee_minor") != pl.col("net_minor"))
        .then(
            pl.format(
                "amount {} less fee {} is not the settled amount {} (minor units)",
                "amount_minor",
                "fee_minor",
                "net_minor",
            )
        )
        .alias("reject_reason")
    )


def is_line(line: bytes) -> bool:
    """Return whether a line has the file's length, spaces and digits."""
    if len(line) != LENGTH or not _LINE.match(line):
        return False
    at = -1
    for width in WIDTHS[:-1]:
        at += width + 1
        if line[at] != ord(" "):
            return False
    return True


def _recognise(probe: Probe) -> bool:
    """Return whether one of the first lines, or the first one after a banner, is one of this file.

    The first line may be a damaged one. A day without rows has no bytes: its member of the day's
    zip says by its name what it is.
    """
    if not probe.size:
        return bool(_SALES_NAME.search(probe.name) or _ERRORS_NAME.search(probe.name))
    lines = probe.byte_lines(_BANNER_LINES)
    if not lines[0].startswith(b"===="):
        # blanks cut off are for the reader to refuse
        return any(is_line(_in_gbk(line).ljust(LENGTH)) for line in lines)
    rows = [line for line in lines if _CODE.match(line)]
    if not rows:  # a day without rows
        return len(probe.head) == probe.size and _WAP_TITLE in probe.text()
    return is_line(_in_gbk(rows[0]))


FORMAT: Final = Format(
    name="unionpay_zm",
    title_en="UnionPay merchant reconciliation file (ZM)",
    title_zh="银联全渠道商户对账文件 ZM",
    side=Side.CHANNEL,
    recognise=lambda probe: _recognise(probe) and not _ERRORS_NAME.search(probe.name),
    read=partial(_read, ~pl.col("交易类型").is_in(_INFLOWS)),
    fields=partial(_fields, Choice("交易类型", _KINDS)),
    refine=refine,
    natural_key=("channel_ref",),
)

ERRORS: Final = Format(
    name="unionpay_zme",
    title_en="UnionPay merchant error-handling file (ZME)",
    title_zh="银联全渠道商户差错明细 ZME",
    side=Side.CHANNEL,
    recognise=lambda probe: _recognise(probe) and bool(_ERRORS_NAME.search(probe.name)),
    read=partial(_read, pl.col("结算金额").str.starts_with("D")),
    fields=partial(_fields, Constant(Kind.ADJUSTMENT)),
    refine=refine,
    twin="unionpay_zm",
)
