"""Cases against a clock: requests for the slip, and money settled before its detail came."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from recon.verify import verify
from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = "2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12"
SHOP = "A1 100.00"
ASKED = "K1 100.00 ref=K1 kind=retrieval state=OPEN original=A1"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world whose channel file may ask for slips, with a deadline in a column."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    text = text.replace(
        'void = "void"', 'void = "void"\nretrieval = "retrieval"\nchargeback = "chargeback"'
    )
    text = text.replace('OK = "success"', 'OK = "success"\nOPEN = "pending"\nANSWERED = "closed"')
    text = text.replace('channel_ref = "ref"\n', 'channel_ref = "ref"\ndue_date = "due"\n')
    world.config.write_text(text, "utf-8")
    return world


def write(world: NightWorld, day: str, psp: list[str], due: str = "", **more: list[str]) -> None:
    """Write a day whose channel file has a column of deadlines."""
    world.day(day, psp=psp, **more)
    path = world.file("psp", day.replace("-", ""))
    head, *lines = path.read_text("utf-8").splitlines()
    told = [f"{line},{due if ',retrieval,' in line else ''}" for line in lines]
    path.write_text("\n".join([f"{head},due", *told]) + "\n", "utf-8")


def test_a_request_is_open_until_it_is_answered(world: NightWorld) -> None:
    """It is a case from its first night, due by the day the file names; the answer closes it."""
    write(world, MONDAY, [SHOP, ASKED], due="2026-11-20", orders=[SHOP])
    first = world.run(MONDAY)
    assert world.codes(first) == ["RETRIEVAL_DUE"]
    case = world.table(first, "disputes").row(0, named=True)
    assert (case["due_at"], case["amount_minor"]) == (date(2026, 11, 20), 10_000)
    write(world, TUESDAY, [ASKED + " 12:00"], bank=["100.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == ["RETRIEVAL_DUE:OPEN"]
    write(world, WEDNESDAY, [ASKED.replace("OPEN", "ANSWERED")])
    night = world.run(WEDNESDAY)
    assert world.codes(night, benign=True) == ["RETRIEVAL_DUE:RESOLVED"]
    assert world.table(night, "open_items").height == 0
    verify(world.folder / "workspace")


def test_a_request_without_a_deadline_is_due_by_the_catalogue(world: NightWorld) -> None:
    """Where the file names no day, the usual days to act count; no money is missed for it."""
    write(world, MONDAY, [ASKED])
    night = world.run(MONDAY)
    assert world.codes(night) == ["RETRIEVAL_DUE"]
    case = world.table(night, "disputes").row(0, named=True)
    assert case["due_at"] > case["first_seen"]


def test_the_rule_file_says_within_how_many_days_to_act(world: NightWorld) -> None:
    """Days that the rule file gives a code count, but for a deadline of the file or a scheme."""
    text = world.config.read_text("utf-8")
    text = text.replace('merchant_id = "merchant"', 'product = "merchant"')
    text = text.replace("merchant_id", "product")
    days = "RETRIEVAL_DUE = 2\nMISSING_IN_MERCHANT = 9\nCHARGEBACK = 60\n"
    world.config.write_text(f"{text}\n[breaks.act_within_days]\n{days}", "utf-8")
    back = "K2 -9.00 ref=K2 kind=chargeback original=A0 merchant="
    rows = [SHOP, ASKED, f"{back}visa", f"{back}mada".replace("K2", "K3")]
    write(world, MONDAY, rows, due="2026-11-20")
    told = world.table(world.run(MONDAY), "disputes").select("code", "due_at", "scheme_limit_at")
    assert set(told.rows()) == {
        ("RETRIEVAL_DUE", date(2026, 11, 20), None),
        ("MISSING_IN_MERCHANT", date(2026, 11, 18), None),
        ("CHARGEBACK", date(2026, 12, 9), date(2026, 12, 9)),
        ("CHARGEBACK", date(2027, 1, 8), None),
    }


def test_a_request_that_becomes_a_chargeback_ends(world: NightWorld) -> None:
    """The chargeback of the same payment takes the place of the request: one case, not two."""
    write(world, MONDAY, [SHOP, ASKED], orders=[SHOP])
    world.run(MONDAY)
    taken = "C1 -100.00 kind=chargeback original=A1"
    write(world, TUESDAY, [taken], bank=["100.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == ["CHARGEBACK", "RETRIEVAL_DUE:RESOLVED"]


def test_an_answered_request_is_no_case(world: NightWorld) -> None:
    """A request that is answered when it first appears asks nothing of anybody."""
    write(world, MONDAY, [ASKED.replace("OPEN", "ANSWERED")])
    assert world.codes(world.run(MONDAY), benign=True) == []


def test_money_without_its_detail_is_reported_after_its_term(tmp_path: Path) -> None:
    """A credit names a batch whose file never came: it waits three days, then it is a break."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=[SHOP], psp=None)
    assert world.codes(world.run(MONDAY)) == ["FILE_MISSING"]
    world.day(TUESDAY, bank=["100.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(TUESDAY)) == []
    for day in (WEDNESDAY, THURSDAY, "2026-11-13"):
        world.day(day)
        assert world.codes(world.run(day)) == []
    found = []
    for day in ("2026-11-14", "2026-11-15"):
        world.day(day)
        found.append(world.codes(world.run(day)))
    assert found == [["SETTLED_UNRECONCILED"], ["SETTLED_UNRECONCILED:OPEN"]]
    world.day("2026-11-16", psp=["A1 100.00 on=2026-11-09"])
    assert world.codes(world.run("2026-11-16")) == ["SETTLED_UNRECONCILED:RESOLVED"]
    verify(world.folder / "workspace")


def test_a_credit_of_no_batch_is_not_held_against_a_missing_file(tmp_path: Path) -> None:
    """Only a credit that names a batch can be settled before its detail."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=[SHOP], psp=None)
    world.run(MONDAY)
    world.day(TUESDAY, bank=["7.00 memo=who_knows"])
    assert world.codes(world.run(TUESDAY)) == ["UNKNOWN_CREDIT"]
