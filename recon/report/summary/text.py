"""A summary as text for a terminal or a log: one screen, aligned, no colour in a pipe."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from recon.core.money import format_minor
from recon.core.texts import inert
from recon.report.summary.matching_text import pass_rows, warning_lines
from recon.report.words import Pair, label, pick
from recon.rules.words.files import message_in_chinese

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "inputs": "inputs",
        "rows": "rows",
        "rejected": "rejected",
        "roll": "open items: {opening} carried in + {new} new - {closed} closed"
        " = {closing} carried out",
        "passes": "matched by pass",
        "disputes": "candidate disputes",
        "none": "nothing is wrong",
        "no_case": "none; findings about files follow",
        "files": "findings about files",
        "benign": "benign",
        "code": "code",
        "label": "label",
        "status": "status",
        "count": "count",
        "amount": "amount at risk",
        "pocket": "out of pocket",
        "balance": "daily balance (opening + new = the rest, residual 0)",
        "account": "account",
        "opening": "opening",
        "came": "new, net",
        "settled": "settled",
        "disputed": "disputed",
        "in_transit": "in transit",
        "overdue": "overdue",
        "idle": "idle",
        "residual": "residual",
    },
    "zh": {
        "inputs": "输入文件",
        "rows": "行",
        "rejected": "拒收",
        "roll": "未达项：期初 {opening} + 新增 {new} - 核销 {closed} = 期末 {closing}",
        "passes": "各规则匹配结果",
        "disputes": "疑似争议",
        "none": "没有发现问题",
        "no_case": "无；文件问题见下",
        "files": "文件问题",
        "benign": "无需处理",
        "code": "代码",
        "label": "名称",
        "status": "状态",
        "count": "笔数",
        "amount": "涉及金额",
        "pocket": "垫付方",
        "balance": "日平衡（期初 + 当日净额 = 其余各项之和，余差 0）",
        "account": "账户",
        "opening": "期初",
        "came": "当日净额",
        "settled": "已平",
        "disputed": "差异",
        "in_transit": "在途",
        "overdue": "逾期",
        "idle": "无需对账",
        "residual": "余差",
    },
}
_CAME = ("sales", "refunds", "undone", "chargebacks", "adjustments", "other")
_PLACES = ("settled", "disputed", "in_transit", "overdue", "idle")
_SIDES = {"MERCHANT": "商户", "CHANNEL": "渠道", "BANK": "银行"}
_NO_ROWS: Pair = (
    (
        "expected rows, found none; deliver the file, or declare allow_empty = true where such "
        "days are normal"
    ),
    "应有数据行，实际没有；请送达文件，若确属正常请声明 allow_empty = true",
)
_PLAIN, _GREEN = "\x1b[0m", "\x1b[32m"
_COLOURS = {
    "CRITICAL": "\x1b[1;31m",
    "HIGH": "\x1b[31m",
    "MEDIUM": "\x1b[33m",
    "LOW": "\x1b[36m",
    "INFO": "\x1b[36m",
}
_STATUS = {"NEW": "新增", "OPEN": "未结", "RESOLVED": "已解决"}
_POCKET = {
    "NOBODY": "无",
    "PAYER": "付款人",
    "MERCHANT": "商户",
    "ACQUIRER": "收单机构",
    "CHANNEL": "渠道",
}


def summary_text(summary: dict[str, Any], lang: str | None = None) -> str:
    """Return the summary of a run in the language asked for, or the rule file's own."""
    language = lang or summary["language"]
    words = WORDS[language]
    lines = [f"{summary['name']}  {summary['business_date']}  {summary['run_id']}", ""]
    lines += _inputs(summary, words, language)
    lines += _matching(summary, words, language)
    lines += ["", words["roll"].format(**summary["roll_forward"]), ""]
    lines += _disputes(summary, language)
    lines += _findings(summary, words, language)
    lines += balance_lines(summary, language)
    benign = ", ".join(f"{row['code']} {row['count']}" for row in summary["benign"])
    if benign:
        lines += [f"{words['benign']}: {benign}"]
    return "\n".join(lines)


def _matching(summary: dict[str, Any], words: dict[str, str], language: str) -> list[str]:
    """Return what each pass linked, and what the operator should know of."""
    rows = pass_rows(summary, language)
    lines = ["", f"{words['passes']}:", *table(rows, right=(2, 3, 4))] if rows else []
    idle = list(warning_lines(summary, language))
    return [*lines, *([""] if idle else []), *idle]


def state_word(state: str, language: str) -> str:
    """Return what became of a file: the published word, or the Chinese one."""
    return label("input_state", state, language) if language == "zh" else state


def _inputs(summary: dict[str, Any], words: dict[str, str], language: str) -> list[str]:
    rows = [
        (
            item["source"],
            item["format"],
            f"{item['rows']:,} {words['rows']}",
            f"{item['rejected']} {words['rejected']}",
            state_word(item["state"], language),
            item["path"],
        )
        for item in summary["inputs"]
    ]
    return [f"{words['inputs']}:", *table(rows, right=(2, 3))]


def _disputes(summary: dict[str, Any], language: str) -> list[str]:
    """Return the table of candidate disputes, in the colour of how each stands."""
    words = WORDS[language]
    if not summary["disputes"]:
        none = words["no_case" if _file_findings(summary) else "none"]
        return [f"{words['disputes']}: {none}"]
    rows = [
        (
            words["code"],
            words["label"],
            words["status"],
            words["count"],
            words["amount"],
            words["pocket"],
        )
    ]
    for item in summary["disputes"]:
        currency = item["currency"] or "CNY"
        chinese = language == "zh"
        rows.append(
            (
                item["code"],
                item["label_zh"] if chinese else item["label_en"],
                _STATUS[item["status"]] if chinese else item["status"],
                f"{item['count']:,}",
                f"{format_minor(int(item['amount_minor']), currency)} {currency}",
                _POCKET[item["out_of_pocket"]] if chinese else item["out_of_pocket"],
            )
        )
    head, *lines = table(rows, right=(3, 4))
    coloured = [
        f"{colour_of(item)}{line}{_PLAIN}"
        for item, line in zip(summary["disputes"], lines, strict=True)
    ]
    return [f"{words['disputes']}:", head, *coloured]


def colour_of(item: dict[str, Any]) -> str:
    """Return the terminal colour of a line of disputes; `click.echo` drops it where none shows."""
    return _GREEN if item["status"] == "RESOLVED" else _COLOURS[item["severity"]]


def _findings(summary: dict[str, Any], words: dict[str, str], language: str) -> list[str]:
    """Return the file findings: counts by code, then what each file says."""
    files = _file_findings(summary)
    if not files:
        return []
    told = [*summary["inputs"], *summary.get("rates", ())]
    chinese = language == "zh"
    messages = [
        f"  {item['source']}: {message_in_chinese(item['message']) if chinese else item['message']}"
        for item in told
        if item["message"]
    ]
    if any(row["code"] == "FILE_EMPTY" for row in files):
        messages += [
            f"  {item['source']}: {pick(_NO_ROWS, language)}"
            for item in summary["inputs"]
            if item["state"] == "UNVERIFIED" and item["rows"] == item["rejected"] == 0
        ]
    counted = ", ".join(f"{row['code']} {row['count']}" for row in files)
    return ["", f"{words['files']}: {counted}", *map(inert.lines, messages)]


def _file_findings(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the counted findings about files, which are no disputes."""
    return [row for row in summary["breaks"] if row["code"].startswith("FILE_")]


def balance_lines(summary: dict[str, Any], language: str) -> list[str]:
    """Return the daily balance: what came into each account, and where it is tonight."""
    accounts = summary.get("balances")  # nights of before have none
    if not accounts:
        return []
    words = WORDS[language]
    rows = [tuple(words[name] for name in ("account", "opening", "came", *_PLACES, "residual"))]
    for item in accounts:
        came = sum(item[f"{name}_minor"] for name in _CAME) - item["fees_minor"]
        money = (item["opening_minor"], came, *(item[f"{name}_minor"] for name in _PLACES))
        against = _SIDES[item["against"]] if language == "zh" else item["against"].lower()
        cells = [format_minor(amount, item["currency"]) for amount in money]
        residual = format_minor(item["residual_minor"], item["currency"])
        rows.append((f"{item['source']} / {against} {item['currency']}", *cells, residual))
    return ["", f"{words['balance']}:", *table(rows, right=tuple(range(1, len(rows[0]))))]


def table(rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()) -> list[str]:
    """Return rows as aligned lines; Chinese characters count as two columns wide."""
    shown = [[inert.one_line(cell) for cell in row] for row in rows]
    widths = [max(map(display_width, column)) for column in zip(*shown, strict=True)]
    lines = []
    for row in shown:
        cells = []
        for column, cell in enumerate(row):
            gap = " " * (widths[column] - display_width(cell))
            cells.append(gap + cell if column in right else cell + gap)
        lines.append(("  " + "  ".join(cells)).rstrip())
    return lines


def display_width(text: str) -> int:
    """Return how many terminal columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def night_line(summary: dict[str, Any], lang: str | None = None, *, repeated: bool = False) -> str:
    """Return one night on one line: date, rows, what was found, open items carried out."""
    language = lang or summary["language"]
    words = WORDS[language]
    counts = {item["code"]: int(item["count"]) for item in _file_findings(summary)}
    if summary["rejected_rows"]:
        counts[words["rejected"]] = int(summary["rejected_rows"])
    for item in summary["disputes"]:
        label = item["label_zh"] if language == "zh" else item["label_en"]
        name = label if item["status"] != "RESOLVED" else f"{label} (RESOLVED)"
        counts[name] = counts.get(name, 0) + int(item["count"])
    roll = summary["roll_forward"]
    found = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return (
        f"{summary['business_date']}  {roll['new']:>7,} {words['rows']}  "
        f"{found or words['none']}  [{roll['opening']:,} -> {roll['closing']:,}]"
        f"{'  =' if repeated else ''}"
    )
