"""Sums of tables in which little varies, and positions among wanted ones."""

from __future__ import annotations

from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.arrays import sums as module
from recon.core.arrays.numbers import among
from recon.core.arrays.sums import summed_by

CELL = st.sampled_from([None, 1, 2])


@given(st.lists(st.tuples(CELL, CELL, st.integers(-9, 9)), max_size=12))
def test_sums_equal_those_of_polars(rows):
    """Whichever columns vary, the groups and their sums are those of a plain group_by."""
    frame = pl.DataFrame(rows, schema={"a": pl.Int8, "b": pl.Int8, "n": pl.Int64}, orient="row")
    sums = (pl.col("n").sum(), pl.len().alias("rows"))
    plain = frame.group_by("a", "b").agg(*sums).sort("a", "b")
    for rows_worth_looking in (1, 100):
        with mock.patch.object(module, "_WORTH_LOOKING", rows_worth_looking):
            found = summed_by(frame, ("a", "b"), sums)
        assert found.sort("a", "b").equals(plain)


@pytest.mark.parametrize("rows", [[], [(5, None, 1)], [(5, None, 1), (5, None, 2)]])
def test_a_group_stands_in_the_types_of_its_table(rows, monkeypatch):
    """Columns that do not vary keep their types, and come first."""
    monkeypatch.setattr(module, "_WORTH_LOOKING", 1)
    frame = pl.DataFrame(rows, schema={"a": pl.UInt8, "b": pl.Date, "n": pl.Int64}, orient="row")
    found = summed_by(frame, ("b", "a"), (pl.col("n").sum(),))
    assert found.schema == pl.Schema({"b": pl.Date, "a": pl.UInt8, "n": pl.Int64})
    assert found.height == min(len(rows), 1)


@given(st.lists(st.integers(-1, 9), max_size=9), st.lists(st.integers(0, 9), max_size=4))
def test_positions_among_wanted_ones(positions, wanted):
    """A position is wanted or not; none (-1) never is."""
    for dtype in (np.int32, np.int64):
        found = among(np.array(positions, dtype), np.array(wanted, np.int64))
        assert found.tolist() == [one in wanted for one in positions]
