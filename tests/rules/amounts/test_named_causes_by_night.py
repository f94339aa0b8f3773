"""Named causes over whole nights: kept while a break stays open, sought in the whole batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"


def _causes(world: NightWorld, night: str) -> list[tuple[str, str | None]]:
    """Run a night; return status and cause of its amount differences, the smallest first."""
    breaks = world.table(world.run(night), "breaks")
    told = breaks.filter(breaks["code"].cast(str).is_in(["AMOUNT_MISMATCH", "NET_MISMATCH"]))
    return told.sort("expected_minor").select("status", "cause").rows()


def test_an_open_difference_keeps_its_cause(tmp_path: Path) -> None:
    """The cause of the first night is told on every night on which the break is open."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 12.34", "A2 100.00"], psp=["A1 12.43", "A2 10000.00"])
    causes = ["digits 3 and 4 swapped", "unit error x100 (too large)"]
    assert _causes(world, MONDAY) == [("NEW", cause) for cause in causes]
    world.day(TUESDAY, bank=["10012.43 memo=PAYOUT_8001_20261109"])
    assert _causes(world, TUESDAY) == [("OPEN", cause) for cause in causes]


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("amounts", "lacking", "named"),
    [
        ([10_000 + 37 * n for n in range(80)] + [317], 317, 1),  # the smallest of 81 rows
        ([10_000 + 37 * n for n in range(80)] + [317, 317], 317, 2),
        ([500 + 10 * n for n in range(200)], 730, 0),  # any gap of ten fen meets a row
        ([10_000 + 37 * n for n in range(80)], 316, 0),
    ],
)
def test_a_row_that_the_credit_lacks_is_named(
    tmp_path: Path, amounts: list[int], lacking: int, named: int
) -> None:
    """Looked for in the whole batch, and named only where an accident is unlikely."""
    world = NightWorld(tmp_path)
    rows = [f"A{n} {amount / 100:.2f}" for n, amount in enumerate(amounts)]
    world.day(MONDAY, orders=rows, psp=rows)
    world.run(MONDAY)
    paid = sum(amounts) - lacking
    world.day(TUESDAY, bank=[f"{paid / 100:.2f} memo=PAYOUT_8001_20261109"])
    ((status, cause),) = _causes(world, TUESDAY)
    words = [
        "",
        f" of {lacking / 100:.2f} is missing from the sum",
        f"one of 2 rows of {lacking / 100:.2f}",
    ]
    assert status == "NEW"
    assert words[named] in (cause or "")
    assert ("missing" in (cause or "") or "one of" in (cause or "")) == bool(named)
    world.day(WEDNESDAY)
    assert _causes(world, WEDNESDAY) == [("OPEN", cause)]


@pytest.mark.many_cases
@pytest.mark.parametrize(
    ("credited", "cause"),
    [
        ("230.12", "fees of 1.50 left out of the sum"),
        ("227.12", "fees of 1.50 counted twice in the sum"),
        ("298.50", "refunds of 69.88 left out of the sum"),
        ("158.74", "refunds of 69.88 counted twice in the sum"),
        ("228.50", "returned fees of 0.12 left out of the sum"),
    ],
)
def test_a_part_of_the_net_that_the_credit_lacks_is_named(
    tmp_path: Path, credited: str, cause: str
) -> None:
    """The net is 228.62: a payout without its fees or refunds, or less by either of them again."""
    world = NightWorld(tmp_path)
    sales = ["A 200.00 fee=1.00", "B 100.00 fee=0.50"]
    refunds = ["F1 -40.00 fee=-0.08", "F2 -30.00 fee=-0.04"]
    back = [f"{row} kind=refund original=A" for row in refunds]
    world.day(MONDAY, orders=[*sales, *back], psp=[*sales, *back])
    world.run(MONDAY)
    world.day(TUESDAY, bank=[f"{credited} memo=PAYOUT_8001_20261109"])
    assert _causes(world, TUESDAY) == [("NEW", cause)]
