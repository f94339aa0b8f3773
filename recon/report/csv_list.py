"""The disputes as CSV for people: exact amounts, both languages, inert in a spreadsheet."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

from recon.core.money import format_minor
from recon.core.texts import inert
from recon.report.pack import Pack
from recon.report.priority import by_priority
from recon.report.workbook.words import Say

_MONEY = ("amount_minor", "expected_minor", "actual_minor", "difference_minor")
_COLUMNS = (
    "dispute_id", "code", "label_zh", "label_en", "severity", "status", "currency", *_MONEY,
    "out_of_pocket", "cause", "merchant_id", "order_id", "channel_ref", "bank_ref", "first_seen",
    "age_days", "due_at", "scheme_limit_at", "days_left", "suggested_action_zh", "suggested_action",
    "explanation_zh", "explanation_en",
)  # fmt: skip


def write_csv(pack: Pack, path: Path) -> None:
    """Write every dispute in order of work: UTF-8 with a byte order mark, amounts in major units.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    say = Say(pack.language)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        heads = [name.removesuffix("_minor") for name in _COLUMNS]
        writer.writerow([*heads, say("evidence")])
        ranked = by_priority(pack.disputes, pack.business_date)
        for row in ranked.iter_rows(named=True):
            cells = [_cell(row, name) for name in _COLUMNS]
            pointers = [f"{item['file_id']}#{item['record_no']}" for item in row["evidence"] or []]
            writer.writerow([*cells, " ".join(pointers)])


def _cell(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if value is None:
        return ""
    if name in _MONEY:
        currency = row["currency"]
        return str(value) if currency is None else format_minor(value, currency).replace(",", "")
    if isinstance(value, (int, date)):
        return str(value)
    return inert.cell(str(value))
