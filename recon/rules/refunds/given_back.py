"""A payment that the books do not count, and a refund of it that both sides show: how it ends.

The order is void, closed or failed in the books, or in none, and the channel charged it: the case
asks for a refund. When that is made both sides show it, so that nothing of the refund is left to
tell; the case is over, or of what was not given back. What one side alone shows is told elsewhere
(`compensated.py`, `in_part.py`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from recon.core.codes import Code, Kind, Side, State
from recon.core.money import CURRENCIES, format_minor
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict
from recon.rules.refunds import compensated

CAUSE = "refunded on both sides"
_CODES = standing.numbers(
    frozenset(
        {
            Code.VOIDED_BUT_SETTLED,
            Code.CHANNEL_PAID_MERCHANT_NOT,
            Code.FAILED_BUT_DEBITED,
            Code.MISSING_IN_MERCHANT,
        }
    )
)
_OWN = ("channel_ref", "order_id", "rrn")


def settle(leg: Leg, leg_no: int, matched: Matched, verdict: Verdict) -> Verdict:
    """Return the verdict on a leg with what both sides refunded taken off the payment's case."""
    told = verdict.findings.with_row_index("no")
    asked = told.filter(
        pl.col("code").is_in(_CODES) & (pl.col("actual_minor") > pl.col("expected_minor"))
    )
    if leg.right is not Side.CHANNEL or asked.height == 0:
        return verdict
    charges = _charges(matched, asked)
    given = pl.concat([_tonight(matched, leg_no, charges), _before(matched, leg, charges)])
    given = given.unique().filter(pl.len().over("refund_id") == 1)
    sums = given.group_by("no").agg(pl.col("given").sum())
    told = told.join(sums, on="no", how="left", maintain_order="left").with_columns(
        pl.col("given").fill_null(0)
    )
    whole = pl.col("given") >= pl.col("actual_minor") - pl.col("expected_minor")
    over = told.filter(whole & (pl.col("given") > 0))["no"].to_list()
    less = told.with_columns(
        actual_minor=pl.col("actual_minor") - pl.col("given"),
        cause=pl.coalesce(_cause(told), "cause"),
    )
    told = pl.concat(
        [told.filter(pl.col("no").is_in(over)), less.filter(~pl.col("no").is_in(over))]
    )
    shaped = told.sort("no").select("no", *verdict.findings.columns)
    if over:
        return compensated.without(leg, verdict, shaped, over, CAUSE, as_told=True)
    return replace(verdict, findings=shaped.drop("no"))


def _charges(matched: Matched, asked: pl.DataFrame) -> pl.DataFrame:
    """Return the charges of cases: no, row, txn_id, currency (position)."""
    rows = asked.select("no", row=pl.col("rows").list.head(pl.col("faulty"))).explode("row")
    facts = matched.ledger.slim.select("txn_id", "side", "kind", "currency")
    frame = pl.concat([rows, facts[rows["row"].to_numpy()]], how="horizontal")
    charge = (pl.col("side") == int(Side.CHANNEL)) & (pl.col("kind") == int(Kind.PAYMENT))
    return frame.filter(charge).select("no", "row", "txn_id", "currency")


def _tonight(matched: Matched, leg_no: int, charges: pl.DataFrame) -> pl.DataFrame:
    """Return the refunds that both sides show tonight: no, refund_id, given."""
    refunds = compensated.refunds_of_both(matched, leg_no)
    back = compensated.keyed(matched, refunds, "original_ref", "right")
    named = [compensated.keyed(matched, charges, own, "row") for own in _OWN]
    found = back.join(pl.concat(named), on=["hi", "lo", "currency"])
    facts = matched.ledger.slim.select("txn_id", "amount_minor")[found["right"].to_numpy()]
    return found.select("no", refund_id=facts["txn_id"], given=facts["amount_minor"].abs())


def _before(matched: Matched, leg: Leg, charges: pl.DataFrame) -> pl.DataFrame:
    """Return the refunds that both sides showed on an earlier night: no, refund_id, given.

    Those of the channel that still wait for the merchant's books are none of them.
    """
    columns = matched.archive.columns(["txn_id", *_OWN], charges["txn_id"].sort().to_numpy())
    mine = charges.join(columns, on="txn_id").with_columns(
        currency=pl.col("currency").replace_strict(
            dict(enumerate(CURRENCIES)), return_dtype=pl.String
        )
    )
    named = pl.concat([mine.select("no", "currency", name=own) for own in _OWN]).drop_nulls()
    told = matched.archive.told(named["name"].unique().sort().to_list())
    kind, state, side = (pl.col(name).cast(pl.String) for name in ("kind", "state", "side"))
    done = told.filter(
        (kind == Kind.REFUND.name) & (state == State.SUCCESS.name) & (side == Side.CHANNEL.name)
    )
    waits = matched.ledger.waiting_on.get(leg.name, np.zeros(matched.ledger.slim.height, bool))
    lone = matched.ledger.slim["txn_id"].filter(pl.Series(waits, dtype=pl.Boolean))
    return (
        done.filter(~pl.col("txn_id").is_in(lone.implode()))
        .unique("fingerprint", keep="first", maintain_order=True)
        .join(named, left_on=["original_ref", "currency"], right_on=["name", "currency"])
        .select("no", refund_id="txn_id", given=pl.col("amount_minor").abs())
    )


def _cause(told: pl.DataFrame) -> pl.Series:
    """Return in words how much was given back, null where nothing was."""
    texts = [
        f"refunded in part: {format_minor(given, CURRENCIES[currency])}" if given else None
        for given, currency in zip(told["given"], told["currency"], strict=True)
    ]
    return pl.Series("cause", texts, dtype=pl.String)
