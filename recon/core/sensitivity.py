"""How careful to be with each column: its sensitivity class, printed in `docs/tables.md`.

personal: may name or point at a person (a card's digits, free text, who decided). reference: a
number that leads to one payment or party. money: an amount. ordinary: our own words, counts, dates.
A text column that is not listed is a reference: new columns are treated with care until judged.
"""

from __future__ import annotations

from enum import StrEnum, unique

import polars as pl

from recon.core.table import Column


@unique
class Sensitivity(StrEnum):
    """The classes, the most sensitive first."""

    PERSONAL = "personal"
    REFERENCE = "reference"
    MONEY = "money"
    ORDINARY = "ordinary"


_PERSONAL = frozenset(
    {
        "card", "memo", "text", "counterparty", "attributes", "note", "decision_note", "decided_by",
        "cause", "reasons", "explanation_en", "explanation_zh",
    }
)  # fmt: skip
_ORDINARY = frozenset(
    {
        "source", "format", "leg", "pass", "reason", "label_en", "label_zh", "suggested_action",
        "suggested_action_zh", "version", "name", "currency", "base_currency", "product", "answer",
        "form", "columns", "failed_gate", "hours", "message", "against",
    }
)  # fmt: skip


def sensitivity(column: Column) -> Sensitivity:
    """Return the class of a column."""
    if column.name in _PERSONAL:
        return Sensitivity.PERSONAL
    if column.name.endswith("_minor") or column.name == "controls":
        return Sensitivity.MONEY
    if column.name.endswith(("txn_id", "txn_ids")) or column.name in {"group_id", "evidence"}:
        return Sensitivity.REFERENCE
    text = column.dtype == pl.String
    return Sensitivity.REFERENCE if text and column.name not in _ORDINARY else Sensitivity.ORDINARY
