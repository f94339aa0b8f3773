"""Settlement files of Chinese payment companies, and bank layouts without a header.

Layouts of real excerpts; amounts are yuan. See `cn_bank_settlement` for the shared words.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.core.codes import Kind, State
from recon.io.formats.china_banks.cn_bank_settlement import (
    DAYS,
    GROSS,
    KINDS,
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
from recon.io.reading.table import money_out

LAYOUTS: Final = (
    layout(
        "cmb_trace",
        "China Merchants Bank, with the bank's trace number",
        "招商银行网上支付（含流水号）",
        Sheet(
            required=("交易日", "处理日", "金额", "定单号", "状态", "流水号"),
            header=False,
            row=r"20[0-9]{6},20[0-9]{6},[0-9]+\.[0-9]{2},[0-9]{10},[0-9],[0-9]{20}\r?$",
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "state": Choice("状态", {"0": State.SUCCESS}, otherwise=State.FAILED),
            "order_id": Text("定单号"),
            "bank_ref": Text("流水号"),
            "amount_minor": money("金额"),
            "occurred_at": Time(("交易日",), DAYS),
            "clearing_date": Day("处理日", DAYS),
        },
    ),
    layout(
        "abc_quickpay",
        "Agricultural Bank of China, credit card quick pay",
        "农业银行快捷支付（贷记卡）",
        Sheet(
            required=(
                *("商户号", "交易日期", "清算日期", "卡号", "交易金额", "终端号", "凭证号"),
                *("参考号", "交易类型", "10"),
            ),
            delimiter="|",
            header=False,
            row=(
                r"[0-9]{15}\|20[0-9]{6}\|20[0-9]{6}\|[0-9*]{12,19} *\|[0-9.]+"
                r"\|[0-9]{8}\|[0-9]{12}\|"
            ),
        ),
        {
            "kind": Choice("交易类型", {"贷记卡消费": Kind.PAYMENT, "贷记卡退货": Kind.REFUND}),
            "merchant_id": Text("商户号"),
            "terminal_id": Text("终端号"),
            "rrn": Text("参考号"),
            "channel_ref": Text("凭证号"),
            "attributes.voucher_no": Text("凭证号"),
            "card": Text("卡号"),
            "amount_minor": money("amount"),
            "occurred_at": Time(("交易日期",), DAYS),
            "clearing_date": Day("清算日期", DAYS),
        },
        lambda _facts: {
            "amount": money_out(pl.col("交易金额"), pl.col("交易类型") == "贷记卡退货")
        },
    ),
    layout(
        "dianyin",
        "Dianyin, padded cells and a count behind the header",
        "电银（竖线对齐）",
        Sheet(
            required=(
                *("交易流水号", "交易时间", "主账号", "交易金额", "交易手续费", "交易消息类型"),
                *("清算日期", "电银商户号", "电银终端号", "订单号", "银联参考号"),
            ),
            optional=("原笔交易流水号", "授权码"),
            unread=(
                *("交易处理码", "交易类别", "交易类别中文描述", "原笔交易日期", "银行商户号"),
                *("银行终端号", "商户名称", "收单机构", "扣款渠道名称", "SAM卡号/终端硬件编号"),
                *("转入卡号/转入账号", "代理商", "银行手续费", "扣款渠道编号"),
            ),
            delimiter="|",
            aside=r"[0-9]+\s*$",
            totals=r"(?m)^(?P<总笔数>[0-9]+)\s*$",
        ),
        {
            "kind": Choice("交易消息类型", KINDS),
            "merchant_id": Text("电银商户号"),
            "terminal_id": Text("电银终端号"),
            "order_id": Text("订单号"),
            "channel_ref": Text("交易流水号"),
            "original_ref": Text("原笔交易流水号", optional=True),
            "rrn": Text("银联参考号"),
            "auth_code": Text("授权码", optional=True),
            "card": Text("主账号"),
            "amount_minor": money("交易金额"),
            "fee_minor": money("交易手续费"),
            "occurred_at": Time(("交易时间",), ("YYYYMMDDhhmmss",)),
            "clearing_date": Day("清算日期", DAYS),
        },
        signed("交易消息类型", "交易金额", "交易手续费"),
        (ROWS,),
    ),
    layout(
        "ips",
        "IPS (Huanxun)",
        "环讯 IPS",
        Sheet(
            required=(
                *("商户订单号", "IPS订单号", "银行订单号", "币种", "订单金额", "手续费"),
                *("支付状态", "商户提交日期", "银行返回时间", "交易类型"),
            ),
            optional=("支付银行", "商户参考信息"),
            unread=("余额",),
            title="商户号[0-9]+",
            own_titles=r"商户号[0-9]+\s+总笔数[0-9]+",
            facts="商户号(?P<merchant>[0-9]+)",
            totals=(
                r"总笔数(?P<总笔数>[0-9]+)|总金额(?P<总金额>[0-9.,]+)"
                r"|总手续费(?P<总手续费>[0-9.,]+)"
            ),
            totals_required=True,
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "state": Choice("支付状态", STATES),
            "merchant_id": Text("merchant"),
            "order_id": Text("order"),
            "channel_ref": Text("IPS订单号"),
            "bank_ref": Text("银行订单号"),
            "product": Text("支付银行", optional=True),
            "amount_minor": money("订单金额"),
            "fee_minor": money("手续费"),
            "occurred_at": Time(("商户提交日期",), DAYS),
            "clearing_date": Day("银行返回时间", DAYS),
            "memo": Text("商户参考信息", optional=True),
        },
        lambda facts: {
            **signed("交易类型", "订单金额", "手续费")(facts),
            "order": pl.col("商户订单号").str.replace(r"^\[(.*)\]$", "${1}"),
            "merchant": pl.lit(facts.get("merchant", "")),
        },
        (
            ROWS,
            GROSS,
            Control("总手续费", "总手续费", pl.col("fee_minor").sum(), PLAIN),
        ),
        currency="币种",
    ),
    layout(
        "gaoyang",
        "Gaoyang 19pay",
        "高阳 19pay",
        Sheet(
            required=(
                *("版本", "商户号", "订单号", "状态", "订单日期", "金额", "币种", "支付流水"),
                *("支付日期", "银行"),
            ),
            header=False,
            row=r"[0-9]\.[0-9]{2},[0-9]+,[^,]+,[YN],[0-9]+,[0-9.]+,RMB,",
            aside="COUNT\t",
            empty=r"COUNT\t0\t+SUMMONEY\t0(?:\.0+)?",
            totals=r"COUNT\t(?P<总笔数>[0-9]+)\t+SUMMONEY\t(?P<总金额>[0-9.,]+)",
            totals_required=True,
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "state": Choice("状态", {"Y": State.SUCCESS, "N": State.FAILED}),
            "merchant_id": Text("商户号"),
            "order_id": Text("订单号"),
            "channel_ref": Text("支付流水"),
            "product": Text("银行"),
            "amount_minor": money("金额"),
            "occurred_at": Time(("支付日期",), DAYS),
        },
        controls=(ROWS, GROSS),
        currency="币种",
    ),
    layout(
        "yeepay",
        "YeePay",
        "易宝支付",
        Sheet(
            required=("商户订单号", "银行订单号", "易宝订单号", "订单金额", "支付时间", "支付银行"),
            optional=("商品名称",),
            unread=("扩展信息", "分账明细"),
            quote='"',
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "order_id": Text("商户订单号"),
            "channel_ref": Text("易宝订单号"),
            "bank_ref": Text("银行订单号"),
            "issuer": Text("支付银行"),
            "amount_minor": money("订单金额"),
            "occurred_at": Time(("支付时间",), CLOCK),
            "memo": Text("商品名称", optional=True),
        },
    ),
    layout(
        "kuaiqian",
        "99Bill (Kuaiqian), card transactions",
        "快钱卡交易",
        Sheet(
            required=(
                *("交易编号", "商家名称", "终端票据编号", "缩略卡号", "交易金额", "手续费"),
                *("交易时间", "外部跟踪编号", "交易状态", "交易类型"),
            ),
            optional=("发卡机构编号", "卡类型"),
            unread=("终端名称", "终端交易时间", "输入模式"),
            header_delimiter="\t",
            wider=1,
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "state": Choice("交易状态", STATES, otherwise=State.UNKNOWN),
            "order_id": Text("外部跟踪编号"),
            "channel_ref": Text("交易编号"),
            "card": Text("缩略卡号"),
            "issuer": Text("发卡机构编号", optional=True),
            "product": Text("卡类型", optional=True),
            "amount_minor": money("交易金额"),
            "fee_minor": money("手续费"),
            "occurred_at": Time(("交易时间",), CLOCK),
            "attributes.voucher_no": Text("终端票据编号"),
        },
        signed("交易类型", "交易金额", "手续费"),
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in LAYOUTS)
