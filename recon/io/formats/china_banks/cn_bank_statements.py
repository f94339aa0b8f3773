"""Account and card statements that Chinese banks let customers export, one declaration each.

Checked on exports of each bank. Accounts: money in is plus. Credit cards are written from the
bank's side, spending plus and repayment minus, and are turned round; HSBC Hong Kong writes them
from the customer's side already. Where rows state the balance behind them, the chain of balances
proves the file; balances that are masked are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.chain import BALANCE, balance_chain
from recon.io.reading.contract import (
    Account,
    Choice,
    Constant,
    Control,
    Day,
    Field,
    Format,
    Money,
    Text,
    Time,
)
from recon.io.reading.currency_numbers import CURRENCY_OF_WORD
from recon.io.reading.marks import CLOCK, DATE
from recon.io.reading.sheet import Sheet
from recon.io.reading.sheet_format import Facts, Refine, SheetFormat
from recon.io.reading.table import where_foreign

_BALANCE: Final = r"^-?[0-9][0-9,]*(?:\.[0-9]{1,2})?$"  # else a mask, or no balance
_YUAN: Final = pl.col("amount_minor").filter(pl.col("currency") == "CNY")

_SIDES: Final = {
    **dict.fromkeys(("贷 Cr", "贷Cr", "贷", "Cr"), Kind.CREDIT),
    **dict.fromkeys(("借 Dr", "借Dr", "借", "Dr"), Kind.DEBIT),
}


def _currency(name: str) -> pl.Expr:
    """Return the ISO code of a currency that is written as a word."""
    return pl.col(name).replace(CURRENCY_OF_WORD)


def _filled(name: str) -> pl.Expr:
    """Return a cell, empty when it holds dashes only."""
    return pl.col(name).str.replace(r"^-+$", "")


def _turned(name: str) -> pl.Expr:
    """Return an amount with its sign turned, as text."""
    cell = pl.col(name)
    return (
        pl.when(cell.str.starts_with("-"))
        .then(cell.str.strip_prefix("-"))
        .otherwise(pl.lit("-") + cell)
    )


def _amount(column: str) -> Money:
    """Return a signed amount with grouping commas."""
    return Money(column, thousands=",")


def _statement(
    name: str,
    titles: tuple[str, str],
    sheet: Sheet,
    fields: Mapping[str, Field],
    derive: Callable[[Facts], Mapping[str, pl.Expr]] = lambda _facts: {},
    controls: tuple[Control, ...] = (),
    refine: Refine | None = None,
) -> SheetFormat:
    """Return a declaration on the bank's side."""
    return SheetFormat(
        f"statement_{name}",
        *titles,
        sheet,
        fields,
        derive,
        refine,
        controls,
        side=Side.BANK,
        proofs=(balance_chain(always=False),) if BALANCE in fields else (),
        optional={"余额": "", "记账日期": ""},
    )


def _refuse_against_word(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse rows whose word says one direction and whose sign the other."""
    amount = pl.col("amount_minor")
    is_out = pl.col("kind") == Kind.DEBIT.name
    reason = pl.format("{} of {} (minor units): word and sign differ", pl.col("kind"), amount)
    is_wrong = pl.when(is_out).then(amount > 0).otherwise(amount < 0)
    return frame.with_columns(pl.when(is_wrong).then(reason).alias("reject_reason"))


def _icbc_sheet() -> Sheet:
    """Return the sheet of accounts, in both generations, and of cards.

    The newer one has two more columns. An account states the totals of each currency, of which
    those in yuan are compared; a card states the totals of trades, then those that were booked.
    """
    cell = r"(?:\"[^\"]*\"|[^\",]*)"
    return Sheet(
        required=(
            *("交易日期", "摘要", "交易场所", "记账金额(收入)", "记账金额(支出)", "记账币种"),
            "对方户名",
        ),
        optional=("交易详情", "对方账户", "余额", "记账日期"),
        unread=(*("交易国家或地区简称", "钞/汇", "交易金额(收入)", "交易金额(支出)", "交易币种"),),
        quote='"',
        wider=1,
        title="明细查询文件下载",
        own_titles=r"明细查询文件下载\s+卡号[:：]",
        aside=r"\"?(?:[^,\n]{2,20}合计|合计金额)",
        facts=r"卡号: *(?P<account>[0-9*]+)",
        totals=(
            rf"(?:人民币合计[ \t]*\"?(?:,(?:\"\")?)+|合计金额,+{cell},{cell},[ \t]*,)"
            r'"?(?P<收入合计>[0-9.,]*[0-9])?[ \t]*"?'
            r',"?(?P<支出合计>[0-9.,]*[0-9])?[ \t]*"?'
        ),
        totals_required=True,
    )


def _cmb_credit(facts: Facts) -> Mapping[str, pl.Expr]:
    """Derive full dates: a month after the statement's own month lies in the year before."""
    year, month = int(facts.get("year", "0")), facts.get("month", "12")

    def full(name: str) -> pl.Expr:
        cell = pl.col(name)
        text = (
            pl.when(cell.str.head(2) > month)
            .then(pl.lit(str(year - 1)))
            .otherwise(pl.lit(str(year)))
        )
        return pl.when(cell == "").then(pl.lit("")).otherwise(text + "/" + cell)

    return {"day": full("交易日"), "booked": full("记账日"), "amount": _turned("人民币金额")}


STATEMENTS: Final = (
    _statement(
        "icbc",
        ("ICBC account statement", "工商银行明细"),
        _icbc_sheet(),
        {
            "credit_minor": _amount("记账金额(收入)"),
            "debit_minor": _amount("记账金额(支出)"),
            "_balance_minor": _amount("balance"),
            "merchant_id": Account("account"),
            "currency": Text("currency"),
            "clearing_date": Day("交易日期", DATE),
            "value_date": Day("booked", DATE),
            "bank_ref": Text("交易详情", optional=True),
            "product": Text("摘要"),
            "memo": Text("对方户名"),
            "counterparty": Text("对方户名"),
        },
        derive=lambda facts: {
            "currency": _currency("记账币种"),
            "account": pl.lit(facts.get("account", "")),
            "booked": pl.when(pl.col("记账日期") == "").then("交易日期").otherwise("记账日期"),
            "balance": pl.when(pl.col("余额").str.contains(_BALANCE))
            .then("余额")
            .otherwise(pl.lit("")),
        },
        controls=(
            Control("收入合计", "收入合计", _YUAN.filter(_YUAN > 0).sum(), Money("")),
            Control("支出合计", "支出合计", _YUAN.filter(_YUAN < 0).sum() * -1, Money("")),
        ),
    ),
    _statement(
        "boc",
        ("Bank of China account statement", "中国银行交易流水明细"),
        Sheet(
            required=(
                *("记账日期", "记账时间", "币别", "金额", "余额", "交易名称", "附言", "对方账户名"),
                "对方卡号/账号",
            ),
            unread=("渠道", "网点名称", "对方开户行", "借记卡号"),
            quote='"',
        ),
        {
            "amount_minor": _amount("金额"),
            "_balance_minor": _amount("余额"),
            "currency": Text("currency"),
            "occurred_at": Time(("记账日期", "记账时间"), CLOCK),
            "value_date": Day("记账日期", DATE),
            "product": Text("交易名称"),
            "memo": Text("memo"),
            "counterparty": Text("other"),
        },
        derive=lambda _facts: {
            "currency": _currency("币别"),
            "memo": _filled("附言"),
            "other": _filled("对方账户名"),
        },
    ),
    _statement(
        "bocom",
        ("Bank of Communications account statement", "交通银行明细"),
        Sheet(
            required=(
                "序号",
                "交易日期",
                "交易时间",
                "交易类型",
                "借贷",
                "交易金额",
                "余额",
                "摘要",
            ),
            optional=("对方户名",),
            unread=("对方账号", "交易地点"),
            quote='"',
        ),
        {
            "kind": Choice("借贷", _SIDES),
            "amount_minor": _amount("amount"),
            "_balance_minor": _amount("余额"),
            "currency": Constant("CNY"),
            "occurred_at": Time(("交易日期", "交易时间"), CLOCK),
            "value_date": Day("交易日期", DATE),
            "product": Text("交易类型"),
            "memo": Text("摘要"),
            "counterparty": Text("对方户名", optional=True),
        },
        derive=lambda _facts: {
            "amount": pl.when(pl.col("借贷").str.contains("^(?:借|Dr)"))
            .then(pl.lit("-") + pl.col("交易金额"))
            .otherwise(pl.col("交易金额"))
        },
        refine=_refuse_against_word,
    ),
    _statement(
        "abc",
        ("Agricultural Bank of China account statement", "农业银行明细"),
        Sheet(
            required=("交易日期", "交易时间", "交易摘要", "交易金额", "本次余额", "日志号"),
            optional=("对手信息", "交易附言"),
            unread=("交易渠道",),
            short=2,
        ),
        {
            "amount_minor": _amount("amount"),
            "_balance_minor": _amount("本次余额"),
            "currency": Constant("CNY"),
            "occurred_at": Time(("交易日期", "clock"), ("YYYYMMDD hhmmss",)),
            "value_date": Day("交易日期", ("YYYYMMDD",)),
            "bank_ref": Text("日志号"),
            "product": Text("交易摘要"),
            "memo": Text("交易附言", optional=True),
            "counterparty": Text("对手信息", optional=True),
        },
        derive=lambda _facts: {
            "amount": pl.col("交易金额").str.strip_prefix("+"),
            "clock": pl.when(pl.col("交易时间") == "")
            .then(pl.lit("000000"))
            .otherwise(pl.col("交易时间")),
        },
    ),
    _statement(
        "cmb",
        ("China Merchants Bank account statement", "招商银行明细"),
        Sheet(
            required=("记账日期", "货币", "交易金额", "联机余额", "交易摘要", "对手信息"),
            optional=("客户摘要",),
            quote='"',
        ),
        {
            "amount_minor": _amount("交易金额"),
            "_balance_minor": _amount("联机余额"),
            "currency": Text("currency"),
            "value_date": Day("记账日期", DATE),
            "product": Text("交易摘要"),
            "memo": Text("客户摘要", optional=True),
            "counterparty": Text("对手信息"),
        },
        derive=lambda _facts: {"currency": _currency("货币")},
    ),
    _statement(
        "cmb_credit",
        ("China Merchants Bank credit card statement", "招商银行信用卡对账单"),
        Sheet(
            required=("交易日", "记账日", "交易摘要", "人民币金额", "卡号末四位"),
            unread=("交易地金额",),
            quote='"',
            title="招商银行信用卡对账单",
            facts=r"(?P<year>20[0-9]{2})年(?P<month>[0-9]{2})月",
        ),
        {
            "amount_minor": _amount("amount"),
            "currency": Constant("CNY"),
            "clearing_date": Day("day", ("YYYY/MM/DD",)),
            "value_date": Day("booked", ("YYYY/MM/DD",)),
            "card": Text("卡号末四位"),
            "memo": Text("交易摘要"),
        },
        derive=_cmb_credit,
    ),
    _statement(
        "cgb_credit",
        ("China Guangfa Bank credit card statement", "广发银行信用卡明细"),
        Sheet(
            required=(
                "交易日期",
                "入账日期",
                "交易摘要",
                "交易金额",
                "交易货币",
                "入账金额",
                "入账货币",
            ),
            quote='"',
        ),
        {
            "amount_minor": _amount("amount"),
            "currency": Text("currency"),
            "base_minor": _amount("base"),
            "base_currency": Text("base_currency"),
            "clearing_date": Day("交易日期", ("YYYY/MM/DD",)),
            "value_date": Day("入账日期", ("YYYY/MM/DD",)),
            "memo": Text("交易摘要"),
        },
        derive=lambda _facts: {
            "amount": _turned("入账金额"),
            "currency": _currency("入账货币"),
            "base": where_foreign(
                _currency("入账货币"), _currency("交易货币"), _turned("交易金额")
            ),
            "base_currency": where_foreign(
                _currency("入账货币"), _currency("交易货币"), _currency("交易货币")
            ),
        },
    ),
    _statement(
        "hsbc_hk_credit",
        ("HSBC Hong Kong credit card statement", "汇丰香港信用卡明细"),
        Sheet(
            required=(
                *("Transactiondate", "Postdate", "Description", "Billingamount"),
                *("Billingcurrency", "Transactionstatus", "Credit/Debit"),
            ),
            unread=("Merchantname", "Country/region", "Area/district"),
            quote='"',
        ),
        {
            "kind": Choice("Credit/Debit", {"DEBIT": Kind.DEBIT, "CREDIT": Kind.CREDIT}),
            "state": Choice(
                "Transactionstatus",
                {"POSTED": State.SUCCESS, "PENDING": State.PENDING},
                otherwise=State.UNKNOWN,
            ),
            "amount_minor": _amount("Billingamount"),
            "currency": Text("Billingcurrency"),
            "clearing_date": Day("Transactiondate", ("DD/MM/YYYY",)),
            "value_date": Day("Postdate", ("DD/MM/YYYY",)),
            "memo": Text("Description"),
        },
        refine=_refuse_against_word,
    ),
    _statement(
        "hsbc_hk",
        ("HSBC Hong Kong account statement", "汇丰香港账户明细"),
        Sheet(
            required=("Date", "Description", "Billingamount", "Billingcurrency", "Balance"),
            unread=("Balancecurrency",),
            quote='"',
        ),
        {
            "amount_minor": _amount("Billingamount"),
            "_balance_minor": _amount("Balance"),
            "currency": Text("Billingcurrency"),
            "value_date": Day("Date", ("DD/MM/YYYY",)),
            "memo": Text("Description"),
        },
    ),
    _statement(
        "shengjing",
        ("Shengjing Bank account statement", "盛京银行账户明细"),
        Sheet(
            required=(
                *("交易日期", "交易时间", "收入", "支出", "手续费总额", "对方名称", "账户余额"),
                *("摘要", "流水号"),
            ),
            unread=("对方帐号", "交易行所", "备注"),
            delimiter=";",
            aside=r";?[ \t]*(?:合计|总计|小计)",
        ),
        {
            "credit_minor": _amount("收入"),
            "debit_minor": _amount("支出"),
            "_balance_minor": _amount("账户余额"),
            "currency": Constant("CNY"),
            "occurred_at": Time(("交易日期", "交易时间"), ("YYYYMMDD hhmmss",)),
            "value_date": Day("交易日期", ("YYYYMMDD",)),
            "bank_ref": Text("流水号"),
            "product": Text("摘要"),
            "counterparty": Text("对方名称"),
        },
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in STATEMENTS)
