"""What every rule may know of tonight: rule file, calendar, dates, which side is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.match import Matches
from recon.core.schema import BREAKS, PAYOUTS, TRANSACTIONS
from recon.core.texts.mention import REFUSALS
from recon.rules.days.calendar import Calendar
from recon.rules.rule_file.exchange_rates import Agreed
from recon.rules.rule_file.rule_file import Rules


@dataclass(frozen=True, slots=True)
class Night:
    """The constants of one run."""

    rules: Rules
    calendar: Calendar
    business_date: date
    opening_date: date  # first night of the books; nothing before it can be judged
    # Sides with a file missing or held tonight: their waiting rows stay in transit. A set names
    # the products that the missing sources serve; None means every row.
    blocked: Mapping[Side, frozenset[str] | None] = field(default_factory=dict)
    # Earlier nights on which a file of the side never came: what it should show is not judged.
    missing_days: Mapping[Side, frozenset[date]] = field(default_factory=dict)
    exchanges: tuple[Agreed, ...] = ()  # the first that fits a pair of currencies counts


@dataclass(frozen=True, slots=True)
class Ledger:
    """Tonight's rows for the matcher: carried ones and new ones, sorted by txn_id."""

    slim: pl.DataFrame  # schema SLIM
    digests: Mapping[str, NDArray[np.uint64]]  # by key name, shape (rows, 2)
    opening: NDArray[np.bool_]  # carried in from the night before
    waiting_on: Mapping[str, NDArray[np.bool_]]  # leg -> opening rows that wait on it
    reported_on: Mapping[str, NDArray[np.bool_]]  # leg -> opening rows already reported as a break
    held_back: Mapping[int, NDArray[np.bool_]]  # blocked side -> rows whose product it serves
    # leg -> code of the break that a carried row is part of, 0 for none
    code_on: Mapping[str, NDArray[np.uint16]] = field(default_factory=dict)


class Archive(Protocol):
    """What rules may look up beyond the slim rows of tonight."""

    def has_past(self) -> bool:
        """Return whether an earlier night was run within the days that are searched."""
        ...

    def rows(self, txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return whole rows of tonight's ledger by identity (TRANSACTIONS), sorted by txn_id."""
        ...

    def has(self, column: str) -> bool:
        """Return whether any row of tonight's ledger may have a value in a column."""
        ...

    def columns(self, names: Sequence[str], txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return some columns of rows of tonight's ledger by identity, sorted by txn_id."""
        ...

    def whole(self, txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return whole rows by identity, of tonight's ledger or of an earlier night."""
        ...

    def told(self, references: Sequence[str]) -> pl.DataFrame:
        """Return what earlier nights told of some references, in any state, night by night."""
        ...

    def lines(self, column: str, values: Sequence[str]) -> pl.DataFrame:
        """Return the bank lines of earlier nights that carry one of the values in a column."""
        ...

    def earlier(self, wanted: pl.Expr) -> pl.DataFrame:
        """Return the rows of earlier nights for which `wanted` holds, night by night."""
        ...

    def payouts(self) -> pl.DataFrame:
        """Return the payouts as earlier nights told them (PAYOUTS), night by night."""
        ...

    def refusals(self) -> pl.DataFrame:
        """Return the refused rows of tonight and of earlier nights that no later row put right.

        Columns as REFUSALS.
        """
        ...

    def known(self, tokens: AbstractSet[str]) -> frozenset[str]:
        """Return which of the tokens are a reference of a row of tonight's ledger."""
        ...


class EmptyArchive:
    """An archive of nothing."""

    def has_past(self) -> bool:
        """Return that there is nothing to search."""
        return False

    def rows(self, _txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return no rows."""
        return TRANSACTIONS.empty()

    def has(self, _column: str) -> bool:
        """Return False: there are no rows."""
        return False

    def columns(self, names: Sequence[str], _txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return no rows."""
        return TRANSACTIONS.empty().select(names)

    def whole(self, _txn_ids: NDArray[np.int64]) -> pl.DataFrame:
        """Return no rows."""
        return TRANSACTIONS.empty()

    def told(self, _references: Sequence[str]) -> pl.DataFrame:
        """Return no rows."""
        return TRANSACTIONS.empty()

    def lines(self, _column: str, _values: Sequence[str]) -> pl.DataFrame:
        """Return no rows."""
        return TRANSACTIONS.empty()

    def earlier(self, _wanted: pl.Expr) -> pl.DataFrame:
        """Return no rows."""
        return TRANSACTIONS.empty()

    def payouts(self) -> pl.DataFrame:
        """Return no payouts."""
        return PAYOUTS.empty()

    def refusals(self) -> pl.DataFrame:
        """Return no rows."""
        return pl.DataFrame(schema=REFUSALS)

    def known(self, _tokens: AbstractSet[str]) -> frozenset[str]:
        """Return none of them."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Matched:
    """What the classifier reads: the ledger, who was eligible, what the matcher found, the past."""

    ledger: Ledger
    eligible: Mapping[str, NDArray[np.bool_]]
    matches: Matches
    archive: Archive = field(default_factory=EmptyArchive)
    told: pl.DataFrame = field(default_factory=BREAKS.empty)  # breaks true the night before
    rejected: frozenset[str] = frozenset()  # break_ids that a person decided are none
    # leg -> linked pairs of two currencies, as the exchange judges them (exchange.JUDGED)
    exchanged: Mapping[str, pl.DataFrame] = field(default_factory=dict)


FINDINGS: dict[str, pl.DataType | type[pl.DataType]] = {
    "code": pl.UInt16,
    "leg": pl.String,
    "rows": pl.List(pl.Int64),  # positions in the ledger, the ones at fault first
    "faulty": pl.Int64,  # how many of them are at fault
    "anchor": pl.String,  # what the stable identity is made from
    "expected_minor": pl.Int64,
    "actual_minor": pl.Int64,
    "currency": pl.UInt16,
    "cause": pl.String,
    "due_date": pl.Date,
    "also": pl.List(pl.Int64),  # further rows, of earlier nights, by txn_id
    "confidence": pl.Int32,  # parts per million, null where keys decide
}

WAITING: dict[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.Int64,
    "leg": pl.String,
    "waiting_for": pl.UInt8,
    "wait_until": pl.Date,
    "anchor": pl.String,  # anchor of the break it is part of, null in transit
    "code": pl.UInt16,  # that break's code, null in transit
}


_NO_FINDINGS = pl.DataFrame(schema=FINDINGS)
_NO_WAITING = pl.DataFrame(schema=WAITING)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule family says: findings, rows that keep waiting, rows of broken batches."""

    findings: pl.DataFrame
    waiting: pl.DataFrame
    broken: NDArray[np.int64]  # further rows that end as BREAK (members of a broken batch)
    not_needed: NDArray[np.int64]  # rows that no money moved for
    settled: NDArray[np.int64]  # rows that met their money in another way than by a link

    @staticmethod
    def of(
        findings: pl.DataFrame | None = None,
        waiting: pl.DataFrame | None = None,
        broken: NDArray[np.int64] | None = None,
        not_needed: NDArray[np.int64] | None = None,
        settled: NDArray[np.int64] | None = None,
    ) -> Verdict:
        """Return a verdict with whatever is left out empty."""
        none = np.empty(0, np.int64)
        return Verdict(
            _of(findings, _NO_FINDINGS),
            _of(waiting, _NO_WAITING),
            none if broken is None else broken,
            none if not_needed is None else not_needed,
            none if settled is None else settled,
        )

    @staticmethod
    def joined(verdicts: list[Verdict]) -> Verdict:
        """Return several verdicts as one."""
        return Verdict(
            _concat([verdict.findings for verdict in verdicts], _NO_FINDINGS),
            _concat([verdict.waiting for verdict in verdicts], _NO_WAITING),
            np.concatenate([verdict.broken for verdict in verdicts]),
            np.concatenate([verdict.not_needed for verdict in verdicts]),
            np.concatenate([verdict.settled for verdict in verdicts]),
        )


def _of(frame: pl.DataFrame | None, empty: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with the columns of `empty`: most families find nothing on most nights."""
    return empty if frame is None or frame.is_empty() else conformed(frame, empty.schema)


def _concat(frames: Sequence[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    """Return frames of equal columns as one."""
    full = [frame for frame in frames if frame.height]
    return pl.concat(full) if len(full) > 1 else next(iter(full), empty)


def without_rows(verdict: Verdict, rows: pl.Series) -> Verdict:
    """Return the verdict without what it says of some rows: they have met their money."""
    about = pl.col("rows").list.eval(pl.element().is_in(rows.implode())).list.any()
    gone = verdict.findings.filter(about)
    spent = pl.concat([rows, gone["rows"].explode()]).drop_nulls().unique().sort()
    return replace(
        verdict,
        findings=verdict.findings.filter(~about),
        waiting=verdict.waiting.filter(~pl.col("row").is_in(spent.implode())),
        broken=np.setdiff1d(verdict.broken, spent.to_numpy()),
        not_needed=np.setdiff1d(verdict.not_needed, spent.to_numpy()),
        settled=np.concatenate([verdict.settled, spent.to_numpy()]),
    )


def conformed(
    frame: pl.DataFrame, schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """Return `frame` with exactly the columns of `schema`, missing ones null."""
    present = set(frame.columns)
    return frame.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def days(dates: pl.Series) -> NDArray[np.int64]:
    """Return dates as days since 1970-01-01; null is the smallest int64."""
    return dates.cast(pl.Int32).cast(pl.Int64).fill_null(np.iinfo(np.int64).min).to_numpy()


def ordinal(day: date) -> int:
    """Return one date as days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
