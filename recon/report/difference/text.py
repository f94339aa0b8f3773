"""A difference of two runs as text for a terminal, in English or Chinese."""

from __future__ import annotations

from typing import Any

from recon.report.code_words import CodeWordsByName, code_label
from recon.report.facts import Facts
from recon.report.summary.text import table
from recon.report.words import LABELS, Pair, label, money, pick, sentence

_SAME: Pair = ("nothing differs", "两次完全相同")
_ROWS: Pair = ("rows and money of the files", "文件行数与金额")
_OUTCOMES: Pair = ("rows whose outcome changed", "结果改变的行")
_LINKS: Pair = ("links", "关联")
_BREAKS: Pair = ("breaks by code", "各代码差异")
_AT_RISK: Pair = ("open cases and money at risk", "未结案件与涉险金额")
_DISPUTES: Pair = ("disputes: {before} -> {after}", "争议：{before} -> {after}")
_FATES: dict[str, Pair] = {
    "new": ("new", "新增"),
    "recoded": ("same row, another code", "同一行，代码改变"),
    "changed": ("told otherwise", "内容改变"),
    "resolved": ("resolved", "已解决"),
    "told_once": ("told once, true for good: not repeated", "只报一次的事实，不再重复"),
    "ended": ("already resolved in the first run", "前一次已解决"),
    "gone": ("not found by the second run", "后一次未再发现"),
    "still_open": ("still open, the same", "仍未结，无变化"),
}
_ENDED: Pair = ("on {night}: {cause}", "{night}：{cause}")
_NOT_THERE: Pair = ("not there", "不存在")
_SHOWN = 20
_ARROW = "->"


def difference_text(facts: Facts, language: str, codes: CodeWordsByName) -> str:
    """Return the text of `recon.report.difference.difference.difference`'s facts."""
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
        *_at_risk(facts["at_risk"], language),
        *_disputes(facts["disputes"], language, codes),
    ]
    return "\n".join([*lines, *(body or [pick(_SAME, language)])])


def _rows(rows: list[Facts], language: str) -> list[str]:
    """Return the lines about rows and money by source."""
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
    """Return the lines about rows that ended otherwise."""
    if not rows:
        return []
    cells = [
        (
            _end(row["before"], language),
            _ARROW,
            _end(row["after"], language),
            f"{row['rows']:,}",
            money(row["amount_minor"], row["currency"]),
        )
        for row in rows
    ]
    return ["", f"{pick(_OUTCOMES, language)}:", *table(cells, right=(3, 4))]


def _end(outcome: str | None, language: str) -> str:
    return pick(_NOT_THERE, language) if outcome is None else label("outcome", outcome, language)


def _links(rows: list[Facts], language: str) -> list[str]:
    if not rows:
        return []
    cells = [(row["leg"], row["pass"], f"+{row['new']:,}", f"-{row['gone']:,}") for row in rows]
    return ["", f"{pick(_LINKS, language)}:", *table(cells, right=(2, 3))]


def _breaks(rows: list[Facts], language: str, codes: CodeWordsByName) -> list[str]:
    """Return the lines about breaks by code and status."""
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


def _at_risk(rows: list[Facts], language: str) -> list[str]:
    if not rows:
        return []
    cells = [
        (
            f"{row['open'][0]:,} {_ARROW} {row['open'][1]:,}",
            _moved(row["amount_minor"], row["currency"]),
        )
        for row in rows
    ]
    return ["", f"{pick(_AT_RISK, language)}:", *table(cells, right=(0, 1))]


def _disputes(facts: Facts, language: str, codes: CodeWordsByName) -> list[str]:
    """Return what became of the cases: a line of counts each, then the largest of each kind."""
    counts = facts["counts"]
    if all(counts[name] == 0 for name in _FATES if name != "still_open"):
        return []
    lines = ["", sentence(_DISPUTES, language, **counts)]
    told = [(pick(_FATES[name], language), f"{counts[name]:,}") for name in _FATES if counts[name]]
    lines += table(told, right=(1,))
    for name, word in _FATES.items():
        if name == "still_open" or not counts[name]:
            continue
        cells = [_case(item, language, codes) for item in facts[name][:_SHOWN]]
        lines += ["", f"{pick(word, language)}:", *table(cells, right=(2,))]
        hidden = counts[name] - len(cells)
        lines += [f"  +{hidden:,}"] if hidden else []
    return lines


def _case(item: Facts, language: str, codes: CodeWordsByName) -> tuple[str, ...]:
    return (
        item["dispute_id"],
        code_label(codes, item["code"], language),
        money(item["amount_minor"], item["currency"]),
        item["order_id"] or item["channel_ref"] or "",
        _what_changed(item, language, codes),
    )


def _what_changed(item: Facts, language: str, codes: CodeWordsByName) -> str:
    """Return when and why a case ended, or each field that the second run tells otherwise."""
    if item.get("ended_on"):
        return sentence(_ENDED, language, night=item["ended_on"], cause=item["cause"])
    if "fields" not in item and item["status"] == "RESOLVED":
        return label("status", item["status"], language)
    return "; ".join(
        f"{label('column', name, language)} "
        f"{_value(name, old, item, language, codes)} {_ARROW} "
        f"{_value(name, new, item, language, codes)}"
        for name, (old, new) in item.get("fields", {}).items()
    )


def _value(name: str, value: Any, item: Facts, language: str, codes: CodeWordsByName) -> str:  # noqa: ANN401 - a field of a dispute
    if value is None:
        return "—"
    if name.endswith("_minor"):
        return money(value, item["currency"])
    if name == "code":
        return code_label(codes, value, language)
    return label(name, value, language) if name in LABELS else str(value)
