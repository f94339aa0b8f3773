"""Linked rows that a later night decides are explained as such, and only as far as they explain."""

from __future__ import annotations

import polars as pl
import pytest

from recon.commands.packing import read_pack
from recon.core.schema import OPEN_ITEMS
from recon.report.pack import Pack
from recon.report.tie_out import Statement, statements
from recon.report.workbook.reasons import case_rows
from recon.store.workspace import Workspace
from tests.night_world import NightWorld
from tests.report.shop_week import with_tables


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pack]:
    """Return two nights: a failed order that was debited, a refund that is on its way."""
    world = NightWorld(tmp_path_factory.mktemp("undecided"))
    world.day(
        "2026-11-09",
        orders=["A1 10.00 state=FAILED", "A2 20.00", "A3 30.00",
                "R3 -30.00 kind=refund original=A3"],
        psp=["A1 10.00", "A2 20.00", "A3 30.00", "R3 -30.00 kind=refund state=PENDING original=A3",
             "A2 20.00 ref=AGAIN"],
    )  # fmt: skip
    world.run("2026-11-09")
    world.day("2026-11-10", bank=["60.00 memo=PAYOUT_8001_20261109"])
    world.run("2026-11-10")
    space = Workspace(world.folder / "workspace")
    return {
        night: read_pack(space, space.resolve(night), "en")
        for night in ("2026-11-09", "2026-11-10")
    }


def first(pack: Pack) -> Statement:
    """Return the statement of merchant and channel."""
    return statements(pack)[0]


def test_what_a_later_night_decides_is_explained(nights: dict[str, Pack]) -> None:
    """The debit of a failed order (10.00) and the refund (30.00) wait, each inside its limit."""
    proof = first(nights["2026-11-09"])
    (line,) = proof.of("undecided")
    assert (line.rows, line.amount_minor) == (2, 1000 + 3000)
    assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)


def test_a_difference_that_nothing_waits_for_stays_unexplained(nights: dict[str, Pack]) -> None:
    """Without the rows that wait the proof fails; a refund explains its own amount and no other."""
    pack = nights["2026-11-09"]
    bare = with_tables(pack, {**pack.tables, "open_items": OPEN_ITEMS.empty()})
    assert first(bare).unexplained_minor >= 1000 + 3000
    is_refund = pl.col("kind").cast(pl.String) == "REFUND"
    is_merchant = pl.col("side").cast(pl.String) == "MERCHANT"
    more = pl.when(is_refund & is_merchant).then(-2999).otherwise("amount_minor")
    otherwise = Pack(
        **{
            name: getattr(pack, name)
            for name in pack.__dataclass_fields__
            if name not in {"run", "ledger"}
        },
        ledger=pack.ledger.with_columns(amount_minor=more),
    )
    assert (first(otherwise).unexplained_rows, first(otherwise).unexplained_minor) == (1, 2999)


def test_a_case_of_an_earlier_night_shows_both_sides_and_its_records(
    nights: dict[str, Pack],
) -> None:
    """Told a night before, the charge stands beside its order; no record is told as left out."""
    pack = nights["2026-11-10"]
    twice = pack.disputes.filter(pl.col("code").cast(pl.String) == "DUPLICATE_CHARGE")
    rows = case_rows(twice.with_columns(days_left=pl.lit(0)), pack, ["MERCHANT", "CHANNEL"], "en")
    (case,) = rows.to_dicts()
    assert case["MERCHANT.order_id"] == case["CHANNEL.order_id"] == "A2"
    assert case["evidence"].count("#") == 3
    fewer = twice.with_columns(pl.col("evidence").list.head(2), days_left=pl.lit(0))
    assert "+" not in case_rows(fewer, pack, [], "en")["evidence"].item()
