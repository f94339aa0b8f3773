"""A second charge of an order whose first one is undone: the order is paid once.

A terminal that saw no answer charges again, and reverses the first attempt the next morning. What
was told as the charge too many is then the only one. The undoing names the first charge by its own
number: one that names the order takes the charge that was told (`netting.py`). So does a refund
that the books do not show.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict
from recon.rules.refunds import compensated

CAUSE = "the other charge of the order was undone"
_CODES = standing.numbers(frozenset({Code.DUPLICATE_CHARGE, Code.PAID_BY_OTHER_MEANS}))
_KEY = ["name", "currency", "size"]


def settle(matched: Matched, leg: Leg, verdict: Verdict) -> Verdict:
    """Return the verdict on a leg without second charges whose first one is gone."""
    told = verdict.findings.with_row_index("no")
    asked = told.filter(pl.col("code").is_in(_CODES) & (pl.col("rows").list.len() == 1))
    if leg.right is not Side.CHANNEL or asked.height == 0:
        return verdict
    first = _first_charges(matched, asked)
    back = _given_back(matched, told)
    met = first.join(back, on=_KEY, how="inner").unique("no", keep="first", maintain_order=True)
    met = met.unique("row", keep="first", maintain_order=True)
    over = [*met["no"].to_list(), *met["refund_no"].drop_nulls().to_list()]
    return compensated.without(leg, verdict, told, over, CAUSE, as_told=True) if over else verdict


def _first_charges(matched: Matched, asked: pl.DataFrame) -> pl.DataFrame:
    """Return the numbers of the other charges of cases told before: no, name, currency, size.

    A charge of another amount leaves an order that is not paid once.
    """
    second = matched.ledger.slim.select("txn_id", "amount_minor")[
        asked["rows"].list.first().to_numpy()
    ]
    cases = pl.DataFrame(
        {"no": asked["no"], "txn_id": second["txn_id"], "amount_minor": second["amount_minor"]}
    )
    before = matched.told.select(
        txn_id=pl.col("txn_ids").list.first(), first_id=pl.col("txn_ids").list.slice(1)
    )
    known = cases.join(before, on="txn_id").explode("first_id").drop_nulls("first_id")
    wide = matched.archive.whole(known["first_id"].to_numpy())
    charge = (pl.col("side").cast(pl.String) == Side.CHANNEL.name) & (
        pl.col("kind").cast(pl.String) == Kind.PAYMENT.name
    )
    found = known.join(
        wide.filter(charge),
        left_on=["first_id", "amount_minor"],
        right_on=["txn_id", "amount_minor"],
    )
    names = [
        found.select("no", "currency", name=own, size=pl.col("amount_minor").abs())
        for own in ("channel_ref", "rrn")
    ]
    return pl.concat(names).drop_nulls("name").unique(maintain_order=True)


def _given_back(matched: Matched, told: pl.DataFrame) -> pl.DataFrame:
    """Return what the channel undoes tonight, and refunds that the books do not show.

    Columns row, name, currency, size and refund_no, of the finding that tells a refund.
    """
    slim = matched.ledger.slim
    undoing = (
        slim["kind"].is_in([int(kind) for kind in UNDO_KINDS])
        & (slim["side"] == int(Side.CHANNEL))
        & (slim["state"] == int(State.SUCCESS))
    ).to_numpy() & ~matched.ledger.opening
    lone = told.filter(
        (pl.col("code") == int(Code.REFUND_UNBOOKED)) & (pl.col("rows").list.len() == 1)
    )
    refunds = lone.select(refund_no="no", row=pl.col("rows").list.first())
    rows = pl.concat(
        [refunds, pl.DataFrame({"row": np.flatnonzero(undoing)})], how="diagonal_relaxed"
    )
    ids = slim["txn_id"].gather(rows["row"])
    names = ["txn_id", "original_ref", "currency", "amount_minor"]
    wide = matched.archive.columns(names, ids.sort().to_numpy())
    return (
        rows.with_columns(txn_id=ids)
        .join(wide, on="txn_id")
        .select(
            "row",
            "refund_no",
            "currency",
            name="original_ref",
            size=pl.col("amount_minor").abs(),
        )
    )
