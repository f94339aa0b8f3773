"""Allinpay (通联支付) transaction detail, CSV.

Source: the vendor's page "交易明细文件" (34 columns); no public sample was found. Amounts are
yuan with two decimals, unsigned; the type of the transaction gives the sign, a minus that the file
writes itself stays one, and a payment below zero is a reject. 手续费 is a cost; net is 结算金额
where the file has it. A refund leads to its original by 原交易单.

| 交易类型                                           | kind     | sign |
|----------------------------------------------------|----------|------|
| contains 冲正                                      | REVERSAL | -    |
| contains 撤销                                      | VOID     | -    |
| contains 退货 or 退款                              | REFUND   | -    |
| contains none of these, but 消费, 支付, 预授权完成 | PAYMENT  | +    |
| others                                             | reject   |      |

Types that the page does not define are rejects: what undoes an undoing (消费撤销冲正, 退货撤销)
brings money back in, and an authorisation that is not completed (预授权撤销) moves none.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
    Constant,
    Day,
    Fields,
    Format,
    Money,
    Options,
    Text,
    Time,
)
from recon.io.reading.table import Table, money_out, reader, refuse_negative_payments

TABLE = Table(
    "an Allinpay transaction detail",
    (
        "商户号",
        "终端号",
        "交易时间",
        "交易类型",
        "参考号",
        "卡号",
        "交易金额",
        "手续费",
        "交易日期",
        "交易单号",
    ),
    (
        "订单号",
        "交易批次号",
        "凭证号",
        "卡类别",
        "商户备注",
        "结算金额",
        "产品类型",
        "原交易单",
        "交易完成日期",
    ),
    fallback="gb18030",
)
_UNDOING = {  # of these a type contains one, or none
    "冲正": Kind.REVERSAL,
    "撤销": Kind.VOID,
    "退货": Kind.REFUND,
    "退款": Kind.REFUND,
}
_PAID = dict.fromkeys(("消费", "支付", "预授权完成"), Kind.PAYMENT)
_KINDS = {**_UNDOING, **_PAID}  # the first of these that a type contains
_UNDEFINED = rf"(?:{'|'.join(_UNDOING)}).*(?:{'|'.join(_UNDOING)})|预授权(?:[^完]|$)"
_TYPE = "交易类型(归类)"


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the word that gives the kind, and the amounts signed by it."""
    frame = frame.with_columns(pl.all().str.strip_chars(" \t"))
    words = pl.col("交易类型")
    defined = ~words.str.contains(_UNDEFINED)
    known = [
        pl.when(defined & words.str.contains(word, literal=True)).then(pl.lit(word))
        for word in _KINDS
    ]
    frame = frame.with_columns(pl.coalesce(*known, words).alias(_TYPE))
    is_out = pl.col(_TYPE).is_in(list(_UNDOING))
    return frame.with_columns(
        money_out(pl.col(name), is_out).alias(alias)
        for name, alias in (("交易金额", "amount"), ("手续费", "fee"), ("结算金额", "net"))
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice(_TYPE, _KINDS),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("商户号"),
        "terminal_id": Text("终端号"),
        "order_id": Text("订单号", optional=True),
        "channel_ref": Text("交易单号"),
        "original_ref": Text("原交易单", optional=True),
        "rrn": Text("参考号"),
        "stan": Text("凭证号", optional=True),
        "card": Text("卡号"),
        "batch_id": Text("交易批次号", optional=True),
        "product": Text("产品类型", optional=True),
        "amount_minor": Money("amount", thousands=","),
        "fee_minor": Money("fee", thousands=","),
        "net_minor": Money("net", thousands=","),
        "currency": Constant("CNY"),
        "occurred_at": Time(("交易日期", "交易时间"), ("YYYY-MM-DD hh:mm:ss", "YYYYMMDD hh:mm:ss")),
        "clearing_date": Day("交易完成日期", ("YYYY-MM-DD", "YYYYMMDD"), optional=True),
        "memo": Text("商户备注", optional=True),
        "attributes.voucher_no": Text("凭证号", optional=True),
    }


FORMAT = Format(
    name="allinpay",
    title_en="Allinpay transaction detail",
    title_zh="通联支付交易明细",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=reader(TABLE, _derive),
    fields=fields,
    refine=refuse_negative_payments,
    net_is_exact=True,
)
