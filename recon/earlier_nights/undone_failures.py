"""Undoings of what failed: nothing was paid, so there is nothing to undo, and no money moves.

After a timeout a terminal reverses its payment without knowing whether it failed; its file may
never say more of the payment than that it was asked for. Such a reversal has the fate of its
original. It can only be told from one without an original when its reference is
looked up, tonight and on earlier nights. While the original may still be told as paid its reversal
is carried, as long as one without an original is, and counts in no sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from recon.core.codes import Side, State
from recon.earlier_nights.named import named_before, named_tonight
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.undone import netting
from recon.store.workspace import Workspace

_OPEN = [int(State.PENDING), int(State.UNKNOWN)]
_UNPAID = [int(State.FAILED), int(State.CLOSED), *_OPEN]


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
    keeps its reversal. A reversal that was told as an orphan is asked again when something of its
    name comes.
    """
    lone = undone.waiting.filter(leg=netting.NETTING)["row"].to_numpy()
    tonight = named_tonight(ledger, lone)
    told = ledger.reported_on.get(netting.NETTING, np.zeros(ledger.slim.height, bool))
    lone = lone[~told[lone] | np.isin(lone, tonight["row"].to_numpy())]
    if len(lone) == 0:
        return ledger, undone
    before = named_before(workspace, ledger, night, parts, lone, opening)
    undone_minor = -ledger.slim["amount_minor"]
    every = pl.concat([tonight, before])
    whole = every.filter(pl.col("amount_minor") == undone_minor.gather(every["row"]))
    unpaid = (
        whole.group_by("row")
        .agg(pl.col("state").is_in(_UNPAID).all(), open=pl.col("state").is_in(_OPEN).any())
        .filter("state")
        .sort("row")
    )
    if unpaid.is_empty():
        return ledger, undone
    state = ledger.slim["state"].to_numpy().copy()
    state[unpaid["row"].to_numpy()] = int(State.FAILED)
    failed = replace(ledger, slim=ledger.slim.with_columns(pl.Series("state", state)))
    return failed, _without(undone, unpaid, failed, night)


def _without(undone: Verdict, unpaid: pl.DataFrame, ledger: Ledger, night: Night) -> Verdict:
    """Return netting's verdict in which the rows of `unpaid` are over, or wait where it is `open`.

    What waits does so for the bank too: when its payment is paid after all, both are in the payout.
    """
    netted, rows = pl.col("leg") == netting.NETTING, unpaid["row"].implode()
    mine = netted & pl.col("row").is_in(rows)
    open_ones = unpaid.filter("open")["row"].implode()
    still = undone.waiting.filter(mine & pl.col("row").is_in(open_ones) & pl.col("code").is_null())
    side = ledger.slim["side"].gather(still["row"])
    for_bank = [
        still.filter(side == int(leg.sides[0])).with_columns(
            leg=pl.lit(leg.name), waiting_for=pl.lit(int(Side.BANK), pl.UInt8)
        )
        for leg in night.rules.legs
        if leg.sides[1] is Side.BANK
    ]
    return replace(
        undone,
        findings=undone.findings.filter(~(netted & pl.col("rows").list.first().is_in(rows))),
        waiting=pl.concat([undone.waiting.filter(~mine), still, *for_bank]),
    )
