"""Requests for the slip (调单): a case with a deadline until a later row says it was answered.

A channel's dispute or error file names them with the kind `retrieval`; the row's due date is the
deadline. A later row of the same references ends the case: a retrieval that is closed, failed or
undone, or the chargeback that it became.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Kind, Side, State
from recon.core.schema import OWN_REFERENCES
from recon.rules.night import Ledger, Night, Verdict

RETRIEVALS = "retrieval"  # where a leg is named
_REFERENCES = (*OWN_REFERENCES, "original_ref")
_ANSWERED = [int(State.CLOSED), int(State.FAILED), int(State.REVERSED)]


def find(ledger: Ledger, excluded: NDArray[np.int64], night: Night) -> Verdict:
    """Return the open requests as breaks that stay open from night to night.

    `excluded` rows (repeated, or delivered before) are no news.
    """
    slim = ledger.slim
    new = (slim["side"] == int(Side.CHANNEL)).to_numpy() & ~ledger.opening
    new[excluded] = False
    kind, state = slim["kind"].to_numpy(), slim["state"].to_numpy()
    asks = kind == int(Kind.RETRIEVAL)
    carried = np.flatnonzero(ledger.waiting_on.get(RETRIEVALS, np.zeros(len(kind), bool)))
    asked = np.flatnonzero(new & asks & ~np.isin(state, _ANSWERED))
    if len(carried) + len(asked) == 0:
        return Verdict.of()
    ended = new & asks & np.isin(state, _ANSWERED)
    ended |= new & (kind == int(Kind.CHARGEBACK)) & (state == int(State.SUCCESS))
    answers = np.flatnonzero(ended)
    still = carried[~_shares(ledger, carried, answers)]
    asked = asked[~_shares(ledger, asked, answers) & ~_shares(ledger, asked, still)]
    return _open(ledger, np.sort(np.concatenate([still, asked])), night)


def _shares(
    ledger: Ledger, rows: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which rows carry a reference that one of the others carries."""
    known = {pair for name in _REFERENCES for pair in _pairs(ledger, name, others)} - {(0, 0)}
    found = np.zeros(len(rows), bool)
    for name in _REFERENCES:
        found |= np.array([pair in known for pair in _pairs(ledger, name, rows)], bool)
    return found


def _pairs(ledger: Ledger, name: str, rows: NDArray[np.int64]) -> list[tuple[int, int]]:
    words = ledger.digests[name][rows]
    return [(int(first), int(second)) for first, second in words]


def _open(ledger: Ledger, rows: NDArray[np.int64], night: Night) -> Verdict:
    """Return one finding a request, and the request as waiting for the merchant's answer."""
    frame = ledger.slim[rows].with_columns(
        pl.Series("row", rows, pl.Int64), anchor=pl.col("fingerprint").cast(pl.String)
    )
    code = pl.lit(int(Code.RETRIEVAL_DUE)).alias("code")
    leg = pl.lit(RETRIEVALS).alias("leg")
    findings = frame.select(
        code,
        leg,
        "anchor",
        "currency",
        "due_date",
        rows=pl.concat_list("row"),
        faulty=pl.lit(1),
        expected_minor=pl.lit(0),
        actual_minor=pl.col("amount_minor").abs(),
    )
    waiting = frame.select(
        "row",
        leg,
        code,
        "anchor",
        waiting_for=pl.lit(int(Side.MERCHANT)),
        wait_until=pl.coalesce("due_date", pl.lit(night.business_date)),
    )
    return Verdict.of(findings, waiting)
