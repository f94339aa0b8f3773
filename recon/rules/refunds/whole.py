"""Sales refunded whole: one side may leave both rows out, and no money is astray."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Kind, Side, State
from recon.core.plan import Leg
from recon.core.texts.digest import has_key, key_columns
from recon.rules.night import Matched, Verdict


def refunded_whole(matched: Matched, leg: Leg, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each lone row its counter-row's position (a refund, or the sale it undoes), or -1.

    Looked at: successful channel sales that the merchant does not show, whose refunds on either
    side add up to the whole amount, and the refunds of such sales. Decided by keys.
    """
    none = np.full(len(rows), -1, np.int64)
    if leg.right is Side.BANK or len(rows) == 0:
        return none
    slim = matched.ledger.slim
    success = slim["state"] == int(State.SUCCESS)
    refund = (success & (slim["kind"] == int(Kind.REFUND))).to_numpy()
    if not refund.any():
        return none
    sale = (success & (slim["kind"] == int(Kind.PAYMENT))).to_numpy()[rows]
    sales = _keyed(matched, rows[sale], ("order_id", "channel_ref"))
    refunds = _keyed(matched, np.flatnonzero(refund), ("original_ref",))
    pairs = sales.join(refunds, on=["hi", "lo", "currency"], how="inner", suffix="_refund")
    pairs = pairs.unique(["row", "row_refund"], keep="first", maintain_order=True)
    whole = (
        pairs.group_by("row", "side_refund", maintain_order=True)
        .agg(
            pl.col("amount").first(),
            pl.col("amount_refund").cast(pl.Int128).sum(),
            pl.col("row_refund").min().alias("counter"),
        )
        .filter(pl.col("amount") + pl.col("amount_refund") == 0)
        .sort("row", "side_refund")
        .unique("row", keep="first", maintain_order=True)
    )
    undone = pairs.filter(pl.col("row").is_in(whole["row"].implode()))
    place = dict(zip(rows.tolist(), range(len(rows)), strict=True)) if whole.height else {}
    for sale, counter in whole.select("row", "counter").iter_rows():
        none[place[sale]] = counter
    for sale, back in undone.select("row", "row_refund").iter_rows():
        if back in place:
            none[place[back]] = sale
    return none


def _keyed(matched: Matched, rows: NDArray[np.int64], columns: tuple[str, ...]) -> pl.DataFrame:
    """Return rows once for each of the columns that they carry, with the digest as key."""
    facts = matched.ledger.slim[rows].select(
        pl.Series("row", rows), "currency", "side", amount="amount_minor"
    )
    digests = (matched.ledger.digests[column][rows] for column in columns)
    return pl.concat(facts.with_columns(key_columns(words)) for words in digests).filter(has_key())


def report(lone: pl.DataFrame, leg: Leg) -> Verdict:
    """Report lone rows with a `counter` row as netted: benign, and nothing to wait for."""
    if lone.height == 0:
        return Verdict.of()
    return Verdict.of(
        lone.select(
            pl.lit(int(Code.NETTED)).alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list("row", "counter").alias("rows"),
            pl.lit(0).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String) + ".refunded",
            expected_minor=pl.lit(0),
            actual_minor=pl.lit(0),
            currency="currency",
            cause=pl.lit("sold and refunded whole; the other side shows neither"),
        ),
        not_needed=lone["row"].to_numpy(),
    )
