"""Which settlement batch a row belongs to, and what becomes of whole batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.plan import Key, Leg, Method, key_name
from recon.core.texts.digest import has_key, key_columns
from recon.rules.night import Matched, Verdict

_REFERENCES = frozenset({"batch_id", "order_id", "channel_ref", "bank_ref", "rrn", "original_ref"})
EVIDENCE_ROWS = 50  # rows of a batch that a break lists; its group holds them all


def batch_anchors(
    matched: Matched, leg: Leg, rows: NDArray[np.int64], *, is_left: bool
) -> pl.Series:
    """Return for each row the batch that it belongs to: its group key, or else itself."""
    plans = [item for item in leg.passes if item.method is Method.GROUP]
    slim = matched.ledger.slim
    own = slim["fingerprint"].gather(rows).cast(pl.String)
    if not plans:
        return own
    key = plans[-1].left_key if is_left else plans[-1].right_key
    keys = key_columns(matched.ledger.digests[key_name(key)][rows])
    batch = pl.DataFrame([*keys, slim["currency"].gather(rows), own.alias("own")])
    name = pl.format("{}.{}.{}", "hi", "lo", "currency")
    return batch.select(pl.when(has_key()).then(name).otherwise("own")).to_series()


def names_a_batch(matched: Matched, leg: Leg, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows of the leg's right side carry the key of a settlement batch."""
    named = np.zeros(len(rows), bool)
    for item in leg.passes:
        if item.method is Method.GROUP:
            named |= matched.ledger.digests[key_name(item.right_key)][rows].any(axis=1)
    return named


def referring_keys(leg: Leg) -> set[Key]:
    """Return the right keys of batches in which a line refers to its payout.

    A day, or whose account it is, tells no payout: a debit of that day is none that came back.
    """
    keys = {item.right_key for item in leg.passes if item.method is Method.GROUP}
    return {key for key in keys if _REFERENCES.intersection(key)}


def refers_to_a_batch(matched: Matched, leg: Leg, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows of the leg's right side refer to a settlement batch."""
    named = np.zeros(len(rows), bool)
    for key in referring_keys(leg):
        named |= matched.ledger.digests[key_name(key)][rows].any(axis=1)
    return named


def with_batches_settled(
    matched: Matched, leg: Leg, verdict: Verdict, rows: NDArray[np.int64]
) -> Verdict:
    """Return the verdict in which the whole batches of some rows have met their money."""
    groups = matched.matches.key_group[leg.name]
    members = np.flatnonzero(np.isin(groups, groups[rows]) & (groups >= 0))
    return replace(
        verdict,
        broken=np.setdiff1d(verdict.broken, members),
        settled=np.concatenate([verdict.settled, members]),
    )
