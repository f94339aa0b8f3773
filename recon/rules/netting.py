"""Netting inside one side, before sides are compared: a reversal or void meets its original.

A payment and its full undoing are "no transaction" (冲正, 撤销). The payment's state becomes
REVERSED, so that the other side's view of it is judged as unpaid; both rows still settle, because
the channel books both. An undoing that finds no original waits some days, then is an orphan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.rules.night import Ledger, Night, Verdict, days, ordinal

NETTING = "netting"  # the name of this step where a leg is named


def net(ledger: Ledger, night: Night) -> tuple[Ledger, pl.DataFrame, Verdict]:
    """Return the ledger with netted payments REVERSED, the netting links, and the verdict.

    Links have columns `left` (payment) and `right` (its undoing), row positions.
    """
    slim = ledger.slim
    undo = slim["kind"].is_in([int(kind) for kind in UNDO_KINDS]) & (
        slim["state"] == int(State.SUCCESS)
    )
    undo_rows = np.flatnonzero(undo.to_numpy())
    if len(undo_rows) == 0:
        return ledger, pl.DataFrame(schema={"left": pl.Int64, "right": pl.Int64}), Verdict.of()
    links = _pairs(ledger, undo_rows)
    state = slim["state"].to_numpy().copy()
    state[links["left"].to_numpy()] = int(State.REVERSED)
    netted = replace(ledger, slim=slim.with_columns(pl.Series("state", state, pl.UInt8)))
    alone = np.setdiff1d(undo_rows, links["right"].to_numpy())
    alone = alone[_unmet(ledger)[alone]]
    verdict = Verdict.joined([_netted(slim, links), _orphans(ledger, alone, night)])
    return netted, links, verdict


def _unmet(ledger: Ledger) -> NDArray[np.bool_]:
    """Return the rows that are new or still look for their original.

    A carried undoing that does not was netted on an earlier night; its payment may be settled by
    now while the undoing still waits for the bank.
    """
    none = np.zeros(ledger.slim.height, bool)
    unmet: NDArray[np.bool_] = ~ledger.opening | ledger.waiting_on.get(NETTING, none)
    return unmet


def _pairs(ledger: Ledger, undo_rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return one-to-one pairs of payment and undoing: same side, reference and opposite amount."""
    slim = ledger.slim
    payment = (slim["kind"] == int(Kind.PAYMENT)) & (slim["state"] == int(State.SUCCESS))
    paid_rows = np.flatnonzero(payment.to_numpy())
    taken: list[pl.DataFrame] = []
    undo = _keyed(ledger, undo_rows, "original_ref", -1)
    for own in ("order_id", "channel_ref", "rrn"):
        paid = _keyed(ledger, paid_rows, own, 1)
        found = undo.join(
            paid, on=["side", "currency", "hi", "lo", "amount_minor"], how="inner", suffix="_paid"
        ).filter(
            pl.col("occurred_at").is_null()
            | (pl.col("occurred_at_paid").is_null())
            | (pl.col("occurred_at_paid") <= pl.col("occurred_at"))
        )
        found = (
            found.sort("row", "row_paid")
            .unique(subset=["row"], keep="first", maintain_order=True)
            .unique(subset=["row_paid"], keep="first", maintain_order=True)
        )
        taken.append(found.select(left="row_paid", right="row"))
        undo = undo.filter(~pl.col("row").is_in(found["row"].to_list()))
        paid_rows = np.setdiff1d(paid_rows, found["row_paid"].to_numpy())
    return pl.concat(taken).sort("left")


def _keyed(ledger: Ledger, rows: NDArray[np.int64], column: str, sign: int) -> pl.DataFrame:
    digests = ledger.digests[column][rows]
    frame = ledger.slim[rows].select(
        pl.Series("row", rows, pl.Int64),
        pl.Series("hi", np.ascontiguousarray(digests[:, 0])),
        pl.Series("lo", np.ascontiguousarray(digests[:, 1])),
        "side",
        "currency",
        pl.col("amount_minor") * sign,
        "occurred_at",
    )
    return frame.filter((pl.col("hi") != 0) | (pl.col("lo") != 0))


def _netted(slim: pl.DataFrame, links: pl.DataFrame) -> Verdict:
    """Report each netted pair as benign."""
    paid = slim[links["left"].to_numpy()]
    findings = links.select(
        pl.lit(int(Code.NETTED)).alias("code"),
        pl.lit(NETTING).alias("leg"),
        pl.concat_list("left", "right").alias("rows"),
        pl.lit(0).alias("faulty"),
        anchor=paid["fingerprint"].cast(pl.String),
        expected_minor=pl.lit(0),
        actual_minor=pl.lit(0),
        currency=paid["currency"],
    )
    return Verdict.of(findings)


def undone_late(ledger: Ledger, links: pl.DataFrame, legs: Iterable[str]) -> pl.DataFrame:
    """Return the pairs undone tonight whose payment the merchant's books met on an earlier night.

    `legs` are the names of legs between merchant and channel. Columns left, right as `links`.
    """
    waits = np.zeros(ledger.slim.height, bool)
    for name in legs:
        waits |= ledger.waiting_on.get(name, np.zeros(ledger.slim.height, bool))
    channel = (ledger.slim["side"] == int(Side.CHANNEL)).to_numpy()
    closed = ledger.opening & ~waits & channel
    tonight = ~ledger.opening[links["right"].to_numpy()]
    return links.filter(pl.Series(closed[links["left"].to_numpy()] & tonight))


def report_late(ledger: Ledger, pairs: pl.DataFrame) -> Verdict:
    """Report payments undone on a later night that the merchant's books still call paid."""
    paid = ledger.slim[pairs["left"].to_numpy()]
    return Verdict.of(
        pairs.select(
            pl.lit(int(Code.MERCHANT_PAID_CHANNEL_NOT)).alias("code"),
            pl.lit(NETTING).alias("leg"),
            pl.concat_list("right", "left").alias("rows"),
            pl.lit(2).alias("faulty"),
            anchor=paid["fingerprint"].cast(pl.String),
            expected_minor=paid["amount_minor"],
            actual_minor=pl.lit(0),
            currency=paid["currency"],
            cause=pl.lit("the channel undid the payment on a later night"),
        )
    )


def _orphans(ledger: Ledger, rows: NDArray[np.int64], night: Night) -> Verdict:
    """Let an undoing without an original wait, then report it."""
    alone = ledger.slim[rows].with_columns(pl.Series("row", rows, pl.Int64))
    fallback = pl.lit(night.business_date)
    patience = night.rules.breaks.reversal_days
    alone = alone.with_columns(
        wait_until=pl.coalesce(
            "clearing_date", pl.col("occurred_at").dt.date(), fallback
        ).dt.offset_by(f"{patience}d")
    )
    late = days(alone["wait_until"]) <= ordinal(night.business_date)
    orphan = alone.filter(pl.Series(late))
    findings = orphan.select(
        pl.lit(int(Code.REVERSAL_ORPHAN)).alias("code"),
        pl.lit(NETTING).alias("leg"),
        pl.concat_list("row").alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor=pl.lit(0),
        actual_minor="amount_minor",
        currency="currency",
        due_date="wait_until",
    )
    waiting = alone.select(
        "row",
        pl.lit(NETTING).alias("leg"),
        waiting_for="side",
        wait_until="wait_until",
        anchor=pl.when(pl.Series(late)).then(pl.col("fingerprint").cast(pl.String)),
        code=pl.when(pl.Series(late)).then(pl.lit(int(Code.REVERSAL_ORPHAN))),
    )
    return Verdict.of(findings, waiting)
