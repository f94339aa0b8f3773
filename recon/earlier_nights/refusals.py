"""The refused rows of some nights that nothing has put right since: what a later row may explain.

A reject is put right when its file's source delivers, later, a row that bears a reference which
stands in the refused line.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from recon.core.codes import InputState
from recon.core.schema import REJECTS
from recon.core.texts.mention import REFUSALS, tokens
from recon.store.read import read_table
from recon.store.workspace import Run

_READ = (InputState.ACCEPTED.name, InputState.UNVERIFIED.name)
_REFERENCES = ("order_id", "channel_ref", "bank_ref", "rrn", "batch_id")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one night brought."""

    night: date
    inputs: pl.DataFrame  # table INPUTS
    rejects: pl.DataFrame  # table REJECTS
    parts: Sequence[Path]  # files of table TRANSACTIONS

    @staticmethod
    def of(run: Run) -> Delivery:
        """Return what an earlier night brought, as it published it."""
        return Delivery(
            run.business_date,
            read_table(run.folder, "inputs"),
            read_table(run.folder, "rejects"),
            sorted((run.folder / "transactions").glob("*.parquet")),
        )

    def refused(self) -> pl.DataFrame:
        """Return the refused rows of the files that were used (REFUSALS)."""
        used = self.inputs.filter(pl.col("state").cast(pl.String).is_in(_READ))
        paths = used.select("source", "file_id", "path").unique(["source", "file_id"], keep="first")
        rows = self.rejects.join(paths, on=["source", "file_id"], how="inner")
        rows = rows.with_columns(night=pl.lit(self.night)).sort("source", *REJECTS.key)
        return rows.select(pl.col(name).cast(kind) for name, kind in REFUSALS.items())

    def shows(self, refused: pl.DataFrame) -> pl.Series:
        """Return which refused rows of earlier nights a row of this one puts right."""
        said = refused.select(
            "source", token=pl.col("text").map_elements(tokens, pl.List(pl.String))
        ).with_row_index("number")
        said = said.explode("token")
        right: set[int] = set()
        for (source,), mine in said.group_by("source"):
            rows = [pl.scan_parquet(part).filter(source=source) for part in self.parts]
            known = named(rows, set(mine["token"].drop_nulls()))
            right.update(mine.filter(pl.col("token").is_in(sorted(known)))["number"])
        return pl.Series([number in right for number in range(refused.height)], dtype=pl.Boolean)


def standing_refusals(deliveries: Sequence[Delivery]) -> pl.DataFrame:
    """Return the refused rows of the nights, given in order, that no later one puts right."""
    standing = pl.DataFrame(schema=REFUSALS)
    for delivery in deliveries:
        if standing.height:
            standing = standing.filter(~delivery.shows(standing))
        standing = pl.concat([standing, delivery.refused()])
    return standing


def named(frames: Sequence[pl.LazyFrame], wanted: AbstractSet[str]) -> frozenset[str]:
    """Return which of the wanted texts are a reference of some row."""
    if not wanted:
        return frozenset()
    texts = sorted(wanted)
    found: set[str] = set()
    for frame in frames:
        columns = frame.select(pl.col(_REFERENCES).cast(pl.String))
        rows = columns.filter(pl.any_horizontal(pl.col(_REFERENCES).is_in(texts))).collect()
        found.update(*(rows[name].drop_nulls() for name in _REFERENCES))
    return frozenset(found & wanted)
