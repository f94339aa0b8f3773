"""Refunds that the channel has accepted and the payer does not have yet, watched until they arrive.

A channel says of a refund that it is processing (`PENDING`), or, where a source maps `arrived_at`,
that it is done without saying when the payer had the money. Such a row waits from night to night.
A later row of the same refund is news of it and no money of its own. A refund that has not arrived
by the term for its source, product, card type and issuer is overdue, once a policy is declared.
One that failed after all stays open, like any dispute about money, until it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Kind, Side, State
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.rule_file.refund_terms import RefundCheck, RefundPolicy, due_days

ARRIVAL = "arrival"  # where a leg is named
_OPEN = (State.PENDING.name, State.UNKNOWN.name)
_ENDED = (State.FAILED.name, State.CLOSED.name, State.REVERSED.name)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of watched refunds tonight."""

    verdict: Verdict
    retold: NDArray[np.int64]  # new rows that are news of a known refund


def watched_rows(ledger: Ledger, night: Night, excluded: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of refunds to look at: carried ones, open ones, and news of either."""
    slim = ledger.slim
    state, source = slim["state"].to_numpy(), slim["source"].to_numpy()
    new = (slim["side"] == int(Side.CHANNEL)).to_numpy()
    new &= (slim["kind"] == int(Kind.REFUND)).to_numpy() & ~ledger.opening
    new[excluded] = False
    unsettled = np.isin(state, [int(State.PENDING), int(State.UNKNOWN)])
    tells = np.isin(source, [number for number, _ in _telling(night)])
    carried = ledger.waiting_on.get(ARRIVAL, np.zeros(slim.height, bool))
    watched = carried | (new & (unsettled | tells))
    if not watched.any():
        return np.empty(0, np.int64)
    for column in ("order_id", "channel_ref"):
        words = ledger.digests[column]
        known = pl.Series(words[watched, 0]).unique().implode()
        again = pl.Series(words[:, 0]).is_in(known).to_numpy() & words.any(axis=1)
        watched = watched | (new & again)
    return np.flatnonzero(watched)


def _telling(night: Night) -> list[tuple[int, str]]:
    """Return number and name of the channel sources whose files say when refunds arrived."""
    return [
        (number, item.name)
        for number, item in enumerate(night.rules.sources)
        if item.side == "channel" and "arrived_at" in item.columns
    ]


def watch(ledger: Ledger, rows: NDArray[np.int64], wide: pl.DataFrame, night: Night) -> Watch:
    """Return which of the watched rows wait on, which are overdue, failed or news.

    `rows` are those of `watched_rows`, `wide` holds their whole rows.
    """
    if len(rows) == 0:
        return Watch(Verdict.of(), np.empty(0, np.int64))
    told = _told(ledger, rows, wide, night)
    news = _news(told)
    refunds = told.join(news, on="row", how="anti", maintain_order="left").filter("unsettled")
    last = (
        news.join(told, on="row", how="inner")
        .sort("moment", "row")
        .group_by("first", maintain_order=True)
        .agg(pl.col("has_arrived").any(), pl.col("has_ended").last(), news="row")
    )
    refunds = refunds.join(last, left_on="row", right_on="first", how="left", suffix="_since")
    arrived = pl.col("has_arrived_since").fill_null(value=False)
    ended = pl.coalesce("has_ended_since", "failed") & ~arrived
    dated = _with_due(refunds, night)
    verdict = Verdict.joined(
        [_failed(dated.filter(ended)), _waiting(dated.filter(~arrived & ~ended), night)]
    )
    return Watch(verdict, np.sort(news["row"].to_numpy()))


def without(said: Verdict, undone: pl.Series) -> Verdict:
    """Return the verdict without refunds that are undone: they will not arrive."""
    gone = undone.implode()
    return replace(
        said,
        findings=said.findings.filter(~pl.col("rows").list.first().is_in(gone)),
        waiting=said.waiting.filter(~pl.col("row").is_in(gone)),
    )


def _told(
    ledger: Ledger, rows: NDArray[np.int64], wide: pl.DataFrame, night: Night
) -> pl.DataFrame:
    """Return what each row says: whose refund, since when, whether it arrived, ended or is open."""
    local = (
        pl.col("occurred_at")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(night.rules.time_zone)
    )
    place = pl.DataFrame(
        {
            "row": rows,
            "txn_id": ledger.slim["txn_id"].gather(rows),
            "opening": ledger.opening[rows],
            "currency_no": ledger.slim["currency"].gather(rows),
            "failed": _told_failed(ledger)[rows],
        }
    )
    state = pl.col("state").cast(pl.String)
    silent = pl.col("source").is_in([name for _, name in _telling(night)])
    return (
        place.join(wide, on="txn_id", how="left", maintain_order="left")
        .with_columns(
            state=state,
            moment=pl.col("occurred_at"),
            began=pl.coalesce(local.dt.date(), "clearing_date"),
            has_ended=state.is_in(_ENDED),
            has_arrived=~state.is_in(_ENDED)
            & (pl.col("arrived_at").is_not_null() | (~state.is_in(_OPEN) & ~silent)),
            card_type=pl.col("product"),
            bank=pl.col("issuer"),
        )
        .with_columns(unsettled=~pl.col("has_ended") & ~pl.col("has_arrived"))
    )


def _told_failed(ledger: Ledger) -> NDArray[np.bool_]:
    """Return the carried rows of refunds that were told as failed on an earlier night."""
    told = ledger.code_on.get(ARRIVAL)
    if told is None:
        return np.zeros(ledger.slim.height, bool)
    failed: NDArray[np.bool_] = told == int(Code.REFUND_NOT_SETTLED)
    return failed


def _news(told: pl.DataFrame) -> pl.DataFrame:
    """Return the new rows that tell of a refund known before: row, first (the known row).

    Two rows are of one refund when amount, currency and a number are equal and no number differs.
    """
    known = told.filter("unsettled").select(
        "order_id", "channel_ref", "amount_minor", "currency", "moment", "opening", "state", "row"
    )
    fresh = told.filter(~pl.col("opening"))
    found = []
    for own, other in (("order_id", "channel_ref"), ("channel_ref", "order_id")):
        pairs = fresh.filter(pl.col(own).is_not_null()).join(
            known, on=[own, "amount_minor", "currency"], how="inner", suffix="_known"
        )
        same = (pl.col(other) == pl.col(f"{other}_known")).fill_null(value=True)
        before = pl.col("moment_known") < pl.col("moment")
        tied = ~(pl.col("moment_known") != pl.col("moment")).fill_null(value=False)
        earlier = pl.col("opening_known") | before.fill_null(value=False)
        earlier |= tied & (pl.col("row_known") < pl.col("row"))
        says_more = pl.col("arrived_at").is_not_null() | pl.col("state_known").is_in(_OPEN)
        found.append(
            pairs.filter(
                same & earlier & says_more & (pl.col("row") != pl.col("row_known"))
            ).select("row", first="row_known", opening="opening_known", moment="moment_known")
        )
    ranked = pl.concat(found).sort("row", ~pl.col("opening"), "moment", "first", nulls_last=True)
    return ranked.unique("row", keep="first", maintain_order=True).select("row", "first")


def _with_due(refunds: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return refunds with the day by which each must have reached the payer (`due`)."""
    check = RefundCheck(night.rules.refunds or RefundPolicy(), night.business_date, night.calendar)
    due = due_days(refunds, check).fill_null(night.calendar.last_day)
    return refunds.with_columns(due.alias("due"))


def _failed(refunds: pl.DataFrame) -> Verdict:
    """Report refunds that the channel accepted and did not make in the end."""
    if refunds.height == 0:
        return Verdict.of()
    code = pl.lit(int(Code.REFUND_NOT_SETTLED))
    findings = refunds.select(
        code.alias("code"),
        pl.lit(ARRIVAL).alias("leg"),
        pl.concat_list(pl.concat_list("row"), pl.col("news").fill_null([])).alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor=_anchor(),
        expected_minor=pl.col("amount_minor").abs(),
        actual_minor=pl.lit(0),
        currency="currency_no",
        cause=pl.lit("the channel accepted it and then said it failed or was closed"),
    )
    return Verdict.of(findings, refunds.select("row", *_place(), anchor=_anchor(), code=code))


def _waiting(dated: pl.DataFrame, night: Night) -> Verdict:
    """Let refunds wait inside their term; after it they are overdue, where a policy says so."""
    late = pl.col("due") < night.business_date
    overdue = dated.filter(late) if night.rules.refunds is not None else dated.clear()
    code = pl.lit(int(Code.REFUND_OVERDUE))
    patient = dated.filter(~late).select("row", *_place())
    reported = overdue.select("row", *_place(), anchor=_anchor(), code=code)
    stage = pl.when(pl.col("state").is_in(_OPEN)).then(pl.lit("pending"))
    findings = overdue.select(
        code.alias("code"),
        pl.lit(ARRIVAL).alias("leg"),
        pl.concat_list("row").alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor=_anchor(),
        expected_minor=pl.col("amount_minor").abs(),
        actual_minor=pl.lit(0),
        currency="currency_no",
        cause=pl.format(
            "{} since {}, due by {}", stage.otherwise(pl.lit("succeeded")), "began", "due"
        ),
        due_date="due",
    )
    return Verdict.joined([Verdict.of(waiting=patient), Verdict.of(findings, reported)])


def _place() -> tuple[pl.Expr, ...]:
    """Return where a watched refund waits, for whom and until when."""
    return (
        pl.lit(ARRIVAL).alias("leg"),
        pl.lit(int(Side.CHANNEL)).alias("waiting_for"),
        pl.col("due").alias("wait_until"),
    )


def _anchor() -> pl.Expr:
    """Return what a watched refund is known by from night to night: its first row."""
    return pl.col("fingerprint").cast(pl.String)
