"""Faults found in other reconciliation systems, each a test of ours; this page says which.

`SEEDS` names for every fault the tests that would fail if we had it too. Those that are told for a
whole night and stand nowhere else are below the table.
"""

from __future__ import annotations

import importlib
import time
from pathlib import Path

import polars as pl
import pytest

from recon.io.formats.china_acquirers.lakala import FORMATS
from recon.io.reading.contract import Options
from tests.io.formats.reading import load_bytes
from tests.night_world import NightWorld

MONDAY = "2026-11-09"
TUESDAY = "2026-11-10"

SEEDS = {
    "1 one order, two bank rows of equal amount and reference: one match, one further charge": (
        "tests.core.test_match.test_one_order_two_equal_channel_rows",
        "tests.nights.test_orders.test_one_order_two_charges",
    ),
    "2 5000 under a header of fen is 5000 fen": (
        "tests.test_peer_seeds.test_a_column_of_fen_is_read_as_fen",
    ),
    "3 9999 and 10000 in one column of fen": (
        "tests.nights.test_nights.test_minor_units_are_read_as_declared",
        "tests.test_peer_seeds.test_a_column_of_fen_is_read_as_fen",
    ),
    "4 only the unequal pair breaks": (
        "tests.nights.test_orders.test_unequal_amounts_break_and_equal_ones_do_not",
    ),
    "5 1.0 equals 1.00": (
        "tests.nights.test_orders.test_unequal_amounts_break_and_equal_ones_do_not",
    ),
    "6 an open item met with a wrong amount is one break, and closed": (
        "tests.nights.test_orders.test_an_open_item_met_with_a_wrong_amount_is_one_break",
    ),
    "7 two currencies are never summed or equated": (
        "tests.nights.test_nights.test_currencies_are_never_summed_or_equated",
    ),
    "8 102 and 103 within a tolerance of 5": (
        "tests.core.passes.test_band.test_difference_within_tolerance_matches_whatever_the_grid",
    ),
    "9 12,345,678,901.23 is exact": (
        "tests.nights.test_orders.test_unequal_amounts_break_and_equal_ones_do_not",
    ),
    "10 6,000 rows a side": ("tests.nights.test_nights.test_six_thousand_rows_a_side",),
    "11 a batch with a refund matches by net": (
        "tests.nights.test_bank.test_a_batch_with_a_refund_matches_by_net",
        "tests.core.passes.subset.test_subset.test_batch_with_refund_is_found_by_sum",
    ),
    "12 one fen too much breaks as one fen too little does": (
        "tests.test_peer_seeds.test_a_difference_breaks_whichever_its_sign",
    ),
    "13 a refunded order that one side leaves out": (
        "tests.nights.test_terms.test_a_refunded_order_that_one_side_leaves_out",
    ),
    "14 midnight in Shanghai on a host that lives elsewhere": (
        "tests.test_peer_seeds.test_the_zone_of_the_host_moves_no_day",
    ),
    "15 an amount that cannot be read": ("tests.nights.test_nights.test_a_bad_row_is_quarantined",),
    "16 two equal coffees, then an overlapping statement": (
        "tests.nights.test_nights.test_two_equal_coffees_then_an_overlapping_statement",
    ),
    "17 100, 101 against 101, 102 with tolerance 1": (
        "tests.core.passes.test_band.test_stated_policy_decides_between_exact_first_and_most_pairs",
    ),
    "18 a charge after the cut-off": (
        "tests.nights.test_nights.test_a_sale_after_the_cut_off_waits_for_the_next_file",
    ),
}


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world that opens on a Monday."""
    return NightWorld(tmp_path)


def test_every_seed_has_its_tests() -> None:
    """All eighteen are named in order, and each test that is named exists."""
    assert [int(seed.split()[0]) for seed in SEEDS] == list(range(1, 19))
    for name in (name for names in SEEDS.values() for name in names):
        module, function = name.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), function)), name


def test_a_column_of_fen_is_read_as_fen(tmp_path: Path) -> None:
    """Small and large figures of one settlement column keep their unit, whatever their size."""
    form = next(form for form in FORMATS if form.name == "lakala_jy")
    head = (
        "商户编号|交易日期|交易时间|终端号|分支机构|交易类型|拉卡拉流水号|原拉卡拉流水号|卡号|支付渠道|银行名称"
        "|交易金额(分)|手续费(分)|结算金额(分)|商户订单号|支付订单号|外部流水号|系统参考号|备注|支付方式"
    )
    sale = "M1|20261120|103000|T1|b|消费|L{0}||6222***1234|微信|x|{0}|0|{0}|O{0}|P|X|R|r|JSAPI"
    figures = [5_000, 9_999, 10_000]
    raw = "\n".join([head, *(sale.format(figure) for figure in figures)]).encode()
    result = load_bytes(form, tmp_path, raw, Options())
    assert result.column("net_minor") == figures
    assert result.column("amount_minor") == figures


def test_a_difference_breaks_whichever_its_sign(world: NightWorld) -> None:
    """Books above the channel by one fen, and below it by one, are both mismatches."""
    world.day(MONDAY, orders=["A1 10.01", "A2 10.00"], psp=["A1 10.00", "A2 10.01"])
    night = world.run(MONDAY)
    assert world.codes(night) == ["AMOUNT_MISMATCH", "AMOUNT_MISMATCH"]
    breaks = world.table(night, "breaks").filter(pl.col("code") == "AMOUNT_MISMATCH")
    assert sorted(breaks["difference_minor"].to_list()) == [-1, 1]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_zone_of_the_host_moves_no_day(
    world: NightWorld, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Rows of the first and the last minute of a day belong to it on every host."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        rows = ["A1 10.00 00:00", "A2 20.00 22:59"]
        world.day(MONDAY, orders=rows, psp=rows)
        first = world.run(MONDAY)
        world.day(TUESDAY, bank=["30.00 memo=PAYOUT_8001_20261109"])
        second = world.run(TUESDAY)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert world.codes(first) == []
    assert world.codes(second) == []
    days = world.table(first, "transactions")["clearing_date"].drop_nulls().unique().to_list()
    assert [str(day) for day in days] == [MONDAY]
