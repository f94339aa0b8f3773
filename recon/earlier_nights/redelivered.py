"""Rows that were delivered before: on an earlier night, or tonight in another file.

A row is known again by its fingerprint (its source, its content and its place among equal rows of
its file). Bank accounts that come as several sources (a report by day, the statement after it)
tell one booking with other words; it is known again by reference, amount, currency and day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.money import CURRENCIES
from recon.core.schema import RECORD_BITS
from recon.core.texts.digest import digest
from recon.earlier_nights import history
from recon.rules.night import Ledger
from recon.rules.rule_file.rule_file import Rules, Source
from recon.store.read import scan
from recon.store.workspace import Workspace

LOOK_BACK_DAYS = 400  # as far as a late bill of old rows is compared
_REFERENCES = ("order_id", "channel_ref", "bank_ref", "rrn")
_ACCOUNT_FORMATS = frozenset({"camt052", "camt053", "camt054", "mt940", "mt942", "bai2"})
_BOOKING = ("amount_minor", "currency", "value_date")


def delivered_before(
    workspace: Workspace, ledger: Ledger, rules: Rules, business_date: date
) -> Rows:
    """Return the new rows of tonight whose money was delivered before."""
    found = [np.empty(0, np.int64)]
    for number, source in enumerate(rules.sources):
        mine = (ledger.slim["source"] == number).to_numpy() & ~ledger.opening
        rows = np.flatnonzero(mine)
        if len(rows) == 0:
            continue
        found += _on_earlier_nights(workspace, ledger, rows, source, business_date)
        if source.equal_rows == "resent":
            found.append(_in_another_file(ledger, rows))
        found += _by_another_format(workspace, ledger, rows, source, rules, business_date)
    return np.unique(np.concatenate(found))


def _on_earlier_nights(
    workspace: Workspace, ledger: Ledger, rows: Rows, source: Source, business_date: date
) -> Iterator[Rows]:
    """Yield the rows that a file of their source held on an earlier night.

    Nights before the overlap are asked only for rows of about their own day: a month's bill.
    """
    overlap = timedelta(days=source.overlap_days)
    runs = history.earlier(workspace, business_date, LOOK_BACK_DAYS if source.overlap_days else 0)
    if not runs:
        return
    day = pl.coalesce("clearing_date", "value_date", pl.col("occurred_at").dt.date())
    days = ledger.slim.select(day).to_series().gather(rows)
    prints = ledger.slim["fingerprint"].gather(rows)
    for run in runs:
        asked = prints
        if run.business_date < business_date - overlap:
            last = run.business_date + timedelta(days=1)
            asked = prints.filter(days.is_between(run.business_date - overlap, last))
        if len(asked):
            known = scan(run.folder, "transactions").filter(
                (pl.col("source") == source.name) & pl.col("fingerprint").is_in(asked.implode())
            )
            found = known.select("fingerprint").collect()["fingerprint"]
            yield rows[prints.is_in(found.implode()).to_numpy()]


def _in_another_file(ledger: Ledger, rows: Rows) -> Rows:
    """Return the rows with a reference of their own that an earlier file of tonight holds too."""
    identity = ledger.slim["txn_id"]
    if identity[int(rows[0])] >> RECORD_BITS == identity[int(rows[-1])] >> RECORD_BITS:
        return rows[:0]  # one file, whose rows have each a fingerprint of its own
    named = np.zeros(len(rows), bool)
    for column in _REFERENCES:
        if column in ledger.digests:
            named |= ledger.digests[column][rows].any(axis=1)
    prints = ledger.slim["fingerprint"].gather(rows).to_numpy()
    order = np.argsort(prints, kind="stable")
    again = np.zeros(len(rows), bool)
    again[order[1:]] = prints[order[1:]] == prints[order[:-1]]
    return rows[again & named]


def _by_another_format(
    workspace: Workspace,
    ledger: Ledger,
    rows: Rows,
    source: Source,
    rules: Rules,
    business_date: date,
) -> Iterator[Rows]:
    """Yield the bookings that another source told of the account on an earlier night."""
    others = [
        other.name
        for other in rules.sources
        if other.side == source.side
        and other.name != source.name
        and other.format in _ACCOUNT_FORMATS
    ]
    if source.format not in _ACCOUNT_FORMATS or not others:
        return
    tonight = _bookings(
        ledger.digests["bank_ref"][rows],
        ledger.slim[rows].with_columns(
            currency=pl.col("currency").replace_strict(
                dict(enumerate(CURRENCIES)), return_dtype=pl.String
            )
        ),
    )
    for run in history.earlier(workspace, business_date, source.overlap_days):
        told = (
            scan(run.folder, "transactions")
            .filter(pl.col("source").is_in(others) & pl.col("bank_ref").is_not_null())
            .select("bank_ref", *_BOOKING)
            .collect()
        )
        if told.height:
            before = _bookings(digest([told["bank_ref"]]), told).drop("place")
            same = tonight.join(before, on=before.columns, how="semi")
            yield rows[same["place"].to_numpy()]


def _bookings(reference: NDArray[np.uint64], rows: pl.DataFrame) -> pl.DataFrame:
    """Return what names a booking, of the rows with a reference; `place` is the row's own."""
    return (
        rows.select(*_BOOKING)
        .with_columns(first=pl.Series(reference[:, 0]), second=pl.Series(reference[:, 1]))
        .with_row_index("place")
        .filter((pl.col("second") != 0) & pl.col("value_date").is_not_null())
    )
