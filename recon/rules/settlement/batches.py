"""Settlement batches, many rows and one net credit: is the sum right, did it come in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import BENIGN, SUM_KINDS, Code
from recon.core.plan import Leg, Method
from recon.rules.batch_keys import EVIDENCE_ROWS, batch_anchors, referring_keys
from recon.rules.breaks import standing
from recon.rules.night import Matched, Night, Verdict
from recon.rules.settlement import owed, withheld

_SUM_KINDS = [int(kind) for kind in SUM_KINDS]
_SUMMED = (Method.GROUP, Method.SUBSET)


@dataclass(frozen=True, slots=True)
class Batched:
    """What the batches of a leg say, and the lone rows past due that rightly have no credit."""

    verdict: Verdict
    quiet: NDArray[np.int64]


def find(matched: Matched, leg: Leg, leg_no: int, night: Night, frozen: pl.DataFrame) -> Batched:
    """Return the breaks of batches that met their credit: net differs, or it came late.

    `frozen` are the findings of frozen funds: a batch that is frozen whole has rightly no credit.
    """
    quiet = owed.quiet(matched, leg, night, frozen)
    members = _members(matched, leg, leg_no)
    if members.height == 0:
        return Batched(Verdict.of(), quiet)
    sums = _sums(members)
    apart = pl.col("difference").abs() > pl.col("tolerance")
    wrong = sums.filter(apart)
    kept = withheld.told_apart(matched, leg, wrong, members, night)
    wrong = wrong.join(kept, on="group", how="anti", maintain_order="left")
    rounded = sums.filter((pl.col("difference") != 0) & ~apart)
    tardy = sums.join(wrong, on="group", how="anti").filter(pl.col("paid") > pl.col("first_due"))
    late = _late(matched, leg, members.join(tardy, on="group", how="semi"))
    overdue = _sums(late).with_columns(actual="expected")
    back, alone = _took_back(), pl.col("outgoing").list.len() == 1
    unfounded = (alone & ~back) if referring_keys(leg) else pl.lit(value=True)
    apart_from_it = wrong.filter(_paid_whole() & unfounded)
    wrong = wrong.join(apart_from_it, on="group", how="anti", maintain_order="left")
    back = _paid_whole() & alone & back
    broken = members.filter(pl.col("group").is_in(wrong["group"].to_list()))["row"]
    short = Verdict.of(
        _report(wrong.filter(~back), members, Code.NET_MISMATCH, leg), broken=broken.to_numpy()
    )
    verdict = Verdict.joined(
        [
            short,
            _carried(matched, leg, short.findings, members),
            _bounced(matched, leg, wrong.filter(back), members),
            _debited(matched, leg, apart_from_it),
            Verdict.of(_report(rounded, members, Code.ROUNDING, leg)),
            Verdict.of(_report(kept, members, Code.NETTED, leg, withheld.KEPT)),
            Verdict.of(
                _report(overdue, late, Code.LATE_SETTLEMENT, leg), broken=late["row"].to_numpy()
            ),
        ]
    )
    return Batched(verdict, quiet)


def _late(matched: Matched, leg: Leg, members: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of batches that were paid after their last day, with their credits.

    A credit may pay several batches, some of them in time. Nothing is late before the day on which
    all that is due by then comes to more than nothing: what the merchant owes is nobody's delay.
    """
    due, paid = (members.filter(side) for side in (pl.col("is_left"), ~pl.col("is_left")))
    batch = batch_anchors(matched, leg, due["row"].to_numpy(), is_left=True)
    due = due.with_columns(batch.alias("batch"))
    days = paid.group_by("group").agg(pl.col("value_date").max().alias("paid"))
    late = (
        due.group_by("group", "batch")
        .agg(pl.col("due_date").max(), pl.col("left_amount").cast(pl.Int128).sum())
        .sort("group", "due_date", "left_amount", "batch")
        .with_columns(owed=pl.col("left_amount").cum_sum().over("group"))
        .join(days, on="group")
        .filter(
            (pl.col("due_date") < pl.col("paid"))
            & (pl.col("left_amount") > 0)
            & (pl.col("owed").last().over("group", "due_date") > 0)
        )
    )
    rows = due.join(late, on=["group", "batch"], how="semi").select(members.columns)
    return pl.concat([rows, paid.join(rows, on="group", how="semi")])


def _carried(matched: Matched, leg: Leg, told: pl.DataFrame, members: pl.DataFrame) -> Verdict:
    """Carry the credits of wrong batches: a later line or row may bring the difference.

    The channel's rows of such a batch are over; they may be a whole day's.
    """
    credited = members.filter(~pl.col("is_left"))["row"].to_list()
    lines = told.with_columns(
        rows=pl.col("rows").list.eval(pl.element().filter(pl.element().is_in(credited)))
    )
    return standing.carried(matched, leg, lines, standing.BATCHES)


def _paid_whole() -> pl.Expr:
    """Return which batches were paid whole, with debits among their lines the same night."""
    return (pl.col("incoming") == pl.col("expected")) & (pl.col("difference") < 0)


def _took_back() -> pl.Expr:
    """Return whether the debits take back just one of a batch's credits, or all of them."""
    taken = pl.col("incoming") - pl.col("actual")
    return (taken == pl.col("incoming")) | pl.col("credits").list.contains(taken.cast(pl.Int64))


def _debited(matched: Matched, leg: Leg, sums: pl.DataFrame) -> Verdict:
    """Report debits that take back no payout: of another amount, or no more than of its day.

    Each is named by itself, as it is when it stands alone on the nights after.
    """
    rows = sums.select("outgoing", "due").explode("outgoing")
    slim = matched.ledger.slim[rows["outgoing"].to_numpy()]
    code = pl.lit(int(Code.UNAUTHORISED_DEBIT))
    told = Verdict.of(
        slim.select(
            code.alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list(rows["outgoing"]).alias("rows"),
            pl.lit(1).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor=pl.col(leg.passes[0].right_amount),
            currency="currency",
            due_date=pl.col("value_date"),
        )
    )
    codes = frozenset({Code.UNAUTHORISED_DEBIT})
    return Verdict.joined([told, standing.carried(matched, leg, told.findings, codes)])


def _bounced(matched: Matched, leg: Leg, sums: pl.DataFrame, members: pl.DataFrame) -> Verdict:
    """Report payouts that came back the same night; the debit waits for the payout to be repeated.

    Its own fingerprint names the break, as it does on the nights after.
    """
    report = _report(sums, members, Code.PAYOUT_BOUNCED, leg)
    if report is None:
        return Verdict.of()
    debit = sums["outgoing"].list.first()
    own = matched.ledger.slim["fingerprint"].gather(debit).cast(pl.String)
    found = report.with_columns(
        own.alias("anchor"),
        rows=pl.concat_list(debit, "rows").list.unique(maintain_order=True),
    )
    told = Verdict.of(found)
    first = told.findings.with_columns(faulty=pl.lit(1))
    codes = frozenset({Code.PAYOUT_BOUNCED})
    return Verdict.joined([told, standing.carried(matched, leg, first, codes)])


def _members(matched: Matched, leg: Leg, leg_no: int) -> pl.DataFrame:
    """Return every row of every batch on the leg: group, side, amount and days."""
    links = matched.matches.of_leg(leg_no).filter(pl.col("match_kind").is_in(_SUM_KINDS))
    if links.height == 0 or not any(item.method in _SUMMED for item in leg.passes):
        return pl.DataFrame(schema={"row": pl.Int64})
    ends = np.concatenate([links["left"].to_numpy(), links["right"].to_numpy()])
    rows, first = np.unique(ends, return_index=True)
    allowed = np.array([item.tolerance_minor for item in leg.passes], np.int64)
    tolerance = np.tile(allowed[links["pass_no"].to_numpy()], 2)[first]
    slim = matched.ledger.slim
    plan = leg.passes[0]
    is_left = slim["side"].gather(rows) == int(leg.left)
    return pl.DataFrame(
        {
            "row": rows,
            "group": matched.matches.key_group[leg.name][rows],
            "is_left": is_left,
            "left_amount": slim[plan.left_amount].gather(rows),
            "right_amount": slim[plan.right_amount].gather(rows),
            "due_date": slim["due_date"].gather(rows),
            "value_date": slim["value_date"].gather(rows),
            "currency": slim["currency"].gather(rows),
            "fingerprint": slim["fingerprint"].gather(rows),
            "tolerance": tolerance,
        }
    )


def _sums(members: pl.DataFrame) -> pl.DataFrame:
    """Return one row a batch: both sums (128-bit), their difference, due and paid days."""
    left, right = pl.col("is_left"), ~pl.col("is_left")
    return (
        members.group_by("group")
        .agg(
            pl.col("left_amount").filter(left).cast(pl.Int128).sum().alias("expected"),
            pl.col("right_amount").filter(right).cast(pl.Int128).sum().alias("actual"),
            pl.col("right_amount")
            .filter(right & (pl.col("right_amount") > 0))
            .cast(pl.Int128)
            .sum()
            .alias("incoming"),
            pl.col("right_amount").filter(right & (pl.col("right_amount") > 0)).alias("credits"),
            pl.col("due_date").filter(left).min().alias("first_due"),
            pl.col("due_date").filter(left).max().alias("due"),
            pl.col("value_date").filter(right).max().alias("paid"),
            pl.col("tolerance").first(),
            pl.col("currency").first(),
            pl.col("fingerprint").filter(right).min().alias("anchor"),
            pl.col("row").filter(right).min().alias("credit"),
            pl.col("row").filter(right & (pl.col("right_amount") < 0)).alias("outgoing"),
            pl.col("row").filter(left).min().alias("member"),
        )
        .with_columns(difference=pl.col("actual") - pl.col("expected"))
        .sort("group")
    )


def _report(
    sums: pl.DataFrame, members: pl.DataFrame, code: Code, leg: Leg, cause: str | None = None
) -> pl.DataFrame | None:
    """Return one finding a batch: the credit first, then its largest rows."""
    if sums.height == 0:
        return None
    shown = (
        members.filter(pl.col("group").is_in(sums["group"].to_list()))
        .sort(
            "group",
            "is_left",
            pl.col("left_amount").abs(),
            "row",
            descending=[False, False, True, False],
        )
        .group_by("group", maintain_order=True)
        .agg(pl.col("row").head(EVIDENCE_ROWS).alias("rows"))
    )
    return sums.join(shown, on="group", how="left", maintain_order="left").select(
        pl.lit(int(code)).alias("code"),
        pl.lit(leg.name).alias("leg"),
        "rows",
        pl.lit(0 if code in BENIGN else EVIDENCE_ROWS).alias("faulty"),
        anchor=pl.col("anchor").cast(pl.String),
        expected_minor=pl.col("expected"),
        actual_minor=pl.col("actual"),
        currency="currency",
        cause=pl.lit(cause),
        due_date="due",
    )
