"""Whole nights on small worlds: what is found, when it is found, and when it is over."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.core.schema import DECISIONS, conform
from recon.errors import ResourceError
from recon.store import decisions, publish
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"
FRIDAY, SATURDAY, SUNDAY, NEXT_MONDAY = "2026-11-13", "2026-11-14", "2026-11-15", "2026-11-16"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_a_clean_day_and_its_payout(world: NightWorld) -> None:
    """Three parties that agree leave nothing but a batch in transit, and then nothing at all."""
    world.day(MONDAY, orders=["A1 100.00", "A2 50.00"], psp=["A1 100.00 fee=0.60", "A2 50.00"])
    first = world.run(MONDAY)
    assert world.codes(first, benign=True) == ["IN_TRANSIT"]
    world.day(TUESDAY, bank=["149.40 memo=PAYOUT_8001_20261109"])
    second = world.run(TUESDAY)
    assert world.codes(second, benign=True) == []
    assert world.table(second, "open_items").height == 0


def test_currencies_are_never_summed_or_equated(world: NightWorld) -> None:
    """Equal figures in two currencies do not match, and a batch sums one currency only (7)."""
    world.day(MONDAY, orders=["A1 100.00", "A2 5.00"], psp=["A1 100.00 currency=USD", "A2 5.00"])
    first = world.run(MONDAY)
    assert world.codes(first) == ["CURRENCY_MISMATCH"]
    world.day(TUESDAY, bank=["5.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == ["CURRENCY_MISMATCH:OPEN", "MISSING_SETTLEMENT"]


def test_rows_on_one_side_only(world: NightWorld) -> None:
    """An order that the channel lacks, a payment without an order, a credit of nobody."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["B1 20.00"])
    assert world.codes(world.run(MONDAY)) == ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]
    world.day(TUESDAY, bank=["20.00 memo=PAYOUT_8001_20261109", "7.00 memo=who_knows"])
    assert world.codes(world.run(TUESDAY)) == [
        "MISSING_IN_CHANNEL:OPEN",
        "MISSING_IN_MERCHANT:OPEN",
        "UNKNOWN_CREDIT",
    ]


def test_a_sale_after_the_cut_off_waits_for_the_next_file(world: NightWorld) -> None:
    """A charge at 23:30 that comes in the next day's file is in transit, then matched (18)."""
    world.day(MONDAY, orders=["A1 10.00 23:30"])
    assert world.codes(world.run(MONDAY), benign=True) == ["IN_TRANSIT"]
    world.day(TUESDAY, psp=["A1 10.00 23:30 on=2026-11-09"])
    second = world.run(TUESDAY)
    assert world.codes(second) == []
    links = world.table(second, "links")
    assert links["match_kind"].to_list() == ["EXACT"]


def test_a_missing_file_is_one_finding(world: NightWorld) -> None:
    """A file that is not there is FILE_MISSING and exit 3; its rows stay in transit (I-08)."""
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=None)
    night = world.run(MONDAY)
    assert night.exit_code == 3
    assert world.codes(night) == ["FILE_MISSING"]
    assert world.table(night, "disputes").height == 0
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00"], psp=["A1 10.00", "A2 20.00"])
    again = world.run(MONDAY)
    assert again.exit_code == 0
    assert world.codes(again) == []


def test_a_bad_row_is_quarantined(world: NightWorld) -> None:
    """A line whose amount cannot be read is a reject with its reason, never 0 or dropped (15)."""
    world.day(MONDAY, orders=["A1 10.00", "A2 0.125", "A3 １２"], psp=["A1 10.00"])
    night = world.run(MONDAY)
    rejects = world.table(night, "rejects")
    assert rejects.height == 2
    assert all("amount" in reasons[0] for reasons in rejects["reasons"].to_list())
    inputs = world.table(night, "inputs").filter(pl.col("source") == "orders").row(0, named=True)
    assert (inputs["rows"], inputs["rejected"]) == (1, 2)


def test_two_equal_coffees_then_an_overlapping_statement(world: NightWorld) -> None:
    """Equal bank lines are distinct money; the same lines delivered again are not (16)."""
    coffee = "3.50 memo=coffee on=2026-11-09"
    world.day(MONDAY, bank=[coffee, coffee])
    first = world.run(MONDAY)
    assert world.table(first, "transactions").height == 2
    world.day(TUESDAY, bank=[coffee, coffee, "9.00 memo=lunch"])
    outcomes = world.table(world.run(TUESDAY), "outcomes")
    assert outcomes.filter(pl.col("outcome") == "RESENT").height == 2


def test_the_same_file_again(world: NightWorld) -> None:
    """The same bytes under the next night's name: that night's file is missing, nothing changes."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["10.00 memo=PAYOUT_8001_20261109"])
    world.file("psp", "20261110").write_bytes(world.file("psp", "20261109").read_bytes())
    night = world.run(TUESDAY)
    states = dict(world.table(night, "inputs").select("source", "state").iter_rows())
    assert states["psp"] == "MISSING"
    assert world.codes(night) == ["FILE_MISSING"]
    assert night.exit_code == 3


def test_a_finished_night_is_a_no_op(world: NightWorld) -> None:
    """Running a finished night again does nothing and says so."""
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    first = world.run(MONDAY)
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = world.run(MONDAY)
    assert again.repeated
    assert again.run_id == first.run_id
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


def test_order_of_rows_and_threads_change_no_byte(tmp_path: Path) -> None:
    """Threads change no byte, and shuffled rows change no finding."""
    orders = [f"A{n} {n}.00" for n in range(1, 40)]
    channel = [f"A{n} {n + (n % 7 == 0)}.00" for n in range(1, 40) if n % 11]
    digests = []
    for name, threads in (("one", 1), ("two", 2)):
        world = NightWorld(tmp_path / name)
        world.day(MONDAY, orders=orders, psp=channel)
        night = world.run(MONDAY, threads=threads)
        names = sorted(path for path in night.folder.rglob("*.parquet"))
        digests.append([(path.name, path.read_bytes()) for path in names])
    assert digests[0] == digests[1]
    world = NightWorld(tmp_path / "shuffled")
    world.day(MONDAY, orders=orders[::-1], psp=channel[::2] + channel[1::2])
    shuffled = world.table(world.run(MONDAY), "disputes")
    columns = ["dispute_id", "code", "amount_minor", "order_id", "first_seen"]
    other = NightWorld(tmp_path / "one")
    plain = other.table(other.run(MONDAY), "disputes")
    assert shuffled.select(columns).rows() == plain.select(columns).rows()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_disk_that_refuses_beside_the_verdict(
    world: NightWorld, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """It is told as any refusal of the disk, and leaves nothing, with one thread too."""

    def refuse(*_: object) -> None:
        raise pl.exceptions.ComputeError("a damaged page")

    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    monkeypatch.setattr(publish, "totals", refuse)
    with pytest.raises(ResourceError, match="damaged page"):
        world.run(MONDAY, threads=threads)
    workspace = Workspace(world.folder / "workspace")
    assert workspace.published() == []
    assert [*workspace.work.iterdir()] == []


def test_every_night_proves_itself(world: NightWorld) -> None:
    """The independent checker proves a chain of nights: hashes, conservation, roll-forward."""
    world.day(MONDAY, orders=["A1 10.00", "A2 20.00 23:30"], psp=["A1 10.00", "A9 3.00"])
    world.day(
        TUESDAY, psp=["A2 20.00 23:30 on=2026-11-09"], bank=["13.00 memo=PAYOUT_8001_20261109"]
    )
    for day in (MONDAY, TUESDAY):
        night = world.run(day)
        assert verify(world.folder / "workspace", night.run_id).failures == []


def test_causes_of_differences_are_named_where_they_fit(world: NightWorld) -> None:
    """Swapped digits, a unit error and a fee taken off are named; what fits nothing is not."""
    world.day(
        MONDAY,
        orders=["A1 112.00", "A2 5.00", "A3 100.00", "A4 77.00"],
        psp=["A1 121.00", "A2 500.00", "A3 99.40 fee=0.60", "A4 70.31"],
    )
    disputes = world.table(world.run(MONDAY), "disputes").sort("order_id")
    swapped, unit, fee, unknown = disputes["cause"].to_list()
    assert "swapped" in swapped
    assert "x100" in unit
    assert "fee of 0.60" in fee
    assert unknown is None


def test_decisions_are_read_by_the_next_night(world: NightWorld) -> None:
    """What a person decided stands beside the dispute on the next night, and changes its run."""
    world.day(MONDAY, orders=["A1 10.00"])
    dispute = world.table(world.run(MONDAY), "disputes")["dispute_id"][0]
    made = pl.DataFrame(
        {"dispute_id": [dispute], "decision": ["CONFIRMED"], "note": ["seen"], "row_no": [1]}
    )
    decisions.append(Workspace(world.folder / "workspace"), conform(made, DECISIONS), "ab" * 32)
    world.day(TUESDAY)
    row = world.table(world.run(TUESDAY), "disputes").row(0, named=True)
    assert (row["status"], row["decision"], row["decision_note"]) == ("OPEN", "CONFIRMED", "seen")


def test_minor_units_are_read_as_declared(tmp_path: Path) -> None:
    """One column of fen holds 9999 and 10000: both are fen, nothing is guessed (3)."""
    fen = 'amount_unit = "minor"'
    world = NightWorld(tmp_path, orders=fen, psp=fen)
    world.day(MONDAY, orders=["A1 9999", "A2 10000"], psp=["A1 9999 fee=0", "A2 10000 fee=0"])
    night = world.run(MONDAY)
    assert world.codes(night) == []
    assert set(world.table(night, "transactions")["amount_minor"].to_list()) == {9_999, 10_000}


def test_six_thousand_rows_a_side(world: NightWorld) -> None:
    """Nothing is capped: six thousand orders match six thousand charges (10)."""
    rows = [f"A{number} {number % 97 + 1}.00" for number in range(6_000)]
    world.day(MONDAY, orders=rows, psp=rows)
    night = world.run(MONDAY)
    assert world.codes(night) == []
    assert world.table(night, "links").height == 6_000
