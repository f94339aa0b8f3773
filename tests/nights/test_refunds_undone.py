"""Refunds that a reversal or void undoes: the payer did not get the money."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from tests.night_world import Day, NightWorld, nights

NOT_SETTLED, UNBOOKED = "REFUND_NOT_SETTLED", "REFUND_UNBOOKED"
TOLD_ONCE = ["REFUND_EXCESS", "REFUND_NO_ORIGINAL"]
REFUND, UNDONE = "F1 60.00 kind=refund original=A1", "V1 60.00 11:00 kind=reversal original=F1"
SALE, SOLD = "A1 100.00", "100.00 memo=PAYOUT_8001_20261109"
BOTH: Day = {"orders": [SALE, REFUND], "psp": [SALE, REFUND]}
NET = "40.00 memo=PAYOUT_8001_20261109"


def back(day: int) -> str:
    """Return the bank line of a batch in which only the undoing stands."""
    return f"60.00 memo=PAYOUT_8001_202611{day:02}"


STORIES: dict[str, tuple[list[Day], list[list[str]]]] = {
    "the channel undoes it the same day: the books refund, the payer has nothing": (
        [{"orders": [SALE, REFUND], "psp": [SALE, REFUND, UNDONE]}, {"bank": [SOLD]}, {}],
        [[NOT_SETTLED], [f"{NOT_SETTLED}:OPEN"], [f"{NOT_SETTLED}:OPEN"]],
    ),
    "both undo it the same day": (
        [{"orders": [SALE, REFUND, UNDONE], "psp": [SALE, REFUND, UNDONE]}, {"bank": [SOLD]}, {}],
        [[], [], []],
    ),
    "the channel undoes it a night later, the books after that": (
        [BOTH, {"psp": [UNDONE], "bank": [NET]}, {"bank": [back(10)]}, {"orders": [UNDONE]}, {}],
        [[], [NOT_SETTLED], [f"{NOT_SETTLED}:OPEN"], [f"{NOT_SETTLED}:RESOLVED"], []],
    ),
    "so too when its money has left the books": (
        [BOTH, {"bank": [NET]}, {"psp": [UNDONE]}, {"orders": [UNDONE], "bank": [back(11)]}, {}],
        [[], [], [NOT_SETTLED], [f"{NOT_SETTLED}:RESOLVED"], []],
    ),
    "both undo it a night later": (
        [BOTH, {"orders": [UNDONE], "psp": [UNDONE], "bank": [NET]}, {"bank": [back(10)]}],
        [[], [], []],
    ),
    "the books undo it a night later, the channel after that": (
        [BOTH, {"orders": [UNDONE], "bank": [NET]}, {}, {"psp": [UNDONE]}, {"bank": [back(12)]}],
        [[], [UNBOOKED], [f"{UNBOOKED}:OPEN"], [f"{UNBOOKED}:RESOLVED"], []],
    ),
    "a refund on its way is undone": (
        [
            {"orders": [SALE, REFUND], "psp": [SALE, f"{REFUND} state=PENDING"]},
            {"orders": [UNDONE], "psp": [UNDONE], "bank": [NET]},
            {"bank": [back(10)]},
        ],
        [[], [], []],
    ),
}


def make(folder: Path, signs: str = "by_kind") -> NightWorld:
    """Return a world in which both sides reverse, and refunds have terms."""
    key = f'signs = "{signs}"'
    world = NightWorld(folder, orders=key, psp=key)
    text = world.config.read_text("utf-8")
    kinds = 'refund = "refund"\nreversal = "reversal"\n'
    text = text.replace('refund = "refund"\n', kinds) + "\n[refunds]\nsettle_days = 0\n"
    world.config.write_text(text, "utf-8")
    return world


@pytest.mark.parametrize("signs", ["by_kind", "as_given"])
@pytest.mark.parametrize("story", STORIES)
def test_a_refund_that_is_undone(tmp_path: Path, story: str, signs: str) -> None:
    """Each night proves itself; the sum at the bank agrees whatever signs the rows came with."""
    world = make(tmp_path, signs)
    days, expected = STORIES[story]
    if signs == "as_given":
        days = [
            {name: [_signed(row) for row in rows] for name, rows in day.items()} for day in days
        ]
    assert [world.codes(night) for night in nights(world, *days)] == expected


def _signed(row: str) -> str:
    """Return a refund as a sender writes it who signs what it sends."""
    return row.replace(" 60.00 ", " -60.00 ") if "kind=refund" in row else row


def test_what_is_told_of_it(tmp_path: Path) -> None:
    """The payer is out of pocket by the refund, and the evidence is the undoing."""
    world = make(tmp_path)
    told = nights(world, BOTH, {"bank": [NET]}, {"psp": [UNDONE]})
    case = world.table(told[2], "disputes").row(0, named=True)
    assert (case["code"], case["out_of_pocket"], case["amount_minor"]) == (
        NOT_SETTLED,
        "PAYER",
        6000,
    )
    assert case["cause"] == "the channel undid the refund on a later night"
    assert [item["record_no"] for item in case["evidence"]] == [2]
    undoing = world.table(told[2], "transactions").row(0, named=True)
    assert (undoing["amount_minor"], undoing["net_minor"]) == (6000, 6000)


def test_refunds_that_were_undone_are_not_added_up(tmp_path: Path) -> None:
    """60.00 undone and 80.00 given back are 80.00, the same night and nights later.

    What was too much, or of no known payment, is over when it is undone.
    """
    again = "F2 80.00 12:00 kind=refund original=A1"
    world = make(tmp_path)
    net = {"bank": [NET]}
    days: list[Day] = [BOTH, {"orders": [UNDONE], "psp": [UNDONE], **net}]
    days.append({"orders": [again], "psp": [again], "bank": [back(10)]})
    assert [world.codes(night) for night in nights(world, *days)] == [[], [], []]
    more = "F3 30.00 12:00 kind=refund original=A1"
    lost = "F4 5.00 12:00 kind=refund original=A0"
    world.day("2026-11-12", orders=[more, lost], psp=[more, lost])
    told = world.table(world.run("2026-11-12"), "breaks").filter(pl.col("code").is_in(TOLD_ONCE))
    (case,) = told.filter(code="REFUND_EXCESS").to_dicts()
    assert (case["expected_minor"], case["actual_minor"]) == (10_000, 11_000)
    undone = [
        f"V{no} {row} kind=reversal"
        for no, row in ((2, "80.00 12:00 original=F2"), (4, "5.00 12:00 original=F4"))
    ]
    world.day("2026-11-13", orders=undone, psp=undone)
    night = world.run("2026-11-13")
    assert world.codes(night) == [f"{code}:RESOLVED" for code in TOLD_ONCE]


@pytest.mark.parametrize("closed", [False, True])
def test_trace_says_that_the_payer_did_not_get_it(tmp_path: Path, *, closed: bool) -> None:
    """Whether the refund was still in the books when it was undone, or had left them."""
    world = make(tmp_path)
    between: list[Day] = [{"bank": [NET]}, {"psp": [UNDONE]}]
    nights(world, BOTH, *(between if closed else [{"psp": [UNDONE], "bank": [NET]}]))
    call = ["trace", "F1", "--workspace", str(tmp_path / "workspace"), "--json"]
    now = json.loads(CliRunner().invoke(group, call).stdout)["now"]
    (refund,) = [item for item in now if item["kind"] == "REFUND"]
    assert (refund["place"], refund["holder"]) == ("not_given_back", "MERCHANT")
    assert "the payer did not get the money" in refund["text_en"]
    assert "付款人没有收到" in refund["text_zh"]


def test_a_void_of_the_payment_is_no_undoing_of_its_refund(tmp_path: Path) -> None:
    """A name that the payment and its refund share means the payment, if the amount is its own."""
    world = make(tmp_path)
    rows = [SALE, "A1 100.00 10:30 kind=refund original=A1 ref=RF1"]
    world.day("2026-11-09", psp=[*rows, "V1 100.00 11:00 kind=reversal original=A1"])
    (undoing,) = (
        world.table(world.run("2026-11-09"), "transactions")
        .filter(kind="REVERSAL")
        .rows(named=True)
    )
    assert undoing["amount_minor"] == -10_000
