"""Compiles the kernels of agreed terms, fees and rebates, by pricing one row."""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.pricing import (
    ALL_DAYS,
    MAX_AMOUNT,
    NO_DAY,
    RATE_BANDS,
    Line,
    Profiles,
    compile_lines,
    price,
    price_lines,
)
from recon.core.texts.vocabulary import Vocabulary
from recon.core.tiers import Tiers, split


def warm_terms() -> None:
    """Price one row by a contract of one line, look up one word, and split one month."""
    line = Line(
        specificity=0,
        amount_from=0,
        amount_below=MAX_AMOUNT + 1,
        day_from=NO_DAY,
        day_until=ALL_DAYS,
        shape=RATE_BANDS,
        step=1,
        floor=-1,
        cap=-1,
        threshold=-1,
        surcharge=0,
        rounding=0,
        unit_fine=False,
        band_below=(),
        band_value=(1,),
    )
    tariff = compile_lines([line])
    profiles = Profiles(np.array([0, 1], np.int64), np.zeros(1, np.int32))
    one = np.zeros(1, np.int64)
    price(tariff, profiles, one, one, one.__getitem__)
    price_lines(tariff, one, np.zeros(1, np.int32))
    words = Vocabulary(["a"])
    for kind in (pl.String, pl.Enum(["a"])):
        words.append_to(np.zeros(1, np.int64), words.prepared(pl.Series(["a"], dtype=kind)))
    split(Tiers((0,), (1,), by_count=False, excess=True), 1, one, one, one, one)
