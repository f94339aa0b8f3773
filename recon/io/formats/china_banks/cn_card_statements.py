"""Card and account statements of further Chinese banks, one declaration each.

Columns as public readers of these exports describe them; no export was at hand. Credit cards of
CITIC are written from the bank's side, spending plus and repayment minus, and are turned round.
Bank of Communications writes no sign: the first word of the description says the direction. Where
the card was charged in another currency than the account, that amount stands as the base amount.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.core.codes import Kind, Side
from recon.io.reading.chain import balance_chain
from recon.io.reading.contract import Account, Choice, Day, Format, Money, Text, Time
from recon.io.reading.currency_numbers import CURRENCY_OF_WORD
from recon.io.reading.marks import CLOCK, DATE
from recon.io.reading.sheet import Sheet
from recon.io.reading.sheet_format import Facts, SheetFormat
from recon.io.reading.table import negated, where_foreign

_DAYS: Final = (*DATE, "YYYYMMDD", "YYYY-MM-DD hh:mm:ss")
_CLOCK: Final = (*CLOCK, "YYYY-MM-DD")
_PRICED: Final = r"^([A-Z]{3}) ?([0-9][0-9,]*(?:\.[0-9]+)?)$"
_CELL: Final = r"(?:[A-Z]{3} ?[0-9][0-9.]*|\"[A-Z]{3} ?[0-9][0-9.,]*\")"
_IN: Final = ("退货", "还款", "信用卡还款", "红包还款", "刷卡金返还", "自动购汇还款")
_OUT: Final = ("消费", "取现", "刷卡金扣回", "分期扣款", "自动购汇扣款")


def _money(column: str) -> Money:
    """Return an amount with grouping commas; a sheet's numbers may have more zeros."""
    return Money(column, thousands=",", extra_zero_decimals=True)


def _code(name: str) -> pl.Expr:
    """Return the ISO code of a currency that is written as a word."""
    return pl.col(name).replace(CURRENCY_OF_WORD)


def _citic(_facts: Facts) -> dict[str, pl.Expr]:
    """Derive both amounts, turned to the customer's side, and both currencies."""
    own, base = _code("结算币种"), _code("交易币种")
    return {
        "amount": negated(pl.col("结算金额")),
        "currency": own,
        "base": where_foreign(own, base, negated(pl.col("交易金额"))),
        "base_currency": where_foreign(own, base, base),
    }


def _bocom(_facts: Facts) -> dict[str, pl.Expr]:
    """Derive the first word, and amount and currency of `CNY 123.18` and `CNY13.50`."""
    word = pl.col("交易说明").str.extract(r"^(\S+)", 1)
    own, base = pl.col("入账金额"), pl.col("交易金额")

    def signed(cell: pl.Expr) -> pl.Expr:
        """Return the amount behind the currency, with the sign that the word gives."""
        amount = pl.coalesce(cell.str.extract(_PRICED, 2), cell)
        return pl.when(word.is_in(_OUT)).then(pl.lit("-") + amount).otherwise(amount)

    codes = [pl.coalesce(cell.str.extract(_PRICED, 1), pl.lit("")) for cell in (own, base)]
    return {
        "first word of 交易说明": word,
        "amount": signed(own),
        "currency": codes[0],
        "base": where_foreign(codes[0], codes[1], signed(base)),
        "base_currency": where_foreign(codes[0], codes[1], codes[1]),
    }


def _cib(facts: Facts) -> dict[str, pl.Expr]:
    """Derive the signed amount; a taking-back stands in its own column with a minus."""
    spent = pl.col("支出").str.strip_chars()
    is_out = ~spent.str.contains(r"^[-0.,]*$")
    account = facts.get("currency", "")
    return {
        "account": pl.lit(facts.get("account", "")),
        "currency": pl.lit(CURRENCY_OF_WORD.get(account, "CNY")),
        "amount": pl.when(is_out).then(negated(spent)).otherwise("收入"),
        "memo": pl.concat_str(["用途", "备注"], separator=" "),
    }


STATEMENTS: Final = (
    SheetFormat(
        "statement_citic_credit",
        "CITIC credit card statement",
        "中信银行信用卡账单明细",
        Sheet(
            required=(
                *("交易日期", "入账日期", "交易描述", "卡末四位", "交易币种", "结算币种"),
                *("交易金额", "结算金额"),
            ),
            quote='"',
        ),
        {
            "amount_minor": _money("amount"),
            "currency": Text("currency"),
            "base_minor": _money("base"),
            "base_currency": Text("base_currency"),
            "clearing_date": Day("交易日期", _DAYS),
            "value_date": Day("入账日期", _DAYS),
            "card": Text("卡末四位"),
            "memo": Text("交易描述"),
        },
        _citic,
        side=Side.BANK,
    ),
    SheetFormat(
        "statement_boc_credit",
        "Bank of China credit card statement",
        "中国银行信用卡交易明细",
        Sheet(
            required=("交易日", "银行记账日", "卡号后四位", "交易描述", "存入", "支出"),
            optional=("币种",),
            quote='"',
            title="中国银行.*信用卡",
        ),
        {
            "credit_minor": _money("存入"),
            "debit_minor": _money("支出"),
            "currency": Text("currency"),
            "clearing_date": Day("交易日", _DAYS),
            "value_date": Day("银行记账日", _DAYS),
            "card": Text("卡号后四位"),
            "memo": Text("交易描述"),
        },
        lambda _facts: {"currency": _code("币种")},
        side=Side.BANK,
        optional={"币种": "人民币"},
    ),
    SheetFormat(
        "statement_bocom_credit",
        "Bank of Communications credit card statement",
        "交通银行信用卡账单明细",
        Sheet(
            required=("交易日期", "记账日期", "交易说明", "交易金额", "入账金额"),
            quote='"',
            header=False,
            row=rf"(?:20[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}},){{2}}.+,{_CELL},{_CELL}\s*$",
            aside='"?交易日期',
        ),
        {
            "kind": Choice(
                "first word of 交易说明",
                {**dict.fromkeys(_IN, Kind.CREDIT), **dict.fromkeys(_OUT, Kind.DEBIT)},
            ),
            "amount_minor": _money("amount"),
            "currency": Text("currency"),
            "base_minor": _money("base"),
            "base_currency": Text("base_currency"),
            "clearing_date": Day("交易日期", _DAYS),
            "value_date": Day("记账日期", _DAYS),
            "memo": Text("交易说明"),
        },
        _bocom,
        side=Side.BANK,
    ),
    SheetFormat(
        "statement_cib",
        "Industrial Bank account statement",
        "兴业银行交易明细",
        Sheet(
            required=("交易时间", "记账日", "支出", "收入", "账户余额", "摘要", "对方户名"),
            optional=("用途", "备注"),
            unread=("对方银行", "对方账号", "交易渠道"),
            foreign=("交易日期", "币种"),  # of CCB
            quote='"',
            aside="[\"']?说明",
            facts=(
                r"账户账号[,，:：\s\"]*(?P<account>[0-9*]{8,25})"
                r"|卡内账户[^\n]*(?P<currency>人民币|美元|港币|欧元|英镑|日元)"
            ),
        ),
        {
            "merchant_id": Account("account"),
            "amount_minor": _money("amount"),
            "_balance_minor": _money("账户余额"),
            "currency": Text("currency"),
            "occurred_at": Time(("交易时间",), _CLOCK),
            "value_date": Day("记账日", _DAYS),
            "product": Text("摘要"),
            "memo": Text("memo"),
            "counterparty": Text("对方户名"),
        },
        _cib,
        side=Side.BANK,
        proofs=(balance_chain(always=False),),
        optional={"用途": "", "备注": ""},
    ),
)

FORMATS: Final[tuple[Format, ...]] = tuple(declared.format() for declared in STATEMENTS)
