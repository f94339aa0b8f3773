"""Payments that the books do not count, refunded by both sides."""

from __future__ import annotations

from pathlib import Path

from tests.night_world import NightWorld, nights

PAID, VOIDED = "CHANNEL_PAID_MERCHANT_NOT", "VOIDED_BUT_SETTLED"


def test_a_refund_that_both_sides_show_ends_the_case(tmp_path: Path) -> None:
    """The case asked for the refund; given back in part, it is of the rest, night after night."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    text = text.replace('refund = "refund"\n\n', 'refund = "refund"\nvoid = "void"\n\n', 1)
    world.config.write_text(text, "utf-8")
    sales = [f"A{number} 100.00" for number in (1, 2, 3)]
    part = "F3 -30.00 kind=refund original=A3"
    voids = [f"V{number} -100.00 11:00 kind=void original=A{number}" for number in (1, 3)]
    orders = [sales[0], f"{sales[1]} state=CLOSED", sales[2], *voids, part]
    refunds = ["F1 -100.00 kind=refund original=A1", "F2 -40.00 kind=refund original=A2"]
    told = nights(
        world,
        {"orders": orders, "psp": [*sales, part]},
        {"orders": refunds, "psp": refunds, "bank": ["270.00 memo=PAYOUT_8001_20261109"]},
        {},
    )
    cases = [
        world.table(night, "disputes").select("order_id", "code", "status", "amount_minor", "cause")
        for night in told
    ]
    third = ("A3", VOIDED, "OPEN", 7_000, "refunded in part: 30.00")
    assert set(cases[0].rows()) == {
        ("A1", VOIDED, "NEW", 10_000, None),
        ("A2", PAID, "NEW", 10_000, None),
        (*third[:2], "NEW", *third[3:]),
    }
    assert set(cases[1].rows()) == {
        ("A1", VOIDED, "RESOLVED", 10_000, "put right by a later row"),
        ("A2", PAID, "OPEN", 6_000, "refunded in part: 40.00"),
        third,
    }
    assert set(cases[2].rows()) == {("A2", PAID, "OPEN", 6_000, "refunded in part: 40.00"), third}
