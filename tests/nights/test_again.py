"""Nights on which files overlap, keys repeat and payments are undone more than once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.night_world import NightWorld

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = "2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_an_orphan_void_in_overlapping_files_is_one_break(world: NightWorld) -> None:
    """A void without its original that each file brings again waits once and breaks once."""
    void = "V1 -50.00 kind=void original=ZZ on=2026-11-09"
    found = []
    for number, day in enumerate((MONDAY, TUESDAY, WEDNESDAY, THURSDAY)):
        order = f"B{number} 1.00"
        paid = f"1.00 memo=PAYOUT_8001_2026110{8 + number}"
        bank = [paid] if number in (1, 2) else []
        world.day(day, orders=[order], psp=[void, order], bank=bank)
        codes = world.codes(world.run(day))
        found.append(codes.count("REVERSAL_ORPHAN"))
    assert found == [0, 0, 0, 1]


@pytest.mark.parametrize("original", ["A1", "P1", "P2"])
def test_a_second_charge_that_is_undone_is_no_dispute(tmp_path: Path, original: str) -> None:
    """Time-out, retry, reversal: whichever charge is undone, one stays and the books agree."""
    world = NightWorld(tmp_path)
    void = f"V1 -50.00 kind=void original={original} 09:10"
    charges = ["A1 50.00 ref=P1 09:00", "A1 50.00 ref=P2 09:01", void]
    world.day(MONDAY, orders=["A1 50.00"], psp=charges)
    assert world.codes(world.run(MONDAY)) == []


def test_each_undoing_takes_a_payment_of_its_own(world: NightWorld) -> None:
    """Two equal payments of one order and two voids are nothing; a third void is an orphan."""
    paid = ["A1 50.00 ref=P1 09:00", "A1 50.00 ref=P2 09:05"]
    voids = [f"V{n} -50.00 kind=void original=A1 09:1{n}" for n in range(3)]
    world.day(MONDAY, orders=["A1 50.00 state=CLOSED"], psp=[*paid, *voids])
    night = world.run(MONDAY)
    assert world.codes(night) == []
    assert world.codes(night, benign=True).count("NETTED") == 2
    for day in (TUESDAY, WEDNESDAY):
        world.day(day)
        world.run(day)
    world.day(THURSDAY)
    assert world.codes(world.run(THURSDAY)) == ["REVERSAL_ORPHAN"]


def test_a_void_before_every_payment_takes_none(world: NightWorld) -> None:
    """An undoing cannot undo what came after it, and does not cost a later one its payment."""
    rows = [
        "V1 -50.00 kind=void original=A1 08:00",
        "A1 50.00 09:00",
        "V2 -50.00 kind=void original=A1 09:10",
    ]
    world.day(MONDAY, orders=[], psp=rows)
    night = world.run(MONDAY)
    assert world.codes(night, benign=True).count("NETTED") == 1
    netting = world.table(night, "links").row(0, named=True)
    transactions = world.table(night, "transactions")
    undone = dict(transactions.select("txn_id", "order_id").iter_rows())
    assert (undone[netting["left_txn_id"]], undone[netting["right_txn_id"]]) == ("A1", "V2")


def test_what_an_overlapping_file_repeats_is_not_news(tmp_path: Path) -> None:
    """A chargeback and a repeated record of last night are reported last night only."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    kinds = 'void = "void"\n'
    world.config.write_text(text.replace(kinds, kinds + 'chargeback = "chargeback"\n'), "utf-8")
    told = ["A1 9.00 on=2026-11-09", "A1 9.00 on=2026-11-09"]
    told.append("CB1 30.00 kind=chargeback on=2026-11-09")
    world.day(MONDAY, orders=["A1 9.00"], psp=told)
    assert world.codes(world.run(MONDAY)) == ["CHARGEBACK", "DUPLICATE_RECORD"]
    world.day(TUESDAY, orders=["B1 5.00"], psp=[*told, "B1 5.00"])
    assert world.codes(world.run(TUESDAY)) == []


def test_many_rows_of_one_key_do_not_multiply(world: NightWorld) -> None:
    """Ten thousand lone rows of one order are one missing order and as many further charges."""
    count = 10_000
    world.day(MONDAY, orders=[], psp=[f"A1 5.00 ref=R{n}" for n in range(count)])
    codes = world.codes(world.run(MONDAY))
    assert codes.count("DUPLICATE_CHARGE") == count - 1
    assert codes.count("MISSING_IN_MERCHANT") == 1


def test_a_batch_that_the_merchant_owes_is_never_late(world: NightWorld) -> None:
    """A refund-only batch is debited when the channel likes; that delay harms nobody."""
    refund = "F1 30.00 kind=refund original=A0"
    world.day(MONDAY, orders=[refund.replace("30.00", "-30.00")], psp=[refund])
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY)
    assert world.codes(world.run(TUESDAY)) == []
    world.day(WEDNESDAY, bank=["-30.00 memo=PAYOUT_8001_20261109"])
    assert world.codes(world.run(WEDNESDAY)) == []


def _with_merchant_voids(world: NightWorld) -> NightWorld:
    text = world.config.read_text("utf-8")
    world.config.write_text(
        text.replace('refund = "refund"\n', 'refund = "refund"\nvoid = "void"\n', 1), "utf-8"
    )
    return world


@pytest.mark.parametrize("cycle", ["D+0", "T+1"])
def test_an_undoing_of_a_settled_payment_is_no_orphan(tmp_path: Path, cycle: str) -> None:
    """Both books undo last night's payment, which the bank has paid already: nothing is wrong."""
    world = _with_merchant_voids(NightWorld(tmp_path, cycle=cycle))
    paid = {"bank": ["100.00 memo=PAYOUT_8001_20261109"]}
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"], **(paid if cycle == "D+0" else {}))
    assert world.codes(world.run(MONDAY)) == []
    void = ["V1 -100.00 kind=void original=A1"]
    world.day(TUESDAY, orders=void, psp=void, **(paid if cycle == "T+1" else {}))
    assert world.codes(world.run(TUESDAY)) == []
    for day in (WEDNESDAY, THURSDAY, "2026-11-13"):
        world.day(day)
        assert world.codes(world.run(day)) == []


def test_a_payment_that_the_channel_undid_twice_is_one_break_and_one_orphan(tmp_path: Path) -> None:
    """The books call it paid still: the first undoing keeps it open, the second finds nothing."""
    world = NightWorld(tmp_path, cycle="D+0")
    bank = ["100.00 memo=PAYOUT_8001_20261109"]
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"], bank=bank)
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, psp=["V1 -100.00 kind=void original=A1"])
    assert world.codes(world.run(TUESDAY)) == ["MERCHANT_PAID_CHANNEL_NOT"]
    world.day(WEDNESDAY, psp=["V2 -100.00 kind=void original=RA1"])
    found = [world.codes(world.run(WEDNESDAY))]
    for day in (THURSDAY, "2026-11-13", "2026-11-14"):
        world.day(day)
        found.append(world.codes(world.run(day)))
    still = "MERCHANT_PAID_CHANNEL_NOT:OPEN"
    assert found == [[still], [still], [still], [still, "REVERSAL_ORPHAN"]]


def test_a_bounced_payout_that_is_paid_again_is_over(world: NightWorld) -> None:
    """The return and the second payout of a batch cancel out; the break is resolved, not two."""
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"])
    world.run(MONDAY)
    payout = "memo=PAYOUT_8001_20261109"
    found = []
    for day, amount in ((TUESDAY, "100.00"), (WEDNESDAY, "-100.00"), (THURSDAY, "100.00")):
        world.day(day, bank=[f"{amount} {payout}"])
        found.append(world.codes(world.run(day)))
    assert found == [[], ["PAYOUT_BOUNCED"], ["PAYOUT_BOUNCED:RESOLVED"]]


def test_an_order_of_nothing_is_not_missed(world: NightWorld) -> None:
    """An order whose price a coupon pays in full never reaches the channel, and nobody minds."""
    world.day(MONDAY, orders=["A1 0.00", "A2 1.00"], psp=["A3 0.00", "A2 1.00"])
    assert world.codes(world.run(MONDAY)) == []
    world.day(TUESDAY, bank=["1.00 memo=PAYOUT_8001_20261109", "0.00 memo=INTEREST"])
    night = world.run(TUESDAY)
    assert world.codes(night) == []
    assert world.table(night, "open_items").height == 0


def test_equal_times_of_one_order_do_not_follow_the_file(tmp_path: Path) -> None:
    """Orders told twice with other amounts at one time pair alike however the rows are shuffled."""
    orders = [f"A{n % 5} {1 + n % 7}.00" for n in range(15)]
    charges = [f"A{n % 6} {1 + n % 4}.00 ref=R{n} 09:{n % 7:02d}" for n in range(20)]
    found = []
    for name, step in (("plain", 1), ("back", -1)):
        world = NightWorld(tmp_path / name)
        world.day(MONDAY, orders=orders[::step], psp=charges[::step])
        disputes = world.table(world.run(MONDAY), "disputes")
        columns = ["dispute_id", "code", "amount_minor", "difference_minor", "channel_ref"]
        found.append(disputes.select(columns).rows())
    assert found[0] == found[1]


def test_a_further_charge_is_no_partner_of_orders_without_a_number(tmp_path: Path) -> None:
    """Keys decide first: tied with counter sales it may be, its own order was charged before."""
    world = NightWorld(tmp_path)
    counter = (
        '[[leg.pass]]\nname = "counter"\nmethod = "unique"\nkeys = ["due_date=clearing_date"]\n'
    )
    head, _, rest = world.config.read_text("utf-8").partition('keys = ["order_id"]\n')
    world.config.write_text(f'{head}keys = ["order_id"]\n{counter}{rest}', "utf-8")
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00 ref=R1"])
    assert world.codes(world.run("2026-11-09")) == []
    charges = ["A1 10.00 ref=R2 13:00", "X1 10.00 ref=R3 11:00", "X2 10.00 ref=R4 12:00"]
    paid = ["10.00 memo=PAYOUT_8001_20261109"]
    world.day("2026-11-10", orders=["C1 10.00 11:00", "C2 10.00 12:00"], psp=charges, bank=paid)
    path = world.file("orders", "20261110")
    unnumbered = path.read_text("utf-8").replace("C1,", ",").replace("C2,", ",")
    path.write_text(unnumbered, "utf-8")
    told = ["AMBIGUOUS", "AMBIGUOUS", "DUPLICATE_CHARGE"]
    assert world.codes(world.run("2026-11-10")) == told
    world.day("2026-11-11", bank=["30.00 memo=PAYOUT_8001_20261110"])
    assert world.codes(world.run("2026-11-11")) == [f"{code}:OPEN" for code in told]
    world.day("2026-11-12", psp=["A1 10.00 ref=V2 kind=void original=R2"])
    assert "DUPLICATE_CHARGE:RESOLVED" in world.codes(world.run("2026-11-12"))


def _matched_by(world: NightWorld, passes: str) -> NightWorld:
    text = world.config.read_text("utf-8")
    first = '[[leg.pass]]\nname = "order number"\nkeys = ["order_id"]\n'
    assert first in text
    world.config.write_text(text.replace(first, passes), "utf-8")
    return world


def test_a_key_that_orders_share_is_no_sign_of_a_second_charge(tmp_path: Path) -> None:
    """Of rows that are matched by their day and amount, one without a partner is alone."""
    passes = '[[leg.pass]]\nname = "day"\nmethod = "window"\nkeys = ["due_date=clearing_date"]\n'
    world = _matched_by(NightWorld(tmp_path), passes)
    orders = ["A1 10.00", "A2 20.00", "A3 30.00"]
    world.day("2026-11-09", orders=orders, psp=["P1 10.00", "P2 20.00", "P4 40.00 12:00"])
    told = ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]
    assert world.codes(world.run("2026-11-09")) == told


def test_a_second_charge_is_seen_by_any_key_that_names_the_order(tmp_path: Path) -> None:
    """The first pass parts it from its order by the amount; the order number tells it."""
    passes = "".join(
        f'[[leg.pass]]\nname = "{number}"\nkeys = {keys}\n'
        for number, keys in enumerate(('["order_id", "amount_minor"]', '["order_id"]'))
    )
    world = _matched_by(NightWorld(tmp_path), passes)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00 ref=R1", "A1 9.00 ref=R2 12:00"])
    assert world.codes(world.run("2026-11-09")) == ["DUPLICATE_CHARGE"]
    world.day("2026-11-10", bank=["19.00 memo=PAYOUT_8001_20261109"], psp=["A1 8.00 ref=R3"])
    assert world.codes(world.run("2026-11-10")) == ["DUPLICATE_CHARGE", "DUPLICATE_CHARGE:OPEN"]
    world.day("2026-11-11", bank=["8.00 memo=PAYOUT_8001_20261110"], psp=["A1 7.00 ref=R4"])
    told = ["DUPLICATE_CHARGE", "DUPLICATE_CHARGE:OPEN", "DUPLICATE_CHARGE:OPEN"]
    assert world.codes(world.run("2026-11-11")) == told
