"""What a part tells of itself without being read."""

from __future__ import annotations

from recon.io.lookup.row_lookup import may_have
from tests.night_world import NightWorld


def test_a_part_without_cards_says_so(tmp_path):
    """The counts of a published file tell that no row has a card; a column with values may."""
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=["A1 1.00"], psp=["A1 1.00"])
    parts = sorted((world.run("2026-11-09").folder / "transactions").iterdir())
    assert parts
    assert not any(may_have(part, "card") for part in parts)
    assert any(may_have(part, "order_id") for part in parts)
