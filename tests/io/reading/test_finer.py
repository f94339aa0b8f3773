"""Amounts finer than a minor unit: a column of them is what each of them is alone."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from recon.io.reading.finer import FINEST, exact, exacts, payable, payables, unit_of

TEXTS = ("0", "-0.005", "+12.345", "1.", "999999999999999.999999999", "-0.5", "", "1e1", "1,0")


def test_a_column_is_read_and_rounded_as_each_amount_alone() -> None:
    """One grammar and one rounding, whichever way a report is read."""
    for currency in ("JPY", "USD", "KWD"):
        unit = pl.lit(int(unit_of(currency).scaleb(FINEST)))
        frame = pl.DataFrame({"text": TEXTS}).select(value=exacts(pl.col("text")))
        rounded = frame.select(payables(pl.col("value"), unit)).to_series()
        for text, value, minor in zip(TEXTS, frame["value"], rounded, strict=True):
            alone = exact(text)
            assert (None if value is None else Decimal(value).scaleb(-FINEST)) == alone
            assert alone is None or minor * unit_of(currency) == payable(alone, currency)
