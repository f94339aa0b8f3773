"""A summary on one screen of a terminal: what is wrong first, and how much is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recon.core.texts import inert
from recon.report.summary.matching_text import warning_lines
from recon.report.summary.text import colour_of, display_width, state_word, table
from recon.report.words import LABELS, Pair, money, pick, sentence

Summary = dict[str, Any]
_PLAIN = "\x1b[0m"
_FAULTY = frozenset({"HELD", "REFUSED", "MISSING"})
_FEWEST = 3  # reasons shown, however low the terminal
_STATUSES = ("NEW", "OPEN", "RESOLVED")
_INPUTS: Pair = (
    "inputs: {files} files, {rows} rows, {rejected} rejected",
    "输入文件：{files} 个，{rows} 行，拒收 {rejected} 行",
)
_ROLL: Pair = (
    "open items: {opening} carried in + {new} new - {closed} closed = {closing} carried out",
    "未达项：期初 {opening} + 新增 {new} - 核销 {closed} = 期末 {closing}",
)
_CASES: Pair = (
    "candidate disputes: {new} new, {open} still open, {resolved} resolved",
    "疑似争议：新增 {new}，未结 {open}，已解决 {resolved}",
)
_AT_RISK: Pair = ("money at risk: {amount}", "涉及金额：{amount}")
_NO_CASE: Pair = (
    "candidate disputes: none; findings about files: see above",
    "疑似争议：无；文件问题见上",
)
_NOTHING: Pair = ("candidate disputes: none; nothing is wrong", "疑似争议：没有发现问题")
_HEAD: tuple[Pair, ...] = (
    ("reason", "原因"),
    ("new", "新增"),
    ("open", "未结"),
    ("resolved", "已解决"),
    ("at risk", "涉及金额"),
)
_MORE: Pair = ("{count} more reasons", "其余 {count} 类")
_BALANCED: Pair = (
    "daily balance: {count} accounts, residual 0",
    "日平衡：{count} 个账户，余差 0",
)
_UNBALANCED: Pair = (
    "daily balance: {bad} of {count} accounts do not close",
    "日平衡：{count} 个账户中有 {bad} 个余差不为 0",
)
_ALL: Pair = ("all of it: recon show --all", "完整内容：recon show --all")


def screen_text(summary: Summary, language: str, columns: int, lines: int) -> str:
    """Return the summary in at most `lines` lines of `columns` columns, where three reasons fit.

    Files that were not used and the gravest reasons come first; what does not fit is counted.
    """
    top = [
        f"{summary['name']}  {summary['business_date']}  {summary['run_id']}",
        _inputs(summary, language),
        *_faulty(summary, language),
        *(f"\x1b[33m  {line}{_PLAIN}" for line in warning_lines(summary, language)),
        sentence(_ROLL, language, **{k: f"{v:,}" for k, v in summary["roll_forward"].items()}),
    ]
    end = [*_balance(summary, language), pick(_ALL, language)]
    room = max(lines - len(top) - len(end) - 4, _FEWEST)  # counts, money, head and the prompt
    body = list(_cases(summary, language, room))
    return "\n".join(_clipped(line, columns) for line in [*top, *body, *end])


def _inputs(summary: Summary, language: str) -> str:
    inputs = summary["inputs"]
    rows, rejected = (sum(item[name] or 0 for item in inputs) for name in ("rows", "rejected"))
    return sentence(
        _INPUTS, language, files=len(inputs), rows=f"{rows:,}", rejected=f"{rejected:,}"
    )


def _faulty(summary: Summary, language: str) -> Iterator[str]:
    """Yield a line for each file that was not used, or of which rows were not."""
    for item in summary["inputs"]:
        if item["state"] in _FAULTY or item["rejected"]:
            told = f"{item['source']}  {state_word(item['state'], language)}  {item['path']}"
            yield f"\x1b[31m  {inert.one_line(told)}{_PLAIN}"


def _cases(summary: Summary, language: str, room: int) -> Iterator[str]:
    """Yield one line that counts the cases, then a line a reason and currency, the worst first."""
    disputes = summary["disputes"]
    if not disputes:
        files = any(item["code"].startswith("FILE_") for item in summary["breaks"])
        yield pick(_NO_CASE if files else _NOTHING, language)
        return
    counts = {name: _count(disputes, name) for name in _STATUSES}
    yield sentence(
        _CASES,
        language,
        new=f"{counts['NEW']:,}",
        open=f"{counts['OPEN']:,}",
        resolved=f"{counts['RESOLVED']:,}",
    )
    yield sentence(_AT_RISK, language, amount=_at_risk(disputes))
    reasons: dict[tuple[str, str], list[Summary]] = {}
    for item in disputes:
        reasons.setdefault((item["code"], item["currency"] or "CNY"), []).append(item)
    ranked = sorted(reasons.values(), key=_gravity)
    shown = ranked if len(ranked) <= room else ranked[: room - 1]
    name = "label_zh" if language == "zh" else "label_en"
    rows = [[pick(word, language) for word in _HEAD]]
    rows += [_reason(items, items[0][name]) for items in shown]
    rest = [item for items in ranked[len(shown) :] for item in items]
    if rest:
        rows.append(_reason(rest, sentence(_MORE, language, count=len(ranked) - len(shown))))
    head, *body = table(rows, right=(1, 2, 3, 4))
    yield head
    for items, line in zip(shown, body, strict=False):
        yield f"{colour_of(_open_of(items)[0])}{line}{_PLAIN}"
    yield from body[len(shown) :]


def _open_of(items: Sequence[Summary]) -> Sequence[Summary]:
    """Return the cases that are not resolved, or all where none is left."""
    return [item for item in items if item["status"] != "RESOLVED"] or items


def _gravity(items: Sequence[Summary]) -> tuple[bool, int, int, str]:
    """Return what sorts reasons: resolved ones last, then severity, count and code."""
    severity = list(LABELS["severity"]).index(items[0]["severity"])
    is_over = all(item["status"] == "RESOLVED" for item in items)
    return is_over, -severity, -sum(item["count"] for item in items), items[0]["code"]


def _reason(items: Sequence[Summary], name: str) -> list[str]:
    counts = (_count(items, status) for status in _STATUSES)
    return [name, *(f"{count:,}" if count else "" for count in counts), _at_risk(items)]


def _count(items: Sequence[Summary], status: str) -> int:
    return sum(item["count"] for item in items if item["status"] == status)


def _at_risk(items: Sequence[Summary]) -> str:
    """Return the money of the cases that are not resolved, one amount a currency."""
    sums: dict[str, int] = {}
    for item in items:
        if item["status"] != "RESOLVED":
            currency = item["currency"] or "CNY"
            sums[currency] = sums.get(currency, 0) + int(item["amount_minor"])
    return " + ".join(money(sums[currency], currency) for currency in sorted(sums)) or "—"


def _balance(summary: Summary, language: str) -> list[str]:
    accounts = summary.get("balances")  # nights of before have none
    if not accounts:
        return []
    bad = sum(item["residual_minor"] != 0 for item in accounts)
    return [sentence(_UNBALANCED if bad else _BALANCED, language, count=len(accounts), bad=bad)]


def _clipped(line: str, columns: int) -> str:
    """Return a line that takes no more columns than there are; colours take none."""
    colour, text, plain = "", line, ""
    if line.startswith("\x1b["):
        end = line.index("m") + 1
        colour, text, plain = line[:end], line[end:].removesuffix(_PLAIN), _PLAIN
    if display_width(text) > columns:
        while text and display_width(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return f"{colour}{text}{plain}"
