"""What each pass linked, and which of people's decisions changed nothing, as lines of a summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recon.report.words import Pair, money, pick, sentence

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
