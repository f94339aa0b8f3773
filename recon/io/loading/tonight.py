"""What all files of one night are loaded with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from recon.core.arrays.means import Means
from recon.core.plan import InputFile, Key
from recon.io.loading.another_night import EarlierNight, EarlierNights
from recon.io.loading.batch import Finish
from recon.io.reading.contract import Columns, Options


def as_read(frame: pl.DataFrame, _file: InputFile) -> pl.DataFrame:
    """Return the rows as they were read: no rule adds anything to them."""
    return frame


def nothing_before(_source: str, _oldest: date) -> Sequence[EarlierNight]:
    """Return no earlier night."""
    return ()


@dataclass(frozen=True, slots=True)
class Tonight:
    """How to read tonight's files, what earlier nights had, and how hard to work."""

    business_date: date
    workdir: Path  # for the rows
    staging: Path  # for copies of the files
    options: Mapping[str, Options] = field(default_factory=dict)  # by source
    keys: Sequence[Key] = ()
    # Adds what the rules know (merchant, batch, due date) to a batch of accepted rows with every
    # column of TRANSACTIONS; called on worker threads.
    finish: Finish = as_read
    # By source: SHA-256 -> where those bytes were loaded before.
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # By source: the columns that its files had before; a file with others is refused.
    earlier: Mapping[str, Sequence[Columns]] = field(default_factory=dict)
    # What a source told on earlier nights, for a file that is theirs under tonight's name.
    nights: EarlierNights = nothing_before
    means: Means = field(default_factory=Means)  # slim columns and digests stand in their room
