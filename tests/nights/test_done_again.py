"""What the channel undid and did again: the books were right all along."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.night_world import Day, NightWorld, nights

PAID_NOT, NOT_SETTLED, TWICE = "MERCHANT_PAID_CHANNEL_NOT", "REFUND_NOT_SETTLED", "DUPLICATE_CHARGE"
REFUND = "F1 -60.00 kind=refund original=A1"
VOID, UNDONE = "V1 -100.00 kind=void original=RA1", "V1 60.00 kind=void original=F1"
SALE: Day = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
BOTH: Day = {"orders": ["A1 100.00", REFUND], "psp": ["A1 100.00", REFUND]}


def line(amount: str, day: int) -> Day:
    """Return the bank line of the batch of a day."""
    return {"bank": [f"{amount} memo=PAYOUT_8001_202611{day:02}"]}


STORIES: dict[str, tuple[list[Day], list[list[str]]]] = {
    "a payment, some nights later": (
        [SALE, line("100.00", 9), {"psp": [VOID]},
         {"psp": ["A1 100.00 ref=R2"], **line("-100.00", 11)}, line("100.00", 12)],
        [[], [], [PAID_NOT], [f"{PAID_NOT}:RESOLVED"], []],
    ),
    "a payment, on the night of its void": (
        [SALE, line("100.00", 9), {"psp": [VOID, "A1 100.00 11:00 ref=R2"]}, {}],
        [[], [], [], []],
    ),
    "a refund": (
        [BOTH, line("40.00", 9), {"psp": [UNDONE]},
         {"psp": [f"{REFUND} ref=R2"], **line("60.00", 11)}, line("-60.00", 12)],
        [[], [], [NOT_SETTLED], [f"{NOT_SETTLED}:RESOLVED"], []],
    ),
    "the first charge of several is undone, or given back: one less is too many": (
        [{"orders": ["A1 100.00", "A2 50.00"],
          "psp": ["A1 100.00", "A1 100.00 10:01 ref=R2", "A1 100.00 10:02 ref=R3",
                  "A2 50.00", "A2 50.00 10:01 ref=R5"]},
         {"psp": [VOID, "F2 -50.00 kind=refund original=RA2"], **line("400.00", 9)},
         line("-150.00", 10)],
        [[TWICE] * 3, [f"{TWICE}:OPEN", *[f"{TWICE}:RESOLVED"] * 2], [f"{TWICE}:OPEN"]],
    ),
    "a void of one charge of two that came again leaves the other": (
        [SALE, line("100.00", 9),
         {"psp": ["A1 100.00 ref=R2", "A1 100.00 10:30 ref=R3",
                  "V1 -100.00 11:00 kind=void original=R2"]}],
        [[], [], [TWICE]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_what_is_done_again_is_no_break(tmp_path: Path, story: str) -> None:
    """The case ends, and the new row is neither missing in the books nor one too many."""
    world = NightWorld(tmp_path)
    days, expected = STORIES[story]
    assert [world.codes(night) for night in nights(world, *days)] == expected


def test_a_refund_made_under_another_number_is_one_story(tmp_path: Path) -> None:
    """What never came, failed or was undone ends; of two equal refunds one is still missing.

    While the books' refund is in time, its own row may come: then the other one was not asked for.
    """
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8") + "\n[refunds]\nsettle_days = 1\n"
    world.config.write_text(text, "utf-8")
    sales = [f"A{number} 100.00" for number in (1, 2, 3, 4, 6)]
    asked = [refund(f"F{number}", f"A{number}") for number in (1, 2, 3, 6)]
    twice = [f"{number} -30.00 kind=refund original=A4" for number in ("F4", "F5", "X4")]
    made = [f"{asked[1]} state=FAILED", asked[2], refund("X6", "RA6"), twice[2]]
    anew = [refund("X1", "A1"), refund("X2", "A2"), refund("X3", "RA3")]
    told = nights(
        world,
        {"orders": [*sales, *asked, *twice[:2]], "psp": [*sales, *made]},
        {"psp": ["V3 60.00 kind=void original=F3", asked[3]], **line("350.00", 9)},
        {"psp": anew},
    )
    cases = [world.table(night, "disputes").select("order_id", "code", "status") for night in told]
    assert set(cases[0].rows()) == {("F2", NOT_SETTLED, "NEW")}
    assert set(cases[1].rows()) == {
        *((name, NOT_SETTLED, "NEW") for name in ("F1", "F5", None)),
        ("F2", NOT_SETTLED, "OPEN"),
        ("X6", "REFUND_UNBOOKED", "NEW"),
        ("F6", "REFUND_EXCESS", "NEW"),
    }
    undone = world.table(told[1], "disputes").filter(pl.col("order_id").is_null())
    words = undone["explanation_en"].item()
    assert words.startswith("Refund F3 (channel reference RV3) of 60.00 CNY was done")
    assert set(cases[2].rows()) == {
        *((name, NOT_SETTLED, "RESOLVED") for name in ("F1", "F2", None)),
        ("F5", NOT_SETTLED, "OPEN"),
        ("X6", "REFUND_UNBOOKED", "OPEN"),
    }


def refund(number: str, original: str) -> str:
    """Return a refund of 60.00."""
    return f"{number} -60.00 kind=refund original={original} ref=R{number}"
