"""What a file's control total is called, for readers of either language.

A total that the file declares keeps the file's own word, with its meaning beside it where the
reader's language is another one; a proof of ours (opening + entries = closing) is translated.
"""

from __future__ import annotations

import re
from functools import cache

_MEANING = {
    "总交易单数": "number of trades",
    "应结订单总金额": "orders to be settled",
    "退款总金额": "refunds",
    "充值券退款总金额": "refunds of vouchers",
    "手续费总金额": "fees",
    "订单总金额": "orders",
    "申请退款总金额": "refunds applied for",
    "交易合计笔数": "number of sales",
    "交易合计金额": "sales",
    "退款合计笔数": "number of refunds",
    "退款合计金额": "refunds",
    "汇总交易订单总笔数": "number of sales, of the summary",
    "汇总退款订单总笔数": "number of refunds, of the summary",
    "汇总订单金额(元)": "orders, of the summary",
    "汇总商家实收(元)": "received by the merchant, of the summary",
    "汇总服务费(元)": "service fees, of the summary",
    "汇总实收净额(元)": "net received, of the summary",
    "资金流水总笔数": "number of movements",
    "收入笔数": "number of receipts",
    "收入金额": "receipts",
    "支出笔数": "number of payments",
    "支出金额": "payments",
    "总笔数": "number of rows",
    "总金额": "total amount",
    "记录数": "number of records",
    "交易金额": "trades",
    "结算金额": "settled",
    "手续费": "fees",
    "总手续费": "fees",
    "总收入": "receipts",
    "总支出": "payments",
    "金额合计": "total amount",
    "消费笔数": "number of sales",
    "消费金额": "sales",
    "消费总金额": "sales",
    "退货笔数": "number of refunds",
    "退货总金额": "refunds",
    "支付笔数": "number of payments",
    "支付总金额": "payments",
    "退款笔数": "number of refunds",
    "撤销笔数": "number of voids",
    "撤销金额": "voids",
    "退单笔数": "number of refunds",
    "退单金额": "refunds",
}
_CHINESE = (
    (r"(.+): opening \+ entries = closing", "{0}：期初 + 发生额 = 期末"),
    (r"(.+) opening \+ moved = closing", "{0}：期初 + 变动 = 期末"),
    (r"(.+): opening balance is the closing balance of (.+)", "{0}：期初等于 {1} 的期末"),
    (r"(.+): pages before this one are in the file", "{0}：此前各页都在文件中"),
    (r"(.+), (.+): its next page is in the file", "{0}，{1}：下一页在文件中"),
    (
        r"batch (.+), to record (\d+): rows and payout add up to zero",
        "批次 {0}，至第 {1} 条：各行与出款合计为零",
    ),
    (r"payout (.+) at record (\d+) is the sum of its items", "出款 {0}（第 {1} 条）等于其明细之和"),
    (r"balances that follow from the row before", "由上一行推出的余额数"),
    (r"balance at record (\d+)", "第 {0} 条的余额"),
    (r"amounts \+ fees = transfers", "金额 + 手续费 = 转账"),
    (r"records of the file", "文件记录数"),
    (r"line (\d+) rows of the section", "第 {0} 行：本段行数"),
    (r"line (\d+) rows of the report", "第 {0} 行：报告行数"),
    (r"line (\d+): (.+) of the (.+)", "第 {0} 行：{2} 的 {1}"),
    (
        r"line (\d+) (.+): (gross|fee) (credits|debits)",
        "第 {0} 行 {1}：{2}{3}",
    ),
    (r"(.+): (.+) is a number", "{0}：{1} 应为数字"),
    (r"(.+): it has a trailer", "{0}：有文件尾"),
    (r"(.+) is a readable amount", "{0} 是可读的金额"),
    (r"(.+): (\S+) NbOfNtries", "{0}：{1} 笔数"),
    (r"(.+): (\S+) Sum", "{0}：{1} 合计"),
    (r"(.+): (\S+) net", "{0}：{1} 净额"),
    (r"(.+) entries", "{0} 笔数"),
    (r"(.+) records", "{0} 记录数"),
    (r"(.+) sum", "{0} 合计"),
    (r"line (\d+) (.+)", "第 {0} 行 {1}"),
)
_INNER = {"gross": "总额", "fee": "手续费", "credits": "贷方", "debits": "借方"}


def control_words(name: str, language: str) -> str:
    """Return the name of a control total for a reader of a language."""
    if language != "zh":
        return f"{_MEANING[name]} ({name})" if name in _MEANING else name
    for pattern, words in _compiled():
        found = pattern.fullmatch(name)
        if found:
            inner = (_INNER.get(value, value) for value in found.groups())
            return _turned(words.format(*inner))
    return name


def _turned(text: str) -> str:
    """Return the place of a control with its `line` in Chinese."""
    return re.sub(r"^line (\d+) ", r"第 \1 行 ", text)


@cache
def _compiled() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.DOTALL), words) for pattern, words in _CHINESE]
