"""Reversals that name their payment by the terminal's trace number alone, over whole nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import Day, NightWorld, codes

SALE = "A 100.00 till=7 trace=000123"
UNDO = "V 100.00 kind=void till=7 trace=000123 original=000123 10:05"
PAYOUT = "100.00 memo=PAYOUT_8001_20261109"
CLOSED = "A 100.00 state=CLOSED"


class TracedWorld(NightWorld):
    """A world whose channel tells terminals and their trace numbers."""

    def __init__(self, folder: Path) -> None:
        """Write the rule file with both columns."""
        super().__init__(folder)
        text = self.config.read_text("utf-8").replace(
            'channel_ref = "ref"\n', 'channel_ref = "ref"\nterminal_id = "till"\nstan = "trace"\n'
        )
        self.config.write_text(text, "utf-8")

    def day(self, day: str, **sources: list[str] | None) -> None:
        """Write one day's files, the channel's with both columns."""
        super().day(day, **sources)
        path = self.file("psp", day.replace("-", ""))
        head, *lines = path.read_text("utf-8").splitlines()
        out = [f"{head},till,trace"]
        for row, line in zip(sources.get("psp") or [], lines, strict=True):
            given = dict(word.split("=", 1) for word in row.split() if "=" in word)
            out.append(f"{line},{given['till']},{given['trace']}")
        path.write_text("\n".join(out) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ([{"orders": [CLOSED], "psp": [SALE, UNDO]}, {}, {}, {}], [[], [], [], []]),
        (  # an idle terminal reverses on the next clearing day
            [{"orders": ["A 100.00 state=FAILED"], "psp": [SALE]},
             {"psp": [UNDO], "bank": [PAYOUT]}, {}, {}],
            [[], [], [], []],
        ),
        (  # another terminal's number
            [{"orders": ["A 100.00"], "psp": [SALE, UNDO.replace("till=7", "till=8")]}],
            [[]],
        ),
        (  # no terminal's number
            [{"orders": ["A 100.00"],
              "psp": [row.replace("till=7", "till=") for row in (SALE, UNDO)]}],
            [[]],
        ),
        (  # the number of the day before: what is undone was charged earlier
            [{"orders": [CLOSED], "psp": [SALE, UNDO.replace("10:05", "00:05")]}],
            [["CHANNEL_PAID_MERCHANT_NOT"]],
        ),
        (  # two payments of that terminal, number and amount: none is picked
            [{"orders": [CLOSED, "B 100.00"],
              "psp": [SALE, SALE.replace("A", "B", 1), UNDO]}],
            [["CHANNEL_PAID_MERCHANT_NOT"]],
        ),
    ],
)  # fmt: skip
def test_a_trace_number_joins_a_reversal_to_its_payment(
    tmp_path: Path, days: list[Day], told: list[list[str]]
) -> None:
    """By terminal, original trace number and amount, also across the cut; never a guess."""
    assert codes(TracedWorld(tmp_path), *days) == told


CHARGED = "A 100.00 till=7 trace=000123 fee=0.60"
GIVEN_BACK = "V 100.00 kind=void till=7 trace=000124 original=000123 10:05 fee=-0.60"
NET = "99.40 memo=PAYOUT_8001_202611"
PAID_NOT = "MERCHANT_PAID_CHANNEL_NOT"
PRICE = """
[[fee_contract]]
name = "cards"
[[fee_contract.line]]
name = "all"
formula = "AMT*0.006"
"""


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (  # the fee came back with it, so none was kept on what failed
            [{"orders": ["A 100.00 state=FAILED"], "psp": [CHARGED, GIVEN_BACK]}, {}], [[], []],
        ),
        (  # while the payment still waits for the bank
            [{"orders": ["A 100.00"], "psp": [CHARGED]},
             {"psp": [GIVEN_BACK], "bank": [f"{NET}09"]}, {"bank": [f"-{NET}10"]}, {}, {}],
            [[], [PAID_NOT], [f"{PAID_NOT}:OPEN"], [f"{PAID_NOT}:OPEN"], [f"{PAID_NOT}:OPEN"]],
        ),
        (  # when it has left the books
            [{"orders": ["A 100.00"], "psp": [CHARGED]}, {"bank": [f"{NET}09"]},
             {"psp": [GIVEN_BACK]}, {"bank": [f"-{NET}11"]}, {}],
            [[], [], [PAID_NOT], [f"{PAID_NOT}:OPEN"], [f"{PAID_NOT}:OPEN"]],
        ),
        (  # which is delivered again beside it
            [{"orders": ["A 100.00"], "psp": [CHARGED]}, {"bank": [f"{NET}09"]},
             {"psp": [f"{CHARGED} on=2026-11-09", GIVEN_BACK]}, {"bank": [f"-{NET}11"]}],
            [[], [], [PAID_NOT], [f"{PAID_NOT}:OPEN"]],
        ),
        (  # another merchant has a terminal of that number
            [{"orders": ["A 100.00 state=FAILED", "B 100.00"],
              "psp": [CHARGED, GIVEN_BACK, CHARGED.replace("A", "B", 1) + " merchant=8002"]}],
            [[]],
        ),
        (  # the file of the payment comes after that of its reversal
            [{"orders": ["A 100.00 state=FAILED"], "psp": [GIVEN_BACK]},
             {"psp": [f"{CHARGED} on=2026-11-09"]}, {}],
            [[], [], []],
        ),
    ],
)  # fmt: skip
def test_a_reversal_by_trace_number_is_as_one_by_reference(
    tmp_path: Path, days: list[Day], told: list[list[str]]
) -> None:
    """What it undid stays undone on the nights after, and its fee is the payment's."""
    world = TracedWorld(tmp_path)
    world.config.write_text(world.config.read_text("utf-8") + PRICE, "utf-8")
    assert codes(world, *days) == told
