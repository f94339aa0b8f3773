"""A difference of two runs as text for a terminal, in English or Chinese."""

from __future__ import annotations

from typing import Any

from recon.report.code_words import CodeWordsByName, code_label
from recon.report.text import table
from recon.report.words import Pair, label, money, pick, sentence

Facts = dict[str, Any]
_SAME: Pair = ("nothing differs", "两次完全相同")
_ROWS: Pair = ("rows and money of the files", "文件行数与金额")
_OUTCOMES: Pair = ("rows whose outcome changed", "结果改变的行")
_LINKS: Pair = ("links", "关联")
_BREAKS: Pair = ("breaks by code", "各代码差异")
_DISPUTES: Pair = (
    "disputes: {before} -> {after}; {new} new, {gone} gone, {changed} changed, {same} the same",
    "争议：{before} -> {after}；新增 {new}，消失 {gone}，改变 {changed}，不变 {same}",
)
_NEW: Pair = ("new", "新增")
_GONE: Pair = ("gone", "消失")
_CHANGED: Pair = ("changed", "改变")
_NOT_THERE: Pair = ("not there", "不存在")
_SHOWN = 20
_ARROW = "->"


def difference_text(facts: Facts, language: str, codes: CodeWordsByName) -> str:
    """Return the text of `recon.report.difference.difference`'s facts."""
    first, second = facts["runs"]
    lines = [f"{first['run_id']} {_ARROW} {second['run_id']}"]
    if first["rules_sha256"] != second["rules_sha256"]:
        digests = [(run["rules_sha256"] or "—")[:12] for run in (first, second)]
        lines.append(f"rules {digests[0]} {_ARROW} {digests[1]}")
    body = [
        *_rows(facts["rows"], language),
        *_outcomes(facts["outcomes"], language),
        *_links(facts["links"], language),
        *_breaks(facts["breaks"], language, codes),
        *_disputes(facts["disputes"], language, codes),
    ]
    return "\n".join([*lines, *(body or [pick(_SAME, language)])])


def _rows(rows: list[Facts], language: str) -> list[str]:
    if not rows:
        return []
    cells = [
        (
            label("side", row["side"], language),
            row["source"],
            f"{row['rows'][0]:,} {_ARROW} {row['rows'][1]:,}",
            _moved(row["amount_minor"], row["currency"]),
        )
        for row in rows
    ]
    return ["", f"{pick(_ROWS, language)}:", *table(cells, right=(2, 3))]


def _moved(amounts: list[int], currency: str | None) -> str:
    return f"{money(amounts[0], currency)} {_ARROW} {money(amounts[1], currency)}"


def _outcomes(rows: list[Facts], language: str) -> list[str]:
    if not rows:
        return []
    cells = [
        (_end(row["before"], language), _ARROW, _end(row["after"], language), f"{row['rows']:,}")
        for row in rows
    ]
    return ["", f"{pick(_OUTCOMES, language)}:", *table(cells, right=(3,))]


def _end(outcome: str | None, language: str) -> str:
    return pick(_NOT_THERE, language) if outcome is None else label("outcome", outcome, language)


def _links(rows: list[Facts], language: str) -> list[str]:
    if not rows:
        return []
    cells = [(row["leg"], row["pass"], f"+{row['new']:,}", f"-{row['gone']:,}") for row in rows]
    return ["", f"{pick(_LINKS, language)}:", *table(cells, right=(2, 3))]


def _breaks(rows: list[Facts], language: str, codes: CodeWordsByName) -> list[str]:
    if not rows:
        return []
    cells = [
        (
            row["code"],
            code_label(codes, row["code"], language),
            label("status", row["status"], language),
            f"{row['count'][0]:,} {_ARROW} {row['count'][1]:,}",
            _moved(row["difference_minor"], row["currency"]),
        )
        for row in rows
    ]
    return ["", f"{pick(_BREAKS, language)}:", *table(cells, right=(3, 4))]


def _disputes(facts: Facts, language: str, codes: CodeWordsByName) -> list[str]:
    counts = facts["counts"]
    if not counts["new"] + counts["gone"] + counts["changed"]:
        return []
    lines = ["", sentence(_DISPUTES, language, **counts)]
    for name, word in (("new", _NEW), ("gone", _GONE), ("changed", _CHANGED)):
        cells = [
            (
                pick(word, language),
                item["dispute_id"],
                code_label(codes, item["code"], language),
                money(item["amount_minor"], item["currency"]),
                item["order_id"] or item["channel_ref"] or "",
                _fields(item.get("fields", {})),
            )
            for item in facts[name][:_SHOWN]
        ]
        lines += table(cells, right=(3,)) if cells else []
        hidden = counts[name] - len(cells)
        lines += [f"  {pick(word, language)}: +{hidden:,}"] if hidden else []
    return lines


def _fields(fields: dict[str, list[Any]]) -> str:
    return "; ".join(f"{name} {old} {_ARROW} {new}" for name, (old, new) in fields.items())
