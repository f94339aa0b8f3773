"""Lines of a summary: what each pass linked, decisions that changed nothing, nights not run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recon.report.words import Pair, money, pick, sentence

_MOST_DAYS = 5  # that are named one by one
_HEAD: tuple[Pair, ...] = (
    ("leg", "环节"),
    ("pass", "规则"),
    ("links", "链接数"),
    ("rows", "行数"),
    ("amount", "金额"),
)
_ACTIONS: dict[str, Pair] = {
    "pin": ("pin", "指定匹配"),
    "forbid": ("forbid", "禁止匹配"),
    "unmatch": ("unmatch", "取消匹配"),
}
_IDLE: Pair = (
    "override {number} ({action}, {leg}) changed nothing: {reason}",
    "人工指定 {number}（{action}，{leg}）未生效：{reason}",
)
_IN_PART: Pair = (
    "override {number} ({action}, {leg}) worked in part: {reason}",
    "人工指定 {number}（{action}，{leg}）部分生效：{reason}",
)
_UNKNOWN: Pair = (
    "no night has row {rows}; check the number",
    "任何一晚都没有行 {rows}，请核对编号",
)
_ABSENT: Pair = ("row {rows} is not among tonight's", "行 {rows} 不在当晚数据中")
_NOT_RUN: tuple[Pair, Pair] = (
    (
        "1 night was not run: {days}; its rows are not judged: run it, then this one again",
        "有 1 晚未运行：{days}；其数据未对账：请补跑该晚，再重跑当晚",
    ),
    (
        "{count} nights were not run: {days}; their rows are not judged: run them, this one last",
        "有 {count} 晚未运行：{days}；其数据未对账：请依次补跑，最后重跑当晚",
    ),
)


def pass_rows(summary: dict[str, Any], language: str) -> list[tuple[str, ...]]:
    """Return the cells of what each pass linked, a head first; nothing for nights of before."""
    passes = summary.get("passes")
    if not passes:
        return []
    head = tuple(pick(word, language) for word in _HEAD)
    return [head, *(_cells(item) for item in passes)]


def _cells(item: dict[str, Any]) -> tuple[str, ...]:
    sums = " + ".join(money(amount, code) for code, amount in item["amount_minor"].items())
    return item["leg"], item["pass"], f"{item['links']:,}", f"{item['rows']:,}", sums or "—"


def warning_lines(summary: dict[str, Any], language: str) -> Iterator[str]:
    """Yield what the operator should know of: nights not run, decisions that changed nothing."""
    days = summary.get("not_run", [])
    if days:
        shown = days if len(days) <= _MOST_DAYS else [f"{days[0]} … {days[-1]}"]
        words = _NOT_RUN[len(days) > 1]
        yield sentence(words, language, count=len(days), days=", ".join(shown))
    yield from override_lines(summary, language)


def override_lines(summary: dict[str, Any], language: str) -> Iterator[str]:
    """Yield a line for each decision of a person of which a row is not among tonight's."""
    for item in summary.get("overrides", ()):
        absent = [row for row in item["absent"] if row not in item["unknown"]]
        reasons = [
            sentence(words, language, rows=_listed(rows))
            for words, rows in ((_UNKNOWN, item["unknown"]), (_ABSENT, absent))
            if rows
        ]
        if reasons:
            yield sentence(
                _IN_PART if item["applied"] else _IDLE,
                language,
                number=item["number"],
                action=pick(_ACTIONS[item["action"]], language),
                leg=item["leg"],
                reason=pick(("; ", "；"), language).join(reasons),
            )


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(str(row) for row in rows)
