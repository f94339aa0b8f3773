"""Merchant settlement files of regional and joint-stock banks of China, one declaration each.

Layouts of excerpts that a payment company kept beside its readers (public repository
iceleeyo/ryf_mms2). Amounts are yuan; see `cn_bank_settlement` for the shared words and signs.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.core.codes import Kind, State
from recon.io.formats.china_acquirers.unionpay_zm import year_of
from recon.io.formats.china_banks.cn_bank_settlement import (
    DAYS,
    GROSS,
    KINDS,
    OUT,
    PAID_AND_REFUNDED,
    PLAIN,
    ROWS,
    STATES,
    layout,
    money,
    signed,
)
from recon.io.reading.contract import Choice, Constant, Control, Day, Format, Text, Time
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import Sheet

_ACCOUNTS: Final = ("00", "10", "20", "30")  # the account digits of a processing code
_SOLD: Final = tuple(f"00{account}00" for account in _ACCOUNTS)
_RETURNED: Final = tuple(f"20{account}00" for account in _ACCOUNTS)
_ZHESHANG: Final = {"1": Kind.PAYMENT, "2": Kind.REFUND}

LAYOUTS: Final = (
    layout(
        "shanghai",
        "Bank of Shanghai",
        "上海银行",
        Sheet(
            required=(
                *("订单号", "卡标志", "交易金额", "交易类型", "交易状态", "交易日期", "交易时间"),
                *("清算日期", "清算结果"),
            ),
            optional=("币种",),
            unread=("备注",),
            delimiter="|",
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "state": Choice("交易状态", STATES),
            "order_id": Text("订单号"),
            "product": Text("卡标志"),
            "amount_minor": money("交易金额"),
            "occurred_at": Time(("交易日期", "交易时间"), CLOCK),
            "clearing_date": Day("清算日期", DAYS),
        },
        signed("交易类型", "交易金额"),
        currency="币种",
    ),
    layout(
        "hebei",
        "Bank of Hebei",
        "河北银行",
        Sheet(
            required=(
                *("流水号", "商户编码", "订单号", "订单金额", "交易日期", "交易时间", "交易状态"),
            ),
            optional=("币种",),
            unread=("姓名", "退款状态", "对账结果"),
            quote='"',
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "state": Choice("交易状态", STATES),
            "merchant_id": Text("商户编码"),
            "order_id": Text("订单号"),
            "channel_ref": Text("流水号"),
            "amount_minor": money("订单金额"),
            "occurred_at": Time(("交易日期", "交易时间"), ("YYYYMMDD hhmmss",)),
        },
        currency="币种",
    ),
    layout(
        "hengfeng",
        "Hengfeng Bank",
        "恒丰银行",
        Sheet(
            required=(
                *("交易流水号", "商户号", "订单号", "交易类型", "交易状态", "订单付款卡号"),
                *("交易金额", "交易日期"),
            ),
            optional=("币种",),
            unread=(
                *("订单日期", "订单时间", "订单状态", "订单内容", "订单金额"),
                *("订单提交时间", "已退款次数", "已退款金额", "已退款手续费"),
            ),
            delimiter=";",
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "state": Choice("交易状态", STATES),
            "merchant_id": Text("商户号"),
            "order_id": Text("订单号"),
            "channel_ref": Text("交易流水号"),
            "card": Text("订单付款卡号"),
            "amount_minor": money("交易金额"),
            "occurred_at": Time(("交易日期",), ("YYYY-MM-DDhh:mm:ss", "YYYY-MM-DD hh:mm:ss")),
        },
        signed("交易类型", "交易金额"),
        currency="币种",
    ),
    layout(
        "qingdao",
        "Bank of Qingdao",
        "青岛银行",
        Sheet(
            required=(
                *("订单号", "交易时间", "网银流水号", "清算时间", "交易金额", "手续费"),
                *("交易状态", "交易结果"),
            ),
            unread=("买方商户名称",),
            delimiter="\t",
        ),
        {
            "kind": Choice("交易结果", KINDS),
            "state": Choice("交易状态", STATES),
            "order_id": Text("订单号"),
            "channel_ref": Text("网银流水号"),
            "amount_minor": money("交易金额"),
            "fee_minor": money("手续费"),
            "occurred_at": Time(("交易时间",), DAYS),
            "clearing_date": Day("清算时间", DAYS),
        },
        signed("交易结果", "交易金额", "手续费"),
    ),
    layout(
        "qilu",
        "Qilu Bank",
        "齐鲁银行",
        Sheet(
            required=(
                *("订单号", "商户流水号", "网银流水号", "订单日期", "订单金额", "手续费金额"),
                *("交易类型", "入账日期", "订单状态"),
            ),
            unread=("已退款金额",),
            quote='"',
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "state": Choice("订单状态", STATES),
            "order_id": Text("订单号"),
            "channel_ref": Text("网银流水号"),
            "bank_ref": Text("商户流水号"),
            "amount_minor": money("订单金额"),
            "fee_minor": money("手续费金额"),
            "occurred_at": Time(("订单日期",), DAYS),
            "clearing_date": Day("入账日期", DAYS),
        },
        signed("交易类型", "订单金额", "手续费金额"),
    ),
    layout(
        "zheshang",
        "China Zheshang Bank",
        "浙商银行",
        Sheet(
            required=(
                *("清算日期", "流水号", "商户号", "订单号", "交易日期", "交易类型", "交易金额(元)"),
                *("原订单号", "处理状态"),
            ),
            optional=("币种",),
            unread=("原订单日期", "失败原因"),
            quote='"',
        ),
        {
            "kind": Choice("交易类型", _ZHESHANG),
            "state": Choice("处理状态", {"Y": State.SUCCESS, "N": State.FAILED}),
            "merchant_id": Text("商户号"),
            "order_id": Text("订单号"),
            "channel_ref": Text("流水号"),
            "original_ref": Text("原订单号"),
            "amount_minor": money("交易金额(元)"),
            "occurred_at": Time(("交易日期",), ("YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD h:mm")),
            "clearing_date": Day("清算日期", DAYS),
        },
        signed("交易类型", "交易金额(元)", out=("2",)),
        currency="币种",
    ),
    layout(
        "jiangsu",
        "Bank of Jiangsu",
        "江苏银行",
        Sheet(
            required=(
                *("订单编号", "交易类型", "商户订单号", "订单日期", "订单交易金额", "订单手续费"),
                *("付款方账号", "清算对账日期", "订单状态"),
            ),
            optional=("订单交易币种", "收款方账号"),
            unread=(
                *("商户名称", "付款方户名", "收款方户名"),
                *("清算对账状态", "清算对帐结果", "本金结算日期", "本金结算标志"),
            ),
            delimiter="\t",
            wider=2,
            title="对账日期",
            totals=r"总笔数[:：]\s*(?P<总笔数>[0-9]+)",
            totals_required=True,
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "state": Choice(
                "订单状态",
                {
                    **dict.fromkeys(("已支付", "全额退款", "部分退款"), State.SUCCESS),
                    "未支付": State.PENDING,
                    "支付失败": State.FAILED,
                },
                otherwise=State.UNKNOWN,
            ),
            "order_id": Text("商户订单号"),
            "channel_ref": Text("订单编号"),
            "card": Text("付款方账号"),
            "amount_minor": money("订单交易金额"),
            "fee_minor": money("订单手续费"),
            "occurred_at": Time(("订单日期",), ("YYYYMMDDhhmm", "YYYYMMDDhhmmss")),
            "clearing_date": Day("清算对账日期", DAYS),
        },
        lambda facts: {
            **signed("交易类型", "订单交易金额", "订单手续费")(facts),
            "付款方账号": pl.when(
                pl.col("交易类型").is_in(OUT)
            )  # the payer of a refund is the merchant
            .then("收款方账号")
            .otherwise("付款方账号"),
        },
        (ROWS,),
        currency="订单交易币种",
        optional={"收款方账号": ""},
    ),
    layout(
        "citic_b2b",
        "CITIC Bank, merchant transactions of businesses",
        "中信银行 B2B 商户交易",
        Sheet(
            required=("交易时间", "交易类型", "交易流水号", "对方账号", "发生额", "订单号"),
            unread=("对方账户名称",),
            delimiter="|",
            title="商户编号[:：]",
            aside="(?:-{5}|={5})",
            facts=(
                r"商户编号[:：](?P<merchant>[0-9]+)"
                r"|清算日期[:：](?P<cleared>[0-9]{4}-[0-9]{2}-[0-9]{2})"
            ),
            totals=(
                r"支付总笔数[:：](?P<支付笔数>[0-9]+)|支付总金额[:：](?P<支付总金额>[0-9.,]+)"
                r"|退款总笔数[:：](?P<退款笔数>[0-9]+)|退款总金额[:：](?P<退款总金额>[0-9.,]+)"
            ),
            totals_required=True,
        ),
        {
            "kind": Choice("交易类型", {"ZF": Kind.PAYMENT, "TK": Kind.REFUND}),
            "merchant_id": Text("merchant"),
            "order_id": Text("订单号"),
            "channel_ref": Text("交易流水号"),
            "card": Text("对方账号"),
            "amount_minor": money("发生额"),
            "occurred_at": Time(("交易时间",), ("YYYYMMDDhhmmss",)),
            "clearing_date": Day("cleared", DAYS),
        },
        lambda facts: {
            **signed("交易类型", "发生额", out=("TK",))(facts),
            "merchant": pl.lit(facts.get("merchant", "")),
            "cleared": pl.lit(facts.get("cleared", "")),
        },
        PAID_AND_REFUNDED,
    ),
    layout(
        "citic_pos",
        "CITIC Bank, POS transactions",
        "中信银行 POS 交易",
        Sheet(
            required=(
                *("清算日期", "交易时间", "处理码", "交易流水号", "卡号", "交易金额", "手续费"),
                *("结算金额", "授权码", "参考号", "终端号", "商户号"),
            ),
            optional=("原参考号",),
            unread=("参考扣率", "商户名称"),
            delimiter="|",
            aside=r"(?:-{5}|[ \t]*总计)",
            totals=(
                r"总计\|(?P<总金额>-?[0-9.,]+)[ \t]*\|(?P<总手续费>-?[0-9.,]+)[ \t]*"
                r"\|(?P<总结算金额>-?[0-9.,]+)"
            ),
            totals_required=True,
        ),
        {
            "kind": Choice(
                "处理码",
                {**dict.fromkeys(_SOLD, Kind.PAYMENT), **dict.fromkeys(_RETURNED, Kind.REFUND)},
            ),
            "merchant_id": Text("商户号"),
            "terminal_id": Text("终端号"),
            "rrn": Text("参考号"),
            "stan": Text("交易流水号"),
            "auth_code": Text("授权码"),
            "original_ref": Text("原参考号", optional=True),
            "card": Text("卡号"),
            "amount_minor": money("交易金额"),
            "fee_minor": money("手续费"),
            "net_minor": money("结算金额"),
            "occurred_at": Time(("moment",), ("YYYYMMDDhhmmss",)),
            "clearing_date": Day("清算日期", DAYS),
        },
        lambda facts: {
            **signed("处理码", "交易金额", "手续费", "结算金额", out=_RETURNED)(facts),
            "moment": year_of(pl.col("交易时间"), pl.col("清算日期"), None) + pl.col("交易时间"),
        },
        (
            GROSS,
            Control("总手续费", "总手续费", pl.col("fee_minor").sum(), PLAIN),
            Control("总结算金额", "总结算金额", pl.col("net_minor").sum(), PLAIN),
        ),
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in LAYOUTS)
