"""Venmo account history.

Amounts are written `- $220.00` and `+ $1,150.00`. A transfer to the bank is a PAYOUT; money in is a
PAYMENT, other money out an ADJUSTMENT. Times are in the source's zone. Lines may stand before the
header; lines without ID, time and type state balances and a disclaimer: they are no rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
    Constant,
    Fields,
    Format,
    Money,
    Options,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.table import Table, filled, reader

TABLE = Table(
    "a Venmo history",
    ("ID", "Datetime", "Type", "Status", "Note", "From", "To", "Amount (total)"),
    ("Amount (fee)", "Funding Source", "Destination"),
    preamble=5,
)
_STATES = {
    "complete": State.SUCCESS,
    "issued": State.SUCCESS,
    "pending": State.PENDING,
    "held": State.PENDING,
    "expired": State.CLOSED,
    "cancelled": State.CLOSED,
    "failed": State.FAILED,
}


def _amount(name: str) -> pl.Expr:
    """Return an amount without spaces, plus sign and dollar sign."""
    return pl.col(name).str.replace_all(r"[ +$]", "")


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Add plain amounts, the kind, and the words."""
    amount = _amount("Amount (total)")
    transfer = pl.col("Type").str.to_lowercase().str.contains("transfer")
    parts = [filled(name) for name in ("Note", "From", "To", "Destination")]
    return frame.with_columns(
        amount.alias("amount"),
        _amount("Amount (fee)").alias("fee"),
        pl.col("Status").str.strip_chars().str.to_lowercase().alias("state"),
        pl.when(transfer)
        .then(pl.lit("PAYOUT"))
        .when(amount.str.starts_with("-"))
        .then(pl.lit("ADJUSTMENT"))
        .otherwise(pl.lit("PAYMENT"))
        .alias("kind"),
        pl.concat_str(parts, separator=" / ", ignore_nulls=True).alias("memo"),
    )


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the rows; lines that state balances are counted among the comments."""
    for rows in reader(TABLE, _derive)(staged, options, reading):
        frame = frame_of(rows)
        empty = [pl.col(name).fill_null("") == "" for name in ("ID", "Datetime", "Type")]
        states = frame.select(pl.all_horizontal(empty)).to_series().to_numpy()
        if states.any():
            lines = _lines_of(staged, rows, states)
            reading.record_lines -= lines
            reading.comment_lines += lines
        yield rows_of(frame, rows, ~states)


def _lines_of(staged: StagedFile, rows: RawRows, chosen: NDArray[np.bool_]) -> int:
    """Return how many physical lines the chosen rows have; a disclaimer has several."""
    lines = 0
    with staged.path.open("rb") as stream:
        for start, end in zip(rows.byte_start[chosen], rows.byte_end[chosen], strict=True):
            stream.seek(int(start))
            lines += 1 + stream.read(int(end - start)).rstrip(b"\r\n").count(b"\n")
    return lines


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice("state", _STATES),
        "channel_ref": Text("ID"),
        "product": Text("Type"),
        "amount_minor": Money("amount", thousands=","),
        "fee_minor": Money("fee", thousands=","),
        "currency": Constant("USD"),
        "occurred_at": Time(("Datetime",), ("YYYY-MM-DDThh:mm:ss",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="venmo",
    title_en="Venmo account history",
    title_zh="Venmo 账户明细",
    side=Side.CHANNEL,
    recognise=TABLE.recognise,
    header=TABLE.required,
    column_name=TABLE.column_name,
    read=read,
    fields=fields,
)
