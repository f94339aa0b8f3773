"""What changed between two runs: rows, outcomes, links, breaks by code, disputes. Plain data.

Two nights, or one night under two versions of rules or inputs: everything is compared by stable
ids (txn_id, dispute_id), so a case that merely moved on is told apart from one that is new. What
became of each case is in `cases.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.core.codes import DisputeStatus
from recon.report.difference.cases import cases
from recon.report.facts import Facts, plain

Tables = Mapping[str, pl.DataFrame]


def difference(before: Tables, after: Tables, course: pl.DataFrame) -> Facts:
    """Return what changed from `before` to `after`; both map table names to published tables.

    Needed tables: runs, transactions (txn_id, side, source, currency, amount_minor), outcomes,
    links, breaks, disputes, carried (txn_id, currency, amount_minor: rows that came from the
    night before, at least those that are in no table of either run otherwise). `course`: what the
    nights from `before` up to the one before `after` tell of each break (`cases.cases`).
    Lists hold the first 200 of the largest; counts are whole.
    """
    return {
        "schema_version": 2,
        "runs": [_run(tables) for tables in (before, after)],
        "rows": _rows(before, after),
        "outcomes": _outcomes(before, after),
        "links": _links(before, after),
        "breaks": _breaks(before, after),
        "at_risk": _at_risk(before, after),
        "disputes": cases(before, after, course),
    }


def _run(tables: Tables) -> Facts:
    run = tables["runs"].row(0, named=True)
    names = ("run_id", "name", "business_date", "version", "rules_sha256")
    facts: Facts = plain({name: run[name] for name in names})
    return facts


def _rows(before: Tables, after: Tables) -> list[Facts]:
    """Return per side, source and currency the rows and money of either run, where they differ."""
    by = ["side", "source", "currency"]
    sums = [
        tables["transactions"]
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            pl.col("amount_minor").cast(pl.Int128).sum().alias("amount_minor"),
        )
        for tables in (before, after)
    ]
    return _changed(sums[0], sums[1], by, ("rows", "amount_minor"))


def _breaks(before: Tables, after: Tables) -> list[Facts]:
    """Return per code, currency and status the breaks and their money, where they differ."""
    by = ["code", "currency", "status"]
    sums = [
        tables["breaks"]
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("difference_minor").abs().cast(pl.Int128).sum().alias("difference_minor"),
        )
        for tables in (before, after)
    ]
    return _changed(sums[0], sums[1], by, ("count", "difference_minor"))


def _changed(
    before: pl.DataFrame, after: pl.DataFrame, by: list[str], values: tuple[str, ...]
) -> list[Facts]:
    """Return the groups whose sums differ, each value as [before, after]; nothing counts as 0."""
    joined = before.join(after, on=by, how="full", suffix="_after", coalesce=True, nulls_equal=True)
    filled = joined.with_columns(
        pl.col(name).fill_null(0) for value in values for name in (value, f"{value}_after")
    )
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_after") for name in values)
    return [
        {
            **{name: row[name] for name in by},
            **{name: [int(row[name]), int(row[f"{name}_after"])] for name in values},
        }
        for row in filled.filter(differs).sort(by).iter_rows(named=True)
    ]


def _outcomes(before: Tables, after: Tables) -> list[Facts]:
    """Return rows and money that went from which outcome to which; null: not a row of that run."""
    ends = [
        tables["outcomes"].select("txn_id", pl.col("outcome").cast(pl.String))
        for tables in (before, after)
    ]
    joined = ends[0].join(ends[1], on="txn_id", how="full", suffix="_after", coalesce=True)
    moved = joined.filter(pl.col("outcome").ne_missing(pl.col("outcome_after")))
    by = ["outcome", "outcome_after", "currency"]
    counted = (
        moved.join(_money(before, after), on="txn_id", how="left")
        .group_by(by)
        .agg(pl.len().alias("rows"), pl.col("amount_minor").cast(pl.Int128).sum())
        .sort(by)
    )
    return [
        {
            "before": row["outcome"],
            "after": row["outcome_after"],
            "currency": row["currency"],
            "rows": row["rows"],
            "amount_minor": int(row["amount_minor"]),
        }
        for row in counted.iter_rows(named=True)
    ]


def _money(before: Tables, after: Tables) -> pl.DataFrame:
    """Return amount and currency of each row that either run speaks of."""
    columns = ("txn_id", "currency", "amount_minor")
    told = [
        tables[name].select(columns)
        for tables in (before, after)
        for name in ("transactions", "carried")
    ]
    return pl.concat(told).unique("txn_id")


def _at_risk(before: Tables, after: Tables) -> list[Facts]:
    """Return per currency how many cases are open, with the money at risk, where they differ."""
    open_cases = pl.col("status").cast(pl.String) != DisputeStatus.RESOLVED.name
    sums = [
        tables["disputes"]
        .filter(open_cases)
        .group_by("currency")
        .agg(
            pl.len().cast(pl.Int64).alias("open"),
            pl.col("amount_minor").cast(pl.Int128).sum(),
        )
        for tables in (before, after)
    ]
    return _changed(sums[0], sums[1], ["currency"], ("open", "amount_minor"))


def _links(before: Tables, after: Tables) -> list[Facts]:
    """Return per leg and pass the links that are gone and the links that are new."""
    by = ["leg", "left_txn_id", "right_txn_id"]
    ends = [tables["links"].select([*by, "pass"]) for tables in (before, after)]
    gone = ends[0].join(ends[1], on=by, how="anti").group_by("leg", "pass").len("gone")
    new = ends[1].join(ends[0], on=by, how="anti").group_by("leg", "pass").len("new")
    joined = gone.join(new, on=["leg", "pass"], how="full", coalesce=True).sort("leg", "pass")
    return [
        {"leg": row["leg"], "pass": row["pass"], "gone": row["gone"] or 0, "new": row["new"] or 0}
        for row in joined.iter_rows(named=True)
    ]
