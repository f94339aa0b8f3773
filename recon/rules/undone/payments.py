"""Which payment a reference means: both sides may call it by another name."""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import Kind
from recon.rules.night import Matched
from recon.rules.refunds import compensated

OWN = ("order_id", "channel_ref", "rrn")
_PAID = {"payment": pl.col("order_id"), "paid_minor": pl.col("amount_minor")}


def payments_named(matched: Matched, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the payments that `original_ref` of rows (row, original_ref) means.

    Columns name, payment (its order), paid_minor. Tonight's and earlier nights' payments are
    asked; a name of several payments means none.
    """
    named = rows["original_ref"].drop_nulls().unique().sort().to_list()
    told = matched.archive.told(named)
    paid = told.filter(pl.col("kind").cast(pl.String) == Kind.PAYMENT.name)
    frames = [paid.select(name=own, **_PAID) for own in OWN]
    frames += [_tonight(matched, rows["row"], own) for own in OWN]
    known = pl.concat(frames).drop_nulls().unique()
    return known.filter(~pl.col("name").is_duplicated())


def _tonight(matched: Matched, rows: pl.Series, own: str) -> pl.DataFrame:
    """Return the payments of tonight's ledger that rows name by a column."""
    slim, key = matched.ledger.slim, ["hi", "lo"]
    asked = compensated.keyed(matched, rows.to_frame("row"), "original_ref", "row")
    paid = np.flatnonzero((slim["kind"] == int(Kind.PAYMENT)).to_numpy())
    near = compensated.keyed(matched, pl.DataFrame({"row": paid}), own, "row")
    found = near.join(asked, on=key, how="semi")["row"]
    columns = list(dict.fromkeys(("txn_id", own, "order_id", "amount_minor")))
    wide = matched.archive.columns(columns, slim["txn_id"].gather(found).sort().to_numpy())
    return wide.select(name=own, **_PAID)
