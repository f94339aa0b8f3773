"""Clusters of charges of one order, counted by a naive twin: records, clearings, charges."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.night_world import NightWorld

MONDAY = "2026-11-09"


def drawn(seed: int) -> dict[str, list[str]]:
    """Return by order the charges that the channel shows: few references, few moments."""
    rng = random.Random(seed)  # noqa: S311 - a world, not a secret
    return {
        f"A{number}": [
            f"ref=P{number}x{rng.randrange(3)} {9 + rng.randrange(3):02d}:00"
            for _ in range(rng.choice([1, 1, 1, 2, 3, 4]))
        ]
        for number in range(60)
    }


def naive(charges: list[str]) -> Counter[str]:
    """Return what is one too many: equal lines, then lines of one reference, then references."""
    lines = set(charges)
    references = {line.split()[0] for line in lines}
    return Counter(
        DUPLICATE_RECORD=len(charges) - len(lines),
        DUPLICATE_CLEARING=len(lines) - len(references),
        DUPLICATE_CHARGE=len(references) - 1,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_clusters_of_charges_are_counted_as_by_hand(tmp_path: Path, seed: int) -> None:
    """Sixty orders with up to four charges each, in any order of lines."""
    orders = drawn(seed)
    lines = [f"{name} 10.00 {charge}" for name, charges in orders.items() for charge in charges]
    random.Random(seed).shuffle(lines)  # noqa: S311 - an order, not a secret
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=[f"{name} 10.00" for name in orders], psp=lines)
    night = world.run(MONDAY)
    cases = world.table(night, "disputes").select("order_id", "code")
    told = Counter(cases.rows())
    expected = Counter(
        {
            (name, code): count
            for name, charges in orders.items()
            for code, count in naive(charges).items()
            if count
        }
    )
    assert told == expected
    assert len({code for _, code in expected}) == 3
