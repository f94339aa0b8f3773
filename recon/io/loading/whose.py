"""Whose file it is: a file of another merchant under the name of ours is known by its rows.

A source that says whose its files are (`merchant_id`) and brings rows that all name somebody else
has brought the wrong file. Rows that name nobody are ours, and one row of ours makes the file ours:
bills of a group tell the rows of its branches too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

_SHOWN = 3


@dataclass(slots=True)
class Whose:
    """Whose rows a file tells, as far as they name a merchant."""

    ours: str | None = None  # the merchant of the source; None where it names none
    has_ours: bool = False
    strangers: list[str] = field(default_factory=list)  # the first few

    def add(self, merchants: pl.Series) -> None:
        """Look at the merchants of a batch of rows, null where a row names none."""
        if self.ours is None or self.has_ours:
            return
        self.has_ours = bool((merchants.fill_null(self.ours) == self.ours).any())
        names = merchants.unique(maintain_order=True).drop_nulls()
        self.strangers = list(dict.fromkeys([*self.strangers, *names]))[:_SHOWN]

    def objection(self, rows: int) -> str:
        """Return the sentence about a file of another merchant; empty where it is ours."""
        if self.has_ours or not self.strangers:
            return ""
        named = ", ".join(map(repr, self.strangers))
        return (
            f"FILE_SCHEMA: expected rows of merchant {self.ours!r}, found {rows} rows, all of "
            f"others ({named})\n  fix: deliver the file of that merchant; if these rows are right, "
            "correct merchant_id of the source or leave it out; it is held and none of its rows is "
            "matched"
        )
