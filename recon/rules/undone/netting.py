"""Netting inside one side, before sides are compared: a reversal or void meets its original.

A payment and its full undoing are "no transaction" (冲正, 撤销). The payment's state becomes
REVERSED, so that the other side's view of it is judged as unpaid; both rows still settle, because
the channel books both. An undoing that finds no original waits some days, then is an orphan. A
refund that is undone is no refund in the same way: the payer did not get the money.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import UNDO_KINDS, Code, Kind, Side, State
from recon.core.schema import OWN_REFERENCES
from recon.core.texts.digest import has_key, key_columns
from recon.rules.breaks.standing import FURTHER, numbers
from recon.rules.night import Ledger, Night, Verdict, days, ordinal

NETTING = "netting"  # the name of this step where a leg is named


def net(
    ledger: Ledger, night: Night, excluded: NDArray[np.int64]
) -> tuple[Ledger, pl.DataFrame, Verdict]:
    """Return the ledger with netted payments REVERSED, the netting links, and the verdict.

    `excluded` rows (repeated, or delivered before) undo nothing. Links have columns `left`
    (payment) and `right` (its undoing), row positions.
    """
    slim = ledger.slim
    undo = slim["kind"].is_in([int(kind) for kind in UNDO_KINDS]) & (
        slim["state"] == int(State.SUCCESS)
    )
    undo_rows = np.setdiff1d(np.flatnonzero(undo.to_numpy()), excluded)
    if len(undo_rows) == 0:
        return ledger, pl.DataFrame(schema={"left": pl.Int64, "right": pl.Int64}), Verdict.of()
    links = _pairs(ledger, undo_rows, excluded)
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


def _pairs(
    ledger: Ledger, undo_rows: NDArray[np.int64], excluded: NDArray[np.int64]
) -> pl.DataFrame:
    """Return one-to-one pairs of payment (or refund) and undoing: reference and opposite amount."""
    slim = ledger.slim
    refund = slim["kind"] == int(Kind.REFUND)
    done = ((slim["kind"] == int(Kind.PAYMENT)) | refund) & (slim["state"] == int(State.SUCCESS))
    done |= refund & (slim["state"] == int(State.PENDING))  # on its way, it will not arrive
    paid_rows = np.setdiff1d(np.flatnonzero(done.to_numpy()), excluded)
    taken: list[pl.DataFrame] = []
    undo = _keyed(ledger, undo_rows, "original_ref", -1)
    for own in OWN_REFERENCES:
        found = _in_turn(_keyed(ledger, paid_rows, own, 1), undo)
        taken.append(found)
        undo = undo.filter(~pl.col("row").is_in(found["right"].implode()))
        paid_rows = np.setdiff1d(paid_rows, found["left"].to_numpy())
    return pl.concat(taken).sort("left")


def _in_turn(paid: pl.DataFrame, undo: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of equal key and amount: each undoing, in time, takes the oldest payment left.

    An undoing with no payment before it takes none. Unknown times fit any order. A payment that
    was told as a further charge on an earlier night goes before the others: it is what is undone.
    """
    key = ["side", "currency", "hi", "lo", "amount_minor"]
    low, high = pl.lit(-(1 << 62)), pl.lit(1 << 62)
    moment = pl.col("occurred_at").cast(pl.Int64)
    paid = paid.join(undo, on=key, how="semi").with_columns(
        step=pl.lit(1), moment=pl.coalesce(moment, low)
    )
    undo = undo.with_columns(step=pl.lit(-1), moment=pl.coalesce(moment, high))
    both = pl.concat([paid, undo]).sort(
        "moment", "step", "row", descending=[False, True, False], maintain_order=True
    )
    left_over = both.with_columns(free=pl.col("step").cum_sum().over(key)).with_columns(
        least=pl.min_horizontal(pl.col("free").cum_min().shift(1).over(key).fill_null(0), 0)
    )
    fitting = left_over.filter((pl.col("step") > 0) | (pl.col("free") >= pl.col("least")))
    number = pl.int_range(pl.len()).over(key).alias("turn")
    paid = fitting.filter(pl.col("step") > 0).sort("told", descending=True, maintain_order=True)
    undo = fitting.filter(pl.col("step") < 0).with_columns(number)
    return (
        paid.with_columns(number)
        .join(undo, on=[*key, "turn"], how="inner", suffix="_undo")
        .select(left="row", right="row_undo")
    )


def _keyed(ledger: Ledger, rows: NDArray[np.int64], column: str, sign: int) -> pl.DataFrame:
    frame = ledger.slim[rows].select(
        pl.Series("row", rows, pl.Int64),
        *key_columns(ledger.digests[column][rows]),
        pl.Series("told", _further(ledger, rows)),
        "side",
        "currency",
        pl.col("amount_minor") * sign,
        "occurred_at",
    )
    return frame.filter(has_key())


def _further(ledger: Ledger, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows an earlier night told as a further charge."""
    found = np.zeros(len(rows), bool)
    for codes in ledger.code_on.values():
        found |= np.isin(codes[rows], numbers(FURTHER))
    return found


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


def report_late(ledger: Ledger, pairs: pl.DataFrame, night: Night) -> Verdict:
    """Report what was undone on a later night and the merchant's books still call done."""
    paid = ledger.slim[pairs["left"].to_numpy()]
    found = Verdict.of(
        pairs.with_columns(paid["amount_minor"]).select(
            pl.lit(NETTING).alias("leg"),
            pl.concat_list("right", "left").alias("rows"),
            pl.lit(2).alias("faulty"),
            *_not_done(pl.col("amount_minor")),
            anchor=paid["fingerprint"].cast(pl.String),
            currency=paid["currency"],
        )
    )
    return _open_until_books_agree(found, pairs["right"], night)


def report_gone(ledger: Ledger, undone: pl.DataFrame, night: Night) -> Verdict:
    """Report undoings of what is closed and the merchant's books call done.

    `undone` has columns row and fingerprint (of the payment or refund, which is in no ledger any
    more).
    """
    rows = ledger.slim[undone["row"].to_numpy()]
    found = Verdict.of(
        undone.with_columns(amount_minor=-rows["amount_minor"]).select(
            pl.lit(NETTING).alias("leg"),
            pl.concat_list("row").alias("rows"),
            pl.lit(1).alias("faulty"),
            *_not_done(pl.col("amount_minor")),
            anchor=pl.col("fingerprint").cast(pl.String),
            currency=rows["currency"],
        )
    )
    return _open_until_books_agree(found, undone["row"], night)


def _not_done(amount: pl.Expr) -> tuple[pl.Expr, ...]:
    """Return code, figures and cause of a payment, or below zero a refund, that was undone."""
    refund = amount < 0
    paid, refunded = int(Code.MERCHANT_PAID_CHANNEL_NOT), int(Code.REFUND_NOT_SETTLED)
    return (
        pl.when(refund).then(pl.lit(refunded)).otherwise(pl.lit(paid)).alias("code"),
        amount.alias("expected_minor"),
        pl.lit(0).alias("actual_minor"),
        pl.when(refund)
        .then(pl.lit("the channel undid the refund on a later night"))
        .otherwise(pl.lit("the channel undid the payment on a later night"))
        .alias("cause"),
    )


def _open_until_books_agree(found: Verdict, rows: pl.Series, night: Night) -> Verdict:
    """Return the findings with their undoings carried: the books may call it undone later."""
    waiting = found.findings.select(
        "leg",
        "anchor",
        "code",
        row=rows,
        waiting_for=pl.lit(int(Side.MERCHANT)),
        wait_until=pl.lit(night.business_date),
    )
    return Verdict.joined([found, Verdict.of(waiting=waiting)])


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
    findings = (
        orphan.group_by("fingerprint")
        .agg(
            pl.col("row").sort().alias("rows"),
            pl.col("amount_minor").sum(),
            pl.col("currency").first(),
            pl.col("wait_until").max(),
        )
        .select(
            pl.lit(int(Code.REVERSAL_ORPHAN)).alias("code"),
            pl.lit(NETTING).alias("leg"),
            "rows",
            pl.col("rows").list.len().alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor="amount_minor",
            currency="currency",
            due_date="wait_until",
        )
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
