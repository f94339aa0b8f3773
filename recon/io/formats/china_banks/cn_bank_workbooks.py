"""Account statements that Chinese banks export as workbooks, old (.xls) and new, or as text.

Layouts as public readers of these exports describe them; SPDB checked on an export. Amounts and
balances may be numbers of the sheet: their shortest decimal text is the amount. Each row has the
balance behind it: the chain of balances proves the file.

CCB has two exports: `ccb` (交易明细, money in and out in two columns, booking day first) and
`ccb_current` (活期明细, signed amounts under a line with both totals). The e-banking
export of Bank of China for companies has names in two languages, as several public readers know
them; who pays and who is paid says the direction of an amount (a row in which the account is
neither is a reject), lines above state both totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from recon.core.codes import Side
from recon.io.reading.chain import balance_chain
from recon.io.reading.contract import Account, Control, Day, Format, Money, Text, Time
from recon.io.reading.currency_numbers import CURRENCY_OF_WORD
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import Sheet
from recon.io.reading.sheet_format import Facts, SheetFormat
from recon.io.reading.table import money_out

_DAYS: Final = ("YYYYMMDD", "YYYY-MM-DD", "YYYY/M/D", "YYYY-MM-DD hh:mm:ss")
_CLOCK: Final = ("YYYYMMDD hh:mm:ss", *CLOCK)


def _money(column: str) -> Money:
    """Return an amount with grouping commas; empty is no amount."""
    return Money(column, thousands=",", extra_zero_decimals=True)


def _nonzero(name: str) -> pl.Expr:
    """Return an amount's text, empty when it is zero: the other column has the amount."""
    cell = pl.col(name).str.strip_chars()
    return pl.when(cell.str.contains(r"^[0.,]*$")).then(pl.lit("")).otherwise(cell)


def _two_sides(came: str, went: str) -> dict[str, pl.Expr]:
    """Derive money in and money out; no amount, but a zero, is a row that moves nothing."""
    credit, debit = _nonzero(came), _nonzero(went)
    has_zero = (pl.col(came) + pl.col(went)).str.contains("0")
    moves_nothing = (credit == "") & (debit == "") & has_zero
    return {
        "credit": pl.when(moves_nothing).then(pl.lit("0")).otherwise(credit),
        "debit": debit,
    }


def _spdb(facts: Facts) -> dict[str, pl.Expr]:
    """Derive the account, and the time with one space between day and clock."""
    return {
        "account": pl.lit(facts.get("account", "")),
        "moment": pl.col("交易日期").str.replace_all(r"\s+", " "),
        "currency": pl.lit("CNY"),
        **_two_sides("存入金额", "取出金额"),
    }


def _ccb(facts: Facts) -> dict[str, pl.Expr]:
    """Derive account, currency, and a clock where the export has one."""
    clock = pl.col("交易时间").str.strip_chars()
    return {
        "account": pl.lit(facts.get("account", "")),
        "currency": pl.col("币种").replace(CURRENCY_OF_WORD),
        "clock": pl.when(clock == "").then(pl.lit("00:00:00")).otherwise(clock),
        **_two_sides("收入", "支出"),
    }


def _ccb_current(facts: Facts) -> dict[str, pl.Expr]:
    """Derive account, currency, and the other side's account and name as one memo."""
    return {
        "account": pl.lit(facts.get("account", "")),
        "currency": pl.col("币别").replace(CURRENCY_OF_WORD),
        "amount": pl.col("交易金额").str.strip_prefix("+"),
        "memo": pl.concat_str(["摘要", "交易地点/附言", "对方账号与户名"], separator=" "),
    }


_PAYER, _PAYEE = "付款人账号[DebitAccountNo.]", "收款人账号[Payee'sAccountNumber]"
_PAID_BY, _PAID_TO = "付款人名称[Payer'sName]", "收款人名称[Payee'sName]"


def _boc_corporate(facts: Facts) -> dict[str, pl.Expr]:
    """Derive the signed amount, the other side's name, and the three free texts as one memo."""
    account = facts.get("account", "")
    pays, is_paid = pl.col(_PAYER) == account, pl.col(_PAYEE) == account
    told = pl.col("交易金额[TradeAmount]")
    amount = money_out(told, pays & ~is_paid)
    texts = ["摘要[Reference]", "用途[Purpose]", "交易附言[Remark]"]
    return {
        "account": pl.lit(account),
        "amount": amount,
        "is_told": ((pays != is_paid) | told.str.starts_with("-")).cast(pl.String),
        "currency": pl.col("交易货币[TradeCurrency]").replace(CURRENCY_OF_WORD),
        "other": pl.when(amount.str.starts_with("-")).then(_PAID_TO).otherwise(_PAID_BY),
        "memo": pl.concat_str(texts, separator=" ").str.replace_all(" +", " "),
    }


def _refuse_untold(frame: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse amounts without a sign where the account is on neither side, or on both."""
    reason = "the account is not one of payer and payee, and the amount has no minus: in or out?"
    is_untold = pl.lit(raw["is_told"] == "false") & (pl.col("amount_minor") != 0)
    return frame.with_columns(pl.when(is_untold).then(pl.lit(reason)).alias("reject_reason"))


CHAIN: Final = balance_chain(always=False)
_AMOUNT: Final = pl.col("amount_minor")
STATEMENTS: Final = (
    SheetFormat(
        "statement_spdb",
        "SPDB account statement",
        "浦发银行明细",
        Sheet(
            required=("顺序号", "交易日期", "交易类型", "存入金额", "取出金额", "余额", "附言"),
            optional=("交易对手名称", "交易对手账号"),
            quote='"',
            facts=r"账号[,，:：]?\s*\"?(?P<account>[0-9*]{8,25})",
        ),
        {
            "merchant_id": Account("account"),
            "credit_minor": _money("credit"),
            "debit_minor": _money("debit"),
            "_balance_minor": _money("余额"),
            "currency": Text("currency"),
            "occurred_at": Time(("moment",), _CLOCK),
            "value_date": Day("moment", _CLOCK),
            "product": Text("交易类型"),
            "memo": Text("附言"),
            "counterparty": Text("交易对手名称", optional=True),
        },
        _spdb,
        side=Side.BANK,
        proofs=(CHAIN,),
    ),
    SheetFormat(
        "statement_ccb",
        "China Construction Bank account statement",
        "建设银行交易明细",
        Sheet(
            required=("记账日", "交易日期", "支出", "收入", "币种", "摘要"),
            optional=("交易时间", "账户余额", "对方账号", "对方户名", "交易地点"),
            quote='"',
            aside="[\"']?(?:以上数据仅供参考|具体内容请以柜台为准)",
            facts=r"账\s*(?:号|户)[,，:：\s\"]*(?P<account>[0-9*]{8,25})",
        ),
        {
            "merchant_id": Account("account"),
            "credit_minor": _money("credit"),
            "debit_minor": _money("debit"),
            "_balance_minor": Money("账户余额", thousands=",", extra_zero_decimals=True),
            "currency": Text("currency"),
            "occurred_at": Time(("交易日期", "clock"), _CLOCK),
            "value_date": Day("记账日", _DAYS),
            "product": Text("摘要"),
            "memo": Text("交易地点"),
            "counterparty": Text("对方户名"),
        },
        _ccb,
        side=Side.BANK,
        proofs=(CHAIN,),
        optional={"交易时间": "", "账户余额": "", "交易地点": "", "对方户名": ""},
    ),
    SheetFormat(
        "statement_ccb_current",
        "China Construction Bank current account statement",
        "建设银行活期明细",
        Sheet(
            required=("序号", "摘要", "币别", "交易日期", "交易金额", "账户余额", "对方账号与户名"),
            optional=("交易地点/附言",),
            unread=("钞汇",),
            quote='"',
            aside="[\"']?以上数据仅供参考",
            facts=r"账\s*(?:号|户)[,，:：\s\"]*(?P<account>[0-9*]{8,25})",
            totals=(
                r"总支出[:：]?\s*(?P<总支出>[0-9,]+(?:\.[0-9]+)?)"
                r"|总收入[:：]?\s*(?P<总收入>[0-9,]+(?:\.[0-9]+)?)"
            ),
        ),
        {
            "merchant_id": Account("account"),
            "amount_minor": _money("amount"),
            "_balance_minor": _money("账户余额"),
            "currency": Text("currency"),
            "value_date": Day("交易日期", _DAYS),
            "product": Text("摘要"),
            "memo": Text("memo"),
            "counterparty": Text("对方账号与户名"),
        },
        _ccb_current,
        controls=(
            Control("总收入", "总收入", _AMOUNT.filter(_AMOUNT > 0).sum(), Money("")),
            Control("总支出", "总支出", _AMOUNT.filter(_AMOUNT < 0).sum() * -1, Money("")),
        ),
        side=Side.BANK,
        proofs=(CHAIN,),
        optional={"交易地点/附言": ""},
    ),
    SheetFormat(
        "statement_boc_corporate",
        "Bank of China corporate e-banking statement, in two languages",
        "中国银行企业网银交易明细（中英文列名）",
        Sheet(
            required=(
                *("交易日期[TransactionDate]", "交易时间[Transactiontime]", _PAYER, _PAYEE),
                *("交易货币[TradeCurrency]", "交易金额[TradeAmount]", _PAID_BY, _PAID_TO),
                *("交易后余额[After-transactionbalance]", "摘要[Reference]"),
                "交易流水号[Transactionreferencenumber]",
            ),
            optional=("用途[Purpose]", "交易附言[Remark]", "交易类型[TransactionType]"),
            quote='"',
            closed=False,  # no export was at hand
            facts=r"查询账号\s*\[[^\]]*\][,\s\"]*(?P<account>[0-9*]{8,25})",
            totals="|".join(
                rf"{name}\s*\[[^\]]*\][,\s\"]*(?P<{name}>[0-9][0-9,]*(?:\.[0-9]+)?)"
                for name in ("借方发生总笔数", "借方发生总额", "贷方发生总笔数", "贷方发生总额")
            ),
        ),
        {
            "merchant_id": Account("account"),
            "amount_minor": _money("amount"),
            "_balance_minor": _money("交易后余额[After-transactionbalance]"),
            "currency": Text("currency"),
            "occurred_at": Time(
                ("交易日期[TransactionDate]", "交易时间[Transactiontime]"),
                (*_CLOCK, "YYYYMMDD hhmmss"),
            ),
            "value_date": Day("交易日期[TransactionDate]", _DAYS),
            "bank_ref": Text("交易流水号[Transactionreferencenumber]"),
            "product": Text("交易类型[TransactionType]", optional=True),
            "memo": Text("memo"),
            "counterparty": Text("other"),
        },
        _boc_corporate,
        _refuse_untold,
        controls=(
            Control("借方发生总笔数", "借方发生总笔数", (_AMOUNT < 0).sum()),
            Control(
                "借方发生总额", "借方发生总额", _AMOUNT.filter(_AMOUNT < 0).sum() * -1, Money("")
            ),
            Control("贷方发生总笔数", "贷方发生总笔数", (_AMOUNT > 0).sum()),
            Control("贷方发生总额", "贷方发生总额", _AMOUNT.filter(_AMOUNT > 0).sum(), Money("")),
        ),
        side=Side.BANK,
        proofs=(CHAIN,),
        optional={"用途[Purpose]": "", "交易附言[Remark]": ""},
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in STATEMENTS)
