"""How long a lone row waits for the other side: its last day, lost files, days before the books."""

from __future__ import annotations

from datetime import date, time, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Kind, Side
from recon.core.plan import Leg
from recon.rules.batch_keys import names_a_batch
from recon.rules.days.cycles import near_the_cut, parse_cycle
from recon.rules.night import Matched, Night

MIDNIGHT = time()


def waits_for_a_file(
    matched: Matched,
    leg: Leg,
    frame: pl.DataFrame,
    rows: NDArray[np.int64],
    side: Side,
    other: Side,
    night: Night,
) -> NDArray[np.bool_]:
    """Return which lone rows wait for a file that is missing, tonight's or an earlier night's.

    A credit that names a batch may pay rows of any file that is lost; other rows belong to the
    night on which they are due, or the one beside it when they came minutes from the cut-off.
    """
    tonight = matched.ledger.held_back.get(int(other))
    held = np.zeros(len(rows), bool) if tonight is None else tonight[rows].copy()
    lost = night.missing_days.get(other, frozenset())
    if lost and side is Side.BANK:
        held |= names_a_batch(matched, leg, rows) & (frame["amount"] > 0).to_numpy()
    elif lost:
        held |= _due_on(lost, frame, side, other, night)
    return held


def _due_on(
    lost: frozenset[date], frame: pl.DataFrame, side: Side, other: Side, night: Night
) -> NDArray[np.bool_]:
    """Return which rows the other side may have shown on one of the `lost` days.

    The clocks of both sides differ by some minutes: near the end of a day its file, or the next
    one, may hold the row.
    """
    due = frame["wait_until"].is_in(sorted(lost)).fill_null(value=False)
    if other is not Side.BANK and side is Side.CHANNEL:
        early = frame.select(_local_day(night, -1)).to_series()
        due |= early.is_in(sorted(lost)).fill_null(value=False)
    elif other is not Side.BANK:
        following = {day + timedelta(days=1) for day in lost}
        after = frame["wait_until"].is_in(sorted(following)).fill_null(value=False)
        due |= after & _near_cut_off(frame, night)
    found: NDArray[np.bool_] = due.to_numpy()
    return found


def _near_cut_off(frame: pl.DataFrame, night: Night) -> pl.Series:
    """Return which orders came so near a channel's cut-off that either day may be theirs.

    Midnight itself is a date without a time.
    """
    near = pl.Series(np.zeros(frame.height, bool))
    for channel in (item for item in night.rules.sources if item.side == "channel"):
        zone, minutes = (
            channel.time_zone or night.rules.time_zone,
            channel.cut_off_tolerance_minutes,
        )
        grey = near_the_cut(frame["occurred_at"], zone, channel.cut_off, minutes)
        near |= grey.fill_null(value=False)
    return near & frame.select(_has_time(night).fill_null(value=False)).to_series()


def wait_until(frame: pl.DataFrame, side: Side, other: Side, night: Night) -> pl.Series:
    """Return the last day of patience for rows of `side` that wait for `other`.

    For the bank and for a merchant's order the loader has set `due_date`; a merchant's refund has
    the days that the refund terms give the channel besides. A channel's row must be in the
    merchant's books on its local day, or the next one minutes before midnight; a bank line must be
    explained on its value date.
    """
    today = pl.lit(night.business_date)
    if side is Side.CHANNEL and other is Side.MERCHANT:
        chosen = pl.coalesce(_local_day(night, 1), "clearing_date", today)
    else:
        chosen = pl.coalesce("due_date", "clearing_date", "value_date", today)
    refunds = night.rules.refunds
    if side is Side.MERCHANT and refunds is not None and refunds.settle_days:
        longer = chosen.dt.offset_by(f"{refunds.settle_days}d")
        refund = pl.col("kind") == int(Kind.REFUND)
        chosen = pl.when(refund).then(longer).otherwise(chosen)
    return frame.select(chosen.alias("wait_until")).to_series()


def _local_day(night: Night, sign: int) -> pl.Expr:
    """Return a row's day in the merchant's zone by the latest (1) or earliest (-1) clock there is.

    Clocks differ by the tolerance of the row's source. Merchants of several zones are each asked.
    A row that tells a date without a time has that date.
    """
    sources = night.rules.sources
    minutes = {n: item.cut_off_tolerance_minutes for n, item in enumerate(sources)}
    skew = pl.col("source").cast(pl.Int64).replace_strict(minutes, return_dtype=pl.Int64)
    zones = {item.time_zone or night.rules.time_zone for item in sources if item.side == "merchant"}
    days = [
        (_local(zone) + pl.duration(minutes=skew * sign)).dt.date().alias(zone)
        for zone in sorted(zones)
    ]
    chosen = pl.max_horizontal(days) if sign > 0 else pl.min_horizontal(days)
    return pl.when(_has_time(night)).then(chosen).otherwise(_own_day(night))


def _own_day(night: Night) -> pl.Expr:
    """Return the date of a row by the clock of its own source."""
    zones = _zones(night)
    return pl.coalesce(
        *(pl.when(inside).then(_local(zone).dt.date()) for zone, inside in zones.items())
    )


def _has_time(night: Night) -> pl.Expr:
    """Return whether a row tells a time: midnight of its own source is a date without one."""
    zones = _zones(night)
    return pl.any_horizontal(
        inside & (_local(zone).dt.time() != MIDNIGHT) for zone, inside in zones.items()
    )


def _zones(night: Night) -> dict[str, pl.Expr]:
    """Return the zones of the sources, and for each whether a row's source has it."""
    numbers: dict[str, list[int]] = {}
    for number, item in enumerate(night.rules.sources):
        numbers.setdefault(item.time_zone or night.rules.time_zone, []).append(number)
    source = pl.col("source").cast(pl.Int64)
    return {zone: source.is_in(found) for zone, found in sorted(numbers.items())}


def _local(zone: str) -> pl.Expr:
    """Return the clock of a zone at a row's moment."""
    moment = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return moment.dt.replace_time_zone(None)


def before_books(
    frame: pl.DataFrame,
    matched: Matched,
    rows: NDArray[np.int64],
    side: Side,
    other: Side,
    night: Night,
) -> pl.Series:
    """Return which rows belong to days before the books open, so that nobody can judge them."""
    opening = pl.lit(night.opening_date)
    if side is Side.BANK:
        first_due = _first_due(night)
        early = (pl.col("value_date") < pl.lit(first_due)).fill_null(value=False)
        return frame.select(early).to_series()
    new = ~matched.ledger.opening[rows]
    if side is Side.CHANNEL and other is Side.MERCHANT:
        day = pl.coalesce(_local_day(night, -1), "wait_until")
        early = (day < opening).fill_null(value=False)
    else:
        early = (pl.col("due_date") < opening).fill_null(value=False)
    return frame.select(early & pl.Series(new)).to_series()


def _first_due(night: Night) -> date:
    """Return the first day on which the bank can show money of the books."""
    paying = [item for item in night.rules.sources if item.side == "channel"]
    paying = paying or [item for item in night.rules.sources if item.side == "merchant"]
    return min(
        night.calendar.due_date(night.opening_date, parse_cycle(item.settlement.cycle))
        for item in paying
    )
