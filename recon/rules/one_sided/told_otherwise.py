"""Lone rows whose counterpart an earlier night told, and told otherwise.

An order that was closed, pending or failed leaves the books when no charge came; so does a charge
that was undone. What comes a night later is not missing on the other side: both have told a story,
and the decision matrix (`stories`) says what two such stories are.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.core.plan import Leg
from recon.rules.breaks.standing import OTHERWISE, carried
from recon.rules.night import Matched, Night, Verdict, days, ordinal
from recon.rules.one_sided import told_before
from recon.rules.one_sided.told_before import Tellings
from recon.rules.pairs.stories import story_table

_UNDONE_BY = [kind.name for kind in UNDO_KINDS]
_MONEY = [Kind.PAYMENT.name, Kind.REFUND.name]


def find(
    matched: Matched, leg: Leg, lone: pl.DataFrame, side: Side, night: Night, asked: Tellings | None
) -> Verdict:
    """Return what becomes of lone rows of one side whose counterpart was told otherwise before.

    A failed order that was debited waits for its reversal first, like every such order.
    """
    if asked is None:
        return Verdict.of()
    facing = _facing(matched, leg, asked, side)
    met = asked.mine.select("row", "key", "kind").join(facing, on=["key", "kind"])
    frame = lone.join(met.drop("kind"), on="row", how="inner", maintain_order="left")
    frame = _with_codes(frame, side is leg.left)
    frame = frame.filter(pl.col("code").is_in([int(code) for code in OTHERWISE]))
    if frame.height == 0:
        return Verdict.of()
    until = pl.col("clearing_date").dt.offset_by(f"{night.rules.breaks.reversal_days}d")
    frame = frame.with_columns(until=until)
    patient = pl.Series(days(frame["until"]) > ordinal(night.business_date))
    early = frame.filter((pl.col("code") == int(Code.FAILED_BUT_DEBITED)) & patient)
    late = frame.join(early.select("row"), on="row", how="anti", maintain_order="left")
    told = Verdict.of(_findings(late, leg, is_left=side is leg.left), broken=late["row"].to_numpy())
    waiting = early.select(
        "row",
        pl.lit(leg.name).alias("leg"),
        waiting_for=pl.lit(int(Side.CHANNEL)),
        wait_until="until",
    )
    return Verdict.joined(
        [told, carried(matched, leg, told.findings, OTHERWISE), Verdict.of(waiting=waiting)]
    )


def _facing(matched: Matched, leg: Leg, asked: Tellings, side: Side) -> pl.DataFrame:
    """Return how the other side told each key last: key, kind, other_id, other_state, day.

    Keys of which it shows a row that succeeded, and that stands, are left out.
    """
    other = leg.right if side is leg.left else leg.left
    kind = pl.col("kind").cast(pl.String)
    rows = asked.told.filter(
        (pl.col("side").cast(pl.String) == other.name) & kind.is_in(_MONEY)
    ).unique("fingerprint", keep="last", maintain_order=True)
    stands = told_before.standing(matched, told_before.successful(rows), other, by=_UNDONE_BY)
    rows = rows.join(stands, on=["key", "kind"], how="anti", maintain_order="left")
    undone = pl.col("state").cast(pl.String) == State.SUCCESS.name  # else it would stand
    return rows.unique(["key", "kind"], keep="last", maintain_order=True).select(
        "key",
        "kind",
        other_id="txn_id",
        other_state=pl.when(undone)
        .then(pl.lit(State.REVERSED.name))
        .otherwise(pl.col("state").cast(pl.String)),
        day=pl.coalesce("clearing_date", pl.col("occurred_at").dt.date()),
    )


def _with_codes(frame: pl.DataFrame, is_left: bool) -> pl.DataFrame:  # noqa: FBT001 - which side the rows are
    """Return the rows with the code of both stories together (0 for none)."""
    number = {state.name: int(state) for state in State}
    other = frame["other_state"].replace_strict(number, return_dtype=pl.UInt8).to_numpy()
    own = frame["state"].to_numpy()
    refund = (frame["kind"] == int(Kind.REFUND)).cast(pl.Int64).to_numpy()
    left, right = (own, other) if is_left else (other, own)
    return frame.with_columns(code=pl.Series(story_table()[left, right, refund], dtype=pl.UInt16))


def _findings(frame: pl.DataFrame, leg: Leg, *, is_left: bool) -> pl.DataFrame:
    """Return one finding a row; the other side's row is named by its identity."""
    zero = pl.lit(0, pl.Int64)
    return frame.select(
        "code",
        pl.lit(leg.name).alias("leg"),
        pl.concat_list("row").alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor=pl.col("amount") if is_left else zero,
        actual_minor=zero if is_left else pl.col("amount"),
        currency="currency",
        cause=pl.format(
            "the {} told it as {} on {}",
            pl.lit("channel" if is_left else "merchant"),
            pl.col("other_state").str.to_lowercase(),
            "day",
        ),
        due_date="due_date",
        also=pl.concat_list("other_id"),
    )
