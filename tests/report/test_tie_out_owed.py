"""A negative batch taken from a later payout has its place in the proof, if the sums agree."""

from __future__ import annotations

from pathlib import Path

from recon.commands.packing import read_pack
from recon.report.tie_out import statements
from recon.store.workspace import Workspace
from tests.night_world import NightWorld


def test_every_row_of_an_owed_batch_counts_whatever_its_state(tmp_path: Path) -> None:
    """A pending refund belongs to what the batch owed, and the next payout is less by it too."""
    world = NightWorld(tmp_path)
    world.day(
        "2026-11-09",
        orders=["A1 80.00", "A2 10.00", "R1 -80.00 kind=refund original=A1"],
        psp=["A2 10.00", "R1 -80.00 kind=refund original=A1",
             "R2 -5.00 kind=refund state=PENDING original=A2"],
    )  # fmt: skip
    world.run("2026-11-09")
    world.day("2026-11-10", orders=["B1 100.00"], psp=["B1 100.00"])
    world.run("2026-11-10")
    world.day("2026-11-11", bank=["25.00 memo=PAYOUT_8001_20261110"])
    world.run("2026-11-11")
    space = Workspace(tmp_path / "workspace")
    pack = read_pack(space, space.resolve("2026-11-11"), "en")
    proof = next(proof for proof in statements(pack) if proof.right == "BANK")
    assert (proof.unexplained_rows, proof.unexplained_minor) == (0, 0)
    assert sum(line.rows for line in proof.of("linked", "CHANNEL")) == 4
