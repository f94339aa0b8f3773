"""Figures of the page against worlds that a person counts by hand."""

from __future__ import annotations

import polars as pl
import pytest

from recon.commands.packing import read_pack
from recon.report.html.flow import flow_picture
from recon.report.html.pictures import merchant_league, percentile, pictures
from recon.report.html.tables import fee_table
from recon.report.html.words import PageWords
from recon.report.tie_out import statements
from recon.store.workspace import Workspace
from tests.night_world import NightWorld
from tests.rules.amounts.test_exchange import Abroad

MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"


def pack_of(world: NightWorld):
    """Return the newest night's pack."""
    space = Workspace(world.folder / "workspace")
    return read_pack(space, space.resolve(None), "en")


def test_a_merchant_is_ranked_by_its_cases(tmp_path):
    """Twenty rows with two wrong, forty with one: 10 % before 2.5 %; three have no rank."""
    world = NightWorld(tmp_path)
    shops = {"8001": 20, "8002": 40, "8003": 3}
    wrong = {("8001", 0), ("8001", 1), ("8002", 0), ("8003", 0)}
    orders, psp = [], []
    for shop, sales in shops.items():
        for number in range(sales):
            cents = "50" if (shop, number) in wrong else "00"
            orders.append(f"O{shop}x{number} 10.00")
            psp.append(f"O{shop}x{number} 10.{cents} merchant={shop}")
    world.day(MONDAY, orders=orders, psp=psp)
    world.run(MONDAY)
    ranked = merchant_league(pack_of(world)).select("merchant_id", "broken", "rows", "share")
    assert ranked.rows() == [("8001", 2, 20, 1000), ("8002", 1, 40, 250)]


def test_a_payout_that_did_not_come_is_one_case(tmp_path):
    """A batch of thirty rows that the bank never paid does not make the merchant all wrong."""
    world = NightWorld(tmp_path)
    sales = [f"A{number} 10.00" for number in range(30)]
    world.day(MONDAY, orders=sales, psp=sales)
    for day in (TUESDAY, WEDNESDAY):
        world.day(day)
    results = [world.run(day) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    assert "MISSING_SETTLEMENT" in " ".join(
        code for result in results for code in world.codes(result)
    )
    (row,) = merchant_league(pack_of(world)).to_dicts()
    assert (row["broken"], row["rows"]) == (1, 30)


def test_days_to_the_bank_are_counted_from_the_clearing_day(tmp_path):
    """Two rows paid next day and one two days later: counted a row, not a batch."""
    world = NightWorld(tmp_path)
    two = ["A1 10.00", "A2 20.00"]
    other = "A3 30.00 merchant=8002"
    world.day(MONDAY, orders=[*two, "A3 30.00"], psp=[*two, other])
    world.run(MONDAY)
    world.day(TUESDAY, bank=["30.00 memo=PAYOUT_8001_20261109"])
    world.run(TUESDAY)
    world.day(WEDNESDAY, bank=["30.00 memo=PAYOUT_8002_20261109"])
    world.run(WEDNESDAY)
    settled = pack_of(world).settled.group_by("days").agg(pl.col("rows").sum()).sort("days")
    assert settled.rows() == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("part", "days"),
    [(50, 1), (60, 1), (61, 2), (90, 2), (91, 7), (100, 7)],
)
def test_percentiles_are_the_least_day_that_covers_the_share(part, days):
    """Six rows after one day, three after two, one after seven: counted on the fingers."""
    counted = pl.DataFrame({"days": [1, 2, 7], "rows": [6, 3, 1]})
    assert percentile(counted, part) == days


CONTRACT = """
[[fee_contract]]
name = "wallet"
on_refund = "rate"
[[fee_contract.line]]
name = "all"
formula = "AMT*0.006"
"""


def test_fees_are_those_of_the_night_and_what_was_not_returned_is_too_much(tmp_path):
    """0.60 too much on a sale, then 0.30 not returned and 0.10 returned too much.

    Tuesday's table has Tuesday's rows only, though Monday's wait for the bank beside them.
    """
    world = NightWorld(tmp_path, extra_top=CONTRACT)
    sales = ["A1 100.00", "A2 100.00", "A3 100.00"]
    world.day(
        MONDAY, orders=sales, psp=["A1 100.00 fee=1.20", *(f"{x} fee=0.60" for x in sales[1:])]
    )
    world.run(MONDAY)
    (monday,) = fee_table(pack_of(world))
    assert (monday["fee"], monday["contract"], monday["over"]) == (
        "2.40 CNY",
        "1.80 CNY",
        "0.60 CNY",
    )
    back = ["R2 -50.00 kind=refund original=A2", "R3 -50.00 kind=refund original=A3"]
    world.day(TUESDAY, orders=back, psp=[f"{back[0]} fee=0", f"{back[1]} fee=-0.40"], bank=None)
    night = world.run(TUESDAY)
    assert {"FEE_NOT_RETURNED", "FEE_OVER_RETURNED"} < set(world.codes(night))
    (tuesday,) = fee_table(pack_of(world))
    assert (tuesday["gross"], tuesday["fee"]) == ("-100.00 CNY", "-0.40 CNY")
    assert (tuesday["contract"], tuesday["over"]) == ("-0.60 CNY", "0.20 CNY")


def test_money_of_two_currencies_shares_no_bar_and_no_band(tmp_path):
    """Orders in dollars paid in yuan go nowhere in dollars; each currency has its own pictures."""
    world = Abroad(tmp_path)
    world.day(
        MONDAY,
        orders=["A1 100.00 currency=USD", "A2 5.00", "A3 7.00 currency=USD"],
        psp=["A1 701.65", "A2 5.50"],
    )
    world.run(MONDAY)
    pack = pack_of(world)
    say = PageWords("en")
    proofs = statements(pack)
    dollars, yuan = (flow_picture(pack, proofs, currency, say) for currency in ("USD", "CNY"))
    assert "paid in another currency  100.00 USD" in dollars
    assert "opacity" not in dollars
    assert "for orders booked in another currency  701.65 CNY" in yuan
    titles = [picture.title for picture in pictures(pack, proofs, say)]
    assert [title for title in titles if title.startswith("Where")] == [
        "Where the money is · CNY", "Where the money is · USD",
    ]  # fmt: skip
    for picture in pictures(pack, proofs, say):
        assert not ("CNY" in picture.svg and "USD" in picture.svg)
