"""What camt entries and their details say of an exchange: the other currency's amount, and a rate.

The other amount is the first one in a currency that is not the entry's: as instructed (InstdAmt),
of the transaction (TxDtls/Amt, TxAmt), the counter value (CntrValAmt). It is told by the element
that the row is, and by the one detail that the row has; of several details none is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.money import CURRENCY_NUMBER
from recon.io.reading.statement import exact_minors, exponent_of, plain_texts
from recon.io.reading.xml_records import Elements

AMOUNTS: Final = tuple(f"AmtDtls/{name}/Amt" for name in ("InstdAmt", "TxAmt", "CntrValAmt"))
RATES: Final = tuple(
    f"AmtDtls/{name}/CcyXchg/XchgRate" for name in ("InstdAmt", "TxAmt", "CntrValAmt")
)


def amounts(elements: Elements, places: NDArray[np.int64]) -> tuple[pl.Series, pl.Series]:
    """Return currency and exact minor units (Int128) at some places, null where there is none."""
    currency = elements.attributes(places)
    currency = currency.set(~currency.str.contains("^[A-Z]{3}$"), None)
    minor = exact_minors(elements.text_at(places), decimals_of(currency))
    return currency, minor.set(currency.is_null(), None)


def decimals_of(currency: pl.Series) -> pl.Series:
    """Return how many decimals each currency has; 0 where there is none."""
    exponents = {code: exponent_of(code) for code in currency.unique().drop_nulls()}
    return currency.replace_strict(exponents, default=0, return_dtype=pl.UInt8)


def exchanged(
    elements: Elements,
    tellers: tuple[NDArray[np.int64], NDArray[np.int64]],
    own: pl.Series,
    detail: Callable[[str], str],
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the unsigned minor units before exchange, their currency, and the rate as it stands.

    tellers: the entry of each row and its one detail, -1 where there is none. own: the currency of
    each row. detail: the meaning of a path inside a detail. All results are null where nothing
    tells them.
    """
    entry, only = tellers
    paths = [(only, detail(path)) for path in (AMOUNTS[0], "Amt", *AMOUNTS[1:])]
    paths += [(entry, path) for path in AMOUNTS]
    codes = pl.Series([None] * len(own), dtype=pl.String)
    minors = pl.Series([None] * len(own), dtype=pl.Int128)
    for tellers_of_path, path in paths:
        code, minor = amounts(elements, _at(elements.first(path), tellers_of_path))
        is_other = codes.is_null() & minor.is_not_null() & (code != own).fill_null(value=False)
        is_other &= code.is_in(list(CURRENCY_NUMBER)).fill_null(value=False)
        codes, minors = codes.zip_with(~is_other, code), minors.zip_with(~is_other, minor)
    rate = elements.text_at(_at(elements.first(*(detail(path) for path in RATES)), only))
    return minors, codes, rate.fill_null(elements.text_at(_at(elements.first(*RATES), entry)))


def _at(found: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what was found for the elements at some places, -1 for -1."""
    return np.where(places >= 0, found[places], -1)


def signed_texts(sign: pl.Series, minor: pl.Series, currency: pl.Series) -> pl.Series:
    """Return exact amounts as plain decimals of their currency; null stays null."""
    return plain_texts(sign.cast(pl.Int128) * minor, decimals_of(currency))
