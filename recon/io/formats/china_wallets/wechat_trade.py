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
that is also when the payer had the money (`arrived_at`). Where a refund went is its `refund_route`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.formats.china_wallets.wechat_envelope import CLOCKS, Bill, present_name
from recon.io.reading.contract import (
    Choice,
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
from recon.io.reading.table import money_out

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
    "退款类型",
    "退款状态",
    "商品名称",
    "订单金额",
    "申请退款金额",
    "退款申请时间",
    "退款成功时间",
    "付款银行",
)
_UNREAD: Final = (
    "公众账号ID",
    "用户标识",
    "代金券金额",
    "商户数据包",
    "费率",
    "费率备注",
)
_UNSIGNED: Final = ("应结订单金额", "订单金额", "退款金额", "申请退款金额")
_COUNT: Final = "总交易单数"


def column_name(cell: str) -> str:
    """Return a header cell's present-day name."""
    name = present_name(cell)
    return _ALIASES.get(name, name)


BILL: Final = Bill(
    title="a WeChat trade bill",
    count=_COUNT,
    marks=frozenset(("交易时间", "微信订单号", "商户订单号", "交易状态", "应结订单金额")),
    required=_REQUIRED,
    optional=_OPTIONAL,
    unread=_UNREAD,
    column_name=column_name,
)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the bill's rows; fill the summary cells, under their present-day names."""
    for rows in BILL.read(staged, options, reading):
        yield _derived(rows)


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

    def outflow(amount: pl.Expr) -> pl.Expr:
        """Return an amount with a minus; `refine` refuses one that has it already."""
        return money_out(amount, pl.lit(value=True))

    derived = frame.with_columns(
        pl.when(paid)
        .then(cell("订单金额", "应结订单金额"))
        .otherwise(outflow(cell("申请退款金额", "退款金额")))
        .alias("amount"),
        pl.when(paid)
        .then(pl.col("应结订单金额"))
        .otherwise(outflow(cell("退款金额")))
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
        first("退款申请时间").alias("requested_at"),
        first("特约商户号", "商户号").alias("merchant_id"),
    )
    return rows_of(derived, rows)


def fields(_options: Options) -> Fields:
    """Return how the bill's columns become the canonical table."""
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
                "REFUNDCLOSE": State.FAILED,
                "CHANGE": State.FAILED,  # the money came back to the merchant
                "ABNORMAL": State.FAILED,
            },
        ),
        "merchant_id": Text("merchant_id"),
        "terminal_id": Text("设备号", optional=True),
        "order_id": Text("order_id"),
        "channel_ref": Text("channel_ref"),
        "original_ref": Text("original_ref"),
        "product": Text("交易类型", optional=True),
        "issuer": Text("付款银行", optional=True),
        "amount_minor": Money("amount", thousands=","),
        "fee_minor": Money("手续费", thousands=",", extra_zero_decimals=True),
        "net_minor": Money("funds", thousands=","),  # `refine` takes the fee off
        "currency": Text("货币种类"),
        "occurred_at": Time(("occurred_at",), CLOCKS),
        "arrived_at": Time(("arrived_at",), CLOCKS, optional=True),
        "memo": Text("商品名称", optional=True),
        "attributes.refund_route": Text("退款类型", nulls=("", "0"), optional=True),
        "attributes.requested_at": Time(("requested_at",), CLOCKS, optional=True),
        "_coupon_refund_minor": Money("充值券退款金额", thousands=",", optional=True),
    }


def refine(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Take the fee off the amount that moves the fund account; refuse amounts with a sign."""
    told = [name for name in _UNSIGNED if name in raw]
    signed = [raw[name].str.contains(r"^[` \t]*-") for name in told]
    reasons = [
        pl.when(pl.lit(is_signed)).then(
            pl.format("{} {} has a sign; expected it unsigned", pl.lit(name), pl.lit(raw[name]))
        )
        for name, is_signed in zip(told, signed, strict=True)
    ]
    return frame.with_columns(
        pl.col("net_minor") - pl.col("fee_minor"),
        pl.coalesce(*reasons).alias("reject_reason"),
    )


def controls(_options: Options) -> tuple[Control, ...]:
    """Return the summary's totals and what each means in canonical columns."""
    paid = pl.col("kind") == Kind.PAYMENT.name
    amount = pl.col("amount_minor")
    funds = pl.col("net_minor") + pl.col("fee_minor")
    money = Money("", thousands=",", extra_zero_decimals=True)
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


FORMAT: Final = Format(
    name="wechat_trade",
    title_en="WeChat Pay merchant trade bill",
    title_zh="微信支付交易账单",
    side=Side.CHANNEL,
    recognise=BILL.recognise,
    read=read,
    fields=fields,
    refine=refine,
    controls=controls,
    has_controls=True,
    header=_REQUIRED,
    column_name=column_name,
    natural_key=("kind", "channel_ref"),
)
