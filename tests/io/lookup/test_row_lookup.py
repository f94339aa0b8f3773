"""What a part tells of itself without being read, and which of its rows are read."""

from __future__ import annotations

import polars as pl
import pytest

from recon.io.lookup.row_lookup import may_have, read_columns
from tests.night_world import NightWorld


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Return the published rows of a night."""
    world = NightWorld(tmp_path_factory.mktemp("night"))
    world.day("2026-11-09", orders=["A1 1.00", "B2 2.00"], psp=["A1 1.00", "B2 2.00"])
    return sorted((world.run("2026-11-09").folder / "transactions").iterdir())


def test_a_part_without_cards_says_so(parts):
    """The counts of a published file tell that no row has a card; a column with values may."""
    assert parts
    assert not any(may_have(part, "card") for part in parts)
    assert any(may_have(part, "order_id") for part in parts)


def test_rows_are_chosen_while_they_are_read(parts):
    """Only the sources that are named are read, and of these the rows that are asked for."""
    sources = sorted({part.name.rsplit("-", 1)[0] for part in parts})
    columns = ["txn_id", "order_id"]
    every = read_columns(parts, sources, columns)
    chosen = read_columns(parts, sources, columns, pl.col("order_id") == "B2")
    assert every["order_id"].sort().to_list() == ["A1", "A1", "B2", "B2"]
    assert chosen.equals(every.filter(pl.col("order_id") == "B2"))
    assert read_columns(parts, sources[:1], columns).height == 2
    assert read_columns(parts, [], columns).schema == every.schema
