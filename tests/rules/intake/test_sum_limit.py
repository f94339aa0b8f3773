"""So much money that its sums leave 64 bits is refused by name; less is nobody's business."""

from __future__ import annotations

import polars as pl
import pytest

from recon.core.money import CURRENCY_NUMBER
from recon.core.schema import SLIM, conform
from recon.errors import InputError
from recon.rules.intake.sum_limit import SUM_LIMIT, refuse_beyond_sums
from tests.night_world import NightWorld

GREATEST = 10**15
ROWS = SUM_LIMIT // GREATEST + 1


def rows_of(count: int, **other: object) -> pl.DataFrame:
    """Return so many rows of the greatest amount of one side, currency and source."""
    row = {"side": 1, "source": 1, "currency": CURRENCY_NUMBER["CNY"], "amount_minor": GREATEST}
    frame = pl.DataFrame({"txn_id": range(count)})
    return conform(
        frame.with_columns(pl.lit(value).alias(name) for name, value in (row | other).items()), SLIM
    )


def test_a_sum_beyond_64_bits_is_refused_with_its_source() -> None:
    """One row more than fits is refused; money of either sign counts, and so does a net amount."""
    refuse_beyond_sums(rows_of(ROWS - 1), ("a", "b"))
    for other in ({}, {"amount_minor": -GREATEST}, {"amount_minor": 0, "net_minor": GREATEST}):
        with pytest.raises(InputError, match="4,611,686,018,427,387,904 minor units") as error:
            refuse_beyond_sums(rows_of(ROWS, **other), ("a", "b"))
        assert error.value.where == "source b"
        assert error.value.exit_code == 4
        assert f"{ROWS:,} rows of CNY, the largest of {GREATEST:,}" in error.value.problem


def test_other_sides_and_currencies_are_not_added_up() -> None:
    """Half of the money on another side, or in another currency, is no sum."""
    half = rows_of(ROWS // 2 + 1)
    for other in ({"side": 2}, {"currency": CURRENCY_NUMBER["JPY"]}, {"currency": None}):
        refuse_beyond_sums(pl.concat([half, rows_of(ROWS // 2 + 1, **other)]), ("a", "b"))
    with pytest.raises(InputError, match="add up"):
        refuse_beyond_sums(pl.concat([half, rows_of(ROWS // 2 + 1, source=0)]), ("a", "b"))


def test_a_night_of_such_money_publishes_nothing(tmp_path, monkeypatch) -> None:
    """The whole night stops before it adds anything up, and runs once the file is mended."""
    monkeypatch.setattr("recon.rules.intake.sum_limit.SUM_LIMIT", 30_000)
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=["A1 100.00", "A2 200.00"], psp=["A1 100.00", "A2 200.00"])
    with pytest.raises(InputError, match="found 30,000 in 2 rows of CNY, the largest of 20,000"):
        world.run("2026-11-09")
    assert not list((tmp_path / "workspace").rglob("manifest.json"))
    world.day("2026-11-09", orders=["A1 100.00"], psp=["A1 100.00"])
    assert world.codes(world.run("2026-11-09")) == []
