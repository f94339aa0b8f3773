"""Bills of personal wallets: Alipay, WeChat, JD, Meituan, and Pinduoduo's list of orders.

Checked on exports of each. Amounts are unsigned; 收/支 says the direction. 不计收支 or 其他
(neither) is a refund when the state says so, else a movement between the person's own accounts:
kind OTHER, its amount as it stands. JD writes `131.77(已退款89.84)`: the amount is 131.77, and the
refund is a row of its own; a purchase given back whole, `468.32(已全额退款)`, is money out all the
same. So is what Alipay's bill has under 支出 and calls closed (交易关闭): the money came back in a
row of its own; what was never paid stands under neither direction.

The head declares records and money by direction. The counts are proved. The sums are proved where
the vendor does not say that its own may differ from the rows' (统计逻辑不同, in bills of Alipay
since 2022). JD and Meituan say so too, but a whole public bill of each shows the rule: JD sums what
was spent less what was given back in part, Meituan less repayments of its credit (还款).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import Choice, Constant, Control, Field, Format, Money, Text, Time
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import Sheet
from recon.io.reading.sheet_format import Facts, SheetFormat

_DISCLAIMED: Final = r"(?![\s\S]*统计逻辑不同)"  # the vendor's own words for sums that may differ
_TOLD: Final = pl.col("_direction")
_GIVEN_BACK: Final = pl.col("_given_back_minor").fill_null(0)
_PLAIN: Final = Money("", thousands=",")
_JD_SPENT: Final = (pl.col("amount_minor") + _GIVEN_BACK).filter(_TOLD == "支出").sum() * -1
_SPENT: Final = pl.col("amount_minor").filter(_TOLD == "支出").sum() * -1
_MEITUAN_SPENT: Final = (
    pl.col("amount_minor").filter((_TOLD == "支出") & (pl.col("_type") != "还款")).sum() * -1
)
_DIRECTIONS: Final = {
    "收入": Kind.CREDIT,
    "退款": Kind.CREDIT,
    "支出": Kind.DEBIT,
    "不计收支": Kind.OTHER,
    "其他": Kind.OTHER,  # as exports before 2022 call it
    "/": Kind.OTHER,
    "": Kind.OTHER,
}
_NEITHER: Final = ("不计收支", "其他")
_STATES: Final = {
    **dict.fromkeys(
        (
            *("交易成功", "支付成功", "退款成功", "已存入零钱", "已转账", "朋友已收钱", "已收钱"),
            *("对方已收钱", "充值完成", "充值成功", "提现已到账", "资金已到账", "还款成功"),
            *("已到账", "成功"),
        ),
        State.SUCCESS,
    ),
    **dict.fromkeys(
        ("等待确认收货", "等待发货", "等待对方发货", "等待付款", "等待对方付款"), State.PENDING
    ),
    "交易关闭": State.CLOSED,
    "支付失败": State.FAILED,
    "提现失败": State.FAILED,
}
_ORDER_STATES: Final = {
    "交易成功": State.SUCCESS,
    "已评价": State.SUCCESS,
    "待": State.PENDING,
    "退款成功": State.REVERSED,
    "已取消": State.CLOSED,
    "已关闭": State.CLOSED,
}


def _declared(unless: str = _DISCLAIMED) -> str:
    """Return the pattern of the head's totals; `unless` follows sums that are to be believed."""
    directions = (("收入", "收入"), ("支出", "支出"), ("中性", "(?:中性交易|不计收支|其他)"))
    totals = (
        rf"{words}[:：](?P<{name}笔数>[0-9]+)笔(?:[(（][^)）\n]*[)）])?"
        rf"(?:[ ,，]*(?P<{name}金额>[0-9][0-9.,]*)元{unless})?"
        for name, words in directions
    )
    return "|".join((r"共[:：]?(?P<记录数>[0-9]+)笔记录", *totals))


def _controls(
    *, neither: bool = False, spent: pl.Expr = _SPENT, also: pl.Expr | None = None
) -> tuple[Control, ...]:
    """Return the totals of a bill.

    neither: rows without a direction have a sum that is known. spent, also: what 支出 may sum.
    """
    amount = pl.col("amount_minor")
    undirected = ~_TOLD.is_in(("收入", "支出"))
    controls = (
        Control("记录数", "记录数", pl.len()),
        Control("收入笔数", "收入笔数", (_TOLD == "收入").sum()),
        Control("收入金额", "收入金额", amount.filter(_TOLD == "收入").sum(), _PLAIN),
        Control("支出笔数", "支出笔数", (_TOLD == "支出").sum()),
        Control("支出金额", "支出金额", spent, _PLAIN, also=also),
        Control("中性笔数", "中性笔数", undirected.sum()),
    )
    sums = Control("中性金额", "中性金额", amount.filter(undirected).sum(), _PLAIN)
    return (*controls, sums) if neither else controls


def _amount(name: str) -> pl.Expr:
    """Return an amount without its currency sign and without a note in parentheses."""
    return pl.col(name).str.replace(r"^[¥￥]", "").str.replace(r"[(（].*$", "")


def _signed(direction: pl.Expr, amount: pl.Expr) -> pl.Expr:
    """Return the amount with a minus when money goes out."""
    return pl.when(direction == "支出").then(pl.lit("-") + amount).otherwise(amount)


def _fields(memo: str, order: str, reference: str, state: str) -> dict[str, Field]:
    """Return the fields that the wallets share."""
    return {
        "_direction": Text("收/支", nulls=()),
        "kind": Choice("direction", _DIRECTIONS),
        "state": Choice(state, _STATES, otherwise=State.UNKNOWN),
        "order_id": Text(order, nulls=("", "/", "-")),
        "channel_ref": Text(reference, nulls=("", "/", "-")),
        "amount_minor": Money("amount", thousands=","),
        "currency": Constant("CNY"),
        "memo": Text(memo, nulls=("", "/")),
    }


def _alipay(_facts: Facts) -> dict[str, pl.Expr]:
    """Derive direction and amount; a refund stands under neither direction."""
    is_refund = pl.col("收/支").is_in(_NEITHER) & (pl.col("交易状态") == "退款成功")
    direction = pl.when(is_refund).then(pl.lit("退款")).otherwise(pl.col("收/支"))
    told = pl.col("交易状态")
    was_spent = (pl.col("收/支") == "支出") & (told == "交易关闭")
    return {
        "direction": direction,
        "amount": _signed(direction, _amount("金额")),
        "state": pl.when(was_spent).then(pl.lit("交易成功")).otherwise(told),
    }


def _jd(facts: Facts) -> dict[str, pl.Expr]:
    """Derive direction and amount; a purchase given back whole stands under neither direction."""
    is_returned = pl.col("收/支").is_in(_NEITHER) & pl.col("金额").str.contains("已全额退款")
    wallet = _alipay(facts)
    direction = pl.when(is_returned).then(pl.lit("支出")).otherwise(wallet["direction"])
    return {
        "direction": direction,
        "amount": _signed(direction, _amount("金额")),
        "given_back": pl.col("金额").str.extract("已退款[¥￥]?([0-9.,]+)").fill_null(""),
    }


def _wechat(_facts: Facts) -> dict[str, pl.Expr]:
    """Derive direction and amount; `已全额退款` keeps the payment and adds a row of its own."""
    direction = pl.col("收/支")
    is_settled = pl.col("当前状态").str.starts_with("已退款") | (pl.col("当前状态") == "已全额退款")
    state = pl.when(is_settled).then(pl.lit("支付成功")).otherwise(pl.col("当前状态"))
    return {
        "direction": direction,
        "amount": _signed(direction, _amount("金额(元)")),
        "state": state,
    }


def _order(_facts: Facts) -> dict[str, pl.Expr]:
    """Derive the amount, and of a state such as `已发货，退款成功` the word that decides."""
    told = pl.col("订单状态")
    decided = told.str.extract("(退款成功|已取消|已关闭|交易成功|已评价|待[^，]*)$", 1)
    waiting = decided.str.replace("^待.*$", "待")
    return {"amount": _amount("订单金额"), "state": pl.coalesce(waiting, told)}


def _meituan(_facts: Facts) -> dict[str, pl.Expr]:
    """Derive direction and the amount that was paid, discounts taken off."""
    return {"direction": pl.col("收/支"), "amount": _signed(pl.col("收/支"), _amount("实付金额"))}


ALIPAY: Final = SheetFormat(
    "personal_alipay",
    "Alipay personal bill",
    "支付宝个人账单",
    Sheet(
        required=(
            *("交易时间", "交易分类", "交易对方", "商品说明", "收/支", "金额", "交易状态"),
            *("交易订单号", "商家订单号"),
        ),
        optional=("收/付款方式", "备注"),
        unread=("对方账号",),
        title="支付宝",
        own_titles=r"-+\n导出信息：",
        totals=_declared(),
    ),
    {
        **_fields("商品说明", "商家订单号", "交易订单号", "state"),
        "occurred_at": Time(("交易时间",), CLOCK),
        "product": Text("收/付款方式", optional=True),
    },
    _alipay,
    controls=_controls(),
    side=Side.BANK,
)

WECHAT: Final = SheetFormat(
    "personal_wechat",
    "WeChat Pay personal bill",
    "微信支付个人账单",
    Sheet(
        required=(
            *("交易时间", "交易类型", "交易对方", "商品", "收/支", "金额(元)", "支付方式"),
            *("当前状态", "交易单号", "商户单号", "备注"),
        ),
        quote='"',
        title="微信支付账单明细",
        own_titles="微信支付账单明细",
        totals=_declared(),
    ),
    {
        **_fields("商品", "商户单号", "交易单号", "state"),
        "occurred_at": Time(("交易时间",), CLOCK),
        "product": Text("交易类型"),
    },
    _wechat,
    controls=_controls(neither=True),
    side=Side.BANK,
)

JD: Final = SheetFormat(
    "personal_jd",
    "JD personal bill",
    "京东个人账单",
    Sheet(
        required=(
            *("交易时间", "商户名称", "交易说明", "金额", "收/付款方式", "交易状态", "收/支"),
            *("交易订单号", "商家订单号"),
        ),
        optional=("备注",),
        unread=("交易分类",),
        wider=1,
        title="京东账号名",
        own_titles="导出信息：[^\n]*\n京东账号名",
        totals=_declared(unless=""),
    ),
    {
        **_fields("交易说明", "商家订单号", "交易订单号", "交易状态"),
        "_given_back_minor": Money("given_back", thousands=","),
        "occurred_at": Time(("交易时间",), CLOCK),
        "product": Text("收/付款方式"),
    },
    _jd,
    controls=_controls(spent=_JD_SPENT),
    side=Side.BANK,
)

MEITUAN: Final = SheetFormat(
    "personal_meituan",
    "Meituan personal bill",
    "美团个人账单",
    Sheet(
        required=(
            *("交易创建时间", "交易成功时间", "交易类型", "订单标题", "收/支", "支付方式"),
            *("订单金额", "实付金额", "交易单号", "商家单号"),
        ),
        optional=("备注",),
        quote='"',
        title="美团交易账单明细",
        own_titles="美团交易账单明细",
        totals=_declared(unless=""),
    ),
    {
        **_fields("订单标题", "商家单号", "交易单号", "交易类型"),
        "state": Constant(State.SUCCESS),
        "_type": Text("交易类型"),
        "occurred_at": Time(("交易成功时间",), CLOCK),
        "product": Text("支付方式"),
    },
    _meituan,
    controls=_controls(spent=_MEITUAN_SPENT, also=_SPENT),
    side=Side.BANK,
)

PINDUODUO: Final = SheetFormat(
    "personal_pdd",
    "Pinduoduo list of orders",
    "拼多多订单列表",
    Sheet(
        required=("订单编号", "订单金额", "店铺", "商品", "订单状态", "支付方式", "下单时间"),
        unread=("物流公司", "快递单号", "拼单时间", "发货时间", "成交时间"),
        quote='"',
        first_line=r"订单编号\W{1,3}订单金额\W{1,3}店铺",
    ),
    {
        "kind": Constant(Kind.PAYMENT),
        "state": Choice("state", _ORDER_STATES, otherwise=State.UNKNOWN),
        "order_id": Text("订单编号"),
        "amount_minor": Money("amount", thousands=","),
        "currency": Constant("CNY"),
        "occurred_at": Time(("下单时间",), CLOCK),
        "product": Text("支付方式"),
        "memo": Text("商品"),
    },
    _order,
    side=Side.MERCHANT,
)

FORMATS: Final[tuple[Format, ...]] = tuple(
    declared.format() for declared in (ALIPAY, WECHAT, JD, MEITUAN, PINDUODUO)
)
