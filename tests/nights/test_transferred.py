"""Refunds that the merchant pays by a transfer from its bank account, over whole nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.report.tie_out import statements
from recon.store.workspace import Workspace
from tests.night_world import WEEK, Day, NightWorld, codes, nights

SOLD: Day = {"orders": ["A 100.00", "B 100.00"], "psp": ["A 100.00", "B 100.00"]}
ASKED = "F100001 -100.00 kind=refund original=A"
PAYOUT = "200.00 memo=PAYOUT_8001_20261109"
DEBIT = "-100.00 memo=transfer_F100001_card_closed"


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (  # on one night
            [SOLD, {"orders": [ASKED], "bank": [PAYOUT, DEBIT]}, {}, {}],
            [[], ["REFUND_ROUTE"], [], []],
        ),
        (  # the debit comes when the refund is missed already
            [SOLD, {"orders": [ASKED], "bank": [PAYOUT]}, {"bank": [DEBIT]}, {}],
            [[], ["REFUND_NOT_SETTLED"], ["REFUND_NOT_SETTLED:RESOLVED", "REFUND_ROUTE"], []],
        ),
        (  # the books tell the refund a day after the bank
            [SOLD, {"bank": [PAYOUT, DEBIT]}, {"orders": [ASKED]}, {}],
            [[], ["UNAUTHORISED_DEBIT"], ["REFUND_ROUTE", "UNAUTHORISED_DEBIT:RESOLVED"], []],
        ),
        (  # the channel could not refund: its row failed
            [
                SOLD,
                {"orders": [ASKED], "psp": [f"{ASKED} state=FAILED"], "bank": [PAYOUT]},
                {"bank": [DEBIT]},
                {},
            ],
            [[], ["REFUND_NOT_SETTLED"], ["REFUND_NOT_SETTLED:RESOLVED", "REFUND_ROUTE"], []],
        ),
        (  # another amount, or no number: each stays what it is
            [SOLD, {"orders": [ASKED], "bank": [PAYOUT, DEBIT.replace("100.00", "90.00")]}],
            [[], ["REFUND_NOT_SETTLED", "UNAUTHORISED_DEBIT"]],
        ),
        (
            [SOLD, {"orders": [ASKED], "bank": [PAYOUT, "-100.00 memo=transfer"]}],
            [[], ["REFUND_NOT_SETTLED", "UNAUTHORISED_DEBIT"]],
        ),
        (  # two debits name it: none is picked
            [SOLD, {"orders": [ASKED], "bank": [PAYOUT, DEBIT, f"{DEBIT}_again"]}],
            [[], ["REFUND_NOT_SETTLED", "UNAUTHORISED_DEBIT", "UNAUTHORISED_DEBIT"]],
        ),
    ],
)
def test_a_refund_by_transfer_is_one_case(
    tmp_path: Path, days: list[Day], told: list[list[str]]
) -> None:
    """Neither a lost refund nor a debit without authority: a refund by another route, told once."""
    world = NightWorld(tmp_path)
    assert codes(world, *days) == told
    _proved(world, len(days))


def test_a_transfer_that_the_policy_allows_is_no_case(tmp_path: Path) -> None:
    """Where `routes_allowed` names it, the refund and its debit agree."""
    top = '[refunds]\nroutes_allowed = ["original", "manual"]\n'
    world = NightWorld(tmp_path, extra_top=top)
    night = nights(world, SOLD, {"orders": [ASKED], "bank": [PAYOUT, DEBIT]})[1]
    assert world.codes(night) == []
    benign = world.table(night, "breaks").filter(cause="refunded by a manual transfer")
    assert benign["code"].cast(str).to_list() == ["NETTED", "NETTED"]
    _proved(world, 2)


def _proved(world: NightWorld, count: int) -> None:
    """Check that the proof of each night explains every row and fen."""
    space = Workspace(world.folder / "workspace")
    for day in WEEK[:count]:
        for proof in statements(read_pack(space, space.resolve(day), "en")):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)
