"""A payment that one side undoes by a void and the other by a refund, and books that stay so."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.report.tie_out import statements
from recon.rules.words.causes import known
from recon.store.workspace import Workspace
from tests.night_world import Day, NightWorld, codes, nights

PAID_NOT, VOIDED, UNBOOKED = "MERCHANT_PAID_CHANNEL_NOT", "VOIDED_BUT_SETTLED", "REFUND_UNBOOKED"
SALE: Day = {"orders": ["A1 100.00"], "psp": ["A1 100.00"]}
PAYOUT = "100.00 memo=PAYOUT_8001_20261109"
VOID, REFUND = "V1 100.00 kind=void original=A1", "F1 100.00 kind=refund original=A1"
BOOKS_VOID: Day = {"orders": [VOID], "bank": [PAYOUT]}
CHANNEL_VOID: Day = {"psp": [VOID], "bank": [PAYOUT]}
NOT_PAID = "CHANNEL_PAID_MERCHANT_NOT"
PART, REST = "F1 60.00 kind=refund original=A1", "F2 40.00 kind=refund original=A1"
CHANNEL_REFUND: Day = {"psp": [REFUND]}


def back(day: int) -> str:
    """Return the bank line of a batch below zero."""
    return f"-100.00 memo=PAYOUT_8001_202611{day:02}"


STORIES: dict[str, tuple[list[Day], list[list[str]]]] = {
    "the books call a payment paid for as long as they do": (
        [SALE, CHANNEL_VOID, {"bank": [back(10)]}, {},
         {"orders": ["A1 100.00 state=CLOSED on=2026-11-09"]}],
        [[], [PAID_NOT], [f"{PAID_NOT}:OPEN"], [f"{PAID_NOT}:OPEN"], [f"{PAID_NOT}:RESOLVED"]],
    ),
    "so too where the payment has left the books, until they refund": (
        [SALE, {"bank": [PAYOUT]}, {"psp": [VOID]}, {"orders": [REFUND], "bank": [back(11)]}, {}],
        [[], [], [PAID_NOT], [f"{PAID_NOT}:RESOLVED"], []],
    ),
    "the books void, the channel refunds": (
        [SALE, BOOKS_VOID, CHANNEL_REFUND, {"bank": [back(11)]}],
        [[], [VOIDED], [f"{VOIDED}:RESOLVED"], []],
    ),
    "the channel refunds, the books void": (
        [SALE, {**CHANNEL_REFUND, "bank": [PAYOUT]}, {"orders": [VOID], "bank": [back(10)]}, {}],
        [[], [UNBOOKED], [f"{UNBOOKED}:RESOLVED"], []],
    ),
    "a second refund is one too many": (
        [SALE, BOOKS_VOID, CHANNEL_REFUND,
         {"psp": [REFUND.replace("F1", "F2")], "bank": [back(11)]}],
        [[], [VOIDED], [f"{VOIDED}:RESOLVED"], [UNBOOKED]],
    ),
    "a refund beside a void on both sides": (
        [SALE, {"orders": [VOID], "psp": [VOID], "bank": [PAYOUT]},
         {**CHANNEL_REFUND, "bank": [back(10)]}],
        [[], [], [UNBOOKED]],
    ),
    "a refund of a part leaves the rest": (
        [SALE, BOOKS_VOID, {"psp": [PART]}, {"bank": ["-60.00 memo=PAYOUT_8001_20261111"]},
         {"psp": [REST]}],
        [[], [VOIDED], [f"{VOIDED}:OPEN"], [f"{VOIDED}:OPEN"], [f"{VOIDED}:RESOLVED"]],
    ),
    "so does one of an order that was voided when it was charged": (
        [{"orders": ["A1 100.00 state=VOIDED"], "psp": ["A1 100.00", PART]},
         {"bank": ["40.00 memo=PAYOUT_8001_20261109"]}, {"psp": [REST]}],
        [[VOIDED], [f"{VOIDED}:OPEN"], [f"{VOIDED}:RESOLVED"]],
    ),
    "and one of an order that is closed": (
        [{"orders": ["A1 100.00 state=CLOSED"], "psp": ["A1 100.00", PART]},
         {"bank": ["40.00 memo=PAYOUT_8001_20261109"]}, {"psp": [REST]}],
        [[NOT_PAID], [f"{NOT_PAID}:OPEN"], [f"{NOT_PAID}:RESOLVED"]],
    ),
    "a refund of more than the charge is one too many": (
        [SALE, BOOKS_VOID, {"psp": [PART, REST.replace("40.00", "50.00")]}],
        [[], [VOIDED], [UNBOOKED, UNBOOKED, f"{VOIDED}:RESOLVED"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_a_payment_undone_in_two_ways(tmp_path: Path, story: str) -> None:
    """One thing is one finding, open for as long as it is true; the proofs leave nothing over."""
    world = NightWorld(tmp_path)
    rules = world.config.read_text(encoding="utf-8")
    words = 'refund = "refund"\n'
    rules = rules.replace(words, f'{words}void = "void"\n', 1)
    rules = rules.replace('FAILED = "failed"', 'FAILED = "failed"\nVOIDED = "reversed"', 1)
    world.config.write_text(rules, encoding="utf-8")
    days, expected = STORIES[story]
    results = nights(world, *days)
    assert [world.codes(night) for night in results] == expected
    space = Workspace(tmp_path / "workspace")
    for night in results:
        for proof in statements(read_pack(space, space.resolve(night.run_id), "en")):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)


@pytest.mark.parametrize("state", ["VOIDED", "CLOSED"])
def test_what_is_left_of_a_charge_is_at_risk(tmp_path: Path, state: str) -> None:
    """Of 100.00, 60.00 were given back: the payer lacks 40.00, and the evidence names it."""
    world = NightWorld(tmp_path)
    rules = world.config.read_text(encoding="utf-8")
    rules = rules.replace('FAILED = "failed"', 'FAILED = "failed"\nVOIDED = "reversed"', 1)
    world.config.write_text(rules, encoding="utf-8")
    (night,) = nights(world, {"orders": [f"A1 100.00 state={state}"], "psp": ["A1 100.00", PART]})
    (case,) = world.table(night, "disputes").to_dicts()
    assert (case["amount_minor"], case["out_of_pocket"]) == (4000, "PAYER")
    assert case["cause"] == "refunded in part: 60.00"
    assert [item["record_no"] for item in case["evidence"]] == [2, 2, 3]
    assert known(case["cause"])


def test_a_void_of_a_night_before_counts_what_was_refunded_since(tmp_path: Path) -> None:
    """The same where the books voided a night later: 40.00 are left."""
    world = NightWorld(tmp_path)
    rules = world.config.read_text(encoding="utf-8")
    words = 'refund = "refund"\n'
    world.config.write_text(rules.replace(words, f'{words}void = "void"\n', 1), encoding="utf-8")
    told = nights(world, SALE, BOOKS_VOID, {"psp": [PART]})
    (case,) = world.table(told[2], "disputes").to_dicts()
    assert (case["code"], case["amount_minor"]) == (VOIDED, 4000)


@pytest.mark.parametrize("name", ["channel_ref", "rrn"])
class SchemeWorld(NightWorld):
    """A world whose channel knows no order; the books carry its number (`ref`)."""

    def __init__(self, folder: Path) -> None:
        """Write the rule file with the channel's number in place of the order's."""
        super().__init__(folder, psp='ignore_columns = ["order"]')
        text = self.config.read_text("utf-8")
        for ours, theirs in (
            ('order_id = "order"\nchannel_ref = "ref"', 'channel_ref = "ref"'),
            ('keys = ["order_id"]', 'keys = ["channel_ref"]'),
            ('order_id = "order"\namount', 'order_id = "order"\nchannel_ref = "ref"\namount'),
        ):
            assert ours in text
            text = text.replace(ours, theirs)
        self.config.write_text(text, "utf-8")

    def day(self, day: str, **sources: list[str] | None) -> None:
        """Write one day's files, the books with a column of references."""
        super().day(day, **sources)
        path = self.file("orders", day.replace("-", ""))
        head, *lines = path.read_text("utf-8").splitlines()
        named = (row.partition("ref=")[2].partition(" ")[0] for row in sources.get("orders") or [])
        out = [f"{line},{name}" for line, name in zip(lines, named, strict=True)]
        path.write_text("\n".join([f"{head},ref", *out]) + "\n", "utf-8")


PAID = "100.00 memo=PAYOUT_8001_202611"
UNDO, ANEW = "A1 -100.00 ref=R9 kind=void original=R1", "A1 100.00 ref=R2 11:00"


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (  # open until the books refund
            [{"psp": [UNDO]},
             {"bank": [f"-{PAID}11"], "orders": ["F1 -100.00 kind=refund original=A1"]}],
            [[PAID_NOT], [f"{PAID_NOT}:RESOLVED"]],
        ),
        ([{"psp": [UNDO, ANEW], "orders": [ANEW]}, {}], [[], []]),  # paid anew
        (
            [{"psp": [UNDO]}, {"psp": [ANEW], "orders": [ANEW], "bank": [f"-{PAID}11"]}],
            [[PAID_NOT], [f"{PAID_NOT}:RESOLVED"]],
        ),
    ],
)  # fmt: skip
def test_a_late_reversal_by_the_scheme_s_number_is_told_too(
    tmp_path: Path, days: list[Day], told: list[list[str]]
) -> None:
    """A scheme's file knows no order: the books carry its number, and that of a new payment."""
    first = {"orders": ["A1 100.00 ref=R1"], "psp": ["A1 100.00 ref=R1"]}
    assert codes(SchemeWorld(tmp_path), first, {"bank": [f"{PAID}09"]}, *days) == [[], [], *told]
