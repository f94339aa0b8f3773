"""Compiles the kernels of agreed terms, fees and rebates, by pricing one row."""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.pricing import (
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
    tariff = compile_lines([Line(shape=RATE_BANDS, rounding=0, band_value=(1,))])
    profiles = Profiles(np.array([0, 1], np.int64), np.zeros(1, np.int32))
    one = np.zeros(1, np.int64)
    price(tariff, profiles, one, one, one.__getitem__)
    price_lines(tariff, one, np.zeros(1, np.int32))
    words = Vocabulary(["a"])
    for kind in (pl.String, pl.Enum(["a"])):
        words.append_to(np.zeros(1, np.int64), words.prepared(pl.Series(["a"], dtype=kind)))
    split(Tiers((0,), (1,), by_count=False, excess=True), 1, one, one, one, one)
