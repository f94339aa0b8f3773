"""Found against planted: precision and recall per code, and every difference by name.

A dispute (or a finding about a file) meets a truth when the code is the same and one row of its
evidence carries the planted reference. Each meets at most one. Where they meet, the night of the
first report, the night of the resolution, the money at risk, who is out of pocket, the named cause
and the deadline must be equal too. What a truth written by hand does not tell is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from recon.generate.truth import KEYS, LIKELIHOOD, NORMAL
from recon.rules.disputes.disputes import CERTAIN_PPM
from recon.store.read import read_table, scan
from recon.store.workspace import Run, Workspace

_REFERENCES: Final = ("order_id", "channel_ref", "batch_id", "bank_ref", "merchant_id")
_COUNTS: Final = ("planted", "found", "right")
_KEY: Final = ("code", "column", "reference")
FOUND: Final = {
    "dispute_id": pl.String,
    "code": pl.String,
    "night": pl.Date,
    "resolved": pl.Date,
    "amount_minor": pl.Int64,
    "decided_by": pl.String,  # KEYS or LIKELIHOOD, as the engine says
    "out_of_pocket": pl.String,
    "cause": pl.String,  # as the first report names it
    "due_at": pl.Date,
}
_JUDGED: Final = {  # what must agree, and how a line calls it
    "night": "night",
    "resolved": "resolution",
    "amount_minor": "amount",
    "out_of_pocket": "out of pocket",
    "cause": "cause",
    "due_at": "deadline",
}
_SILENT: Final = ("out_of_pocket", "due_at")  # null: the truth does not tell
_ALSO: Final = "; also fits: "  # behind it stand the causes that fit as well
_SECTIONS: Final = {KEYS: "decided by keys and contracts", LIKELIHOOD: "decided by likelihood"}


@dataclass(frozen=True, slots=True)
class Score:
    """How the found disputes compare with the truth."""

    by_code: pl.DataFrame  # decided_by, code, planted, found, right, precision and recall
    missed: pl.DataFrame  # TRUTH rows that nothing met
    false: pl.DataFrame  # FOUND rows that no truth explains
    differing: pl.DataFrame  # met, but not told as planted
    agreeing: pl.DataFrame  # one row: met, and how many of them agree in each that the truth tells
    normal: pl.DataFrame  # kind, rows that look like breaks and are none, flagged: false ones

    @property
    def is_perfect(self) -> bool:
        """Return whether everything planted was found as planted, and nothing else."""
        return not (self.missed.height or self.false.height or self.differing.height)


def score(workspace: Path, truth: pl.DataFrame, normal: pl.DataFrame | None = None) -> Score:
    """Compare every published night of a workspace with what was planted, and what is normal."""
    found, references = found_disputes(workspace)
    numbered = truth.with_row_index("truth_no")
    meetings = (
        references.join(found, on="dispute_id")
        .join(numbered, on=list(_KEY), how="inner", suffix="_planted")
        .sort("truth_no", "dispute_id")
    )
    met = _one_to_one(meetings)
    missed = numbered.join(met, on="truth_no", how="anti").drop("truth_no")
    false = found.join(met, on="dispute_id", how="anti")
    agreeing = [agrees(name).alias(name) for name in _JUDGED if name in truth.columns]
    return Score(
        by_code=_by_code(truth, found, met),
        missed=missed,
        false=false,
        differing=met.filter(~pl.all_horizontal(agreeing)).drop("truth_no"),
        agreeing=met.select(agreeing).sum().insert_column(0, pl.Series("met", [met.height])),
        normal=_normal(normal, false.join(references, on="dispute_id")),
    )


def agrees(name: str) -> pl.Expr:
    """Return where found and planted agree.

    A truth that does not say who has lost, or by when to act, asks nothing. A planted cause may be
    any of those that the dispute names; a likelihood adds figures that nobody plants.
    """
    planted = pl.col(f"{name}_planted")
    same = pl.col(name).eq_missing(planted)
    if name == "cause":
        named = pl.col(name).str.split(_ALSO)
        others = named.list.get(1, null_on_oob=True).str.split(", ")
        also = others.list.contains(planted).fill_null(value=False)
        first = named.list.first().eq_missing(planted)
        likely = pl.col("decided_by_planted") == LIKELIHOOD
        begins = pl.col(name).str.starts_with(planted + "; ").fill_null(value=False)
        return first | also | (likely & begins)
    return same | (planted.is_null() if name in _SILENT else pl.lit(value=False))


def _normal(normal: pl.DataFrame | None, false: pl.DataFrame) -> pl.DataFrame:
    """Return, by kind, how many rows are normal and how many false breaks name one."""
    rows = pl.DataFrame(schema=NORMAL) if normal is None else normal
    flagged = rows.join(false, on=["column", "reference"]).group_by("kind")
    counts = rows.group_by("kind").agg(rows=pl.len())
    flags = flagged.agg(flagged=pl.col("dispute_id").n_unique())
    return (
        counts.join(flags, on="kind", how="left")
        .with_columns(pl.col("flagged").fill_null(0))
        .sort("kind")
    )


def _one_to_one(meetings: pl.DataFrame) -> pl.DataFrame:
    """Return meetings in which each dispute and each truth stands once, exact ones first."""
    exact = (
        (pl.col("night") == pl.col("night_planted")).cast(pl.Int8)
        + (pl.col("amount_minor") == pl.col("amount_minor_planted")).cast(pl.Int8)
        + pl.col("resolved").eq_missing(pl.col("resolved_planted")).cast(pl.Int8)
    )
    left = meetings.with_columns(exact.fill_null(0).alias("exact")).sort(
        "exact", "truth_no", "dispute_id", descending=[True, False, False]
    )
    taken = []
    while left.height:
        best = left.unique("truth_no", keep="first", maintain_order=True)
        best = best.unique("dispute_id", keep="first", maintain_order=True)
        taken.append(best)
        left = left.join(best, on="truth_no", how="anti").join(best, on="dispute_id", how="anti")
    return pl.concat(
        [meetings.clear().with_columns(pl.lit(0).alias("exact"))[:0], *taken],
        how="vertical_relaxed",
    )


def _by_code(truth: pl.DataFrame, found: pl.DataFrame, met: pl.DataFrame) -> pl.DataFrame:
    """Return counts a code, apart where a likelihood decides; what met counts as it was planted."""
    keys = ["decided_by", "code"]
    met = met.with_columns(decided_by="decided_by_planted")
    found = found.update(met.select("dispute_id", "decided_by"), on="dispute_id")
    counts = [
        frame.group_by(keys).agg(pl.len().alias(name))
        for frame, name in ((truth, "planted"), (found, "found"), (met, "right"))
    ]
    table = counts[0].join(counts[1], on=keys, how="full", coalesce=True)
    table = table.join(counts[2], on=keys, how="left").with_columns(
        pl.col(name).fill_null(0) for name in _COUNTS
    )
    return table.with_columns(
        precision=ratio(pl.col("right"), pl.col("found")),
        recall=ratio(pl.col("right"), pl.col("planted")),
    ).sort(keys)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return a share with six decimals, as text made of integers; `-` of nothing."""
    ppm = part.cast(pl.Int64) * 1_000_000 // pl.when(whole > 0).then(whole).otherwise(1)
    text = pl.concat_str(
        (ppm // 1_000_000).cast(pl.String),
        pl.lit("."),
        (ppm % 1_000_000).cast(pl.String).str.zfill(6),
    )
    return pl.when(whole > 0).then(text).otherwise(pl.lit("-"))


def found_disputes(workspace: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return each dispute and file finding of every night once, and the references it names."""
    runs = Workspace(workspace).newest_by_date()
    cases = pl.concat(
        [
            read_table(run.folder, "disputes").with_columns(on=pl.lit(day))
            for day, run in runs.items()
        ]
    )
    found = _once(cases)
    evidence = (
        cases.select("dispute_id", pl.col("evidence").list.eval(pl.element().struct["txn_id"]))
        .explode("evidence")
        .drop_nulls()
        .unique()
        .rename({"evidence": "txn_id"})
    )
    rows = evidence["txn_id"].unique().sort()
    wide = pl.concat(
        [
            scan(run.folder, "transactions")
            .filter(pl.col("txn_id").is_in(rows.implode()))
            .select("txn_id", *_REFERENCES)
            .collect()
            for run in runs.values()
        ]
    ).unique("txn_id")
    references = (
        evidence.join(wide, on="txn_id")
        .unpivot(
            index=["dispute_id"],
            on=list(_REFERENCES),
            variable_name="column",
            value_name="reference",
        )
        .drop_nulls()
        .unique()
    )
    files, sources = _file_findings(runs)
    return pl.concat([found, files]), pl.concat([references, sources])


def _once(cases: pl.DataFrame) -> pl.DataFrame:
    """Return each dispute once: its first night, the night of its resolution, its money."""
    return (
        cases.sort("on")
        .group_by("dispute_id", maintain_order=True)
        .agg(
            pl.col("code").first().cast(pl.String),
            pl.col("on").first().alias("night"),
            pl.col("on").filter(pl.col("status") == "RESOLVED").first().alias("resolved"),
            pl.col("amount_minor").first(),
            pl.when(pl.col("confidence").first() < CERTAIN_PPM)
            .then(pl.lit(LIKELIHOOD))
            .otherwise(pl.lit(KEYS))
            .alias("decided_by"),
            pl.col("out_of_pocket", "cause", "due_at").first(),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in FOUND.items())
    )


def _file_findings(runs: Mapping[date, Run]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the findings about files, and the source that each names."""
    parts = [
        read_table(run.folder, "breaks")
        .filter(pl.col("code").cast(pl.String).str.starts_with("FILE_"))
        .select(
            pl.col("break_id").alias("dispute_id"),
            pl.col("code").cast(pl.String),
            pl.lit(day).alias("night"),
            pl.lit(None, pl.Date).alias("resolved"),
            pl.lit(0, pl.Int64).alias("amount_minor"),
            pl.lit(KEYS).alias("decided_by"),
            pl.lit("NOBODY").alias("out_of_pocket"),
            pl.lit(None, pl.String).alias("cause"),  # its message tells what is wrong with the file
            pl.lit(None, pl.Date).alias("due_at"),
            "source",
        )
        for day, run in runs.items()
    ]
    files = pl.concat(parts)
    named = files.select("dispute_id", pl.lit("source").alias("column"), reference="source")
    return files.drop("source"), named


def score_lines(result: Score, shown: int = 10) -> list[str]:
    """Return the score as lines for a terminal."""
    lines = []
    for decided_by, title in _SECTIONS.items():
        rows = result.by_code.filter(pl.col("decided_by") == decided_by)
        if rows.height:
            lines += _section(title, rows)
    agreeing = result.agreeing.row(0, named=True)
    met = agreeing.pop("met")
    right = (f"{_JUDGED[name]}: {count:,} of {met:,}" for name, count in agreeing.items())
    lines.append("right in " + ", ".join(right))
    lines += [
        f"normal {row['kind']:21}{row['rows']:>9,} flagged {row['flagged']:,}"
        for row in result.normal.iter_rows(named=True)
    ]
    for title, frame in (
        ("missed", result.missed),
        ("false", result.false),
        (f"found with another {', '.join(_JUDGED.values())}", result.differing),
    ):
        lines.append(f"{title}: {frame.height:,}")
        lines += [f"  {row}" for row in frame.head(shown).to_dicts()]
    return lines


def _section(title: str, rows: pl.DataFrame) -> list[str]:
    """Return the lines of codes that are decided in one way, and their sum."""
    total = rows.select(pl.lit("all of these").alias("code"), pl.col(*_COUNTS).sum()).with_columns(
        precision=ratio(pl.col("right"), pl.col("found")),
        recall=ratio(pl.col("right"), pl.col("planted")),
    )
    head = f"{title:28}{'planted':>9}{'found':>9}{'right':>9}{'precision':>11}{'recall':>11}"
    return [head] + [
        f"{row['code']:28}{row['planted']:>9,}{row['found']:>9,}{row['right']:>9,}"
        f"{row['precision']:>11}{row['recall']:>11}"
        for row in pl.concat([rows.select(total.columns), total]).iter_rows(named=True)
    ]
