"""Debits that name a batch: a payout that came back, if a credit of it was ever paid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Code, Side
from recon.core.plan import Key, Leg, Method, key_name
from recon.core.texts.digest import has_key, key_columns
from recon.rules.batch_keys import batch_anchors, referring_keys
from recon.rules.night import Matched
from recon.rules.settlement.owed import account_name


def came_back(matched: Matched, leg: Leg, frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which lone bank lines take back a payout that was credited before.

    The credit is of the same batch and amount (or the credits of the batch come to that amount):
    in tonight's ledger, or on an earlier night. What was told as a returned payout stays one.
    """
    rows = frame["row"].to_numpy()
    outgoing = frame["batched"].to_numpy() & (frame["amount"] < 0).fill_null(value=False).to_numpy()
    found = np.zeros(len(rows), bool)
    told = matched.ledger.code_on.get(leg.name)
    if told is not None:
        found |= outgoing & (told[rows] == int(Code.PAYOUT_BOUNCED))
    for key in referring_keys(leg):
        asked = np.flatnonzero(outgoing & ~found)
        if len(asked):
            amount = frame["amount"].gather(asked)
            found[asked] |= _paid_tonight(matched, rows[asked], amount, key)
        asked = np.flatnonzero(outgoing & ~found)
        if len(asked):
            found[asked] |= _paid_before(matched, rows[asked], key)
    return found


def paid_in_part(matched: Matched, leg: Leg, frame: pl.DataFrame) -> pl.DataFrame:
    """Return lone bank lines in which credits of a returned payout stand with it, as one case.

    `frame` has columns row, amount, currency, batched, came_back and anchor. Credits that come to
    less than what came back leave the rest of it to be paid.
    """
    if not frame["came_back"].any():
        return frame
    batch = batch_anchors(matched, leg, frame["row"].to_numpy(), is_left=False)
    key = ["batch", "currency"]
    back, credit = pl.col("came_back"), pl.col("batched") & (pl.col("amount") > 0)
    rest = pl.col("amount").filter(back | credit).cast(pl.Int128).sum()
    mine = ((back.sum() == 1) & (rest < 0)).over(key) & (back | credit)
    return (
        frame.with_columns(batch.alias("batch"))
        .with_columns(
            anchor=pl.when(mine)
            .then(pl.col("anchor").filter(back).min().over(key))
            .otherwise("anchor"),
            came_back=back | mine,
        )
        .select(frame.columns)
    )


def _paid_tonight(matched: Matched, rows: Rows, amount: pl.Series, key: Key) -> NDArray[np.bool_]:
    """Return which debits have a credit of their batch and amount in tonight's ledger."""
    slim = matched.ledger.slim
    words = matched.ledger.digests[key_name(key)]
    lines = np.flatnonzero(
        ((slim["side"] == int(Side.BANK)) & (slim["amount_minor"] > 0)).to_numpy()
    )
    asked = _keyed(words, rows, -amount, slim["currency"].gather(rows))
    there = _keyed(words, lines, slim["amount_minor"].gather(lines), slim["currency"].gather(lines))
    met = asked.join(there.drop("row").unique(), on=["hi", "lo", "amount", "currency"], how="semi")
    return np.isin(rows, met["row"].to_numpy())


def _keyed(
    words: NDArray[np.uint64], rows: Rows, amount: pl.Series, currency: pl.Series
) -> pl.DataFrame:
    frame = pl.DataFrame({"row": rows, "amount": amount, "currency": currency})
    return frame.with_columns(key_columns(words[rows])).filter(has_key())


def _paid_before(matched: Matched, rows: Rows, key: Key) -> NDArray[np.bool_]:
    """Return which debits have a credit of their batch and amount on an earlier night."""
    ids = matched.ledger.slim["txn_id"].gather(rows)
    mine = matched.archive.rows(ids.to_numpy()).drop_nulls(list(key))
    values = mine[key[0]].unique().sort().to_list()
    by = [*key, "currency"]
    paid = matched.archive.lines(key[0], values).filter(pl.col("amount_minor") > 0)
    sums = paid.group_by(by).agg(total=pl.col("amount_minor").cast(pl.Int128).sum())
    owed = mine.select("txn_id", *by, amount_minor=-pl.col("amount_minor"))
    alike = owed.join(paid.select(*by, "amount_minor").unique(), on=[*by, "amount_minor"])
    whole = owed.join(sums, on=by).filter(pl.col("amount_minor").cast(pl.Int128) == pl.col("total"))
    known = pl.concat([alike["txn_id"], whole["txn_id"]])
    return ids.is_in(known.implode()).to_numpy()


def paid_accounts(matched: Matched, leg: Leg, rows: Rows, sources: Sequence[str]) -> pl.DataFrame:
    """Return whose payout each bank line names, by the payouts of earlier nights.

    Columns row and account (as `owed.account_name`); `sources` are the names of the sources in
    order. A batch that several merchants have names none.
    """
    key = next(item.right_key for item in reversed(leg.passes) if item.method is Method.GROUP)
    slim = matched.ledger.slim
    ids = slim["txn_id"].gather(rows)
    columns = list(dict.fromkeys(("txn_id", "batch_id", *key)))
    told = matched.archive.columns(columns, ids.to_numpy())
    words = pl.concat_str([pl.col(name).cast(pl.String) for name in key], separator=" ")
    named = pl.DataFrame({"row": rows, "txn_id": ids}).join(
        told.select("txn_id", batch=pl.coalesce("batch_id", words)), on="txn_id"
    )
    number = {name: no for no, name in enumerate(sources)}
    paid = matched.archive.payouts().filter(
        (pl.col("leg") == leg.name) & pl.col("source").is_in(sources)
    )
    owners = (
        paid.select(
            "batch",
            account_name(pl.col("source").replace_strict(number, return_dtype=pl.UInt16)),
        )
        .unique()
        .filter(~pl.col("batch").is_duplicated())
    )
    return named.join(owners, on="batch").select("row", "account")
