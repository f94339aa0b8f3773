"""Rows that are news by themselves: a chargeback, a freeze that no release has ended."""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import Code, Kind, Side, State
from recon.rules.night import Ledger, Verdict

EVENTS = "event"  # where a leg is named


def find(ledger: Ledger, excluded: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Verdict:
    """Return the findings of new channel rows that report a chargeback or a freeze of funds.

    `excluded` rows (repeated, or delivered before) are no news.
    """
    slim = ledger.slim
    news = ~ledger.opening
    news[excluded] = False
    fresh = (
        pl.Series(news)
        & (slim["side"] == int(Side.CHANNEL))
        & (slim["state"] == int(State.SUCCESS))
    )
    charged_back = np.flatnonzero((fresh & (slim["kind"] == int(Kind.CHARGEBACK))).to_numpy())
    frozen = np.flatnonzero((fresh & (slim["kind"] == int(Kind.FREEZE))).to_numpy())
    released = np.flatnonzero((fresh & (slim["kind"] == int(Kind.UNFREEZE))).to_numpy())
    held = frozen[~_released(ledger, frozen, released)]
    return Verdict.joined(
        [_report(ledger, charged_back, Code.CHARGEBACK), _report(ledger, held, Code.FUNDS_FROZEN)]
    )


def _released(
    ledger: Ledger,
    frozen: np.ndarray[tuple[int], np.dtype[np.int64]],
    released: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which freezes a release of the same order or reference ends tonight."""
    ended = np.zeros(len(frozen), bool)
    for own, other in (("channel_ref", "original_ref"), ("order_id", "order_id")):
        words = ledger.digests[own][frozen]
        known = {tuple(pair) for pair in ledger.digests[other][released].tolist()} - {(0, 0)}
        ended |= np.array([tuple(pair) in known for pair in words.tolist()], bool)
    return ended


def _report(
    ledger: Ledger, rows: np.ndarray[tuple[int], np.dtype[np.int64]], code: Code
) -> Verdict:
    """Return one finding a row."""
    slim = ledger.slim[rows]
    return Verdict.of(
        slim.select(
            pl.lit(int(code)).alias("code"),
            pl.lit(EVENTS).alias("leg"),
            pl.concat_list(pl.Series(rows)).alias("rows"),
            pl.lit(1).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor="amount_minor",
            currency="currency",
            due_date="due_date",
        )
    )
