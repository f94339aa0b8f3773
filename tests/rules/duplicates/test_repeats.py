"""Equal payments that follow each other closely: benign repeats and likely double charges."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.night_world import NightWorld

SALES = 60  # other sales of the day, so that the shop has a rate of its own


class CardWorld(NightWorld):
    """A night world whose channel shows card, till, authorisation and trace number."""

    def __init__(self, folder: Path, *, books: bool = True, top: str = "") -> None:
        """Write the rule file; without `books` only the channel and the bank are reconciled."""
        super().__init__(folder, extra_top=top)
        text = self.config.read_text(encoding="utf-8")
        columns = 'card = "card"\nterminal_id = "till"\nauth_code = "auth"\nstan = "stan"\n'
        text = text.replace('merchant_id = "merchant"\n', 'merchant_id = "merchant"\n' + columns)
        if not books:
            start, end = text.index("[[source]]"), text.index('[[source]]\nname = "psp"')
            text = text[:start] + text[end:]
            start = text.index('[[leg]]\nname = "order-channel"')
            text = text[:start] + text[text.index('[[leg]]\nname = "channel-bank"') :]
        self.config.write_text(text, encoding="utf-8")

    def night(self, charges: list[str], orders: list[str] | None = None) -> list[str]:
        """Write one day and run it; return the codes, benign ones too.

        A charge is `order ref amount hh:mm:ss card till auth stan [kind [original [state]]]`;
        every other sale is in order.
        """
        usual = [
            f"U{k} RU{k} {100 + 7 * k}.00 0{8 + k % 2}:{k % 60:02d}:00 6222020000{k:04d}"
            f" T1 {k:06d} {k}"
            for k in range(1, SALES)
        ]
        self.day("2026-11-09", orders=[f"U{k} {100 + 7 * k}.00" for k in range(1, SALES)])
        path = self.file("orders", "20261109")
        extra = [f"{order},2026-11-09 10:00:00,PAID,sale,CNY," for order in orders or []]
        path.write_text(path.read_text("utf-8") + "".join(f"{line}\n" for line in extra), "utf-8")
        lines = [
            "order,ref,amount,fee,time,merchant,kind,state,currency,original,card,till,auth,stan"
        ]
        for charge in [*usual, *charges]:
            order, ref, amount, clock, card, till, auth, stan, *kind = charge.split()
            lines.append(
                f"{'' if order == '-' else order},{ref},{amount},0.00,2026-11-09 {clock},8001,"
                f"{kind[0] if kind else 'sale'},{kind[2] if len(kind) > 2 else 'OK'},CNY,"
                f"{kind[1].strip('-') if len(kind) > 1 else ''},"
                f"{card},{till},{auth},{stan}"
            )
        self.file("psp", "20261109").write_text("\n".join(lines) + "\n", "utf-8")
        self.result = self.run("2026-11-09")
        return [code for code in self.codes(self.result, benign=True) if code != "IN_TRANSIT"]

    def case(self, code: str) -> dict[str, object]:
        """Return the only dispute of a code."""
        return self.table(self.result, "disputes").filter(pl.col("code") == code).row(0, named=True)


_MANY = 50  # orders that arrive a night late
FIRST = "A1 RA1 48.71 12:00:00 6222021111111111 T1 111111 501"


def test_a_charge_without_an_order_right_after_its_twin_is_a_double_charge(tmp_path: Path) -> None:
    """Same card, till and odd amount 20 s later, and the books know one order: DUPLICATE_CHARGE."""
    world = CardWorld(tmp_path)
    again = "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502"
    assert world.night([FIRST, again], ["A1,48.71"]) == ["DUPLICATE_CHARGE"]
    case = world.case("DUPLICATE_CHARGE")
    assert 950_000 <= case["confidence"] < 1_000_000
    assert case["amount_minor"] == 4871
    assert "20 s after another payment" in case["cause"]
    assert f"probability {case['confidence'] // 1000 // 10}." in case["cause"]
    assert len(case["evidence"]) == 2
    assert case["explanation_zh"]


def test_it_stays_open_and_is_resolved_by_the_order(tmp_path: Path) -> None:
    """On later nights it is the same case; an order that comes late closes it."""
    world = CardWorld(tmp_path)
    world.night([FIRST, "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502"], ["A1,48.71"])
    first = world.case("DUPLICATE_CHARGE")
    world.day("2026-11-10")
    second = world.run("2026-11-10")
    assert "DUPLICATE_CHARGE:OPEN" in world.codes(second)
    assert "MISSING_IN_MERCHANT" not in world.codes(second)
    told = world.table(second, "disputes").filter(pl.col("dispute_id") == first["dispute_id"])
    assert told["confidence"].to_list() == [first["confidence"]]
    assert told["cause"].to_list() == [first["cause"]]
    world.day("2026-11-11", orders=["X9 48.71 12:00 on=2026-11-09"])
    assert "DUPLICATE_CHARGE:RESOLVED" in world.codes(world.run("2026-11-11"))


def test_a_missing_order_does_not_become_a_double_charge(tmp_path: Path) -> None:
    """Among many missing orders a repeat is one of them, and stays it when the others arrive."""
    world = CardWorld(tmp_path, top="[breaks]\ndouble_charge_ppm = 990000")
    again = "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502"
    late = [
        f"L{k} RL{k} {2000 + k}.00 14:{k:02d}:00 622203333333{k:04d} T1 3333{k:02d} 6{k:02d}"
        for k in range(_MANY)
    ]
    assert world.night([FIRST, again, *late], ["A1,48.71"]) == ["MISSING_IN_MERCHANT"] * (_MANY + 1)
    orders = [f"L{k} {2000 + k}.00 14:00 on=2026-11-09" for k in range(_MANY)]
    world.day("2026-11-10", orders=orders)
    codes = world.codes(world.run("2026-11-10"))
    codes = [code for code in codes if code.startswith(("MISSING_IN", "DUPLICATE"))]
    assert sorted(codes) == ["MISSING_IN_MERCHANT:OPEN", *["MISSING_IN_MERCHANT:RESOLVED"] * _MANY]


@pytest.mark.parametrize(
    "again",
    [
        "X9 RX9 48.71 12:03:20 6222021111111111 T1 222222 502",  # minutes later
        "X9 RX9 48.71 12:00:20 6222029999999999 T1 222222 502",  # another card
        "X9 RX9 48.71 12:00:20 6222021111111111 T2 222222 502",  # another till
        "X9 RX9 48.71 12:01:40 6222021111111111 T1 222222 540",  # others were served in between
        "X9 RX9 48.72 12:00:20 6222021111111111 T1 222222 502",  # another amount
    ],
)
def test_weaker_evidence_is_a_missing_order(tmp_path: Path, again: str) -> None:
    """Whatever weakens the evidence leaves the row what it is for sure: missing in the books."""
    assert CardWorld(tmp_path).night([FIRST, again], ["A1,48.71"]) == ["MISSING_IN_MERCHANT"]


def test_two_orders_and_two_charges_are_a_genuine_repeat(tmp_path: Path) -> None:
    """Two equal coffees with an order each: counted as benign with a probability, no case."""
    world = CardWorld(tmp_path)
    again = "A2 RA2 48.71 12:00:20 6222021111111111 T1 222222 502"
    assert world.night([FIRST, again], ["A1,48.71", "A2,48.71"]) == ["BENIGN_REPEAT"]
    assert world.table(world.result, "disputes").is_empty()
    fact = world.table(world.result, "breaks").filter(pl.col("code") == "BENIGN_REPEAT")
    assert fact["cause"][0].startswith("1 repeats among 61 payments; probability at most ")
    assert fact["confidence"][0] < 200_000
    outcomes = world.table(world.result, "outcomes")
    assert set(outcomes["outcome"].to_list()) <= {"MATCHED", "CARRIED"}


def test_a_failed_attempt_right_before_decides(tmp_path: Path) -> None:
    """The file shows the attempt that timed out: a repeat of two minutes is a double charge."""
    late = "X9 RX9 48.71 12:02:20 6222021111111111 T1 222222 540"
    world = CardWorld(tmp_path / "without")
    assert world.night([FIRST, late], ["A1,48.71"]) == ["MISSING_IN_MERCHANT"]
    failed = "X8 RX8 48.71 12:01:40 6222021111111111 T1 0 539 sale - FAILED"
    world = CardWorld(tmp_path / "with")
    assert world.night([FIRST, failed, late], ["A1,48.71"]) == ["DUPLICATE_CHARGE"]


def test_a_charge_that_was_voided_is_no_repeat(tmp_path: Path) -> None:
    """Voids are netted first: nothing was charged twice."""
    world = CardWorld(tmp_path)
    codes = world.night(
        [
            FIRST,
            "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502",
            "V1 RV1 48.71 12:00:40 6222021111111111 T1 222222 503 void RX9",
        ],
        ["A1,48.71"],
    )
    assert codes == ["NETTED"]


def test_a_shop_full_of_repeats_has_no_double_charge(tmp_path: Path) -> None:
    """Where customers repeat payments all day, the merchant's own rate makes one more benign."""
    world = CardWorld(tmp_path)
    charges, orders = [FIRST, "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502"], ["A1,48.71"]
    for k in range(40):
        for turn in (0, 1):
            name, clock = f"P{k}x{turn}", f"14:{k:02d}:{30 * turn:02d}"
            charges.append(f"{name} R{name} 3.00 {clock} 62220233{k:08d} T1 7{k:04d}{turn} {turn}")
            orders.append(f"{name},3.00")
    assert world.night(charges, orders) == ["BENIGN_REPEAT", "MISSING_IN_MERCHANT"]
    fact = world.table(world.result, "breaks").filter(pl.col("code") == "BENIGN_REPEAT")
    assert fact["cause"][0].startswith("40 repeats among 141 payments")


def test_without_books_only_one_authorisation_presented_twice_is_a_case(tmp_path: Path) -> None:
    """Channel and bank alone: a quick repeat is benign, an equal authorisation is a case."""
    world = CardWorld(tmp_path / "plain", books=False)
    again = "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502"
    assert world.night([FIRST, again]) == ["BENIGN_REPEAT"]
    world = CardWorld(tmp_path / "authorised", books=False)
    again = "X9 RX9 48.71 12:00:20 6222021111111111 T1 111111 502"
    assert world.night([FIRST, again]) == ["DUPLICATE_CHARGE"]
    case = world.case("DUPLICATE_CHARGE")
    assert "one authorisation presented twice" in case["cause"]
    assert case["confidence"] > 950_000


def test_the_bar_is_a_setting(tmp_path: Path) -> None:
    """`breaks.double_charge_ppm` decides how sure a case must be."""
    world = CardWorld(tmp_path, top="[breaks]\ndouble_charge_ppm = 999_999\n")
    again = "X9 RX9 48.71 12:00:20 6222021111111111 T1 222222 502"
    assert world.night([FIRST, again], ["A1,48.71"]) == ["MISSING_IN_MERCHANT"]
