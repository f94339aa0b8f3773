"""What refunds are paid from, and where they go, over whole nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.commands.packing import read_pack
from recon.report.flows import channel_flows
from recon.report.tie_out import statements
from recon.store.workspace import Workspace
from tests.night_world import WEEK, Day, NightWorld, codes

SALES = ["A 100.00 fee=0.60", "B 50.00 fee=0.30"]
BACK = "F1 -100.00 kind=refund original=A"
WITHOUT = "149.10 memo=PAYOUT_8001_20261109"  # the sales less their fees
SETTLEMENT = '[source.settlement]\ncycle = "T+1"'


class ToldWorld(NightWorld):
    """A world whose channel tells one thing more of every row: an attribute with one word."""

    def __init__(
        self, folder: Path, attribute: str = "", word: str = "", settlement: str = ""
    ) -> None:
        """Write the rule file; `settlement` adds keys to the channel's settlement."""
        super().__init__(folder)
        self.word = word
        told = f'[source.attributes]\n{attribute} = "told"\n' if attribute else ""
        self.rewrite(SETTLEMENT, f"{told}{SETTLEMENT}\n{settlement}")

    def rewrite(self, old: str, new: str) -> None:
        """Replace a part of the rule file, once."""
        text = self.config.read_text("utf-8")
        self.config.write_text(text.replace(old, new, 1), "utf-8")

    def day(self, day: str, **sources: list[str] | None) -> None:
        """Write one day's files, the channel's with the further column."""
        super().day(day, **sources)
        path = self.file("psp", day.replace("-", ""))
        head, *rows = path.read_text("utf-8").splitlines()
        lines = [f"{head},told", *(f"{row},{self.word}" for row in rows)]
        path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("settlement", "attribute", "word", "told"),
    [
        ("", "remark", "x", ["NET_MISMATCH"]),  # taken from the payout, as it is usual
        ('refunds_from = "refund_account"', "remark", "x", []),
        ("", "funded_by", "merchant_balance", []),
        ('funding = { "05" = "merchant_balance" }', "funded_by", "05", []),
        ('refunds_from = "refund_account"\nfunding = { "05" = "payout" }', "funded_by", "05",
         ["NET_MISMATCH"]),
    ],
)  # fmt: skip
def test_a_refund_from_elsewhere_takes_nothing_from_its_batch(
    tmp_path: Path, settlement: str, attribute: str, word: str, told: list[str]
) -> None:
    """The payout is the sales less their fees; books and channel agree on the refund too."""
    world = ToldWorld(tmp_path, attribute, word, settlement)
    first: Day = {"orders": [*SALES, BACK], "psp": [*SALES, BACK]}
    assert codes(world, first, {"bank": [WITHOUT]}) == [[], told]
    space = Workspace(tmp_path / "workspace")
    for day in WEEK[:2]:
        pack = read_pack(space, space.resolve(day), "en")
        for proof in statements(pack):
            assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)
        if not told:
            flow = channel_flows(pack).row(0, named=True)
            assert (flow["refunds"], flow["fees"], flow["net"]) == (0, -90, 14_910)


@pytest.mark.parametrize(
    ("word", "policy", "told"),
    [
        ("original", "", []),
        ("原路退回", "", []),
        ("merchant_account", "", ["REFUND_ROUTE"]),
        ("对公", '[refunds.routes]\n"对公" = "merchant_account"', ["REFUND_ROUTE"]),
        ("P", '[refunds.routes]\nP = "original"', []),
        ("third_party", 'routes_allowed = ["original", "third_party"]', []),
    ],
)
def test_the_route_that_a_file_tells_is_held_against_the_policy(
    tmp_path: Path, word: str, policy: str, told: list[str]
) -> None:
    """By the attribute `refund_route`, in the policy's words or in the sender's own."""
    world = ToldWorld(tmp_path, "refund_route", word)
    world.rewrite("[[source]]", f"[refunds]\n{policy}\n[[source]]")
    assert codes(world, {"orders": [*SALES, BACK], "psp": [*SALES, BACK]}) == [told]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("2026-11-09", ["REFUND_NO_ORIGINAL"]),
        ("20261109", ["REFUND_NO_ORIGINAL"]),
        ("2026-11-08", []),
        ("unknown", []),
    ],
)
def test_a_refund_tells_of_what_day_its_payment_is(
    tmp_path: Path, word: str, told: list[str]
) -> None:
    """With a history that begins on a day, only a payment that should be in it is missed."""
    world = ToldWorld(tmp_path, "original_date", word)
    world.rewrite("[[source]]", "[refunds]\nhistory_from = 2026-11-09\n[[source]]")
    lone = "F1 -10.00 kind=refund original=Z9"
    assert codes(world, {"orders": [lone], "psp": [lone]}) == [told]
