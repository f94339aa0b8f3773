"""Reads small tables written as a finance colleague would write them, amounts in yuan."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl

from recon.core.codes import Code

TYPES = {
    "txn_id": pl.Int64,
    "original_id": pl.Int64,
    "count": pl.Int64,
    "clearing_date": pl.Date,
    "occurred_at": pl.Datetime("us"),
}


def minor(yuan):
    """Return yuan as fen."""
    value = Decimal(yuan) * 100
    assert value == int(value), yuan
    return int(value)


def cell(name, text):
    """Return one cell: `-` is null, *_minor is yuan, *_at a time, *_date or *_day a date."""
    if text == "-":
        return None
    if name.endswith("_minor"):
        return minor(text)
    if name.endswith("_at"):
        return datetime.fromisoformat(text)
    if name.endswith(("_date", "_day", "month")):
        return date.fromisoformat(text)
    return int(text) if name in TYPES else text


def dtype(name):
    """Return the column type that a name stands for."""
    if name.endswith("_minor"):
        return pl.Int64
    if name.endswith("_at"):
        return pl.Datetime("us")
    if name.endswith(("_date", "_day", "month")):
        return pl.Date
    return TYPES.get(name, pl.String)


def table(text, **constants):
    """Return the frame of a table with `|` between columns, its first line the names."""
    head, *lines = [line for line in text.strip().splitlines() if line.strip()]
    names = [name.strip() for name in head.split("|")]
    rows = [
        {
            name: cell(name, value.strip())
            for name, value in zip(names, line.split("|"), strict=True)
        }
        for line in lines
    ]
    frame = pl.DataFrame(rows, schema={name: dtype(name) for name in names})
    return frame.with_columns(pl.lit(value).alias(name) for name, value in constants.items())


def found(facts):
    """Return facts as (txn_id, code name, expected yuan, actual yuan, cause), sorted."""

    def yuan(value):
        return None if value is None else str(Decimal(value) / 100)

    return sorted(
        (
            row["txn_id"],
            Code(row["code"]).name,
            yuan(row["expected_minor"]),
            yuan(row["actual_minor"]),
            row["cause"],
        )
        for row in facts.to_dicts()
    )
