"""UnionPay institution flow (ACOMA, ACOMN): what an acquirer's terminals sent through the switch.

Fixed width in bytes with one space between fields; checked on real excerpts. The lines vary in
length behind field 33 (reserved), so that only the fixed part is required. Amounts are 12 digits of
fen, unsigned: the message type and processing code make the kind and the sign.

| message type, processing code | kind     |
|-------------------------------|----------|
| 0200 00xxxx                   | PAYMENT  |
| 0200 20xxxx                   | VOID     |
| 0220 20xxxx                   | REFUND   |
| 0220 00xxxx                   | PAYMENT (completion) |
| 0420 00xxxx                   | REVERSAL |
| 0200 30xxxx                   | OTHER (balance inquiry, no money) |

A transaction is told by its trace number and transmission time (`000001-1120100107`), and so is the
one that a void, refund or reversal undoes. A response code that is no yes (00, 08, 10, 11, 16, A2,
A4, A5, A6, Y1, Y3) is a failed transaction; after 10 (a part was approved) the amount is that part.
Interchange and switch fees are between the acquirer and the network: they are not the merchant's.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Final

import polars as pl

from recon.core.attributes import APPROVALS, entry_mode
from recon.core.codes import Kind, Side, State
from recon.io.formats.china_acquirers.unionpay_zm import year_of
from recon.io.reading.contract import (
    Choice,
    Constant,
    Day,
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
from recon.io.reading.lines import Lines

WIDTHS: Final = (
    *(11, 11, 6, 10, 19, 12, 12, 12, 4, 6, 4, 8, 15, 12, 2, 6, 11, 6, 2, 3, 12, 12, 12),
    *(1, 3, 1, 1, 10, 11, 1, 2, 2, 12),
)
LENGTH: Final = sum(WIDTHS) + len(WIDTHS) - 1
NAMES: Final = {
    1: "代理机构",
    3: "系统跟踪号",
    4: "交易传输时间",
    5: "主账号",
    6: "交易金额",
    7: "部分代收时的承兑金额",
    9: "报文类型",
    10: "交易类型码",
    11: "商户类型",
    12: "终端号",
    13: "商户号",
    14: "检索参考号",
    16: "授权码",
    18: "原系统跟踪号",
    19: "应答码",
    20: "服务点输入方式",
    21: "应收手续费",
    22: "应付手续费",
    28: "原交易时间",
}
_LINE: Final = re.compile(
    rb"\d{8}.{3} \d{8}.{3} \d{6} \d{10} [0-9* ]{19} \d{12} \d{12} .\d{11} 0[24]\d0 \d{6} "
)
_IN_PART: Final = "10"  # the answer that approves a part
_FIRST_LINES: Final = 5  # any of which may be a damaged one
_FILE_NAME: Final = re.compile(r"IND(\d{6})\d\dACOM")


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the rows, with a full time, a word for the kind and a signed amount as text."""
    slices = slices_of(WIDTHS, NAMES, frozenset())
    clearing = clearing_day(staged)
    with staged.path.open("rb") as stream:
        blocks = Lines(stream, staged.name, options.encoding, encoding_of)
        first = blocks.take()
        assert first is not None, "Lines refuses an empty file"
        for rows in cut_fixed(chain((first,), blocks), LENGTH, slices, reading, longer=True):
            yield _derived(rows, clearing)


def encoding_of(head: bytes) -> str:
    """Return the encoding of a file: the fixed part is ASCII, what is reserved may be GBK."""
    return "utf-8" if head.startswith(codecs.BOM_UTF8) else "gb18030"


def clearing_day(staged: StagedFile) -> date | None:
    """Return the day in the file's name, or else the business date."""
    match = _FILE_NAME.search(staged.name)
    if match is None:
        return staged.business_date if isinstance(staged.business_date, date) else None
    text = match[1]
    try:
        return date.fromisoformat(f"20{text[:2]}-{text[2:4]}-{text[4:]}")
    except ValueError:
        return None


def _derived(rows: RawRows, clearing: date | None) -> RawRows:
    """Add the kind's word, the signed amount, the full time, and what it undoes."""
    kind = pl.col("报文类型") + " " + pl.col("交易类型码").str.head(2)
    part = pl.col("部分代收时的承兑金额")
    in_part = (pl.col("应答码") == _IN_PART) & (part.str.strip_chars("0 ") != "")
    amount = pl.when(in_part).then(part).otherwise(pl.col("交易金额"))
    time = pl.col("交易传输时间")
    original, moment = pl.col("原系统跟踪号"), pl.col("原交易时间")
    frame = frame_of(rows).with_columns(
        kind.alias("kind"),
        pl.when(kind.is_in(["0200 00", "0220 00", "0200 30"]))
        .then(amount)
        .otherwise(pl.lit("-") + amount)
        .alias("amount"),
        (year_of(time, pl.lit(""), clearing) + time).alias("occurred_at"),
        pl.lit("" if clearing is None else f"{clearing:%Y%m%d}").alias("clearing_date"),
        _reference(pl.col("系统跟踪号"), time).alias("own"),
        pl.when(original == "000000")
        .then(pl.lit(""))
        .when(moment.str.strip_chars("0") == "")
        .then(original)
        .otherwise(_reference(original, moment))
        .alias("original"),
        entry_mode(pl.col("服务点输入方式").str.strip_chars()).alias("entry_mode"),
    )
    return rows_of(frame, rows)


def _reference(trace: pl.Expr, time: pl.Expr) -> pl.Expr:
    """Return what the network tells a transaction by: trace number and transmission time."""
    return trace + "-" + time


def fields(options: Options) -> Fields:
    """Return how the file's fields become the canonical table."""
    return {
        "kind": Choice(
            "kind",
            {
                "0200 00": Kind.PAYMENT,
                "0220 00": Kind.PAYMENT,
                "0200 20": Kind.VOID,
                "0220 20": Kind.REFUND,
                "0420 00": Kind.REVERSAL,
                "0420 20": Kind.REVERSAL,
                "0200 30": Kind.OTHER,
            },
        ),
        "state": Choice("应答码", dict.fromkeys(APPROVALS, State.SUCCESS), otherwise=State.FAILED),
        "merchant_id": Text("商户号"),
        "terminal_id": Text("终端号"),
        "channel_ref": Text("own"),
        "rrn": Text("检索参考号"),
        "stan": Text("系统跟踪号"),
        "auth_code": Text("授权码"),
        "card": Text("主账号"),
        "original_ref": Text("original"),
        "amount_minor": Money("amount", unit="minor"),
        "_receivable_minor": Money("应收手续费", unit="minor"),
        "_payable_minor": Money("应付手续费", unit="minor"),
        "currency": Constant(options.currency),
        "occurred_at": Time(("occurred_at",), ("YYYYMMDDhhmmss",)),
        "clearing_date": Day("clearing_date", ("YYYYMMDD",)),
        "attributes.mcc": Text("商户类型"),
        "attributes.response_code": Text("应答码"),
        "attributes.entry_mode": Text("entry_mode", nulls=("", "000")),
    }


def refine(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Undo a reversal's own direction: a reversed void is money in again."""
    is_undone_void = (pl.col("kind") == Kind.REVERSAL.name) & (_raw["kind"] == "0420 20")
    amount = pl.col("amount_minor")
    return frame.with_columns(pl.when(is_undone_void).then(-amount).otherwise(amount))


def _recognise(probe: Probe) -> bool:
    """Return whether one of the first lines has the flow's digits and spaces."""
    lines = probe.byte_lines(_FIRST_LINES)
    return any(len(line) >= LENGTH and _LINE.match(line) is not None for line in lines)


FORMAT: Final = Format(
    name="unionpay_acom",
    title_en="UnionPay institution flow (ACOM)",
    title_zh="银联机构流水 ACOM",
    side=Side.CHANNEL,
    recognise=_recognise,
    read=read,
    fields=fields,
    refine=refine,
)
