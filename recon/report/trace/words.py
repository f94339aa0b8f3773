"""The sentences of a trace, in English and Chinese: `text_en` and `text_zh` of every event."""

from __future__ import annotations

import polars as pl

from recon.core.codes import BENIGN
from recon.core.schema import OWN_REFERENCES
from recon.report.code_words import CodeWordsByName, code_label
from recon.report.facts import Facts
from recon.report.words import LANGUAGES, Pair, label, money, pick, sentence

_ROW: Pair = (
    "{side} {source}: {kind} of {amount}, {state}{refs}",
    "{side} {source}：{kind} {amount}，{state}{refs}",
)
_FEE: Pair = (", fee {fee}, net {net}", "，手续费 {fee}，净额 {net}")
_BANK: Pair = (
    "bank {source}: {kind} of {amount}, reference {ref}, value date {day}{batch}",
    "银行 {source}：{kind} {amount}，流水号 {ref}，起息日 {day}{batch}",
)
_BATCH: Pair = (
    "; it settles {rows} channel rows whose net is {net}",
    "；对应渠道 {rows} 行，净额合计 {net}",
)
_MANY: Pair = (
    "{side} {source}: {rows} rows of {kind}, amount {amount}, net {net}",
    "{side} {source}：{kind} {rows} 行，金额合计 {amount}，净额合计 {net}",
)
_LINK: Pair = (
    "linked on leg {leg} by pass {name}: {kind}",
    "{leg} 环节由 {name} 规则匹配：{kind}",
)
_WAIT: Pair = (
    "waits for the {side} on leg {leg} until {until}",
    "{leg} 环节等待{side}，最迟 {until}",
)
_BREAK: Pair = (
    "reported: {label} ({code}), expected {expected}, found {actual}",
    "报告差异：{label}（{code}），应为 {expected}，实为 {actual}",
)
_BREAK_OF_NO_AMOUNT: Pair = (  # another card, another terminal: both figures are the same
    "reported: {label} ({code}), {actual}",
    "报告差异：{label}（{code}），{actual}",
)
_MANY_BREAKS: dict[str, Pair] = {
    "break": (
        "reported {breaks} times: {label} ({code}), differences {difference} in all",
        "报告差异 {breaks} 笔：{label}（{code}），差额合计 {difference}",
    ),
    "resolved": (
        "resolved {breaks} times: {label} ({code})",
        "差异已解决 {breaks} 笔：{label}（{code}）",
    ),
}
_RESOLVED: Pair = ("resolved: {label} ({code})", "差异已解决：{label}（{code}）")
_REFERENCES = (*OWN_REFERENCES, "batch_id", "original_ref")


def both(pair: Pair, facts: dict[str, Facts]) -> Facts:
    """Return `text_en` and `text_zh` from a template and the facts in each language."""
    return {f"text_{name}": sentence(pair, name, **facts[name]) for name in LANGUAGES}


def row_event(row: Facts, group: Facts | None) -> Facts:
    """Return what one row says. `group`: the match group of a bank line."""
    if row["side"] == "BANK":
        return both(_BANK, {name: _bank_facts(row, group, name) for name in LANGUAGES})
    return both(_ROW, {name: _row_facts(row, name) for name in LANGUAGES})


def _row_facts(row: Facts, language: str) -> Facts:
    """Return what fills the holes of a sentence about one row."""
    named = "".join(
        f"{pick((', ', '，'), language)}{label('column', name, language)} {row[name]}"
        for name in _REFERENCES
        if row[name]
    )
    fee = ""
    sold = row["kind"] in {"PAYMENT", "REFUND"}  # of other rows a fee of nothing tells nothing
    if row["fee_minor"] is not None and row["side"] == "CHANNEL" and (sold or row["fee_minor"]):
        fee = sentence(
            _FEE,
            language,
            fee=money(row["fee_minor"], row["currency"]),
            net=money(row["net_minor"], row["currency"]),
        )
    return {**_head(row, language), "refs": fee + named}


def _head(row: Facts, language: str) -> Facts:
    return {
        "side": label("side", row["side"], language),
        "source": row["source"],
        "kind": label("kind", row["kind"], language),
        "amount": money(row["amount_minor"], row["currency"]),
        "state": label("state", row.get("state"), language),
    }


def _bank_facts(row: Facts, group: Facts | None, language: str) -> Facts:
    batch = ""
    if group is not None and group["channel_rows"]:
        net = money(group["channel_net_minor"], row["currency"])
        batch = sentence(_BATCH, language, rows=group["channel_rows"], net=net)
    return {
        **_head(row, language),
        "ref": row["bank_ref"],
        "day": row["value_date"],
        "batch": batch,
    }


def many_rows_event(row: Facts) -> Facts:
    """Return what many rows of one file and kind say together."""
    facts = {
        name: {
            **_head(row, name),
            "rows": row["rows"],
            "net": money(row["net_minor"], row["currency"]),
        }
        for name in LANGUAGES
    }
    return both(_MANY, facts)


def link_event(row: Facts) -> Facts:
    """Return on which leg and by which pass rows were linked."""
    facts = {
        name: {
            "leg": row["leg"],
            "name": row["pass"],
            "kind": label("match_kind", row["match_kind"], name),
        }
        for name in LANGUAGES
    }
    return both(_LINK, facts)


def wait_event(row: Facts) -> Facts:
    """Return for which side a row waits, and until when."""
    facts = {
        name: {
            "side": label("side", row["waiting_for"], name),
            "leg": row["leg"],
            "until": row["wait_until"],
        }
        for name in LANGUAGES
    }
    return both(_WAIT, facts)


def break_event(row: Facts, step: str, codes: CodeWordsByName) -> Facts:
    """Return that a break was reported or resolved."""
    facts = {
        name: {
            "label": code_label(codes, row["code"], name),
            "code": row["code"],
            "expected": money(row["expected_minor"], row["currency"]),
            "actual": money(row["actual_minor"], row["currency"]),
        }
        for name in LANGUAGES
    }
    told = _BREAK if row["expected_minor"] != row["actual_minor"] else _BREAK_OF_NO_AMOUNT
    return both(_RESOLVED if step == "resolved" else told, facts)


def many_breaks_event(row: Facts, codes: CodeWordsByName) -> Facts:
    """Return how many breaks of one code were reported or resolved on a night."""
    facts = {
        name: {
            "breaks": f"{row['breaks']:,}",
            "label": code_label(codes, row["code"], name),
            "code": row["code"],
            "difference": money(row["difference_minor"], row["currency"]),
        }
        for name in LANGUAGES
    }
    return both(_MANY_BREAKS[row["step"]], facts)


def is_real_break() -> pl.Expr:
    """Return the condition that a break is not a benign fact."""
    return ~pl.col("code").cast(pl.String).is_in([code.name for code in BENIGN])
