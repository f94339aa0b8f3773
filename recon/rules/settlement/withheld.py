"""What a channel kept from a payout and what is told as a case of its own: no second case of it.

A fee on a payment that failed is told from the channel's file (`FEE_ON_FAILED`). Such a row brings
no money, so that no leg takes it; the payout is smaller all the same. Where a batch differs by
exactly what was kept of it, the difference is told already; any other difference is a case.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import Code, Kind, Side, State
from recon.core.plan import Key, Leg, Method
from recon.core.schema import TRANSACTIONS
from recon.rules import terms
from recon.rules.batch_keys import batch_anchors
from recon.rules.night import Matched, Night

KEPT = "less by what the channel kept, which is told as a case of its own"
_UNPAID = (State.FAILED, State.CLOSED)
_SUMS: dict[str, pl.DataType | type[pl.DataType]] = {"group": pl.Int32, "kept": pl.Int128}


def told_apart(
    matched: Matched, leg: Leg, wrong: pl.DataFrame, members: pl.DataFrame, night: Night
) -> pl.DataFrame:
    """Return the wrong batches whose whole difference was kept and is told by itself.

    `wrong` has columns group and difference, `members` the rows of the groups (row, is_left).
    """
    kept = _kept(matched, leg, wrong, members, night)
    both = wrong.join(kept, on="group", maintain_order="left")
    return both.filter(pl.col("difference") + pl.col("kept") == 0)


def _kept(
    matched: Matched, leg: Leg, wrong: pl.DataFrame, members: pl.DataFrame, night: Night
) -> pl.DataFrame:
    """Return what the channel kept of each wrong batch: group, kept."""
    keys = [item.left_key for item in leg.passes if item.method is Method.GROUP]
    if leg.left is not Side.CHANNEL or not keys or wrong.height == 0:
        return pl.DataFrame(schema=_SUMS)
    fees = _fees(matched, night)
    if fees.height == 0:
        return pl.DataFrame(schema=_SUMS)
    by = list(dict.fromkeys((*keys[-1], "currency")))
    mine = members.filter("is_left").join(wrong.select("group"), on="group", how="semi")
    named = _batches(matched, leg, mine, by)
    found = named.join(fees.drop_nulls(by), on=by)
    return found.group_by("group").agg(kept=pl.col("kept").cast(pl.Int128).sum())


def _batches(matched: Matched, leg: Leg, mine: pl.DataFrame, by: Key | list[str]) -> pl.DataFrame:
    """Return the names of the batches in each group, once: group and the columns `by`."""
    anchors = batch_anchors(matched, leg, mine["row"].to_numpy(), is_left=True)
    first = mine.select("group", "row", anchors.alias("batch")).unique(["group", "batch"])
    first = first.with_columns(matched.ledger.slim["txn_id"].gather(first["row"]))
    names = matched.archive.columns(["txn_id", *by], first["txn_id"].to_numpy())
    return first.join(names, on="txn_id").select("group", *by).unique()


def _fees(matched: Matched, night: Night) -> pl.DataFrame:
    """Return the fees on failed payments that the contracts do not allow (TRANSACTIONS, kept)."""
    if not night.rules.fee_contracts:
        return TRANSACTIONS.empty().with_columns(kept=pl.lit(0))
    slim = matched.ledger.slim
    unpaid = (slim["side"] == int(Side.CHANNEL)) & (slim["kind"] == int(Kind.PAYMENT))
    unpaid &= slim["state"].is_in([int(state) for state in _UNPAID]) & (slim["fee_minor"] != 0)
    rows = np.flatnonzero(unpaid.fill_null(value=False).to_numpy())
    tonight = matched.archive.rows(slim["txn_id"].gather(rows).to_numpy())
    known = pl.concat([matched.archive.earlier(_unpaid_with_fee()), tonight]).unique(
        "fingerprint", keep="first", maintain_order=True
    )
    facts = terms.fee_facts(known, TRANSACTIONS.empty(), night).filter(
        pl.col("code") == int(Code.FEE_ON_FAILED)
    )
    told = facts.select("txn_id", kept=pl.col("actual_minor") - pl.col("expected_minor"))
    return known.join(told, on="txn_id")


def _unpaid_with_fee() -> pl.Expr:
    """Return which rows of TRANSACTIONS are a channel's failed payments that cost a fee."""
    side, kind, state = (pl.col(name).cast(pl.String) for name in ("side", "kind", "state"))
    failed = state.is_in([item.name for item in _UNPAID]) & (pl.col("fee_minor") != 0)
    return (side == Side.CHANNEL.name) & (kind == Kind.PAYMENT.name) & failed
