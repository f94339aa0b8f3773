"""Opens the books of a night: new rows beside carried ones, what came twice, what is netted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.earlier_nights import (
    history,
    redelivered,
    traced,
    undone_failures,
    undone_refunds,
    unseen_days,
)
from recon.io.loading.load import Loaded
from recon.rules.breaks.open_items import join_ledger
from recon.rules.duplicates import duplicates
from recon.rules.intake import files
from recon.rules.intake.arrivals import Arrivals
from recon.rules.intake.sum_limit import refuse_beyond_sums
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.refunds import arrival as refund_arrival
from recon.rules.undone import netting
from recon.stages import surroundings
from recon.stages.evening import Evening
from recon.stages.source_options import load_keys


@dataclass(frozen=True, slots=True)
class Books:
    """Tonight's rows before they are matched; row positions are those of the ledger."""

    night: Night  # with what is missing tonight
    inputs: pl.DataFrame  # table INPUTS
    rejects: pl.DataFrame  # table REJECTS
    parts: tuple[Path, ...]  # transactions files of tonight
    opening: pl.DataFrame  # table OPEN_ITEMS, as the night before left it
    ledger: Ledger
    said: pl.Series  # the state of each row as its sender says, before netting
    netted: pl.DataFrame  # links of netting
    resent: NDArray[np.int64]  # rows that were delivered before
    repeated: NDArray[np.int64]  # rows that their own file repeats
    undone: Verdict  # what netting says
    refunds: Verdict  # what the watch over refunds on their way says
    not_run: list[str]  # nights since the one before that nobody ran

    @property
    def excluded(self) -> NDArray[np.int64]:
        """Return the rows that take no part: their money is told by another row."""
        return np.concatenate([self.resent, self.repeated])

    def without_keys(self) -> Books:
        """Return the books once nobody asks for keys any more; their memory goes."""
        return replace(self, ledger=replace(self.ledger, digests={}))


def open_books(evening: Evening, loaded: Loaded, arrived: Arrivals) -> Books:
    """Return the books of the night: loaded rows and what the night before left open."""
    rules, workspace = evening.rule_file.rules, evening.workspace
    inputs = pl.concat([loaded.inputs, arrived.absent]).sort("source", "path")
    before = history.delivered_as(workspace, evening.night.business_date, inputs)
    inputs = files.without_stale(inputs, evening.night, before)
    unseen = unseen_days.find(workspace, rules, evening.night, loaded.slim)
    night = replace(
        evening.night, blocked=files.blocked_sides(inputs, rules), missing_days=unseen.by_side
    )
    opening = history.open_items(evening.previous)
    evening.begin("join the night before")
    names, keys = [item.name for item in rules.sources], load_keys(evening.legs, rules)
    ledger = join_ledger(loaded.slim, loaded.digests, opening, names, keys, evening.means.room)
    ledger = undone_refunds.with_signs(workspace, ledger, night, loaded.parts)
    refuse_beyond_sums(ledger.slim, names)
    ledger = surroundings.hold_back(ledger, night, loaded.parts, opening)
    evening.begin("net")
    resent, repeated, refunds = _told_before(evening, ledger, night, loaded.parts, opening)
    said, again = ledger.slim["state"], np.concatenate([resent, repeated])
    ledger, opening = traced.with_references(workspace, ledger, night, loaded.parts, opening, again)
    ledger, netted, undone = netting.net(ledger, night, again)
    ledger, undone = undone_failures.without(
        workspace, ledger, undone, night, loaded.parts, opening
    )
    refunds = refund_arrival.without(refunds, netted["left"])
    return Books(
        night,
        inputs,
        loaded.rejects,
        loaded.parts,
        opening,
        ledger,
        said,
        netted,
        resent,
        repeated,
        undone,
        refunds,
        unseen.not_run,
    )


def _told_before(
    evening: Evening, ledger: Ledger, night: Night, parts: Sequence[Path], opening: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], Verdict]:
    """Return new rows of earlier nights, rows that a file repeats, and the refunds on their way."""
    workspace, day = evening.workspace, night.business_date
    resent = redelivered.delivered_before(workspace, ledger, night.rules, day)
    repeated = duplicates.repeated_records(ledger)
    known = np.concatenate([resent, repeated])
    refunds = surroundings.watch_refunds(ledger, night, parts, opening, known)
    asked = surroundings.review_refunds(ledger, night, parts, opening, known)
    told = Verdict.joined([refunds.verdict, asked])
    return np.concatenate([resent, refunds.retold]), repeated, told
