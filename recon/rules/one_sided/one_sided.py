"""Rows that stand alone on a leg: still in time (in transit), or missing on the other side."""

from __future__ import annotations

from dataclasses import dataclass

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
from recon.rules.duplicates import duplicates
from recon.rules.night import Matched, Night, Verdict, days, ordinal
from recon.rules.one_sided import told_before, told_otherwise
from recon.rules.one_sided.again import earlier_rows
from recon.rules.one_sided.patience import before_books, wait_until, waits_for_a_file
from recon.rules.one_sided.unreconciled import past_term
from recon.rules.refunds import whole as refunded
from recon.rules.settlement.returned import came_back, paid_in_part

_ALIVE = [int(State.SUCCESS), int(State.PENDING), int(State.REVERSED)]


@dataclass(frozen=True, slots=True)
class Judged:
    """Lone rows of a leg on which another family has spoken."""

    spent: NDArray[np.int64]  # has said all
    quiet: NDArray[np.int64]  # past due, and rightly without a credit


@dataclass(frozen=True, slots=True)
class _Piles:
    """The lone rows of one side, each on one pile."""

    twice: pl.DataFrame  # charged, or booked, once more than the other side has it
    undone: pl.DataFrame  # refunded whole on their own side
    waits: pl.DataFrame  # still in time, or a file that could show them is lost
    missing: pl.DataFrame  # past their day
    not_needed: tuple[pl.DataFrame, ...]  # before the books, without money, met elsewhere


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
    rows = _alone(matched, leg, leg_no, side, known)
    if len(rows) == 0:
        return Verdict.of()
    other = leg.right if side is leg.left else leg.left
    piles = _sorted(matched, leg, side, other, _facts(matched, leg, rows, side, other, night))
    not_needed = np.concatenate([pile["row"].to_numpy() for pile in piles.not_needed])
    told, missing = _told_earlier(matched, leg, side, night, piles.missing)
    return Verdict.joined(
        [
            *told,
            _in_transit(piles.waits, leg, other),
            _missing(missing, leg, side, other, known.quiet),
            duplicates.report_again(matched, leg, piles.twice),
            refunded.report(piles.undone, leg),
            Verdict.of(not_needed=not_needed),
        ]
    )


def _alone(matched: Matched, leg: Leg, leg_no: int, side: Side, known: Judged) -> NDArray[np.int64]:
    """Return the rows of one side that no pass linked and on which nobody else has spoken."""
    alone = (
        matched.eligible[leg.name]
        & (matched.matches.key_group[leg.name] < 0)
        & (matched.ledger.slim["side"] == int(side)).to_numpy()
    )
    tied = matched.matches.ambiguous.filter(pl.col("leg") == leg_no)["row"].to_numpy()
    alone[tied] = False
    alone[known.spent] = False
    return np.flatnonzero(alone)


def _sorted(matched: Matched, leg: Leg, side: Side, other: Side, frame: pl.DataFrame) -> _Piles:
    """Return the lone rows with their facts (`_facts`), sorted."""
    early = frame.filter(pl.col("before_books"))
    rest = frame.filter(~pl.col("before_books"))
    patient = pl.col("in_time") | pl.col("held_back")
    moved = pl.col("state") == int(State.SUCCESS)
    if other is Side.BANK:
        moved = pl.col("state").is_in(_ALIVE)
    # While the first charge still waits for its order, nobody knows how many make it whole.
    waiting = rest.filter(patient)["row"].implode()
    undecided = patient & pl.col("twin").is_in(waiting) & (pl.col("partner") < 0)
    surplus = (pl.col("twin") >= 0) & ~undecided
    twice = rest.filter(surplus & moved)
    settled = rest.filter((pl.col("twin") < 0) & (pl.col("partner") >= 0) & moved)
    rest = rest.filter(~moved | (~surplus & (pl.col("partner") < 0)))
    paid_again = _paid_again(matched, leg, rest) if side is Side.BANK else rest.clear()
    rest = rest.join(paid_again, on="row", how="anti", maintain_order="left")
    undone = rest.filter(~patient & moved & (pl.col("counter") >= 0))
    rest = rest.filter(patient | ~moved | (pl.col("counter") < 0))
    empty = (pl.col("amount") == 0).fill_null(value=False)  # a full discount: no money to miss
    idle = ~moved & ~(patient & _may_still_move(other))
    return _Piles(
        twice=twice,
        undone=undone,
        waits=rest.filter(patient & (moved | _may_still_move(other))),
        missing=rest.filter(~patient & moved & ~empty),
        not_needed=(early, rest.filter(idle | (~patient & moved & empty)), settled, paid_again),
    )


def _told_earlier(
    matched: Matched, leg: Leg, side: Side, night: Night, missing: pl.DataFrame
) -> tuple[list[Verdict], pl.DataFrame]:
    """Return what earlier nights explain of the rows that look missing, and the rows left."""
    if missing.is_empty():
        return [], missing
    if side is Side.BANK:
        missing = missing.with_columns(came_back=pl.Series(came_back(matched, leg, missing)))
        missing = paid_in_part(matched, leg, missing)
    asked = told_before.tellings(matched, leg, missing, side)
    before = told_before.look_up(matched, leg, asked, side)
    again = Verdict.of(not_needed=told_before.rows_that(before, further=False))
    further = duplicates.report_further(matched, leg, missing, before)
    missing = missing.join(before, on="row", how="anti", maintain_order="left")
    otherwise = told_otherwise.find(matched, leg, missing, side, night, asked)
    spoken = pl.concat([otherwise.waiting["row"], pl.Series(otherwise.broken, dtype=pl.Int64)])
    left = missing.filter(~pl.col("row").is_in(spoken.implode()))
    return [further, otherwise, again], left


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
    held = waits_for_a_file(matched, leg, frame, rows, side, other, night)
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
        before_books=before_books(frame, matched, rows, side, other, night),
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
