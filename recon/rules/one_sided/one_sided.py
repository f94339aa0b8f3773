"""Rows that stand alone on a leg: still in time (in transit), or missing on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Kind, Side, State
from recon.core.plan import Leg
from recon.rules.batch_keys import (
    EVIDENCE_ROWS,
    batch_anchors,
    names_a_batch,
    refers_to_a_batch,
)
from recon.rules.days.cycles import near_the_cut, parse_cycle
from recon.rules.duplicates import duplicates
from recon.rules.night import Matched, Night, Verdict, days, ordinal
from recon.rules.one_sided import told_before, told_otherwise
from recon.rules.one_sided.again import earlier_rows
from recon.rules.one_sided.unreconciled import past_term
from recon.rules.refunds import whole as refunded
from recon.rules.settlement.returned import came_back, paid_in_part

MIDNIGHT = time()
_ALIVE = [int(State.SUCCESS), int(State.PENDING), int(State.REVERSED)]


@dataclass(frozen=True, slots=True)
class Judged:
    """Lone rows of a leg on which another family has spoken."""

    spent: NDArray[np.int64]  # has said all
    quiet: NDArray[np.int64]  # past due, and rightly without a credit


def find(matched: Matched, leg: Leg, leg_no: int, night: Night, judged: Judged) -> Verdict:
    """Return the verdict on rows of both sides of a leg that no pass linked.

    `judged`: what others have said of some of them already.
    """
    return Verdict.joined(
        [_side(matched, leg, leg_no, side, night, judged) for side in (leg.left, leg.right)]
    )


def _side(
    matched: Matched, leg: Leg, leg_no: int, side: Side, night: Night, known: Judged
) -> Verdict:
    """Return the verdict on the unlinked rows of one side."""
    slim = matched.ledger.slim
    alone = (
        matched.eligible[leg.name]
        & (matched.matches.key_group[leg.name] < 0)
        & (slim["side"] == int(side)).to_numpy()
    )
    tied = matched.matches.ambiguous.filter(pl.col("leg") == leg_no)["row"].to_numpy()
    alone[tied] = False
    alone[known.spent] = False
    rows = np.flatnonzero(alone)
    if len(rows) == 0:
        return Verdict.of()
    other = leg.right if side is leg.left else leg.left
    frame = _facts(matched, leg, rows, side, other, night)
    early = frame.filter(pl.col("before_books"))
    judged = frame.filter(~pl.col("before_books"))
    patient = pl.col("in_time") | pl.col("held_back")
    moved = pl.col("state") == int(State.SUCCESS)
    if other is Side.BANK:
        moved = pl.col("state").is_in(_ALIVE)
    # While the first charge still waits for its order, nobody knows how many make it whole.
    waiting = judged.filter(patient)["row"].implode()
    undecided = patient & pl.col("twin").is_in(waiting) & (pl.col("partner") < 0)
    surplus = (pl.col("twin") >= 0) & ~undecided
    twice = judged.filter(surplus & moved)
    told = judged.filter((pl.col("twin") < 0) & (pl.col("partner") >= 0) & moved)
    judged = judged.filter(~moved | (~surplus & (pl.col("partner") < 0)))
    paid_again = _paid_again(matched, leg, judged) if side is Side.BANK else judged.clear()
    judged = judged.join(paid_again, on="row", how="anti", maintain_order="left")
    undone = judged.filter(~patient & moved & (pl.col("counter") >= 0))
    judged = judged.filter(patient | ~moved | (pl.col("counter") < 0))
    waits = judged.filter(patient & (moved | _may_still_move(other)))
    empty = (pl.col("amount") == 0).fill_null(value=False)  # a full discount: no money to miss
    nothing = judged.filter(
        (~moved & ~(patient & _may_still_move(other))) | (~patient & moved & empty)
    )
    missing = judged.filter(~patient & moved & ~empty)
    if side is Side.BANK:
        missing = missing.with_columns(came_back=pl.Series(came_back(matched, leg, missing)))
        missing = paid_in_part(matched, leg, missing)
    asked = told_before.tellings(matched, leg, missing, side)
    before = told_before.look_up(matched, leg, asked, side)
    again = told_before.rows_that(before, further=False)
    further = duplicates.report_further(matched, leg, missing, before)
    missing = missing.join(before, on="row", how="anti", maintain_order="left")
    otherwise = told_otherwise.find(matched, leg, missing, side, night, asked)
    spoken = pl.concat([otherwise.waiting["row"], pl.Series(otherwise.broken, dtype=pl.Int64)])
    missing = missing.filter(~pl.col("row").is_in(spoken.implode()))
    return Verdict.joined(
        [
            further,
            otherwise,
            Verdict.of(not_needed=again),
            _in_transit(waits, leg, other),
            _missing(missing, leg, side, other, known.quiet),
            duplicates.report_again(matched, leg, twice),
            refunded.report(undone, leg),
            Verdict.of(
                not_needed=np.concatenate(
                    [frame["row"].to_numpy() for frame in (early, nothing, told, paid_again)]
                )
            ),
        ]
    )


def _may_still_move(other: Side) -> pl.Expr:
    """Return whether a row without success is worth waiting for.

    An order that is closed, or voided, in the books may be paid, or settled, all the same.
    """
    unpaid = [int(state) for state in State if state is not State.SUCCESS]
    return pl.lit(other is Side.CHANNEL) & pl.col("state").is_in(unpaid)


def _facts(
    matched: Matched, leg: Leg, rows: NDArray[np.int64], side: Side, other: Side, night: Night
) -> pl.DataFrame:
    """Return the lone rows with their patience, their amounts and the batch they belong to."""
    slim = matched.ledger.slim
    plan = leg.passes[0]
    amount = plan.left_amount if side is leg.left else plan.right_amount
    frame = slim[rows].with_columns(pl.Series("row", rows), amount=pl.col(amount))
    frame = frame.with_columns(wait_until=wait_until(frame, side, other, night))
    counter = refunded.refunded_whole(matched, leg, rows)
    frame = frame.with_columns(counter=pl.Series(counter))
    again = earlier_rows(matched, leg, rows, side)
    frame = frame.with_columns(twin=pl.Series(again.twin), partner=pl.Series(again.partner))
    held = _unjudged(matched, leg, frame, rows, side, other, night)
    banked = side is Side.BANK
    named = names_a_batch(matched, leg, rows) if banked else np.zeros(len(rows), bool)
    referring = refers_to_a_batch(matched, leg, rows) if banked else named
    unreconciled = past_term(frame, named, held, side, night)
    reported = matched.ledger.reported_on.get(leg.name)
    if reported is not None:
        held = held & ~reported[rows]  # a missing file does not make an old break untrue
    return frame.with_columns(
        in_time=pl.Series(days(frame["wait_until"]) > ordinal(night.business_date)),
        held_back=pl.Series(held & ~unreconciled),
        unreconciled=pl.Series(unreconciled),
        before_books=_before_books(frame, matched, rows, side, other, night),
        anchor=batch_anchors(matched, leg, rows, is_left=True)
        if other is Side.BANK
        else frame["fingerprint"].cast(pl.String),
        batched=pl.Series(referring),
    )


def _paid_again(matched: Matched, leg: Leg, frame: pl.DataFrame) -> pl.DataFrame:
    """Return returned payouts and the credits that pay them again: one by one, or in a sum.

    The first payout met its batch on an earlier night; the return and what came since cancel out.
    """
    named = frame.filter("batched").with_columns(
        batch=batch_anchors(matched, leg, frame.filter("batched")["row"].to_numpy(), is_left=False),
        size=pl.col("amount").abs(),
        back=pl.col("amount") < 0,
    )
    key = ["batch", "currency", "size"]
    turn = named.sort("value_date", "row").with_columns(
        turn=pl.int_range(pl.len()).over(*key, "back")
    )
    pairs = turn.filter("back").join(turn.filter(~pl.col("back")), on=[*key, "turn"], suffix="_in")
    pairs = pairs.filter(pl.col("value_date") <= pl.col("value_date_in"))
    rows = pl.concat([pairs["row"], pairs["row_in"]])
    rest = named.filter(~pl.col("row").is_in(rows.implode()))
    first = pl.col("value_date").filter(pl.col("back")).min()
    again = pl.col("value_date").filter(~pl.col("back")).min()
    nothing_left = pl.col("amount").cast(pl.Int128).sum() == 0
    whole = rest.filter((nothing_left & (first <= again)).over("batch", "currency"))
    return frame.filter(pl.col("row").is_in(pl.concat([rows, whole["row"]]).implode()))


def _unjudged(
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


def _before_books(
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


def _in_transit(frame: pl.DataFrame, leg: Leg, other: Side) -> Verdict:
    """Let rows wait, and say so once a batch."""
    if frame.height == 0:
        return Verdict.of()
    waiting = frame.select(
        "row", pl.lit(leg.name).alias("leg"), pl.lit(int(other)).alias("waiting_for"), "wait_until"
    )
    moved = frame.filter(pl.col("state") == int(State.SUCCESS))
    return Verdict.of(_grouped(moved, leg, pl.lit(int(Code.IN_TRANSIT)), faulty=0), waiting)


def _missing(
    frame: pl.DataFrame, leg: Leg, side: Side, other: Side, quiet: NDArray[np.int64]
) -> Verdict:
    """Report rows whose time is over, once a batch; they stay open until their money comes."""
    if frame.height == 0:
        return Verdict.of()
    coded = frame.with_columns(code=_code(side, other))
    nothing_due = coded.clear()
    if other is Side.BANK:
        total = pl.col("amount").cast(pl.Int128).sum().over("anchor", "currency")
        nothing_due = coded.filter(total == 0)
        coded = coded.filter(total != 0)
        missed = (total > 0) & ~pl.col("row").is_in(quiet)
        coded = coded.with_columns(
            code=pl.when(missed).then("code").otherwise(pl.lit(int(Code.IN_TRANSIT)))
        )
    broken = coded.filter(pl.col("code") != int(Code.IN_TRANSIT))
    carried = coded.filter(pl.col("code") == int(Code.IN_TRANSIT))
    waiting = broken.select(
        "row",
        pl.lit(leg.name).alias("leg"),
        pl.lit(int(other)).alias("waiting_for"),
        "wait_until",
        "anchor",
        "code",
    )
    findings = _grouped(broken, leg, pl.col("code").first(), faulty=EVIDENCE_ROWS)
    return Verdict.joined(
        [
            Verdict.of(
                findings,
                waiting,
                broken=broken["row"].to_numpy(),
                not_needed=nothing_due["row"].to_numpy(),
            ),
            _in_transit(carried, leg, other),
        ]
    )


def _code(side: Side, other: Side) -> pl.Expr:
    """Return the code of a row of `side` that `other` does not show."""
    refund = pl.col("kind") == int(Kind.REFUND)
    if side is Side.BANK:
        incoming = _choose(pl.col("unreconciled"), Code.SETTLED_UNRECONCILED, Code.UNKNOWN_CREDIT)
        outgoing = pl.lit(int(Code.UNAUTHORISED_DEBIT))
        lone = pl.when(pl.col("amount") >= 0).then(incoming).otherwise(outgoing)
        return pl.when("came_back").then(pl.lit(int(Code.PAYOUT_BOUNCED))).otherwise(lone)
    if other is Side.BANK:
        return pl.lit(int(Code.MISSING_SETTLEMENT))
    if side is Side.MERCHANT:
        return _choose(refund, Code.REFUND_NOT_SETTLED, Code.MISSING_IN_CHANNEL)
    return _choose(refund, Code.REFUND_UNBOOKED, Code.MISSING_IN_MERCHANT)


def _choose(condition: pl.Expr, yes: Code, no: Code) -> pl.Expr:
    return pl.when(condition).then(pl.lit(int(yes))).otherwise(pl.lit(int(no)))


def _grouped(frame: pl.DataFrame, leg: Leg, code: pl.Expr, *, faulty: int) -> pl.DataFrame:
    """Return one finding an anchor: the batch's sum, or the single row's amount."""
    incoming = frame["side"].first() == int(Side.BANK)
    sums = (
        frame.sort("anchor", pl.col("amount").abs(), "row", descending=[False, True, False])
        .group_by("anchor", maintain_order=True)
        .agg(
            code.alias("code"),
            pl.col("row").head(EVIDENCE_ROWS).alias("rows"),
            pl.col("amount").cast(pl.Int128).sum().alias("amount"),
            pl.col("currency").first(),
            pl.col("wait_until").max().alias("due_date"),
        )
    )
    zero = pl.lit(0, pl.Int128)
    channel_only = (frame["side"].first() == int(Side.CHANNEL)) & (not _waits_for_bank(frame, leg))
    unbooked = incoming or channel_only
    return sums.select(
        "code",
        pl.lit(leg.name).alias("leg"),
        "rows",
        pl.lit(faulty).alias("faulty"),
        "anchor",
        expected_minor=zero if unbooked else pl.col("amount"),
        actual_minor=pl.col("amount") if unbooked else zero,
        currency="currency",
        due_date="due_date",
    )


def _waits_for_bank(frame: pl.DataFrame, leg: Leg) -> bool:
    """Return whether these rows wait for the bank on this leg."""
    return leg.right is Side.BANK and frame["side"].first() != int(Side.BANK)
