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
from dataclasses import replace
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
from recon.io.reading.cut_text import CutText, Spans

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
    """Add the columns that mean another thing on each kind of row; amounts are still unsigned."""
    text = rows.columns
    assert isinstance(text, CutText)
    paid, refunded = text.says("交易状态", "SUCCESS", "REFUND")

    def cell(*names: str) -> Spans:
        """Return the first column that the layout has."""
        known = (text.spans[name] for name in names if name in text)
        return next(known, text.empty())

    def first(*names: str) -> Spans:
        """Return the first column that the layout has whose cell is neither empty nor `0`."""
        found = text.empty()
        for cells in (text.spans[name] for name in reversed(names) if name in text):
            found = cells.where(text.is_filled(cells), found)
        return found

    status = first("退款状态")
    undone = status.where(text.is_filled(status), cell("交易状态"))
    given_back = cell("微信退款单号").where(refunded, first("微信退款单号", "微信订单号"))
    moment = first("退款成功时间", "退款申请时间", "交易时间")
    refund = cell("申请退款金额", "退款金额")
    made = {
        "amount": cell("订单金额", "应结订单金额").where(paid, refund),
        "funds": cell("应结订单金额").where(paid, cell("退款金额")),
        "order_id": cell("商户退款单号").where(refunded, cell("商户订单号")),
        "channel_ref": cell("微信订单号").where(paid, given_back),
        "original_ref": text.empty().where(paid, cell("商户订单号")),
        "state": cell("交易状态").where(paid, cell("退款状态").where(refunded, undone)),
        "occurred_at": cell("交易时间").where(paid, moment),
        "arrived_at": text.empty().where(paid, first("退款成功时间")),
        "requested_at": first("退款申请时间"),
        "merchant_id": first("特约商户号", "商户号"),
    }
    return replace(rows, columns=text.with_spans(made))


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
                "REVOKED": State.SUCCESS,
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
    """Give what goes out its minus, take the fee off the amount that moves the fund account.

    The bill writes amounts without a sign; one that has it is refused, as is undoing nothing.
    """
    told = [name for name in _UNSIGNED if name in raw]
    reasons = [
        pl.when(pl.lit(raw[name].str.contains(r"^[` \t]*-"))).then(
            pl.format("{} {} has a sign; expected it unsigned", pl.lit(name), pl.lit(raw[name]))
        )
        for name in told
        if raw[name].str.contains("-", literal=True).any()
    ]
    is_undone = pl.col("kind") == Kind.REVERSAL.name
    reasons.append(
        pl.when(is_undone & (pl.col("amount_minor") == 0)).then(
            pl.lit("REVOKED without the amount that was given back: expected one in 退款金额")
        )
    )
    paid = pl.col("kind") == Kind.PAYMENT.name
    amount, funds = (
        pl.when(paid).then(name).otherwise(0 - pl.col(name))
        for name in ("amount_minor", "net_minor")
    )
    return frame.with_columns(
        amount.alias("amount_minor"),
        (funds - pl.col("fee_minor")).alias("net_minor"),
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
