"""Differences that a refund has made good: the other side shows neither, and no money is astray.

A channel that charged too much gives it back by itself (a second charge, an order that the books
do not call paid, ten yuan too much); the books have no refund of it. Both are told as netted, and
neither the difference nor the refund is a case. Decided by keys and by the exact sum.

Where the books do show the refund, it ends a second charge only if one side names that charge by
its own number, and both mean its order: a refund of the order by its number alone may as well be
one of what was sold.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import Code, Kind, MatchKind, Side, State
from recon.core.plan import Leg
from recon.core.texts.digest import has_key, key_columns
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict

_DIFFERENCES = standing.numbers(
    (standing.PAIRS | standing.FURTHER)
    - {Code.REFUND_AMOUNT, Code.REFUND_NOT_SETTLED, Code.REFUND_UNBOOKED, Code.REFUND_DUPLICATE}
    - {Code.CURRENCY_MISMATCH}
)
_REFUNDS = [int(Code.REFUND_UNBOOKED), int(Code.REFUND_NOT_SETTLED)]
_CAUSE = "made good by a refund that the other side does not show"
_SECOND_CHARGES = standing.numbers(frozenset({Code.DUPLICATE_CHARGE, Code.PAID_BY_OTHER_MEANS}))
_OWN = ("channel_ref", "rrn")
_REFUNDED = "refunded on both sides by the charge's own number"


def settle(leg: Leg, leg_no: int, matched: Matched, verdict: Verdict) -> Verdict:
    """Return the verdict on a leg without differences that refunds have made good."""
    if leg.right is Side.BANK or verdict.findings.height == 0:
        return verdict
    return _refunded(leg, leg_no, matched, _cancelled(leg, matched, verdict))


def _cancelled(leg: Leg, matched: Matched, verdict: Verdict) -> Verdict:
    """Return the verdict without differences and lone refunds that cancel out."""
    told = verdict.findings.with_row_index("no")
    over: list[int] = []
    for (difference,), refunds in meetings(matched, told).group_by("no", maintain_order=True):
        free = refunds.filter(~pl.col("refund_no").is_in(over))
        chosen = _chosen(free)
        if chosen:
            over += [int(str(difference)), *chosen]
    return without(leg, verdict, told, over, _CAUSE, as_told=True) if over else verdict


def meetings(matched: Matched, told: pl.DataFrame) -> pl.DataFrame:
    """Return differences with the lone refunds that name one of their rows: what each adds.

    `told` are findings with their number, column no. Columns no, open, refund_no, adds.
    """
    alone = told.filter(pl.col("code").is_in(_REFUNDS) & (pl.col("rows").list.len() == 1))
    differences = told.filter(pl.col("code").is_in(_DIFFERENCES))
    if alone.height == 0 or differences.height == 0:
        none = {"no": pl.UInt32, "open": pl.Int64, "refund_no": pl.UInt32, "adds": pl.Int64}
        return pl.DataFrame(schema=none)
    slim = matched.ledger.slim
    rows = differences.select(
        "no",
        "currency",
        open=pl.col("actual_minor") - pl.col("expected_minor"),
        row=pl.col("rows").list.head(pl.col("faulty")),
    ).explode("row")
    named = [keyed(matched, rows, column, "row") for column in ("channel_ref", "order_id", "rrn")]
    refunds = alone.select("currency", refund_no="no", row=pl.col("rows").list.first())
    refunds = keyed(matched, refunds, "original_ref", "row")
    side = slim["side"].gather(refunds["row"]) == int(Side.MERCHANT)
    amount = slim["amount_minor"].gather(refunds["row"])
    refunds = refunds.select("hi", "lo", "currency", "refund_no").with_columns(
        adds=pl.select(pl.when(side).then(-amount).otherwise(amount)).to_series()
    )
    found = pl.concat(named).join(refunds, on=["hi", "lo", "currency"])
    return found.unique(["no", "refund_no"], keep="first").sort("no", "refund_no")


def _refunded(leg: Leg, leg_no: int, matched: Matched, verdict: Verdict) -> Verdict:
    """Return the verdict without second charges that both sides have refunded."""
    told = verdict.findings.with_row_index("no")
    charges = told.filter(pl.col("code").is_in(_SECOND_CHARGES)).select(
        "no", "currency", row=pl.col("rows").list.first()
    )
    refunds = refunds_of_both(matched, leg_no) if charges.height else charges
    if refunds.height == 0:
        return verdict
    numbers = [
        keyed(matched, charges, column, "row").with_columns(own=pl.lit(column in _OWN))
        for column in (*_OWN, "order_id")
    ]
    naming = [
        keyed(matched, refunds, "original_ref", side).with_columns(told_by=pl.lit(side))
        for side in ("left", "right")
    ]
    amounts = matched.ledger.slim["amount_minor"]
    meant = (
        pl.concat(numbers)
        .join(pl.concat(naming), on=["hi", "lo", "currency"])
        .group_by("no", "row", "right")
        .agg(pl.col("own").any(), by_both=pl.col("told_by").n_unique() == len(naming))
        .filter(pl.col("own") & pl.col("by_both"))
    )
    over = (
        meant.with_columns(amounts.gather(meant["row"]), back=amounts.gather(meant["right"]))
        .group_by("no")
        .agg(left=pl.col("amount_minor").first() + pl.col("back").sum())
        .filter(pl.col("left") == 0)["no"]
        .sort()
        .to_list()
    )
    return without(leg, verdict, told, over, _REFUNDED) if over else verdict


def refunds_of_both(matched: Matched, leg_no: int) -> pl.DataFrame:
    """Return the refunds that both sides show tonight, at one amount: left, right, currency."""
    slim = matched.ledger.slim
    links = matched.matches.of_leg(leg_no)
    refund = slim["kind"].to_numpy()[links["left"].to_numpy()] == int(Kind.REFUND)
    links = links.filter(pl.Series(refund)).filter(pl.col("match_kind") == int(MatchKind.EXACT))
    pairs = links.select(pl.col("left", "right").cast(pl.Int64))
    facts = slim[pairs["left"].to_numpy()].select("state", "currency")
    theirs = slim["state"].gather(pairs["right"])
    done = (facts["state"] == int(State.SUCCESS)) & (theirs == int(State.SUCCESS))
    return pairs.with_columns(facts["currency"]).filter(done)


def keyed(matched: Matched, frame: pl.DataFrame, column: str, place: str) -> pl.DataFrame:
    """Return the frame with the digest of a column (hi, lo) of its rows; those without left out.

    `place` is the frame's column of row positions.
    """
    words = matched.ledger.digests[column][frame[place].to_numpy()]
    return frame.with_columns(key_columns(words)).filter(has_key())


def _chosen(refunds: pl.DataFrame) -> list[int]:
    """Return the refunds that make a difference good: all that name it, or the first alone."""
    if refunds.height == 0:
        return []
    missing = -refunds["open"][0]
    if refunds["adds"].sum() == missing:
        return refunds["refund_no"].to_list()
    return refunds.filter(pl.col("adds") == missing)["refund_no"].to_list()[:1]


def without(
    leg: Leg,
    verdict: Verdict,
    told: pl.DataFrame,
    over: list[int],
    cause: str,
    *,
    as_told: bool = False,
) -> Verdict:
    """Return the verdict less the findings that are over, told as netted, their rows settled.

    `told` is the verdict's findings with their number, column no. The netted finding shows no
    money, or the figures that were told.
    """
    gone = told.filter(pl.col("no").is_in(over))
    rest = told.filter(~pl.col("no").is_in(over)).drop("no")
    rows = gone["rows"].explode().drop_nulls().unique().sort().to_numpy()
    fault = gone.select(pl.col("rows").list.head("faulty").explode()).to_series().to_numpy()
    waits = pl.col("row").is_in(fault) & pl.col("code").is_not_null() & (pl.col("leg") == leg.name)
    first = gone.select(
        pl.lit(int(Code.NETTED)).alias("code"),
        "leg",
        "rows",
        pl.lit(0).alias("faulty"),
        anchor=pl.col("anchor") + ".good",
        expected_minor="expected_minor" if as_told else pl.lit(0),
        actual_minor="actual_minor" if as_told else pl.lit(0),
        currency="currency",
        cause=pl.lit(cause),
    )
    clean = Verdict(
        rest,
        verdict.waiting.filter(~waits),
        np.setdiff1d(verdict.broken, fault),
        verdict.not_needed,
        np.concatenate([verdict.settled, rows]),
    )
    return Verdict.joined([clean, Verdict.of(first)])
