"""Undoings of what failed: nothing was paid, so there is nothing to undo, and no money moves.

After a timeout a terminal reverses its payment without knowing whether it failed; its file may
never say more of the payment than that it was asked for. Such a reversal has the fate of its
original. It can only be told from one without an original when its reference is
looked up, tonight and on earlier nights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from recon.core.codes import State
from recon.earlier_nights.named import named_before, named_tonight
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.undone import netting
from recon.store.workspace import Workspace

_UNPAID = [int(state) for state in (State.FAILED, State.CLOSED, State.PENDING, State.UNKNOWN)]


def without(
    workspace: Workspace,
    ledger: Ledger,
    undone: Verdict,
    night: Night,
    parts: Sequence[Path],
    opening: pl.DataFrame,
) -> tuple[Ledger, Verdict]:
    """Return the ledger and netting's verdict with lone undoings of what failed as failed too.

    Nothing that bears the name and has the amount may have come about: a payment that was made
    keeps its reversal. A reversal that waits is asked again when something of its name comes.
    """
    waiting = pl.col("leg") == netting.NETTING
    lone = undone.waiting.filter(waiting)["row"].to_numpy()
    tonight = named_tonight(ledger, lone)
    lone = lone[~ledger.opening[lone] | np.isin(lone, tonight["row"].to_numpy())]
    if len(lone) == 0:
        return ledger, undone
    before = named_before(workspace, ledger, night, parts, lone, opening)
    undone_minor = -ledger.slim["amount_minor"]
    every = pl.concat([tonight, before])
    whole = every.filter(pl.col("amount_minor") == undone_minor.gather(every["row"]))
    failed = whole.group_by("row").agg(pl.col("state").is_in(_UNPAID).all())
    rows = failed.filter("state")["row"].sort()
    if rows.is_empty():
        return ledger, undone
    state = ledger.slim["state"].to_numpy().copy()
    state[rows.to_numpy()] = int(State.FAILED)
    rest = replace(
        undone,
        findings=undone.findings.filter(
            ~(waiting & pl.col("rows").list.first().is_in(rows.implode()))
        ),
        waiting=undone.waiting.filter(~(waiting & pl.col("row").is_in(rows.implode()))),
    )
    return replace(ledger, slim=ledger.slim.with_columns(pl.Series("state", state))), rest
