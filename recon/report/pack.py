"""What the finance team's documents are made from: one night's tables, read once, and its trend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from recon.core.codes import BENIGN
from recon.core.schema import TRANSACTIONS
from recon.report.code_words import CodeWordsByName, code_label
from recon.report.words import with_words

BENIGN_NAMES = [code.name for code in BENIGN]
LEDGER_COLUMNS = (
    "txn_id", "side", "source", "file_id", "kind", "state", "merchant_id", "terminal_id",
    "batch_id", "product", "card", "amount_minor", "fee_minor", "net_minor", "currency",
    "occurred_at", "clearing_date", "value_date", "due_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pack:
    """One published night, ready for a document.

    ledger: every row of the night, carried or new, with LEDGER_COLUMNS, `group_id`, `outcome`,
    `opening` and `closing`. rows: the whole rows (TRANSACTIONS) that the disputes name.
    days: one row a night, source and currency of the trend: rows, matched, amounts.
    settled: one row a night, source and number of days to settle: rows.
    """

    tables: Mapping[str, pl.DataFrame]
    ledger: pl.DataFrame
    rows: pl.DataFrame
    opening: pl.DataFrame
    days: pl.DataFrame
    settled: pl.DataFrame
    stages: pl.DataFrame  # refunds: median and 95 % of each stage by source (refund_times.STAGES)
    seen: pl.DataFrame  # new breaks of every night by code, attribute and value: recurrence
    paths: Mapping[str, str]  # file_id -> path as declared, of every night so far
    first_night: date  # the books open with it
    manifest: Mapping[str, Any]
    codes: CodeWordsByName
    in_chinese: Callable[[str], str]  # how a named cause or a failed gate reads in Chinese
    language: str
    folder: str  # where the whole tables are, for the reader who wants all of them
    run: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the one row of the RUNS table."""
        object.__setattr__(self, "run", self.tables["runs"].row(0, named=True))

    @property
    def business_date(self) -> date:
        """Return the night."""
        night: date = self.run["business_date"]
        return night

    @property
    def disputes(self) -> pl.DataFrame:
        """Return the DISPUTES table."""
        return self.tables["disputes"]

    def label(self, code: str) -> str:
        """Return a code's label in the document's language."""
        return code_label(self.codes, code, self.language)

    def words(self, cause: str | None) -> str | None:
        """Return a cause or a failed gate in the document's language."""
        if cause is None:
            return None
        return self.in_chinese(cause) if self.language == "zh" else with_words(cause)


def real_breaks(breaks: pl.DataFrame) -> pl.DataFrame:
    """Return breaks that are neither benign nor resolved."""
    return breaks.filter(
        ~pl.col("code").cast(pl.String).is_in(BENIGN_NAMES)
        & (pl.col("status").cast(pl.String) != "RESOLVED")
    )


def ledger_of(
    transactions: pl.LazyFrame, opening: pl.DataFrame, outcomes: pl.DataFrame
) -> pl.DataFrame:
    """Return the night's ledger: new rows and carried rows, each with its outcome."""
    carried = opening.select(list(TRANSACTIONS.schema)).unique("txn_id", keep="first")
    both = pl.concat([transactions.select(LEDGER_COLUMNS), carried.lazy().select(LEDGER_COLUMNS)])
    ends = outcomes.lazy().select("txn_id", "group_id", "outcome", "opening", "closing")
    return both.join(ends, on="txn_id", how="inner").sort("txn_id").collect()


def match_days(ledger: pl.DataFrame, night: date) -> pl.DataFrame:
    """Return per source and currency of a night: new rows, matched rows, amounts of both."""
    new = ledger.filter(~pl.col("opening"))
    matched = pl.col("outcome").cast(pl.String) == "MATCHED"
    waiting = pl.col("outcome").cast(pl.String) == "CARRIED"
    size = pl.col("amount_minor").abs().cast(pl.Int128)
    return (
        new.group_by("side", "source", "currency")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            matched.sum().cast(pl.Int64).alias("matched"),
            waiting.sum().cast(pl.Int64).alias("waiting"),
            size.sum().alias("amount"),
            size.filter(matched).sum().alias("matched_amount"),
            size.filter(waiting).sum().alias("waiting_amount"),
        )
        .with_columns(night=pl.lit(night))
        .sort("side", "source", "currency")
    )


def days_to_settle(ledger: pl.DataFrame, links: pl.DataFrame, night: date) -> pl.DataFrame:
    """Return how many rows met their bank line tonight after how many calendar days."""
    bank = ledger.filter(pl.col("side").cast(pl.String) == "BANK").select("txn_id", "value_date")
    other = ledger.filter(pl.col("side").cast(pl.String) != "BANK").select(
        "txn_id",
        "source",
        sold=pl.coalesce(pl.col("clearing_date"), pl.col("occurred_at").dt.date()),
    )
    paid = links.join(bank, left_on="right_txn_id", right_on="txn_id").join(
        other, left_on="left_txn_id", right_on="txn_id"
    )
    return (
        paid.with_columns(days=(pl.col("value_date") - pl.col("sold")).dt.total_days())
        .drop_nulls("days")
        .group_by("source", "days")
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .with_columns(night=pl.lit(night))
        .sort("source", "days")
    )


def stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return frames of several nights as one."""
    return pl.concat(frames) if frames else pl.DataFrame()
