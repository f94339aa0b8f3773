"""Allinpay (通联支付) transaction detail, CSV.

Source: the vendor's page "交易明细文件" (34 columns); no public sample was found. Amounts are
yuan with two decimals, unsigned; the type of the transaction gives the sign. 手续费 is a cost; net
is 结算金额 where the file has it. A refund leads to its original by 原交易单.

| 交易类型                       | kind     | sign |
|--------------------------------|----------|------|
| contains 冲正                  | REVERSAL | -    |
| contains 撤销                  | VOID     | -    |
| contains 退货 or 退款          | REFUND   | -    |
| contains 消费, 支付, 预授权完成| PAYMENT  | +    |
| others                         | reject   |      |
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.formats.contract import (
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
from recon.io.formats.table import Table, negated, reader

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
_KINDS = {
    "PAYMENT": Kind.PAYMENT,
    "REFUND": Kind.REFUND,
    "VOID": Kind.VOID,
    "REVERSAL": Kind.REVERSAL,
}


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the kind, and the amounts signed by it."""
    words = pl.col("交易类型")
    kind = (
        pl.when(words.str.contains("冲正"))
        .then(pl.lit("REVERSAL"))
        .when(words.str.contains("撤销"))
        .then(pl.lit("VOID"))
        .when(words.str.contains("退货|退款"))
        .then(pl.lit("REFUND"))
        .when(words.str.contains("消费|支付|预授权完成"))
        .then(pl.lit("PAYMENT"))
        .otherwise(words)
    )
    frame = frame.with_columns(kind.alias("kind"))
    pays = pl.col("kind") == "PAYMENT"
    return frame.with_columns(
        pl.when(pays).then(name).otherwise(negated(pl.col(name))).alias(alias)
        for name, alias in (("交易金额", "amount"), ("手续费", "fee"), ("结算金额", "net"))
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", _KINDS),
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
        "amount_minor": Money("amount"),
        "fee_minor": Money("fee"),
        "net_minor": Money("net"),
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
    read=reader(TABLE, _derive),
    fields=fields,
    net_is_exact=True,
)
