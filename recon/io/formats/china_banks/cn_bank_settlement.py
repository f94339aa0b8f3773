"""Merchant settlement files of Chinese banks and acquirers, one declaration each.

Layouts of real excerpts that a payment company kept beside its readers (public repository
iceleeyo/ryf_mms2). Amounts are yuan and unsigned where a word or code says what a row is:
refunds and voids, their fees and their settled amounts are turned to money out. Where a layout has
no such word, one column for payments and one for refunds make the sign. A payment below zero is a
reject: no layout says what it is. A column of the currency, as a word or a bank's code, is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from recon.core.codes import Kind, State
from recon.io.reading.contract import (
    Choice,
    Constant,
    Control,
    Day,
    Field,
    Format,
    Money,
    Proof,
    Text,
    Time,
)
from recon.io.reading.currency_numbers import CURRENCY_OF_WORD
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import Sheet
from recon.io.reading.sheet_format import Facts, Refine, SheetFormat
from recon.io.reading.table import money_out, refuse_negative_payments

_CURRENCIES: Final = {**CURRENCY_OF_WORD, **dict.fromkeys(("001", "01", "156"), "CNY")}
_NO_TEXTS: Final[Mapping[str, str]] = {}
Derive = Callable[[Facts], Mapping[str, pl.Expr]]
DAYS: Final = ("YYYYMMDD", "YYYY-MM-DD", "YYYY年MM月DD日", "YYYY/M/D")
KINDS: Final = {
    **dict.fromkeys(
        ("消费", "支付", "订单支付", "预授权完成", "Sale", "SALE", "PCEP", "ZF01", "IPER"),
        Kind.PAYMENT,
    ),
    **dict.fromkeys(("退货", "退款", "订单退款", "手工退货"), Kind.REFUND),
    **dict.fromkeys(("Refund", "REFUND", "REFP", "ZF02"), Kind.REFUND),
    **dict.fromkeys(("撤销", "消费撤销", "预授权完成撤销"), Kind.VOID),
    **dict.fromkeys(("冲正", "消费冲正", "预授权完成冲正"), Kind.REVERSAL),
    "退单": Kind.CHARGEBACK,
}
_RETURNED: Final = (Kind.REFUND, Kind.CHARGEBACK)  # 退货 and 退单, which are counted together
OUT: Final = tuple(word for word, kind in KINDS.items() if kind is not Kind.PAYMENT)
STATES: Final = {
    "成功": State.SUCCESS,
    "支付成功": State.SUCCESS,
    "交易成功": State.SUCCESS,
    "已支付": State.SUCCESS,
    "退款成功": State.SUCCESS,
    "退货成功": State.SUCCESS,
    "失败": State.FAILED,
    "支付失败": State.FAILED,
    "交易失败": State.FAILED,
    "退款失败": State.FAILED,
    **dict.fromkeys(("未支付", "待支付", "处理中", "退款中"), State.PENDING),
    **dict.fromkeys(("已关闭", "交易关闭"), State.CLOSED),
    **dict.fromkeys(("已撤销", "已冲正"), State.REVERSED),
}


def money(column: str) -> Money:
    """Return an amount in yuan, with or without commas between thousands."""
    return Money(column, thousands=",")


def signed(kind: str, *amounts: str, out: tuple[str, ...] = OUT) -> Derive:
    """Return a derivation that turns the amounts of rows of some kinds to money out."""

    def derive(_facts: Facts) -> Mapping[str, pl.Expr]:
        is_out = pl.col(kind).is_in(out)
        return {name: money_out(pl.col(name), is_out) for name in amounts}

    return derive


def layout(
    name: str,
    title_en: str,
    title_zh: str,
    sheet: Sheet,
    fields: Mapping[str, Field],
    derive: Derive = lambda _facts: {},
    controls: tuple[Control, ...] = (),
    *,
    currency: str = "",
    optional: Mapping[str, str] = _NO_TEXTS,
    refine: Refine = refuse_negative_payments,
    net_is_exact: bool = True,
    proofs: tuple[Proof, ...] = (),
) -> SheetFormat:
    """Return a declaration on the channel's side.

    currency: the column that has it, empty where all is yuan. optional: text of columns that a file
    may lack. refine: ends with the refusal of payments below zero. net_is_exact: a stated net must
    be amount less fee.
    """
    money_of: Field = Text("currency") if currency else Constant("CNY")
    return SheetFormat(
        f"settlement_{name}",
        title_en,
        title_zh,
        sheet,
        {"currency": money_of, **fields},
        _with_currency(derive, currency) if currency else derive,
        refine,
        controls,
        net_is_exact=net_is_exact,
        proofs=proofs,
        optional={**optional, **({currency: ""} if currency else {})},
    )


def _with_currency(derive: Derive, column: str) -> Derive:
    """Return a derivation that also makes the ISO code of a currency, as other words stand."""
    return lambda facts: {**derive(facts), "currency": pl.col(column).replace(_CURRENCIES)}


def _count_of(*kinds: Kind) -> pl.Expr:
    """Return the number of rows of some kinds."""
    return pl.col("kind").is_in([kind.name for kind in kinds]).sum()


def _sum_of(*kinds: Kind, sign: int = 1) -> pl.Expr:
    """Return the sum of the amounts of some kinds."""
    is_meant = pl.col("kind").is_in([kind.name for kind in kinds])
    return pl.col("amount_minor").filter(is_meant).sum() * sign


PLAIN: Final = Money("", thousands=",")
ROWS: Final = Control("总笔数", "总笔数", pl.len())
GROSS: Final = Control("总金额", "总金额", pl.col("amount_minor").sum(), PLAIN)
PAID_AND_REFUNDED: Final = (
    Control("支付笔数", "支付笔数", _count_of(Kind.PAYMENT)),
    Control("支付总金额", "支付总金额", _sum_of(Kind.PAYMENT), PLAIN),
    Control("退款笔数", "退款笔数", _count_of(Kind.REFUND)),
    Control("退款总金额", "退款总金额", _sum_of(Kind.REFUND, sign=-1), PLAIN),
)


def _ccb_types(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse rows whose type, where there is one, is not that of the column with the amount."""
    told = pl.lit(raw["交易类型"])
    amount = pl.col("amount_minor")
    is_right = (
        pl.when(told == "支付")
        .then(amount >= 0)
        .when(told == "退款")
        .then(amount <= 0)
        .otherwise(told == "")
    )
    reason = pl.format(
        "交易类型 {} of {} (minor units); expected 支付 above zero or 退款 below", told, amount
    )
    return frame.with_columns(pl.when(~is_right).then(reason).alias("reject_reason"))


def _abc_moved(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add the fee for instalments to the commission; refuse what moved that neither explains.

    What moves the merchant's account is the amount less the fees, or all of it: fees billed later.
    """
    amount, net = pl.col("amount_minor"), pl.col("net_minor")
    fees = pl.col("fee_minor") + pl.col("_instalment_fee_minor").fill_null(0)
    is_wrong = (net != amount) & (net != amount - fees)
    reason = pl.format(
        "商户动账金额 {} is neither the amount {} nor that less the fees {} (minor units)",
        *(net, amount, fees),
    )
    told = frame.with_columns(
        fees.alias("fee_minor"), pl.when(is_wrong).then(reason).alias("reject_reason")
    )
    return refuse_negative_payments(told, raw)


LAYOUTS: Final = (
    layout(
        "abc",
        "Agricultural Bank of China, new interface",
        "农业银行（新接口）",
        Sheet(
            required=(
                *("商户号", "交易类型", "订单编号", "交易时间", "交易金额", "商户回佣手续费"),
                *("会计日期", "主机流水号"),
            ),
            optional=(
                *("商户动账金额", "9014流水号", "原订单号", "客户账号"),
                *("账户类型", "商户分期手续费"),
            ),
            unread=("商户账号",),
            delimiter="|",
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "merchant_id": Text("商户号"),
            "order_id": Text("订单编号"),
            "channel_ref": Text("9014流水号", optional=True),
            "bank_ref": Text("主机流水号"),
            "original_ref": Text("原订单号", optional=True),
            "card": Text("客户账号", optional=True),
            "amount_minor": money("交易金额"),
            "fee_minor": money("商户回佣手续费"),
            "_instalment_fee_minor": money("商户分期手续费"),
            "net_minor": money("商户动账金额"),
            "occurred_at": Time(("交易时间",), ("YYYYMMDDhhmmss",)),
            "clearing_date": Day("会计日期", DAYS),
            "attributes.account_kind": Text("账户类型", optional=True),
        },
        signed("交易类型", "交易金额", "商户回佣手续费", "商户分期手续费", "商户动账金额"),
        refine=_abc_moved,
        net_is_exact=False,
        optional={"商户动账金额": "", "商户分期手续费": ""},
    ),
    layout(
        "boc",
        "Bank of China, merchant transactions",
        "中国银行商户交易",
        Sheet(
            required=(
                *("商户号", "订单号", "协议号", "终端号", "日期时间", "币种", "金额", "卡别"),
                *("交易码", "保留", "11"),
            ),
            delimiter="|",
            header=False,
            row=r"[0-9]{15}\|.*\|(?:PCEP|REFP)\|",
            title=r"^[0-9]+\|[0-9]+\|[0-9]+\|[0-9.,]+\|",
            empty=r"0\|0\|0\|(?:0(?:\.0+)?\|){3}",
            totals=(
                r"(?m)^(?P<消费笔数>[0-9]+)\|(?P<退货笔数>[0-9]+)\|(?P<总计笔数>[0-9]+)"
                r"\|(?P<消费总金额>[0-9.,]+)\|(?P<退货总金额>[0-9.,]+)\|(?P<金额合计>-?[0-9.,]+)\|"
            ),
            totals_required=True,
        ),
        {
            "kind": Choice("交易码", KINDS),
            "merchant_id": Text("商户号"),
            "terminal_id": Text("终端号"),
            "order_id": Text("订单号"),
            "channel_ref": Text("协议号"),
            "product": Text("卡别"),
            "amount_minor": money("金额"),
            "occurred_at": Time(("日期时间",), ("YYYYMMDDhhmmss",)),
        },
        signed("交易码", "金额"),
        (
            Control("消费笔数", "消费笔数", _count_of(Kind.PAYMENT)),
            Control("退货笔数", "退货笔数", _count_of(Kind.REFUND)),
            Control("消费总金额", "消费总金额", _sum_of(Kind.PAYMENT), PLAIN),
            Control("退货总金额", "退货总金额", _sum_of(Kind.REFUND, sign=-1), PLAIN),
            Control("金额合计", "金额合计", pl.col("amount_minor").sum(), PLAIN),
        ),
        currency="币种",
    ),
    layout(
        "ccb",
        "China Construction Bank",
        "建设银行",
        Sheet(
            required=(
                "交易时间",
                "定单号",
                "支付金额",
                "退款金额",
                "柜台号",
                "订单状态",
                "记账日期",
            ),
            optional=("交易类型", "付款方账号"),
            unread=("备注1", "备注2", "付款方式"),
            delimiter="\t",
            wider=1,
            header_delimiter="space",
            aside="(?:支付|退款)总金额",
            own_titles=r"(?:交易|支付)流水明细\s+(?:结算单生成时间：|出单日期\[)",
            totals=(
                r"支付总金额/总笔数：(?P<支付总金额>[0-9.,]+)/(?P<支付笔数>[0-9]+)"
                r"|退款总金额/总笔数：(?P<退款总金额>[0-9.,]+)/(?P<退款笔数>[0-9]+)"
            ),
        ),
        {
            "state": Choice("订单状态", STATES),
            "terminal_id": Text("柜台号"),
            "order_id": Text("定单号"),
            "card": Text("付款方账号", optional=True),
            "credit_minor": money("支付金额"),
            "debit_minor": money("退款金额"),
            "occurred_at": Time(("交易时间",), CLOCK),
            "clearing_date": Day("记账日期", DAYS),
        },
        controls=PAID_AND_REFUNDED,
        refine=_ccb_types,
        optional={"交易类型": ""},
    ),
    layout(
        "cgb_hz",
        "China Guangfa Bank, Hangzhou",
        "广发银行杭州",
        Sheet(required=("#交易日期", "网上支付交易订单号", "交易金额"), delimiter="|"),
        {
            "kind": Constant(Kind.PAYMENT),
            "order_id": Text("网上支付交易订单号"),
            "amount_minor": money("交易金额"),
            "clearing_date": Day("#交易日期", DAYS),
        },
    ),
    layout(
        "cib",
        "Industrial Bank",
        "兴业银行",
        Sheet(
            required=(
                *("网银交易流水号", "商户代号", "商户订单号", "订单金额", "退款金额", "手续费"),
                *("交易日期", "结算日期", "银行流水号"),
            ),
            optional=("交易帐号",),
            unread=("下单日期", "订单状态"),
            delimiter="|",
        ),
        {
            "merchant_id": Text("商户代号"),
            "order_id": Text("商户订单号"),
            "channel_ref": Text("网银交易流水号"),
            "bank_ref": Text("银行流水号"),
            "credit_minor": money("订单金额"),
            "debit_minor": money("退款金额"),
            "fee_minor": money("手续费"),
            "occurred_at": Time(("交易日期",), ("YYYYMMDDhhmmss",)),
            "clearing_date": Day("结算日期", DAYS),
        },
        lambda _facts: {
            "手续费": money_out(pl.col("手续费"), ~pl.col("退款金额").str.contains(r"^[0.,]*$"))
        },
    ),
    layout(
        "cmbc",
        "China Minsheng Bank (its time of day is not trusted: the bank writes the month there)",
        "民生银行（交易时间不可信）",
        Sheet(
            required=("订单号", "交易金额", "交易日期", "交易时间", "交易类型"),
            wider=1,
            aside="注[:：]",
            title="民生银行|消费笔数,[0-9]",
            own_titles="中国民生银行网上支付商户对帐文件",
            facts="商户名称,(?P<merchant>[^,]*),",
            totals=(
                r"消费笔数,(?P<消费笔数>[0-9]+),消费金额,(?P<消费金额>[0-9.]+)"
                r"|撤销笔数,(?P<撤销笔数>[0-9]+),撤销金额,(?P<撤销金额>[0-9.]+)"
                r"|退[单货]笔数,(?P<退单笔数>[0-9]+),退[单货]金额,(?P<退单金额>[0-9.]+)"
                r"|累计笔数,(?P<总笔数>[0-9]+),(?:汇总|累计)金额,(?P<总金额>-?[0-9.]+)"
            ),
            totals_required=True,
        ),
        {
            "kind": Choice("交易类型", KINDS),
            "order_id": Text("order"),
            "amount_minor": money("交易金额"),
            "clearing_date": Day("交易日期", DAYS),
        },
        lambda facts: {
            **signed("交易类型", "交易金额")(facts),
            "order": pl.col("订单号").str.strip_prefix("'"),
        },
        (
            ROWS,
            GROSS,
            Control("消费笔数", "消费笔数", _count_of(Kind.PAYMENT)),
            Control("消费金额", "消费金额", _sum_of(Kind.PAYMENT), PLAIN),
            Control("撤销笔数", "撤销笔数", _count_of(Kind.VOID)),
            Control("撤销金额", "撤销金额", _sum_of(Kind.VOID, sign=-1), PLAIN),
            Control("退单笔数", "退单笔数", _count_of(*_RETURNED)),
            Control("退单金额", "退单金额", _sum_of(*_RETURNED, sign=-1), PLAIN),
        ),
    ),
    layout(
        "cmb",
        "China Merchants Bank",
        "招商银行网上支付",
        Sheet(
            required=("交易日", "处理日", "金额", "定单号", "状态"),
            header=False,
            row=r"20[0-9]{6},20[0-9]{6},[0-9]+\.[0-9]{2},[0-9]{10},[0-9]\r?$",
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "state": Choice("状态", {"0": State.SUCCESS}, otherwise=State.FAILED),
            "order_id": Text("定单号"),
            "amount_minor": money("金额"),
            "occurred_at": Time(("交易日",), DAYS),
            "clearing_date": Day("处理日", DAYS),
        },
    ),
    layout(
        "citic_recharge",
        "CITIC Bank, recharge file of a payment company",
        "中信银行充值对账",
        Sheet(
            required=("订单号", "订单日期", "交易日期-时间", "支付流水号", "卡类型", "结算金额"),
            delimiter="|",
            title="充值对账文件",
            own_titles="第三方支付对账文件-充值对账文件",
            aside="(?:-{5}|={5}|总计)",
            totals=r"交易总笔数：(?P<总笔数>[0-9]+) 交易总金额:(?P<总金额>[0-9.,]+)",
            totals_required=True,
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "order_id": Text("订单号"),
            "channel_ref": Text("支付流水号"),
            "product": Text("卡类型"),
            "amount_minor": money("结算金额"),
            "occurred_at": Time(("交易日期-时间",), ("YYYY-MM-DD-hh:mm:ss",)),
        },
        controls=(ROWS, GROSS),
    ),
    layout(
        "cgb",
        "China Guangfa Bank",
        "广发银行",
        Sheet(
            required=("银行流水号", "订单号", "支付时间", "支付金额", "支付状态", "商户处理状态"),
            unread=("付款人名称",),
            delimiter="|",
        ),
        {
            "kind": Constant(Kind.PAYMENT),
            "state": Choice("支付状态", STATES),
            "order_id": Text("订单号"),
            "bank_ref": Text("银行流水号"),
            "amount_minor": money("支付金额"),
            "occurred_at": Time(("支付时间",), CLOCK),
        },
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in LAYOUTS)
