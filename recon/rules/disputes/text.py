"""What happened, in one sentence a case and language: the facts that the catalogue's texts name.

A sentence speaks of the row at fault: its own number first (order, refund or reference), any other
reference behind it, the day that the row itself carries, and amounts without a sign where the words
already say which way the money went.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from recon.core.codes import UNDO_KINDS, Code, DisputeStatus
from recon.core.money import format_minor
from recon.rules.batch_keys import EVIDENCE_ROWS
from recon.rules.disputes.catalogue import Entry, catalogue
from recon.rules.one_sided.doubts import NOT_PROBABLE
from recon.rules.words.causes import in_chinese

Facts = Mapping[str, Any]
_TOLD = (
    "side", "source", "record_no", "kind", "order_id", "channel_ref", "bank_ref", "rrn",
    "batch_id", "original_ref", "amount_minor", "currency", "day",
)  # fmt: skip
# The numbers by which people know a row, the best first: column, Chinese, English.
_NAMES = (
    ("order_id", "订单", "order"),
    ("channel_ref", "流水", "channel reference"),
    ("rrn", "检索参考号", "retrieval reference"),
    ("bank_ref", "银行流水", "bank reference"),
)
_TWICE = frozenset({Code.DUPLICATE_CHARGE, Code.DUPLICATE_CLEARING, Code.DUPLICATE_RECORD})
# The day is the bank's, or the channel's, when the sentence says what that side did.
_BANK_DAY = frozenset({Code.NET_MISMATCH, Code.LATE_SETTLEMENT})
_CHANNEL_DAY = frozenset({Code.CHANNEL_PAID_MERCHANT_NOT, Code.FAILED_BUT_DEBITED})
_UNDOING = frozenset(kind.name for kind in UNDO_KINDS)
_CHANNEL_ROWS = frozenset({Code.NET_MISMATCH, Code.LATE_SETTLEMENT, Code.MISSING_SETTLEMENT})
# Codes (by name) where a sign tells something that the words do not.
_SIGNED = frozenset(
    {
        "MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT", "MISSING_SETTLEMENT", "LATE_SETTLEMENT",
        "AMOUNT_MISMATCH", "NET_MISMATCH", "CURRENCY_MISMATCH", "FX_DIFFERENCE",
        "ATTRIBUTE_MISMATCH", "AMBIGUOUS",
    }
)  # fmt: skip


def told_rows(time_zone: str) -> list[pl.Expr]:
    """Return aggregations over a break's wide rows: what its sentence needs of them.

    The day of a row is the one its sender wrote (value or clearing date), else the local day.
    """
    local = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone)
    day = pl.coalesce("value_date", "clearing_date", local.dt.date()).alias("day")
    fields = [day if name == "day" else pl.col(name) for name in _TOLD]
    row = pl.struct(
        item.cast(pl.String) if name in {"side", "kind"} else item
        for name, item in zip(_TOLD, fields, strict=True)
    )
    side = pl.col("side").cast(pl.String)
    own = side == side.first()
    return [
        row.first().alias("first_row"),
        row.filter(~own).first().alias("other_row"),
        row.filter(side == "CHANNEL").first().alias("channel_row"),
        row.filter(side == "BANK").first().alias("bank_row"),
        own.sum().alias("own_rows"),
        (~own).sum().alias("other_rows"),
        (side == "CHANNEL").sum().alias("channel_rows"),
        day.filter(own).min().alias("first_day"),
        day.filter(own).max().alias("last_day"),
    ]


def explained(frame: pl.DataFrame) -> pl.DataFrame:
    """Return breaks joined with `told_rows` with `explanation_en` and `explanation_zh` filled."""
    entries = catalogue()
    english, chinese = [], []
    for row in frame.iter_rows(named=True):
        entry = entries[Code[row["code"]]]
        english.append(sentence(entry, "en", row))
        chinese.append(sentence(entry, "zh", row))
    return frame.with_columns(
        explanation_en=pl.Series(english, dtype=pl.String),
        explanation_zh=pl.Series(chinese, dtype=pl.String),
    )


def sentence(entry: Entry, language: str, row: Facts) -> str:
    """Return what happened in one language, with the named cause where there is one."""
    text = entry.explain(language, _facts(entry.code, row, language))
    text = text[:1].upper() + text[1:] if language == "en" else text.replace(" ：", "：")
    cause = None if entry.code is Code.AMBIGUOUS else row["cause"]  # its sentence says it already
    if not cause:
        return text
    if str(row.get("status")) == DisputeStatus.RESOLVED.name:
        if language == "zh":
            return f"已解决：{in_chinese(cause)}。此前报告：{text}"
        return f"Resolved: {cause}. Told before: {text}"
    return f"{text}原因：{in_chinese(cause)}。" if language == "zh" else f"{text} Cause: {cause}."


def _facts(code: Code, row: Facts, language: str) -> dict[str, str]:
    """Return the placeholders of the catalogue's texts for one case."""
    first = _at_fault(code, row)
    facts = {name: first[name] for name in ("order_id", "channel_ref") if first.get(name)}
    bank = (row["bank_row"] or {}).get("bank_ref")
    facts |= {"bank_ref": bank} if bank else {}
    facts |= {"merchant_id": row["merchant_id"]} if row["merchant_id"] else {}
    facts |= _amounts(code, row, language)
    facts |= _names(first if code is Code.REVERSAL_ORPHAN else _undone(first, code), language)
    facts |= _days(code, row, language)
    count = _count(code, row)
    facts["count"] = str(count)
    facts["rows"] = _rows(count, row, language)
    facts["partners"] = _partners(count, row["cause"] or "", language)
    lot = _lot(row["channel_row"] or first, count, language)
    return facts | ({"lot": lot} if lot else {})


def _at_fault(code: Code, row: Facts) -> Facts:
    """Return the row at fault; numbers that it does not carry are its partner's."""
    first, other = row["first_row"] or {}, row["other_row"] or {}
    alone = code is Code.AMBIGUOUS or "BANK" in {first.get("side"), other.get("side")}
    if alone or not other:
        return dict(first)
    known = {name: first[name] or other[name] for name, _, _ in _NAMES}
    return {**first, **known}


def _undone(first: Facts, code: Code) -> Facts:
    """Return what a row undoes, where it is a reversal or void: the case is of that."""
    if first.get("kind") not in _UNDOING or not first.get("original_ref"):
        return first
    kind = "REFUND" if code.name.startswith("REFUND") else "PAYMENT"
    return {**first, "kind": kind, "order_id": first["original_ref"], "original_ref": None}


def _amounts(code: Code, row: Facts, language: str) -> dict[str, str]:
    """Return expected, actual and difference as text, and the difference with its direction."""
    currency = row["currency"] or "CNY"
    values = {name: row[f"{name}_minor"] for name in ("expected", "actual", "difference")}
    expected, actual = values["expected"], values["actual"]
    opposed = expected is not None and actual is not None and expected * actual < 0
    signed = code.name in _SIGNED or opposed
    facts = {
        name: _money(value if signed and name != "difference" else abs(value), currency)
        for name, value in values.items()
        if value is not None
    }
    if values["difference"] is not None:
        facts["gap"] = _gap(facts["difference"], row, language, signed=signed)
    if code is Code.CURRENCY_MISMATCH and row["other_row"] is not None:
        facts |= _both_currencies(row)
    return facts


def _gap(difference: str, row: Facts, language: str, *, signed: bool) -> str:
    """Return a difference with its direction; of two signed amounts below zero, without."""
    expected, actual = row["expected_minor"] or 0, row["actual_minor"] or 0
    if signed and (expected < 0 or actual < 0):
        return f"相差 {difference}" if language == "zh" else f"{difference} apart"
    more = abs(actual) > abs(expected)
    if language == "zh":
        return f"{'多' if more else '少'} {difference}"
    return f"{difference} {'more' if more else 'less'}"


def _both_currencies(row: Facts) -> dict[str, str]:
    """Return both sides' amounts, each in its own currency, in the way of the money."""
    pair = [row["first_row"], row["other_row"]]
    order = ("MERCHANT", "CHANNEL", "BANK")
    ours, theirs = sorted(pair, key=lambda item: order.index(item["side"]))
    return {
        "expected": _money(ours["amount_minor"], ours["currency"]),
        "actual": _money(theirs["amount_minor"], theirs["currency"]),
    }


def _money(minor: int, currency: str) -> str:
    return f"{format_minor(minor, currency)} {currency}"


def _names(first: Facts, language: str) -> dict[str, str]:
    """Return how people call the row (`item`, `subject` at a sentence's start) and what else."""
    chinese = language == "zh"
    known: list[tuple[str, str]] = []
    for column, zh, en in _NAMES:
        number = first.get(column)
        if number and number not in [value for _, value in known]:
            word = zh if chinese else en
            if column == "order_id" and first["kind"] == "REFUND":
                word = "退款单" if chinese else "refund"
            known.append((word, number))
    facts = {"reference": f"{known[0][0]} {known[0][1]}"} if known else {}
    if known:
        item = facts["reference"]
    elif first:
        where = (first["source"], first["record_no"])
        item = "{} 第 {} 条记录".format(*where) if chinese else "{} record {}".format(*where)
    else:
        item = "该笔" if chinese else "the row"
    original = first.get("original_ref")
    if original and original not in [value for _, value in known]:
        known.insert(1, ("原交易" if chinese else "original", original))
    also = ("，" if chinese else ", ").join(f"{word} {value}" for word, value in known[1:3])
    space = " " if chinese and not also else ""  # a number and the word after it stay apart
    facts |= {"item": item, "subject": item[:1].upper() + item[1:] + space}
    return facts | ({"also": also} if also else {})


def _days(code: Code, row: Facts, language: str) -> dict[str, str]:
    """Return the day of what the sentence tells, the days of its rows, and the day it was due."""
    place = {**dict.fromkeys(_BANK_DAY, "bank_row"), **dict.fromkeys(_CHANNEL_DAY, "channel_row")}
    told = row[place.get(code, "first_row")] or row["first_row"] or {}
    day: date = told.get("day") or row["first_seen"]
    first, last = row["first_day"] or day, row["last_day"] or day
    between = " 至 " if language == "zh" else " to "
    facts = {
        "date": str(day),
        "days": str(first) if first == last else f"{first}{between}{last}",
    }
    named = ("due_date", "due_at")  # when the money was due, and by when a person must act
    return facts | {name: str(row[name]) for name in named if row.get(name)}


def _count(code: Code, row: Facts) -> int:
    """Return how many rows the sentence speaks of."""
    if code is Code.AMBIGUOUS:
        return int(row["other_rows"] or 0)
    if code in _CHANNEL_ROWS:
        return int(row["channel_rows"] or 0) or int(row["own_rows"] or 0)
    own = int(row["own_rows"] or 0)
    return max(own, 2) if code in _TWICE else own


def _rows(count: int, row: Facts, language: str) -> str:
    """Return a number of rows in words; a break lists no more than `EVIDENCE_ROWS` of a batch."""
    capped = len(row["txn_ids"]) >= EVIDENCE_ROWS
    if language == "zh":
        return f"至少 {count} 笔" if capped else f"{count} 笔"
    return f"{'at least ' if capped else ''}{count} row{'s' if count > 1 else ''}"


def _partners(count: int, cause: str, language: str) -> str:
    """Return how many partners a tied row has; of a single one, that others want it too."""
    if cause.endswith(NOT_PROBABLE):
        if language == "zh":
            return f"有 {count} 个可能的对手记录，可能性均不足"
        return f"{count} possible partner{'s' if count > 1 else ''}, not probable enough"
    if language == "zh":
        alone = "只有一个可能的对手记录，但另有记录与之同样相符"
        return alone if count == 1 else f"有 {count} 个同样可能的对手记录"
    alone = "one possible partner, which another row fits equally well"
    return alone if count == 1 else f"{count} equally likely partners"


def _lot(row: Facts, count: int, language: str) -> str | None:
    """Return the batch of several rows, or the reference of one."""
    chinese = language == "zh"
    if row.get("batch_id"):
        return f"{'批次' if chinese else 'batch'} {row['batch_id']}"
    if row.get("channel_ref") and count == 1:
        return f"{'流水' if chinese else 'channel reference'} {row['channel_ref']}"
    return None
