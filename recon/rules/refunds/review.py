"""Refunds that the merchant was asked for and has not sent: watched until somebody tells of them.

The books show such a refund as pending. It waits for `review_days` at each stage that they tell
(`requested_at`, `approved_at`; else the day of the row), and is overdue after that, once a
`[refunds]` policy is declared. What ends it is any other story: the books say that it was sent or
refused, or the channel shows it, or a refund of that amount of the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.attributes import value
from recon.core.codes import Code, Kind, Side, State
from recon.core.texts.digest import has_key, key_columns
from recon.rules.night import Ledger, Night, Verdict

REVIEW = "review"  # where a leg is named
_OPEN = [int(State.PENDING), int(State.UNKNOWN)]
_NAMES = ("order_id", "channel_ref")
_SAME = ["hi", "lo", "amount_minor", "currency"]


def asked_rows(ledger: Ledger, night: Night, excluded: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the refunds that wait to be sent: carried ones, and those the books tell tonight.

    Of several tellings of one refund the oldest stands for it.
    """
    if night.rules.refunds is None:
        return np.empty(0, np.int64)
    slim = ledger.slim
    carried = ledger.waiting_on.get(REVIEW, np.zeros(slim.height, bool))
    asked = (slim["side"] == int(Side.MERCHANT)) & (slim["kind"] == int(Kind.REFUND))
    new = (asked & slim["state"].is_in(_OPEN)).to_numpy() & ~ledger.opening
    new[excluded] = False
    rows = np.concatenate([np.flatnonzero(carried), np.flatnonzero(new & ~carried)])
    if len(rows) == 0:
        return rows
    numbered = _keyed(ledger, rows, "order_id")
    again = numbered.filter(pl.int_range(pl.len()).over(_SAME) > 0)["row"].to_numpy()
    return np.sort(np.setdiff1d(rows, again))


def review(
    ledger: Ledger,
    rows: NDArray[np.int64],
    wide: pl.DataFrame,
    night: Night,
    excluded: NDArray[np.int64],
) -> Verdict:
    """Return which of the refunds (`asked_rows`) wait on, which are overdue, which are over.

    `wide` holds their whole rows. While a file of the channel is missing that may show it, none
    becomes overdue.
    """
    declared = night.rules.refunds
    if len(rows) == 0 or declared is None:
        return Verdict.of()
    over = _ended(ledger, rows, excluded)
    places = pl.DataFrame({"row": rows, "txn_id": ledger.slim["txn_id"].gather(rows)})
    asked = places.join(_stages(wide, night), on="txn_id", how="left", maintain_order="left")
    open_ones = asked.filter(~pl.col("row").is_in(pl.Series(over).implode())).with_columns(
        until=pl.coalesce("began", pl.lit(night.business_date)).dt.offset_by(
            f"{declared.review_days}d"
        )
    )
    facts = ledger.slim[open_ones["row"].to_numpy()]
    open_ones = open_ones.with_columns(facts["fingerprint", "currency", "amount_minor"])
    known = ledger.code_on.get(REVIEW, np.zeros(ledger.slim.height, np.uint16))
    told = pl.Series(known[open_ones["row"].to_numpy()] != 0)
    late = told | ((open_ones["until"] < night.business_date) & ~_unseen(open_ones, night))
    return Verdict.joined(
        [_overdue(open_ones.filter(late)), _patient(open_ones.filter(~late)), _spent(ledger, over)]
    )


def _unseen(refunds: pl.DataFrame, night: Night) -> pl.Series:
    """Return which refunds a file of the channel that is missing may show."""
    if Side.CHANNEL in night.blocked:
        return pl.Series([True] * refunds.height, dtype=pl.Boolean)
    lost = max(night.missing_days.get(Side.CHANNEL, frozenset()), default=date.min)
    return (refunds["began"] <= lost).fill_null(value=False)


def _stages(wide: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return txn_id, the stage that the books tell last, and the local day on which it began."""
    zone = night.rules.time_zone
    local = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    asked, approved = (_local_day(name, zone) for name in ("requested_at", "approved_at"))
    own = pl.coalesce(local.dt.date(), "clearing_date")
    return wide.select(
        "txn_id",
        stage=pl.when(approved.is_not_null())
        .then(pl.lit("approved"))
        .otherwise(pl.lit("requested")),
        began=pl.coalesce(approved, asked, own),
    )


def _local_day(name: str, zone: str) -> pl.Expr:
    """Return the local day of an attribute that is a moment in UTC."""
    moment = value(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", strict=False)
    return moment.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()


def _ended(
    ledger: Ledger, rows: NDArray[np.int64], excluded: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the refunds of which a new row of tonight tells another story."""
    slim = ledger.slim
    news = (slim["kind"] == int(Kind.REFUND)).to_numpy() & ~ledger.opening
    merchants = (slim["side"] == int(Side.MERCHANT)) & slim["state"].is_in(_OPEN)
    news &= (slim["side"] != int(Side.BANK)).to_numpy() & ~merchants.to_numpy()
    news[excluded] = False
    fresh = np.flatnonzero(news)
    theirs = pl.concat([_keyed(ledger, fresh, name) for name in (*_NAMES, "original_ref")])
    ours = pl.concat([_keyed(ledger, rows, name) for name in (*_NAMES, "original_ref")])
    return ours.join(theirs, on=_SAME, how="semi")["row"].unique().sort().to_numpy()


def _keyed(ledger: Ledger, rows: NDArray[np.int64], name: str) -> pl.DataFrame:
    """Return row, amount, currency and the digest of a column; rows without it are left out."""
    frame = ledger.slim["amount_minor", "currency"][rows].with_columns(
        pl.Series("row", rows, pl.Int64), *key_columns(ledger.digests[name][rows])
    )
    return frame.filter(has_key())


def _patient(refunds: pl.DataFrame) -> Verdict:
    return Verdict.of(waiting=refunds.select("row", *_place()))


def _overdue(refunds: pl.DataFrame) -> Verdict:
    """Report refunds that were not sent in time; they stay open until somebody tells of them."""
    anchor, code = pl.col("fingerprint").cast(pl.String), pl.lit(int(Code.REFUND_OVERDUE))
    findings = refunds.select(
        code.alias("code"),
        pl.lit(REVIEW).alias("leg"),
        pl.concat_list("row").alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor.alias("anchor"),
        expected_minor=pl.col("amount_minor").abs(),
        actual_minor=pl.lit(0),
        currency="currency",
        cause=pl.format("{} since {}, due by {}", "stage", "began", "until"),
        due_date="until",
    )
    waiting = refunds.select("row", *_place(), anchor=anchor, code=code)
    return Verdict.of(findings, waiting)


def _place() -> Sequence[pl.Expr]:
    return (
        pl.lit(REVIEW).alias("leg"),
        pl.lit(int(Side.MERCHANT)).alias("waiting_for"),
        pl.col("until").alias("wait_until"),
    )


def _spent(ledger: Ledger, over: NDArray[np.int64]) -> Verdict:
    """Return the carried refunds that are over: they moved nothing themselves."""
    return Verdict.of(not_needed=over[ledger.opening[over]])
