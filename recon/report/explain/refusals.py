"""The refused rows that name what a person asks for: where each stands, what it says, why."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recon.core.texts.mention import Mentions
from recon.report.explain.identify import Fetch
from recon.report.facts import Facts

_PLACE = ("source", "path", "record_no", "byte_start", "byte_end")


def refused_rows(fetch: Fetch, references: Sequence[str]) -> dict[str, list[Facts]]:
    """Return for each reference the rejects of the nights that hold it as a whole token."""
    rejects = fetch("rejects", pl.lit(value=True)) if references else pl.DataFrame()
    if rejects.height == 0:
        return {reference: [] for reference in references}
    files = fetch("inputs", pl.col("file_id").is_in(rejects["file_id"].unique().to_list()))
    paths = files.select("source", "file_id", "night", "path").unique(maintain_order=True)
    lines = rejects.join(paths, on=["source", "file_id", "night"], how="left").sort(
        "night", "path", "record_no"
    )
    mentions = Mentions.of(lines["text"].to_list())
    return {
        reference: [_facts(lines.row(number, named=True)) for number in mentions.naming(reference)]
        for reference in references
    }


def _facts(line: Facts) -> Facts:
    return {
        "night": line["night"].isoformat(),
        **{name: line[name] for name in _PLACE},
        "line": line["text"],
        "reasons": list(line["reasons"]),
    }
