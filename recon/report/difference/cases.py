"""What became of each dispute between two runs: still open, changed, resolved, told once, gone.

Most codes are told each night until a later row or a person ends them. Some (fees, rebates,
chargebacks, differing attributes, late payouts) are told once, because no later row can make
them untrue: their absence on the night after says nothing. Which is which is read from the runs
themselves: a break that will be told again is carried in the open items of its night.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.core.codes import DisputeStatus
from recon.report.facts import Facts, plain

Tables = Mapping[str, pl.DataFrame]
SHOWN = 200
COURSE = {
    "break_id": pl.String,
    "night": pl.Date,
    "status": pl.String,
    "cause": pl.String,
    "carried": pl.Boolean,
}
FATES = ("new", "recoded", "changed", "resolved", "told_once", "ended", "gone", "still_open")
_COMPARED = (
    "code", "severity", "currency", "amount_minor", "expected_minor", "actual_minor", "cause",
    "due_at", "decision",
)  # fmt: skip
_RESOLVED = DisputeStatus.RESOLVED.name


def cases(before: Tables, after: Tables, course: pl.DataFrame) -> Facts:
    """Return counts and lists of disputes by what became of them.

    new         only in the later run
    recoded     the same row at fault on the same leg, under another code
    changed     in both, with other figures, cause, urgency or decision
    still_open  in both, the same (counted, not listed)
    resolved    told RESOLVED by the later run, or by a night between the two
    told_once   a fact that no later row can change, told on its night and not repeated
    ended       RESOLVED in the earlier run already
    gone        not found by the later run: another rule, input or version

    Needed tables: runs, breaks, disputes. `course` (COURSE) is a row a break and night, from
    `before` up to the night before `after`; empty for two runs of one night, where a case that
    is not found is simply gone.
    """
    both = _both(before["disputes"], after["disputes"])
    new = after["disputes"].join(before["disputes"], on="dispute_id", how="anti")
    absent = _absent(before, after, course)
    recoded = _recoded(absent.filter(fate="gone"), new, before["breaks"], after["breaks"])
    lists = {
        "new": new.join(recoded, on="dispute_id", how="anti"),
        "recoded": recoded,
        "changed": both.filter(fate="changed"),
        "resolved": _resolved(both, absent),
        "told_once": absent.filter(fate="told_once"),
        "ended": absent.filter(fate="ended"),
        "gone": absent.filter(fate="gone").join(
            recoded, left_on="dispute_id", right_on="dispute_id_before", how="anti"
        ),
        "still_open": both.filter(fate="still_open"),
    }
    counts = {name: frame.height for name, frame in lists.items()}
    totals = {"before": before["disputes"].height, "after": after["disputes"].height}
    listed = {name: _listed(lists[name]) for name in FATES if name != "still_open"}
    return {"counts": {**totals, **counts}, **listed}


def _both(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return the disputes that both runs tell, as the later one does, and what became of them."""
    pairs = new.join(old, on="dispute_id", how="inner", suffix="_before")
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in _COMPARED
    )
    over, was_over = (pl.col(name).cast(pl.String) == _RESOLVED for name in _STATUSES)
    fate = (
        pl.when(over & ~was_over)
        .then(pl.lit("resolved"))
        .when(differs | (was_over & ~over))
        .then(pl.lit("changed"))
        .otherwise(pl.lit("still_open"))
    )
    return pairs.with_columns(fate=fate)


_STATUSES = ("status", "status_before")


def _absent(before: Tables, after: Tables, course: pl.DataFrame) -> pl.DataFrame:
    """Return the disputes that the later run does not tell, with their fate and its night."""
    old = before["disputes"].join(after["disputes"], on="dispute_id", how="anti")
    if course.height == 0:
        return old.with_columns(fate=pl.lit("gone"), ended_on=pl.lit(None, pl.Date))
    last = course.sort("break_id", "night").group_by("break_id").last()
    known = last.select(
        dispute_id=pl.format("D{}", pl.col("break_id").str.slice(1)),
        last_night="night",
        last_status="status",
        last_cause="cause",
        carried="carried",
    )
    frame = old.join(known, on="dispute_id", how="left")
    over = pl.col("last_status") == _RESOLVED
    fate = (
        pl.when(pl.col("status").cast(pl.String) == _RESOLVED)
        .then(pl.lit("ended"))
        .when(over)
        .then(pl.lit("resolved"))
        .when(pl.col("carried"))
        .then(pl.lit("gone"))
        .otherwise(pl.lit("told_once"))
    )
    return frame.with_columns(
        fate=fate,
        ended_on=pl.when(over).then("last_night"),
        cause=pl.when(over).then(pl.coalesce("last_cause", "cause")).otherwise("cause"),
    )


def _resolved(both: pl.DataFrame, absent: pl.DataFrame) -> pl.DataFrame:
    """Return the disputes that ended after the earlier run, with the night of their end."""
    now = both.filter(fate="resolved").with_columns(ended_on=pl.col("business_date"))
    between = absent.filter(fate="resolved")
    columns = [*between.columns[: between.columns.index("evidence") + 1], "ended_on"]
    return pl.concat([now.select(columns), between.select(columns)])


def _recoded(
    gone: pl.DataFrame, new: pl.DataFrame, old_breaks: pl.DataFrame, new_breaks: pl.DataFrame
) -> pl.DataFrame:
    """Return the new disputes that stand in the place of a gone one: same first row, same leg.

    Only where one of each answers the other; several are listed as gone and new.
    """
    by = ["leg", "first"]
    mine = _first_rows(gone, old_breaks).filter(pl.len().over(by) == 1)
    theirs = _first_rows(new, new_breaks).filter(pl.len().over(by) == 1)
    pairs = theirs.join(mine, on=by, how="inner", suffix="_before", nulls_equal=True)
    return pairs.drop(by)


def _first_rows(disputes: pl.DataFrame, breaks: pl.DataFrame) -> pl.DataFrame:
    """Return disputes with the leg and the row at fault of their break."""
    known = breaks.select(
        "leg",
        dispute_id=pl.format("D{}", pl.col("break_id").str.slice(1)),
        first=pl.col("txn_ids").list.first(),
    )
    joined = disputes.join(known, on="dispute_id", how="inner")
    return joined.filter(pl.col("first").is_not_null())


def _listed(frame: pl.DataFrame) -> list[Facts]:
    """Return the first 200 cases, the largest first, each with the fields that changed."""
    ranked = frame.sort("amount_minor", "dispute_id", descending=[True, False])
    return [_brief(row) for row in ranked.head(SHOWN).iter_rows(named=True)]


def _brief(row: Facts) -> Facts:
    """Return a case in short: what names it, and the fields in which it differs."""
    names = ("dispute_id", "code", "status", "currency", "amount_minor", "order_id", "channel_ref")
    brief: Facts = plain({name: row[name] for name in names})
    if row.get("ended_on") is not None:
        brief |= plain({"ended_on": row["ended_on"], "cause": row["cause"]})
    if "dispute_id_before" in row:
        brief["dispute_id_before"] = row["dispute_id_before"]
    compared = [name for name in _COMPARED if f"{name}_before" in row]
    fields = {
        name: plain([row[f"{name}_before"], row[name]])
        for name in compared
        if row[f"{name}_before"] != row[name]
    }
    return {**brief, "fields": fields} if compared else brief
