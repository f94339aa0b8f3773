"""Runs the kernels of loading once on a few rows, through the drivers that a night runs."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from recon.core import money, times
from recon.core.kernels.find_pan import find_pan
from recon.core.kernels.trim import may_be_rounded, needs_trim
from recon.core.texts.digest import Occurrences, digest, digest_rows, fingerprints
from recon.core.texts.few_words import different_words
from recon.core.texts.text import text_buffers

_TIME = "2026-03-04 10:00:00"


def warm_text() -> None:
    """Parse an amount and a time, and digest, number, trim and scan one row."""
    column = pl.Series(["12.50"])
    money.parse(column, money.Grammar(), 2)
    times.parse_utc(pl.Series([_TIME]), ("YYYY-MM-DD hh:mm:ss",), "UTC", date(2026, 3, 4))
    found = digest([column])
    digest_rows(pl.DataFrame({"text": column, "number": [1]}), {"text": 1, "number": 2})
    fingerprints("warm", found, Occurrences().add(found))
    part = text_buffers(column)
    different_words(part)
    needs_trim(part.data, part.starts, part.ends, part.valid, 0)
    may_be_rounded(part.data, part.starts, part.ends, part.valid)
    find_pan(part.data, part.starts, part.ends, part.valid, np.zeros(1, np.uint8))
