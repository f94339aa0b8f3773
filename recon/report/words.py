"""The two languages of every report: labels of the vocabulary, and sentences with their figures.

Codes have their words in the catalogue; what is here are the words around them. English is first,
Chinese second, everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from recon.core.money import format_minor

LANGUAGES = ("en", "zh")
_COLUMN = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
Pair = tuple[str, str]

LABELS: Mapping[str, Mapping[str, Pair]] = {
    "side": {
        "MERCHANT": ("merchant", "商户"),
        "CHANNEL": ("channel", "渠道"),
        "BANK": ("bank", "银行"),
    },
    "kind": {
        "PAYMENT": ("payment", "收款"),
        "REFUND": ("refund", "退款"),
        "REVERSAL": ("reversal", "冲正"),
        "VOID": ("void", "撤销"),
        "FEE": ("fee", "手续费"),
        "PAYOUT": ("payout", "出款"),
        "CHARGEBACK": ("chargeback", "退单"),
        "ADJUSTMENT": ("adjustment", "调账"),
        "CREDIT": ("bank credit", "银行入账"),
        "DEBIT": ("bank debit", "银行出账"),
        "FREEZE": ("freeze", "冻结"),
        "UNFREEZE": ("release", "解冻"),
        "OTHER": ("other row", "其他"),
        "RETRIEVAL": ("request for the slip", "调单"),
    },
    "state": {
        "SUCCESS": ("success", "成功"),
        "PENDING": ("pending", "处理中"),
        "FAILED": ("failed", "失败"),
        "CLOSED": ("closed", "已关闭"),
        "UNKNOWN": ("unknown", "未知"),
        "REVERSED": ("reversed", "已冲正"),
    },
    "outcome": {
        "MATCHED": ("matched", "已匹配"),
        "BREAK": ("break", "差异"),
        "CARRIED": ("waiting", "在途"),
        "RESENT": ("delivered before", "重复送达"),
        "NOT_NEEDED": ("not needed", "无需对账"),
        "QUARANTINED": ("quarantined", "隔离"),
    },
    "match_kind": {
        "EXACT": ("equal key and equal amount", "关键字相同，金额相同"),
        "KEY": ("equal key, amount differs", "关键字相同，金额不同"),
        "SURPLUS": ("equal key, the partner is already taken", "关键字相同，对方已被占用"),
        "GROUP": ("many rows and one sum, by batch", "同批多笔对一笔汇总"),
        "UNIQUE": ("equal attributes, unique on both sides", "属性相同，两侧均唯一"),
        "NETTING": ("reversal or void with its original", "冲正或撤销与原交易抵消"),
        "WINDOW": ("equal amount inside the date window", "日期窗口内金额相同"),
        "BAND": ("amount and date inside the tolerance", "金额与日期在容差内"),
        "SCORE": ("text and reference evidence", "文本与参考号证据"),
        "SUBSET": ("the only subset that adds up", "唯一可凑足的组合"),
        "PINNED": ("a person's decision", "人工指定"),
        "TOGETHER": ("several batches of one merchant, one sum", "同一商户多个批次合并出款"),
    },
    "status": {
        "NEW": ("new", "新增"),
        "OPEN": ("still open", "未结"),
        "RESOLVED": ("resolved", "已解决"),
    },
    "severity": {
        "INFO": ("info", "提示"),
        "LOW": ("low", "低"),
        "MEDIUM": ("medium", "中"),
        "HIGH": ("high", "高"),
        "CRITICAL": ("critical", "紧急"),
    },
    "out_of_pocket": {
        "NOBODY": ("nobody", "无"),
        "PAYER": ("payer", "付款人"),
        "MERCHANT": ("merchant", "商户"),
        "ACQUIRER": ("acquirer", "收单机构"),
        "CHANNEL": ("channel", "渠道"),
    },
    "input_state": {
        "ACCEPTED": ("accepted", "接受"),
        "UNVERIFIED": ("accepted, declares no totals", "接受（文件无汇总）"),
        "DUPLICATE": ("told by another file", "内容已在其他文件中"),
        "HELD": ("held", "暂停使用"),
        "REFUSED": ("refused", "拒收"),
        "MISSING": ("missing", "缺失"),
        "ABSENT": ("not expected today", "今日无需"),
    },
    "column": {
        "txn_id": ("row id", "行号标识"),
        "order_id": ("order", "订单号"),
        "channel_ref": ("channel reference", "渠道流水号"),
        "bank_ref": ("bank reference", "银行流水号"),
        "rrn": ("retrieval reference", "检索参考号"),
        "batch_id": ("batch", "结算批次"),
        "original_ref": ("original", "原交易号"),
        "merchant_id": ("merchant number", "商户号"),
        "terminal_id": ("terminal", "终端号"),
        "stan": ("trace number", "流水号"),
        "auth_code": ("authorisation code", "授权码"),
        "card": ("card", "卡号"),
        "product": ("product", "产品"),
        "currency": ("currency", "币种"),
        "amount_minor": ("amount", "金额"),
        "fee_minor": ("fee", "手续费"),
        "net_minor": ("net", "净额"),
        "kind": ("kind", "类型"),
        "state": ("state", "状态"),
        "occurred_at": ("time (UTC)", "交易时间(UTC)"),
        "clearing_date": ("clearing day", "清算日"),
        "value_date": ("value date", "起息日"),
        "due_date": ("due", "应到日"),
        "file_id": ("file", "文件"),
        "hour": ("hour (UTC)", "小时(UTC)"),
        "bin": ("card BIN", "卡 BIN"),
        "source": ("source", "来源"),
        "code": ("code", "代码"),
        "severity": ("severity", "严重程度"),
        "expected_minor": ("expected", "应为"),
        "actual_minor": ("found", "实为"),
        "cause": ("cause", "原因"),
        "due_at": ("to do by", "处理期限"),
        "decision": ("decision", "人工结论"),
    },
    "refund_stage": {
        "REQUESTED": ("asked for", "申请到审核"),
        "APPROVED": ("agreed, not yet sent", "审核到提交"),
        "SUBMITTED": ("booked, until the channel", "记账到渠道"),
        "PROCESSING": ("at the channel", "渠道处理"),
        "SUCCEEDED": ("done at the channel, until the payer", "渠道完成到付款人"),
        "PAYER_CREDITED": ("at the payer, until told", "到账到通知"),
    },
    "decision": {
        "CONFIRMED": ("confirmed", "确认"),
        "REJECTED": ("rejected", "驳回"),
        "PENDING": ("pending", "待查"),
    },
}


def label(vocabulary: str, name: str | None, language: str) -> str:
    """Return the word for a member of a vocabulary; a name that has none stands for itself."""
    if name is None:
        return "—"
    pair = LABELS[vocabulary].get(name)
    return name if pair is None else pair[LANGUAGES.index(language)]


def with_words(text: str) -> str:
    """Return an English text with words for the columns that it names, such as order_id."""
    columns = LABELS["column"]
    return _COLUMN.sub(lambda name: columns.get(name[0], (name[0],))[0], text)


def pick(pair: Pair, language: str) -> str:
    """Return the English or the Chinese text."""
    return pair[LANGUAGES.index(language)]


def money(amount_minor: int | None, currency: str | None) -> str:
    """Return an amount with its currency for people; a dash when it is not known."""
    if amount_minor is None:
        return "—"
    if currency is None:
        return str(amount_minor)
    return f"{format_minor(int(amount_minor), currency)} {currency}"


_SPANS: tuple[tuple[int, Pair], ...] = (
    (172_800, ("{} days", "{} 天")),
    (7_200, ("{} hours", "{} 小时")),
    (120, ("{} minutes", "{} 分钟")),
    (2, ("{} seconds", "{} 秒")),
    (1, ("{} second", "{} 秒")),
    (0, ("{} seconds", "{} 秒")),
)
_UNITS = (86_400, 3_600, 60, 1, 1, 1)


def span(seconds: int | None, language: str) -> str:
    """Return a length of time in its two-digit unit, up to the next whole one; a dash for none."""
    if seconds is None:
        return "—"
    for (least, words), unit in zip(_SPANS, _UNITS, strict=True):
        if abs(seconds) >= least:
            whole = -(-abs(seconds) // unit)
            return ("-" if seconds < 0 else "") + pick(words, language).format(whole)
    raise AssertionError(seconds)  # 0 is at least 0


def sentence(pair: Pair, language: str, **facts: Any) -> str:  # noqa: ANN401 - any printable fact
    """Return a template filled with facts; a fact that is None becomes a dash."""
    shown = {name: "—" if value is None else value for name, value in facts.items()}
    return pick(pair, language).format(**shown)
