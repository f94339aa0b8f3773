"""Settlement reports of Chinese banks and UnionPay that are printed for people.

Layouts of real excerpts (ICBC for businesses, BOC Shenzhen, CITIC credit card); ICBC for consumers,
ABC, BOCOM and the UnionPay clearing report follow the described columns.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.core.codes import Kind, State
from recon.io.reading.contract import Account, Choice, Constant, Day, Format, Money, Text, Time
from recon.io.reading.currency_numbers import CURRENCY_OF_WORD
from recon.io.reading.report_lines import Report
from recon.io.reading.table import money_out

_CNY: Final = {"currency": Constant("CNY"), "state": Constant(State.SUCCESS)}
_AMOUNT: Final = r"-?[0-9][0-9,]*\.?[0-9]*"
_RULES: Final = r"\s*[-=]{5,}"
_ICBC_PASSED: Final = (
    rf"(?:{_RULES}|\s*(?:商城|公司|从[0-9]|第 *[0-9]+ *页|合计|总计|小计))"  # on each page
)


def _turned(kind: str, words: tuple[str, ...], *amounts: str) -> dict[str, pl.Expr]:
    """Return amounts that are money out on rows of some kinds."""
    is_out = pl.col(kind).is_in(words)
    return {name: money_out(pl.col(name), is_out) for name in amounts}


def _with_year(cleared: pl.Expr, time: pl.Expr) -> pl.Expr:
    """Return `MMDDhhmmss` with the clearing day's year, or the year before over New Year."""
    year = cleared.str.head(4).cast(pl.Int32, strict=False)
    is_last_year = (cleared.str.slice(4, 2) == "01") & (time.str.head(2) == "12")
    return (year - is_last_year.cast(pl.Int32)).cast(pl.String).fill_null("") + time


REPORTS: Final = (
    Report(
        "settlement_icbc_b2b",
        "ICBC, merchant transactions of businesses",
        "工商银行 B2B 商城交易",
        title=r"商城代码[:：]",
        row=(
            r"\s*(?P<account>[0-9]{5,25})\s+(?P<order>\S+)\s+(?P<trace>\S+)\s+"
            rf"(?P<amount>{_AMOUNT})\s+(?P<state>\S.*?)\s+"
            rf"(?P<time>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [0-9]{{2}}:[0-9]{{2}})\s+{_AMOUNT}\s*"
        ),
        passed=_ICBC_PASSED,
        heading=r"^\s*商城账号.*支付状态",
        fields={
            **_CNY,
            "kind": Constant(Kind.PAYMENT),
            "state": Choice(
                "state", {"指令处理完成，转账成功": State.SUCCESS}, otherwise=State.UNKNOWN
            ),
            "merchant_id": Account("account"),
            "order_id": Text("order"),
            "channel_ref": Text("trace"),
            "amount_minor": Money("amount", thousands=","),
            "occurred_at": Time(("time",), ("YYYY-MM-DD hh:mm",)),
        },
    ),
    Report(
        "settlement_icbc_b2c",
        "ICBC, merchant transactions of consumers",
        "工商银行 B2C 商城交易",
        title=r"商城代码[:：]",
        row=(
            r"\s*(?P<account>[0-9]{5,25})\s+(?P<order>\S+)\s+(?P<trace>\S+)\s+"
            rf"(?P<amount>{_AMOUNT})\s+"
            r"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)\s+"
            rf"(?P<state>\S+)\s+(?:\S+\s+)?{_AMOUNT}\s*"
        ),
        passed=_ICBC_PASSED,
        heading=r"^\s*商城账号.*(?:交易状态|退货状态)",
        fields={
            **_CNY,
            "kind": Constant(Kind.PAYMENT),
            "state": Choice(
                "state",
                {"支付成功已清算": State.SUCCESS, "支付成功": State.SUCCESS},
                otherwise=State.UNKNOWN,
            ),
            "merchant_id": Account("account"),
            "order_id": Text("order"),
            "channel_ref": Text("trace"),
            "amount_minor": Money("amount", thousands=","),
            "occurred_at": Time(("time",), ("YYYY-MM-DD hh:mm", "YYYY-MM-DD hh:mm:ss")),
        },
    ),
    Report(
        "settlement_abc_caret",
        "Agricultural Bank of China, `^` between cells",
        "农业银行（^ 分隔）",
        title="",
        row=(
            rf"(?P<kind>SALE|REFUND)\^(?P<order>[^^]+)\^(?P<amount>{_AMOUNT})\^(?P<voucher>[^^]*)"
            r"\^(?P<time>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2})"
            r"\^(?P<batch>[^^]*)\^(?P<place>[^^]*)\^(?P<rrn>[^^]*)\^?"
        ),
        passed=r"[^^]*交易类型|(?:总|合计|共)",
        fields={
            **_CNY,
            "kind": Choice("kind", {"SALE": Kind.PAYMENT, "REFUND": Kind.REFUND}),
            "order_id": Text("order"),
            "channel_ref": Text("voucher"),
            "batch_id": Text("batch"),
            "rrn": Text("rrn"),
            "amount_minor": Money("amount", thousands=","),
            "occurred_at": Time(("time",), ("YYYY-M-D h:mm:ss",)),
        },
        derive=_turned("kind", ("REFUND",), "amount"),
    ),
    Report(
        "settlement_bocom",
        "Bank of Communications, merchant transactions",
        "交通银行商户交易",
        title="支付流水号",
        heading=r"^\s*订单号\s.*支付流水号.*实际结算金额",
        row=(
            r"\s*(?P<order>\S+)\s+[0-9-]{8,10}\s+(?P<time>[0-9]{8}-[0-9]{6})\s+(?P<trace>\S+)\s+"
            rf"(?P<product>\S+)\s+(?P<amount>{_AMOUNT})\s+(?P<fee>{_AMOUNT})\s+(?P<net>{_AMOUNT})"
            r"\s+(?P<batch>\S+)\s*"
        ),
        passed=rf"(?:{_RULES}|[^0-9]*$|\s*(?:交通银行|商户|清算|打印|合计|总))",
        fields={
            **_CNY,
            "order_id": Text("order"),
            "channel_ref": Text("trace"),
            "batch_id": Text("batch"),
            "product": Text("product"),
            "amount_minor": Money("amount", thousands=","),
            "fee_minor": Money("fee", thousands=","),
            "net_minor": Money("net", thousands=","),
            "occurred_at": Time(("time",), ("YYYYMMDD-hhmmss",)),
        },
    ),
    Report(
        "settlement_cmb_clearing",
        "China Merchants Bank, cleared orders with the fee",
        "招商银行清算明细（含回扣）",
        title="清算系统交易流水号",
        heading=r"^\s*清算系统交易流水号\s.*交易金额\s+回扣",
        row=(
            r"\s*(?P<trace>[0-9]{10,20})\s+(?P<day>20[0-9]{6})\s+(?P<order>\S+)\s+(?P<kind>\S+)\s+"
            rf"(?P<amount>{_AMOUNT})\s+(?P<fee>{_AMOUNT})\s+(?P<cleared>20[0-9]{{6}})\s*"
        ),
        passed=rf"(?:{_RULES}|\s*(?:清算系统|合计|总计|小计))",
        fields={
            **_CNY,
            "kind": Choice(
                "kind",
                {"结账": Kind.PAYMENT, **dict.fromkeys(("退款", "退货"), Kind.REFUND)},
            ),
            "order_id": Text("order"),
            "bank_ref": Text("trace"),
            "amount_minor": Money("amount", thousands=","),
            "fee_minor": Money("fee", thousands=","),
            "occurred_at": Time(("day",), ("YYYYMMDD",)),
            "clearing_date": Day("cleared", ("YYYYMMDD",)),
        },
        derive=_turned("kind", ("退款", "退货"), "amount", "fee"),
    ),
    Report(
        "settlement_chinapnr",
        "ChinaPnR, merchant transactions",
        "汇付天下商户交易",
        title="",
        row=(
            r"\s*(?P<merchant>[0-9]{6})\s+\S.*?\s+20[0-9]{6}\s+(?P<order>[0-9A-Za-z]{6,32})\s+"
            rf"(?P<kind>[PR])\s+(?P<amount>{_AMOUNT})\s+(?P<state>[A-Z])\s+[A-Z]\s+[A-Z]\s+"
            r"T[0-9a-z]\s+(?P<day>20[0-9]{6})\s+(?P<trace>[0-9]{6})\s+(?P<clock>[0-9]{6})"
            r"(?:\s+(?P<memo>\S+))?\s*"
        ),
        passed=rf"(?:{_RULES}|[^0-9]*$|\s*(?:合计|总计|小计))",
        fields={
            **_CNY,
            "kind": Choice("kind", {"P": Kind.PAYMENT, "R": Kind.REFUND}),
            "state": Choice("state", {"S": State.SUCCESS}, otherwise=State.UNKNOWN),
            "merchant_id": Text("merchant"),
            "order_id": Text("order"),
            "channel_ref": Text("trace"),
            "amount_minor": Money("amount", thousands=","),
            "occurred_at": Time(("day", "clock"), ("YYYYMMDD hhmmss",)),
            "clearing_date": Day("day", ("YYYYMMDD",)),
            "memo": Text("memo"),
        },
        derive=_turned("kind", ("R",), "amount"),
    ),
    Report(
        "settlement_boc_sz",
        "Bank of China, Shenzhen credit cards",
        "中国银行深圳信用卡",
        title=r"结算日期\[",
        own_titles=r"[^\n]*\[[0-9]{15}\]\n结算日期\[[0-9]{8}\]-\[[0-9]{8}\]交易明细",
        heading=r"^\s*终端号\s.*批次号.*参考号",
        row=(
            r"(?P<terminal>[0-9]{8})\s+(?P<batch>[0-9]{6})\s+(?:[0-9]+\s+)?"
            r"(?P<card>[0-9]{4}-[0-9X]{4}-[0-9X]{4}-[0-9X]{4})\s+(?P<cleared>[0-9]{8})\s+"
            rf"(?P<day>[0-9]{{8}})\s+(?P<amount>{_AMOUNT})\s+(?P<fee>{_AMOUNT})\s+"
            rf"(?P<net>{_AMOUNT})\s+(?P<auth>[0-9A-Z]{{6}})\s+(?P<code>[A-Z]{{4}})\s+[0-9]{{4}}\s+"
            r"(?P<product>[A-Z]+)\s+(?P<rrn>[0-9]{12})\s*(?P<order>\S*)\s*"
        ),
        passed=r"(?:.*\[[0-9]{15}\]|结算|交易后台|商户号|\s*终端号|.*(?:合计|小计))",
        facts=r"商户号[：:](?P<merchant>[0-9]+)|结算货币[：:](?P<currency>[^\s,|]+)",
        fields={
            "state": Constant(State.SUCCESS),
            "currency": Text("currency"),
            "kind": Choice("code", {"PCEP": Kind.PAYMENT, "REFP": Kind.REFUND}),
            "merchant_id": Text("merchant"),
            "terminal_id": Text("terminal"),
            "order_id": Text("order"),
            "rrn": Text("rrn"),
            "auth_code": Text("auth"),
            "card": Text("card"),
            "batch_id": Text("batch"),
            "product": Text("product"),
            "amount_minor": Money("amount", thousands=","),
            "fee_minor": Money("fee", thousands=","),
            "net_minor": Money("net", thousands=","),
            "occurred_at": Time(("day",), ("YYYYMMDD",)),
            "clearing_date": Day("cleared", ("YYYYMMDD",)),
        },
        derive={
            **_turned("code", ("REFP",), "amount", "fee", "net"),
            "currency": pl.col("currency").replace(CURRENCY_OF_WORD),
        },
    ),
    Report(
        "settlement_citic_card",
        "CITIC credit cards, merchant batch report",
        "中信信用卡商户批次报表",
        title="Merchant Batch All-Process Report",
        own_titles=r"[^\n]*\n\s*Merchant Batch All-Process Report",
        heading=r"^\s*CardNbr/OrderNbr\s",
        row=(
            r"\s*(?P<card>[0-9*]{12,19})\s+(?P<kind>PER|RFD)\s+(?P<day>[0-9]{8})\s"
            r"(?P<clock>[0-9]{6})[0-9]{2}\s(?P<auth>\S{6})\s+(?P<trace>[0-9]{6})\s+"
            rf"(?P<rrn>[0-9]{{12}})\s+(?P<amount>{_AMOUNT})\s+156\s+[0-9]{{6}}\s+[0-9]{{2}}\s+"
            r"(?P<response>[0-9A-Z]{2})\s.*"
        ),
        passed=rf"(?:{_RULES}|\s*(?:Citic|Merchant|Report Date|CardNbr|Batch|Total))",
        totals=rf"Batch Trx Cnt:\s*(?P<count>[0-9,]+)\s+Batch Amt Sum:\s*(?P<sum>{_AMOUNT})",
        facts=r"Merchant:\s+(?P<merchant>[0-9]+)(?:\s+Batch:\s+(?P<batch>[0-9]+))?",
        fields={
            **_CNY,
            "state": Choice("response", {"00": State.SUCCESS}, otherwise=State.UNKNOWN),
            "kind": Choice("kind", {"PER": Kind.PAYMENT, "RFD": Kind.REFUND}),
            "merchant_id": Text("merchant"),
            "rrn": Text("rrn"),
            "stan": Text("trace"),
            "auth_code": Text("auth"),
            "card": Text("card"),
            "batch_id": Text("batch"),
            "amount_minor": Money("amount", thousands=","),
            "occurred_at": Time(("day", "clock"), ("YYYYMMDD hhmmss",)),
            "attributes.response_code": Text("response"),
        },
        derive=_turned("kind", ("RFD",), "amount"),
    ),
    Report(
        "unionpay_clearing_report",
        "UnionPay clearing transactions, printed report",
        "银联清算交易明细表",
        title="清算交易明细表",
        heading=r"^\s*终端编号\s+交易日期时间\s+主账号",
        row=(
            r"\s*(?P<terminal>[0-9A-Za-z]{1,15})\s+(?P<time>[0-9]{10})\s+(?P<card>[0-9*X]{10,19})\s+"
            rf"(?P<issuer>\S+)\s+(?P<amount>{_AMOUNT})\s+(?P<fee>{_AMOUNT})\s+(?P<net>{_AMOUNT})\s+"
            r"(?P<rrn>[0-9A-Za-z]{6,12})\s+(?P<trace>[0-9]{1,6})\s+(?P<channel>\S+)\s+"
            r"(?P<kind>\S+)(?:\s+(?P<order>\S+))?\s*"
        ),
        passed=rf"(?:{_RULES}|\s*(?:中国银联|商户编号|清算日期|终端编号|合计|总计|小计))",
        facts=r"商户编号[:：]\s*(?P<merchant>[0-9]+)|清算日期[:：]\s*(?P<cleared>[0-9]{8})",
        fields={
            **_CNY,
            "kind": Choice(
                "kind",
                {
                    "消费": Kind.PAYMENT,
                    "预授权完成": Kind.PAYMENT,
                    "退货": Kind.REFUND,
                    "消费撤销": Kind.VOID,
                    "撤销": Kind.VOID,
                    "冲正": Kind.REVERSAL,
                },
            ),
            "merchant_id": Text("merchant"),
            "terminal_id": Text("terminal"),
            "order_id": Text("order"),
            "rrn": Text("rrn"),
            "stan": Text("trace"),
            "card": Text("card"),
            "product": Text("channel"),
            "amount_minor": Money("amount", thousands=","),
            "fee_minor": Money("fee", thousands=","),
            "net_minor": Money("net", thousands=","),
            "occurred_at": Time(("time",), ("YYYYMMDDhhmmss",)),
            "clearing_date": Day("cleared", ("YYYYMMDD",)),
        },
        derive={
            **_turned("kind", ("退货", "消费撤销", "撤销", "冲正"), "amount", "fee", "net"),
            "time": _with_year(pl.col("cleared"), pl.col("time")),
        },
    ),
)


FORMATS: Final[tuple[Format, ...]] = tuple(report.format() for report in REPORTS)
