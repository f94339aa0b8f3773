"""Payouts: what should reach the bank, in which interval, and what did.

A payout is a settlement batch, or the rows without one that are due, and paid, on the same days.
The interval begins on the day that the source's cycle names for the last clearing day in it and
ends with the last day of patience, grace included: the day by which late and missing money is
judged. The hours of `settlement.arrives`, or else what is usual for the channel, tell people when
to look; a break waits for the day's end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows, among
from recon.core.arrays.pieces import steps
from recon.core.arrays.sums import summed_by
from recon.core.codes import SUM_KINDS, Code, PayoutState, Side
from recon.core.money import CURRENCIES
from recon.core.plan import Key, Leg, Method, key_name
from recon.core.schema import PAYOUTS, conform, words
from recon.core.texts.digest import has_key, key_columns
from recon.rules.classify import Classified
from recon.rules.days.cycles import ALL_DAY, parse_cycle
from recon.rules.night import Matched, Night, Verdict
from recon.rules.tables.usual_arrival import usual

_LOT = ("state", "source", "currency", "hi", "lo", "met", "until", "value_date")
_SUMMED = [int(kind) for kind in SUM_KINDS]
_TOLD = {  # codes of breaks about a payout, the first that fits counts
    Code.PAYOUT_BOUNCED: PayoutState.BOUNCED,
    Code.NET_MISMATCH: PayoutState.DIFFERS,
    Code.LATE_SETTLEMENT: PayoutState.LATE,
}


def build(
    matched: Matched, classified: Classified, legs: Sequence[Leg], night: Night
) -> pl.DataFrame:
    """Return the PAYOUTS table of the legs that end at the bank."""
    banked = [(number, leg) for number, leg in enumerate(legs) if leg.right is Side.BANK]
    frames = [
        _lots(matched, leg, number, classified.by_leg[leg.name], night) for number, leg in banked
    ]
    return pl.concat([PAYOUTS.empty(), *frames]).sort(PAYOUTS.key)


def _lots(matched: Matched, leg: Leg, leg_no: int, verdict: Verdict, night: Night) -> pl.DataFrame:
    """Return one line a payout of a leg."""
    came = _credits(matched, leg, leg_no)
    states = _states(matched, leg, verdict)
    parts = [
        _summed(piece) for piece in _members(matched, leg, verdict, states, came) if piece.height
    ]
    if not parts:
        return PAYOUTS.empty()
    return _told(_summed_again(pl.concat(parts)), came.rows, matched, leg, night)


def _states(matched: Matched, leg: Leg, verdict: Verdict) -> NDArray[np.uint8]:
    """Return the state of each row's payout by row; rows of none have the number NOBODY."""
    states = np.full(matched.ledger.slim.height, len(PayoutState), np.uint8)
    group = matched.matches.key_group[leg.name]
    states[group >= 0] = int(PayoutState.ARRIVED)
    for code, state in reversed(_TOLD.items()):
        found = verdict.findings.filter(pl.col("code") == int(code))
        told = group[found["rows"].explode().drop_nulls().to_numpy()]
        states[among(group, told[told >= 0])] = int(state)
    waiting = verdict.waiting.filter(pl.col("waiting_for") == int(Side.BANK))
    reported = waiting["code"].is_not_null().to_numpy()
    rows = waiting["row"].to_numpy()
    states[rows] = np.where(reported, int(PayoutState.OVERDUE), int(PayoutState.EXPECTED))
    return states


@dataclass(frozen=True, slots=True)
class _Credits:
    """The bank's money of each key group of a leg."""

    rows: pl.DataFrame  # a group a row: row (its first), actual, value_date, arrived_at
    place: NDArray[np.int32]  # where a group stands in `rows`, -1 where it has none; so is none's


def _credits(matched: Matched, leg: Leg, leg_no: int) -> _Credits:
    """Return the bank's rows of each key group: their sum, last day and last moment.

    Hardly a group has several, so that only those are put together.
    """
    slim, groups = matched.ledger.slim, matched.matches.key_group[leg.name]
    rows = _met(matched.matches.of_leg(leg_no)["right"], slim.height)
    met = groups[rows]
    frame = slim.select("amount_minor", "value_date", "occurred_at")[rows].select(
        pl.Series("met", met),
        pl.Series("row", rows),
        pl.col("amount_minor").cast(pl.Int128).alias("actual"),
        "value_date",
        pl.col("occurred_at").alias("arrived_at"),
    )
    place = np.full(slim.height + 1, -1, np.int32)
    place[met[::-1]] = rows[::-1]
    further = met[place[met] != rows]
    if further.size:
        several = pl.col("met").is_in(pl.Series(further).implode())
        summed = (
            frame.filter(several)
            .group_by("met")
            .agg(
                pl.col("row").min(),
                pl.col("actual").sum(),
                pl.col("value_date", "arrived_at").max(),
            )
        )
        frame = pl.concat([frame.filter(~several), summed], rechunk=True)
    place[frame["met"].to_numpy()] = np.arange(frame.height, dtype=np.int32)
    return _Credits(frame.drop("met"), place)


def _met(rows: pl.Series, height: int) -> Rows:
    """Return the distinct ones of some positions among `height`, ascending."""
    linked = np.zeros(height, bool)
    linked[rows.to_numpy()] = True
    return np.flatnonzero(linked)


def _members(
    matched: Matched,
    leg: Leg,
    verdict: Verdict,
    states: NDArray[np.uint8],
    came: _Credits,
) -> Iterator[pl.DataFrame]:
    """Yield the rows of the leg's left side that belong to a payout, some at a time.

    `met` is the credit of a sum, by its position; a row that met its credit alone adds what it was
    `paid` to its payout.
    """
    slim = matched.ledger.slim
    mine = (states < len(PayoutState)) & (slim["side"] == int(leg.left)).to_numpy()
    group = matched.matches.key_group[leg.name]
    summed = _by_sum(matched, leg)
    digests = _batch_digests(matched, leg)
    patience = verdict.waiting.select("row", "wait_until").unique("row")
    waiting = np.full(slim.height, -1, np.int32)
    waiting[patience["row"].to_numpy()] = np.arange(patience.height, dtype=np.int32)
    columns = slim.select(
        "source", "currency", "clearing_date", "due_date", amount=leg.passes[0].left_amount
    )
    chosen = np.flatnonzero(mine)
    for start, stop in steps(len(chosen)):
        rows = chosen[start:stop]
        credit, alone = _known(came.place[group[rows]]), pl.Series(~summed[rows])
        members = columns[rows]
        yield members.select(
            "source",
            "currency",
            "clearing_date",
            pl.Series("row", rows),
            pl.Series("state", states[rows]),
            *key_columns(digests[rows]),
            pl.col("amount").cast(pl.Int128),
            came.rows["value_date"].gather(credit),
            until=_until(members["due_date"], patience["wait_until"], waiting[rows]),
            met=pl.when(alone).then(None).otherwise(credit),
            paid=pl.when(alone).then(came.rows["actual"].gather(credit)),
        )


def _until(due: pl.Series, patience: pl.Series, waiting: NDArray[np.int32]) -> pl.Series:
    """Return the due days; where there is none, the last day of patience of a row that waits."""
    if due.null_count() == 0:
        return due
    return pl.select(pl.coalesce(due, patience.gather(_known(waiting)))).to_series()


def _known(places: NDArray[np.int32]) -> pl.Series:
    """Return places as a column in which -1 is null."""
    frame = pl.DataFrame({"place": places})
    return frame.select(pl.when(pl.col("place") >= 0).then("place")).to_series()


def _by_sum(matched: Matched, leg: Leg) -> NDArray[np.bool_]:
    """Return which rows met their credit as part of a sum."""
    summed = np.zeros(matched.ledger.slim.height, bool)
    links = matched.matches.links.filter(pl.col("match_kind").is_in(_SUMMED))
    summed[links["left"].to_numpy()] = True
    return summed & (matched.matches.key_group[leg.name] >= 0)


def _batch_key(leg: Leg) -> Key | None:
    """Return the columns that name a batch on the left side of a leg."""
    keys = [item.left_key for item in leg.passes if item.method is Method.GROUP]
    return keys[-1] if keys else None


def _batch_digests(matched: Matched, leg: Leg) -> NDArray[np.uint64]:
    """Return the digest of each row's batch, zero where it names none."""
    key = _batch_key(leg)
    if key is None:
        return np.broadcast_to(np.uint64(0), (matched.ledger.slim.height, 2))
    return matched.ledger.digests[key_name(key)]


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one line a payout of some rows. Of rows that wait, a batch has the last day."""
    named = has_key() | pl.col("met").is_not_null()
    lots = frame.with_columns(
        last=pl.col("until"), until=pl.when(named).then(None).otherwise("until")
    )
    sums = (
        pl.len().alias("rows"),
        pl.col("row").min(),
        pl.col("amount", "paid").sum(),
        pl.col("clearing_date").min().alias("cleared_from"),
        pl.col("clearing_date").max().alias("cleared_until"),
        pl.col("last").max(),
    )
    return summed_by(lots, _LOT, sums)


def _summed_again(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of several pieces as one line a payout."""
    return parts.group_by(_LOT).agg(
        pl.col("rows", "amount", "paid").sum(),
        pl.col("row", "cleared_from").min(),
        pl.col("cleared_until", "last").max(),
    )


def _told(
    lots: pl.DataFrame, came: pl.DataFrame, matched: Matched, leg: Leg, night: Night
) -> pl.DataFrame:
    """Return the lines with names, the interval and what the bank shows."""
    slim = matched.ledger.slim
    lots = lots.with_columns(
        *came.select(pl.col("actual", "arrived_at").gather(lots["met"])),
        credit=came["row"].gather(lots["met"]),
        txn_id=slim["txn_id"].gather(lots["row"]),
    )
    lots = _named(_shared(lots), matched, leg)
    sources = dict(enumerate(night.rules.sources))
    hours = {
        number: None if item.settlement.arrives == ALL_DAY else item.settlement.arrives
        for number, item in sources.items()
    }
    number = pl.col("source").cast(pl.Int64)
    names = {number: item.name for number, item in sources.items()}
    waits = pl.col("state").is_in([int(PayoutState.EXPECTED), int(PayoutState.OVERDUE)])
    table = lots.with_columns(
        _first_day(lots, night),
        leg=pl.lit(leg.name),
        source=number.replace_strict(names, return_dtype=pl.String),
        currency=pl.col("currency")
        .cast(pl.Int64)
        .replace_strict(dict(enumerate(CURRENCIES)), return_dtype=pl.String),
        hours=number.replace_strict(hours, return_dtype=pl.String),
        expected_minor="amount",
        expected_until="last",
        actual_minor=pl.when(~waits).then(pl.coalesce("actual", "paid")),
        state=pl.col("state")
        .cast(pl.Int64)
        .replace_strict(
            {int(item): item.name for item in PayoutState}, return_dtype=words(PayoutState)
        ),
    )
    learned = usual(matched.archive.payouts(), night)
    return conform(table.join(learned, on=["leg", "source", "currency"], how="left"), PAYOUTS)


def _shared(lots: pl.DataFrame) -> pl.DataFrame:
    """Give each batch that one credit paid with others its own part of it, and its own state.

    Of several batches some may be late; one below zero was taken from the others.
    """
    together = pl.col("met").is_not_null() & (pl.len().over("met") > 1)
    agrees = together & (pl.col("amount").sum().over("met") == pl.col("actual"))
    came = [int(PayoutState.ARRIVED), int(PayoutState.LATE)]
    in_time = (pl.col("state") == int(PayoutState.LATE)) & (pl.col("last") >= pl.col("value_date"))
    return lots.with_columns(
        actual=pl.when(agrees).then("amount").otherwise("actual"),
        state=pl.when(agrees & pl.col("state").is_in(came) & (pl.col("amount") < 0))
        .then(pl.lit(int(PayoutState.NETTED)))
        .when(agrees & in_time)
        .then(pl.lit(int(PayoutState.ARRIVED)))
        .otherwise("state"),
    )


def _first_day(lots: pl.DataFrame, night: Night) -> pl.Series:
    """Return the day that the cycle names for the last clearing day of each payout."""
    days = pl.Series("expected_from", [None] * lots.height, dtype=pl.Date)
    frame = lots.select("source", "cleared_until", "last")
    for number in frame["source"].unique().to_list():
        settlement = night.rules.sources[number].settlement
        due = night.calendar.due_dates(frame["cleared_until"], parse_cycle(settlement.cycle))
        mine = frame["source"] == number
        days = pl.select(pl.when(mine).then(due).otherwise(days).alias("expected_from")).to_series()
    return pl.select(pl.min_horizontal(days, frame["last"]).alias("expected_from")).to_series()


def _named(lots: pl.DataFrame, matched: Matched, leg: Leg) -> pl.DataFrame:
    """Add the batch and its merchant as the first row has them, and who paid."""
    key = _batch_key(leg) or ()
    columns = list(dict.fromkeys(("txn_id", "merchant_id", "batch_id", *key)))
    rows = matched.archive.columns(columns, lots["txn_id"].to_numpy())
    words_of_key = pl.concat_str([pl.col(name).cast(pl.String) for name in key], separator=" ")
    named = rows.select(
        "txn_id",
        batch=pl.coalesce("batch_id", words_of_key) if key else pl.lit(None, pl.String),
        merchant="merchant_id",
    )
    lots = lots.join(named, on="txn_id", how="left", maintain_order="left").with_columns(
        batch=pl.when(has_key()).then("batch"), merchant_id=pl.when(has_key()).then("merchant")
    )
    credit = lots["credit"].drop_nulls().unique()
    if credit.is_empty() or not matched.archive.has("counterparty"):
        return lots.with_columns(counterparty=pl.lit(None, pl.String))
    ids = matched.ledger.slim["txn_id"].gather(credit)
    payers = matched.archive.columns(["txn_id", "counterparty"], ids.to_numpy())
    by_row = pl.DataFrame({"credit": credit, "txn_id": ids}).join(payers, on="txn_id", how="left")
    return lots.join(
        by_row.select("credit", "counterparty"), on="credit", how="left", maintain_order="left"
    )
