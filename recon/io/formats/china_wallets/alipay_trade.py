"""Alipay merchant trade bill (业务明细): GBK text in a `#` envelope, alone or inside its zip.

Source: the vendor's bill download pages, checked on real exports. The zip holds the details and a
summary in any order; the details are found by their first line, the summary's totals are compared
with them. No quoting; ids carry a trailing
tab. Two footer lines declare counts and sums of payments and refunds.

| row    | kind    | amount       | fee            | own numbers                | original_ref |
|--------|---------|--------------|----------------|----------------------------|--------------|
| `交易` | PAYMENT | 订单金额     | minus 服务费   | 商户订单号, 支付宝交易号   |              |
| `退款` | REFUND  | 订单金额 (-) | minus 服务费   | 退款批次号 for both        | 商户订单号   |

A refund repeats the payment's two numbers; its own number is 退款批次号/请求号, which stands as its
order number and its channel reference. Without one (old exports) the payment's numbers stand.
The signs are asserted, not trusted: a positive refund, a negative payment, or a payment whose fee
would be money in, is a reject.
The net is 商家实收 + 服务费 + 分润, what moves the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.formats.china_wallets.alipay_summary import PREFIX, take_summary
from recon.io.reading.archive import decoded_name, opened
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
from recon.io.reading.cutting import Dialect, Layout, cut_rows, frame_of, rows_of
from recon.io.reading.free_text import FreeText
from recon.io.reading.lines import Block, Lines, listed
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import sniffed_encoding

_TITLE: Final = "#支付宝业务明细查询"
_SUMMARY: Final = (
    *("交易订单总笔数", "退款订单总笔数", "订单金额(元)", "商家实收(元)", "服务费(元)"),
    "实收净额(元)",
)
_REQUIRED: Final = ("支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间")
_FILLED: Final = ("订单金额(元)", "商家实收(元)", "服务费(元)")
_OPTIONAL: Final = (
    "门店编号",
    "终端号",
    "退款批次号/请求号",
    "分润(元)",
    "备注",
)
_UNREAD: Final = (
    *("门店名称", "操作员", "对方账户", "支付宝红包(元)", "集分宝(元)", "支付宝优惠(元)"),
    *("商家优惠(元)", "券核销金额(元)", "券名称", "商家红包消费金额(元)", "卡消费金额(元)"),
)
_DETAIL_NAME: Final = re.compile(r"业务明细(?!.*汇总)")
_ACCOUNT: Final = re.compile(r"#账号：\[([0-9]+)\]")
_PAID: Final = re.compile(
    r"#交易合计：([0-9]+)笔，商家实收共(-?[0-9.,]+)元(，商家优惠共-?[0-9.,]+元)?"
)
_REFUNDED: Final = re.compile(
    r"#退款合计：([0-9]+)笔，商家实收退款共(-?[0-9.,]+)元(，商家优惠退款共-?[0-9.,]+元)?"
)
_FREE_TEXT: Final = FreeText(
    ("商品名称", "门店名称", "券名称", "备注"),
    (
        ("创建时间|完成时间", r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2} [0-9:]+"),
        (r"\(元\)$", r"-?[0-9]*\.?[0-9]*"),
    ),
)
_DIALECT: Final = Dialect(b",", comment=b"#", trim=True)


def column_name(cell: str) -> str:
    """Return a header cell's name with half-width parentheses."""
    return cell.strip(" \t`\ufeff").replace("（", "(").replace("）", ")")


def is_detail(head: bytes) -> bool:
    """Return whether a member begins as the detail of a trade bill does."""
    return Probe("", len(head), head).text().startswith(_TITLE)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the bill's rows; fill the footer's totals and the account."""
    with opened(staged, options, lambda _name, head: is_detail(head)) as stream:
        blocks = Lines(stream, staged.name, options.encoding, sniffed_encoding)
        first = blocks.take()
        if first is None:
            return
        header, first = _header(first, options, reading, staged.name)
        wanted = tuple(n for n in (*_REQUIRED, *_FILLED, *_OPTIONAL) if n in header)
        seen: list[str] = []
        records = _watched(first, blocks, seen)
        rows_seen = 0
        layout = Layout(header, wanted)
        for rows in cut_rows(
            records, _DIALECT, layout, reading, repair=partial(_FREE_TEXT.rejoin, b",")
        ):
            rows_seen += rows.record_no.size
            if rows.record_no.size:
                _check_filled(header, staged.name)
            yield _derived(rows, reading)
        reading.trailer_lines += reading.comment_lines
        reading.comment_lines = 0
        _take_footer(seen, rows_seen + len(reading.rejects), reading, staged.name)
    take_summary(staged, ("#支付宝业务汇总查询",), _SUMMARY, reading)


def _header(
    block: Block, options: Options, reading: Reading, where: str
) -> tuple[tuple[str, ...], Block]:
    """Read the envelope's head and the header line; return its names and what follows."""
    lines = block.line_texts(50)
    at = next((i for i, line in enumerate(lines) if line.strip() and line[0] != "#"), None)
    if at is None or not any(line.startswith(_TITLE) for line in lines[:at]):
        raise InputError(
            f"expected {_TITLE!r} and a header line, found {lines[:1]!r}",
            where=f"{where}, line 1",
            fix="check that this is the detail file of a trade bill, and that it is whole",
            code="FILE_SCHEMA",
        )
    names = tuple(column_name(cell) for cell in lines[at].rstrip(",").split(","))
    problems = [f"column {name!r} is missing" for name in _REQUIRED if name not in names]
    problems += [f"column {name!r} stands twice" for name in set(names) if names.count(name) > 1]
    known = {*_REQUIRED, *_FILLED, *_OPTIONAL, *_UNREAD, *options.ignore_columns}
    problems += [f"column {name!r} is new" for name in names if name not in known]
    if problems:
        raise InputError(
            f"expected the header of an Alipay trade bill, found {lines[at][:200]!r}: "
            + listed(sorted(problems), "; "),
            where=f"{where}, line {at + 1}",
            fix="download the bill again; list new columns that you do not need in ignore_columns"
            " of this source",
            code="FILE_SCHEMA",
        )
    for account in _ACCOUNT.findall("\n".join(lines[:at])):
        reading.facts["account"] = account.removesuffix("0156")
    blank = sum(not line.strip() for line in lines[:at])
    reading.lines += at + 1
    reading.blank_lines += blank
    reading.header_lines += at + 1 - blank
    return names, block.after(at + 1)


def _check_filled(header: tuple[str, ...], where: str) -> None:
    """Refuse a bill with rows whose layout has no amounts."""
    lost = [name for name in _FILLED if name not in header]
    if lost:
        raise InputError(
            f"expected the columns {', '.join(_FILLED)}, found none of {', '.join(lost)}",
            where=where,
            fix="download the bill again; if the platform changed it, read it as `delimited`",
            code="FILE_SCHEMA",
        )


def _watched(first: Block, blocks: Lines, seen: list[str]) -> Iterator[Block]:
    """Yield the blocks and note the envelope lines that pass."""
    block: Block | None = first
    while block is not None:
        data = b"\n" + block.data.tobytes()
        at = data.find(b"\n#")
        while at >= 0:
            end = data.find(b"\n", at + 1)
            seen.append(data[at + 1 : end if end >= 0 else None].decode().rstrip("\r\t ,"))
            at = data.find(b"\n#", at + 1)
        yield block
        block = blocks.take()


def _take_footer(seen: list[str], rows: int, reading: Reading, where: str) -> None:
    """Fill the declared totals from the footer; a bill with rows must have it, once."""
    paid = [match for line in seen if (match := _PAID.fullmatch(line))]
    refunded = [match for line in seen if (match := _REFUNDED.fullmatch(line))]
    titles = sum(line.startswith(_TITLE) for line in seen)
    ended = any("明细列表结束" in line for line in seen)
    if len(paid) == len(refunded) == 1:
        is_whole = (paid[0][3] is None) == (refunded[0][3] is None)  # else the last line is cut
    else:
        is_whole = not rows and not paid and not refunded
    if not is_whole or not ended or titles:
        raise InputError(
            "expected the end of the list, then one line 交易合计 and one line 退款合计,"
            f" found {seen[-5:]!r}",
            where=where,
            fix="download the bill again: it is cut, or several bills were joined",
            code="FILE_TOTAL",
        )
    for matches, word in ((paid, "交易合计"), (refunded, "退款合计")):
        for match in matches:
            reading.declared[f"{word}笔数"] = match[1]
            reading.declared[f"{word}金额"] = match[2]


def _derived(rows: RawRows, reading: Reading) -> RawRows:
    """Add the account and a refund's own numbers; an empty fee or share is zero."""
    frame = frame_of(rows)
    for name in (*_FILLED, "分润(元)", "退款批次号/请求号"):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit("").alias(name))
    is_refund = pl.col("业务类型") == "退款"
    own = pl.col("退款批次号/请求号")
    has_own = is_refund & (own != "")
    frame = frame.with_columns(
        pl.lit(reading.facts.get("account", "")).alias("merchant_id"),
        pl.when(has_own).then(own).otherwise(pl.col("商户订单号")).alias("order_id"),
        pl.when(has_own).then(own).otherwise(pl.col("支付宝交易号")).alias("channel_ref"),
        pl.when(is_refund).then(pl.col("商户订单号")).otherwise(pl.lit("")).alias("original_ref"),
        *(
            pl.when(pl.col(name) == "").then(pl.lit("0")).otherwise(pl.col(name)).alias(name)
            for name in ("服务费(元)", "分润(元)")
        ),
    )
    return rows_of(frame, rows)


def fields(options: Options) -> Fields:
    """Return how the bill's columns become the canonical table."""
    return {
        "kind": Choice("业务类型", {"交易": Kind.PAYMENT, "退款": Kind.REFUND}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant_id"),
        "order_id": Text("order_id"),
        "channel_ref": Text("channel_ref"),
        "original_ref": Text("original_ref"),
        "terminal_id": Text("终端号", optional=True),
        "amount_minor": Money("订单金额(元)", thousands=","),
        "fee_minor": Money("服务费(元)", thousands=","),  # `refine` turns the sign
        "net_minor": Money(
            "商家实收(元)", thousands=","
        ),  # `refine` adds the fee and the profit share
        "_share_minor": Money("分润(元)", thousands=","),
        "_received_minor": Money("商家实收(元)", thousands=","),
        "currency": Constant(options.currency),
        "occurred_at": Time(("完成时间",), CLOCK),
        "memo": Text("商品名称"),
    }


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make the fee a cost, the net what moves the account; refuse signs against the kind."""
    signed_fee, amount = pl.col("fee_minor"), pl.col("amount_minor")
    is_refund = pl.col("kind") == Kind.REFUND.name
    reasons = (
        pl.when(is_wrong).then(
            pl.format(
                f"{name} {{}} has the wrong sign for a {{}}; expected {expected}",
                raw[f"{name}(元)"],
                raw["业务类型"],
            )
        )
        for name, is_wrong, expected in (
            (
                "订单金额",
                pl.when(is_refund).then(amount > 0).otherwise(amount < 0),
                "only refunds below zero",
            ),
            ("服务费", ~is_refund & (signed_fee > 0), "a fee that is taken below zero"),
        )
    )
    return frame.with_columns(
        pl.coalesce(*reasons).alias("reject_reason"),
        (-signed_fee).alias("fee_minor"),
        (pl.col("net_minor") + signed_fee + pl.col("_share_minor")).alias("net_minor"),
    )


def controls(_options: Options) -> tuple[Control, ...]:
    """Return the footer's totals."""
    paid = pl.col("kind") == Kind.PAYMENT.name
    received = pl.col("_received_minor")
    money = Money("", thousands=",")
    return (
        Control("交易合计笔数", "交易合计笔数", paid.sum()),
        Control("交易合计金额", "交易合计金额", received.filter(paid).sum(), money),
        Control("退款合计笔数", "退款合计笔数", (~paid).sum()),
        Control("退款合计金额", "退款合计金额", received.filter(~paid).sum(), money),
        *_summary_controls(),
    )


def _summary_controls() -> tuple[Control, ...]:
    """Return the totals of the zip's summary; senders net amounts with refunds, or do not."""
    paid = pl.col("kind") == Kind.PAYMENT.name
    amount, received = pl.col("amount_minor"), pl.col("_received_minor")
    fee, money = pl.col("fee_minor"), Money("", thousands=",")
    trades, refunds, *names = [PREFIX + name for name in _SUMMARY]
    sums = (
        (amount.sum(), amount.filter(paid).sum()),
        (received.sum(), received.filter(paid).sum()),
        (fee.sum() * -1, fee.sum()),
        (pl.col("net_minor").sum(), None),
    )
    return (
        Control(trades, trades, paid.sum()),
        Control(refunds, refunds, (~paid).sum()),
        *(
            Control(name, name, meant, money, also=other)
            for name, (meant, other) in zip(names, sums, strict=True)
        ),
    )


def _recognise(probe: Probe) -> bool:
    """Return whether the text, or the first member, is an Alipay trade bill."""
    names = (decoded_name(name) for name in probe.members)
    return is_detail(probe.head) or any(_DETAIL_NAME.search(name) for name in names)


FORMAT: Final = Format(
    name="alipay_trade",
    title_en="Alipay merchant trade bill",
    title_zh="支付宝业务账单",
    side=Side.CHANNEL,
    recognise=_recognise,
    read=read,
    fields=fields,
    refine=refine,
    controls=controls,
    header=(*_REQUIRED, *_FILLED),
    reads_archives=True,
    natural_key=("kind", "channel_ref"),
)
