"""WeChat Pay merchant trade bill: the ALL, SUCCESS and REFUND layouts, old and new names.

Source: the vendor's "trade bill format" pages (API v2 and v3). Plain UTF-8, no quoting: each value
has one leading back-tick, so rows are cut on comma + back-tick. Two summary lines end the bill.

| row                | kind     | amount            | own numbers             | original_ref |
|--------------------|----------|-------------------|-------------------------|--------------|
| `SUCCESS`          | PAYMENT  | 订单金额          | 商户订单号 微信订单号   |              |
| `REFUND`           | REFUND   | minus 申请退款金额| 商户退款单号 微信退款单号| 商户订单号  |
| `REVOKED`          | REVERSAL | minus 申请退款金额| 商户订单号 微信退款单号 | 商户订单号   |

The net is what moves the fund account: 应结订单金额 (refund: minus 退款金额) less the fee. It
differs from amount less fee by coupons that the merchant pays for. Fees have five decimals of which
the last three are zero. A refund's time is its success time where the layout has one;
that is also when the payer had the money (`arrived_at`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.formats.contract import (
    Choice,
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
from recon.io.formats.cutting import Dialect, Layout, cut_rows, frame_of, rows_of
from recon.io.formats.lines import Block, Lines, listed
from recon.io.formats.wechat_envelope import (
    is_no_bill,
    present_name,
    says_no_bill,
    until_summary,
)

_ALIASES: Final = {
    "服务商的APPID": "公众账号ID",
    "子商户号": "特约商户号",
    "总金额": "应结订单金额",
    "企业红包金额": "代金券金额",
    "代金券或立减优惠金额": "代金券金额",
    "企业红包退款金额": "充值券退款金额",
    "代金券或立减优惠退款金额": "充值券退款金额",
    "总交易额": "应结订单总金额",
    "总退款金额": "退款总金额",
    "总代金券或立减优惠退款金额": "充值券退款总金额",
    "总企业红包退款金额": "充值券退款总金额",
}
_REQUIRED: Final = (
    "交易时间",
    "商户号",
    "微信订单号",
    "商户订单号",
    "交易状态",
    "货币种类",
    "应结订单金额",
    "手续费",
)
_OPTIONAL: Final = (
    "特约商户号",
    "设备号",
    "交易类型",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款状态",
    "商品名称",
    "订单金额",
    "申请退款金额",
    "退款申请时间",
    "退款成功时间",
    "付款银行",
)
_KNOWN: Final = {
    *_REQUIRED,
    *_OPTIONAL,
    *("公众账号ID", "用户标识", "代金券金额", "退款类型", "商户数据包", "费率"),
    "费率备注",
}
_COUNT: Final = "总交易单数"
_DIALECT: Final = Dialect(b",`", trim=True)


def column_name(cell: str) -> str:
    """Return a header cell's present-day name."""
    name = present_name(cell)
    return _ALIASES.get(name, name)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the bill's rows; fill the summary cells, under their present-day names."""
    with staged.path.open("rb") as stream:
        blocks = Lines(stream, staged.name, options.encoding or "utf-8")
        first = blocks.take()
        if first is None or is_no_bill(first, _COUNT, reading):
            return
        header, first = _header(first, options, reading, staged.name)
        wanted = tuple(name for name in (*_REQUIRED, *_OPTIONAL) if name in header)
        records = until_summary(first, blocks, _COUNT, column_name, reading, staged.name)
        for rows in cut_rows(records, _DIALECT, Layout(header, wanted), reading):
            yield _derived(rows)


def _header(
    block: Block, options: Options, reading: Reading, where: str
) -> tuple[tuple[str, ...], Block]:
    """Check the header line and return its names and what follows."""
    line = block.line_texts(1)[0] if block.raw else ""
    names = tuple(column_name(cell) for cell in line.split(","))
    known = {*_KNOWN, *options.ignore_columns}
    problems = [f"column {name!r} is missing" for name in _REQUIRED if name not in names]
    problems += [f"column {name!r} is unknown" for name in names if name not in known]
    problems += [f"column {name!r} stands twice" for name in set(names) if names.count(name) > 1]
    if problems:
        raise InputError(
            f"expected the header of a WeChat trade bill, found {line[:200]!r}: "
            + listed(sorted(problems), "; "),
            where=f"{where}, line 1",
            fix="check that this is a trade bill (not a fund bill); list new columns that you do"
            " not need in ignore_columns of this source",
            code="FILE_SCHEMA",
        )
    reading.lines += 1
    reading.header_lines += 1
    return names, block.after(1)


def _derived(rows: RawRows) -> RawRows:
    """Add the columns that mean another thing on each kind of row; texts only, nothing parsed."""
    frame = frame_of(rows)
    have = set(frame.columns)

    def first(*names: str) -> pl.Expr:
        """Return the first column that the layout has whose cell is neither empty nor `0`."""
        known = [pl.col(name) for name in names if name in have]
        filled = [pl.when(~column.is_in(["", "0"])).then(column) for column in known]
        return pl.coalesce(*filled, pl.lit("")) if filled else pl.lit("")

    def cell(*names: str) -> pl.Expr:
        """Return the first column that the layout has."""
        return next((pl.col(name) for name in names if name in have), pl.lit(""))

    paid = pl.col("交易状态") == "SUCCESS"
    refunded = pl.col("交易状态") == "REFUND"
    minus = pl.lit("-")
    derived = frame.with_columns(
        pl.when(paid)
        .then(cell("订单金额", "应结订单金额"))
        .otherwise(minus + cell("申请退款金额", "退款金额"))
        .alias("amount"),
        pl.when(paid)
        .then(pl.col("应结订单金额"))
        .otherwise(minus + cell("退款金额"))
        .alias("funds"),
        pl.when(refunded)
        .then(cell("商户退款单号"))
        .otherwise(pl.col("商户订单号"))
        .alias("order_id"),
        pl.when(paid)
        .then(pl.col("微信订单号"))
        .when(refunded)
        .then(cell("微信退款单号"))
        .otherwise(first("微信退款单号", "微信订单号"))
        .alias("channel_ref"),
        pl.when(paid).then(pl.lit("")).otherwise(pl.col("商户订单号")).alias("original_ref"),
        pl.when(paid)
        .then(pl.lit("SUCCESS"))
        .when(refunded)
        .then(cell("退款状态"))
        .otherwise(pl.coalesce(first("退款状态").replace("", None), pl.lit("SUCCESS")))
        .alias("state"),
        pl.when(paid)
        .then(pl.col("交易时间"))
        .otherwise(first("退款成功时间", "退款申请时间", "交易时间"))
        .alias("occurred_at"),
        pl.when(paid).then(pl.lit("")).otherwise(first("退款成功时间")).alias("arrived_at"),
        first("特约商户号", "商户号").alias("merchant_id"),
    )
    return rows_of(derived, rows)


def fields(_options: Options) -> Fields:
    """Return how the bill's columns become the canonical table."""
    clock = ("YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD hh：mm：ss")
    return {
        "kind": Choice(
            "交易状态",
            {"SUCCESS": Kind.PAYMENT, "REFUND": Kind.REFUND, "REVOKED": Kind.REVERSAL},
        ),
        "state": Choice(
            "state",
            {
                "SUCCESS": State.SUCCESS,
                "PROCESSING": State.PENDING,
                "FAIL": State.FAILED,
                "CLOSED": State.FAILED,
                "CHANGE": State.FAILED,  # the money came back to the merchant
            },
        ),
        "merchant_id": Text("merchant_id"),
        "terminal_id": Text("设备号", optional=True),
        "order_id": Text("order_id"),
        "channel_ref": Text("channel_ref"),
        "original_ref": Text("original_ref"),
        "product": Text("交易类型", optional=True),
        "issuer": Text("付款银行", optional=True),
        "amount_minor": Money("amount"),
        "fee_minor": Money("手续费", extra_zero_decimals=True),
        "net_minor": Money("funds"),  # `refine` takes the fee off
        "currency": Text("货币种类"),
        "occurred_at": Time(("occurred_at",), clock),
        "arrived_at": Time(("arrived_at",), clock, optional=True),
        "memo": Text("商品名称", optional=True),
        "_coupon_refund_minor": Money("充值券退款金额", optional=True),
    }


def refine(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Take the fee off the amount that moves the fund account."""
    return frame.with_columns(pl.col("net_minor") - pl.col("fee_minor"))


def controls(_options: Options) -> tuple[Control, ...]:
    """Return the summary's totals and what each means in canonical columns."""
    paid = pl.col("kind") == Kind.PAYMENT.name
    amount = pl.col("amount_minor")
    funds = pl.col("net_minor") + pl.col("fee_minor")
    money = Money("", extra_zero_decimals=True)
    return (
        Control(_COUNT, _COUNT, pl.len()),
        Control("应结订单总金额", "应结订单总金额", funds.filter(paid).sum(), money),
        Control("退款总金额", "退款总金额", 0 - funds.filter(~paid).sum(), money),
        Control(
            "充值券退款总金额", "充值券退款总金额", pl.col("_coupon_refund_minor").sum(), money
        ),
        Control("手续费总金额", "手续费总金额", pl.col("fee_minor").sum(), money),
        Control("订单总金额", "订单总金额", amount.filter(paid).sum(), money),
        Control("申请退款总金额", "申请退款总金额", 0 - amount.filter(~paid).sum(), money),
    )


def _recognise(probe: Probe) -> bool:
    """Return whether the first line is the header of a trade bill, or the `no bill` answer."""
    text = probe.text().lstrip("\ufeff")
    if says_no_bill(text):
        return True
    names = {column_name(cell) for cell in text.split("\n", 1)[0].strip().split(",")}
    return {"交易时间", "微信订单号", "商户订单号", "交易状态", "应结订单金额"} <= names


FORMAT: Final = Format(
    name="wechat_trade",
    title_en="WeChat Pay merchant trade bill",
    title_zh="微信支付交易账单",
    side=Side.CHANNEL,
    recognise=_recognise,
    read=read,
    fields=fields,
    refine=refine,
    controls=controls,
    has_controls=True,
    natural_key=("kind", "channel_ref"),
)
