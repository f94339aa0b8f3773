"""Small worlds for the matcher: rows as dictionaries, turned into the slim table and digests."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from hypothesis import strategies as st

from recon.core.codes import Kind, Side, State
from recon.core.plan import Leg, Method, Pass
from recon.core.schema import SLIM, conform

EPOCH_US = 1_790_000_000_000_000


def row(side, key, amount, **more):
    """Return a row with the usual values; `key` None is a null key, times count in seconds."""
    usual = {
        "kind": Kind.PAYMENT,
        "state": State.SUCCESS,
        "currency": 0,
        "time": 0,
        "due": None,
        "value": None,
    }
    return usual | {"side": side, "key": key, "amount": amount} | more


def slim_of(rows, ids=None):
    """Return the slim table of `rows`; `ids` are their txn_ids, ascending positions if omitted."""
    ids = list(range(1, len(rows) + 1)) if ids is None else ids
    frame = pl.DataFrame(
        {
            "txn_id": ids,
            "side": [int(r["side"]) for r in rows],
            "source": [0] * len(rows),
            "kind": [int(r["kind"]) for r in rows],
            "state": [int(r["state"]) for r in rows],
            "amount_minor": [r["amount"] for r in rows],
            "net_minor": [r.get("net", r["amount"]) for r in rows],
            "currency": [r["currency"] for r in rows],
            "occurred_at": [
                None if r["time"] is None else EPOCH_US + r["time"] * 1_000_000 for r in rows
            ],
            "due_date": [None if r["due"] is None else 20_000 + r["due"] for r in rows],
            "value_date": [None if r["value"] is None else 20_000 + r["value"] for r in rows],
        },
        schema_overrides={
            "amount_minor": pl.Int64,
            "net_minor": pl.Int64,
            "txn_id": pl.Int64,
            "due_date": pl.Int32,
            "value_date": pl.Int32,
            "occurred_at": pl.Int64,
        },
    )
    return conform(frame, SLIM)


def digests_of(rows):
    """Return the digests of the rows' keys, 0, 0 for a null key."""
    out = np.zeros((len(rows), 2), np.uint64)
    for position, r in enumerate(rows):
        if r["key"] is not None:
            raw = hashlib.sha256(repr(r["key"]).encode()).digest()[:16]
            out[position] = np.frombuffer(raw, np.uint64)
    return {"key": out}


def leg_of(*methods, left=Side.MERCHANT, right=Side.CHANNEL, name="leg", **options):
    """Return a leg with one pass for each method, all on the column called key."""
    steps = tuple(
        Pass(f"{name}-{method.name.lower()}-{number}", method, ("key",), ("key",), **options)
        for number, method in enumerate(methods)
    )
    return Leg(name, left, right, steps)


def everybody(rows, *legs):
    """Return eligibility of all rows on every leg."""
    return {leg.name: np.ones(len(rows), np.bool_) for leg in legs}


def link_set(matches, *columns):
    """Return the links as a set of tuples of the named columns."""
    return set(matches.links.select(columns).rows())


EXACT, UNIQUE, GROUP = Method.EXACT, Method.UNIQUE, Method.GROUP

ROWS = st.lists(
    st.builds(
        row,
        side=st.sampled_from([Side.MERCHANT, Side.CHANNEL]),
        key=st.sampled_from([None, "a", "b", "c"]),
        amount=st.sampled_from([100, 200, -100]),
        kind=st.sampled_from([Kind.PAYMENT, Kind.REFUND, Kind.VOID]),
        state=st.sampled_from(list(State)),
        currency=st.integers(0, 1),
        time=st.sampled_from([None, 0, 5, 9]),
        due=st.sampled_from([None, 0, 1, 2, 3]),
        value=st.sampled_from([None, 0, 1, 2, 3]),
    ),
    max_size=16,
)
