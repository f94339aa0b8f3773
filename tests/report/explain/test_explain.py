"""`recon explain` on a reconciled week."""

from __future__ import annotations

import json

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from recon.cli import group
from recon.commands.catalogue_words import code_words
from recon.errors import UsageError
from recon.report.explain.explanation import differing_characters, gates
from recon.report.explain.text import explanation_text
from recon.rules.words.causes import in_chinese, known
from recon.store.read import read_table
from recon.store.workspace import Workspace
from tests.night_world import NightWorld


def explained(recon, ident):
    return json.loads(recon("explain", ident, "--json").output)


def test_matched_row_names_leg_pass_partner_and_evidence(recon):
    """A matched order is explained by its leg, pass, partner and the line of its file."""
    facts = explained(recon, "O0302000001")
    merchant, channel = facts["rows"]
    assert facts["read_as"] == ["order_id"]
    assert [row["side"] for row in facts["rows"]] == ["MERCHANT", "CHANNEL"]
    assert merchant["outcome"] == "MATCHED"
    assert merchant["links"][0]["leg"] == "merchant-channel"
    assert merchant["links"][0]["reasons"] == "equal key, equal amount"
    assert merchant["links"][0]["shown"][0]["txn_id"] == channel["txn_id"]
    assert [link["leg"] for link in channel["links"]] == ["merchant-channel", "channel-bank"]
    evidence = merchant["evidence"]
    assert evidence["path"] == "in/orders-2026-03-02.csv"
    assert evidence["record_no"] == 3
    assert evidence["line"].startswith("O0302000001,")
    assert evidence["staged"] == f"staging/{evidence['sha256']}"


def test_missing_row_shows_nearest_candidate_and_failed_gate(recon):
    """A row without a partner shows what came nearest and each gate, by how much it fails."""
    row = explained(recon, "O0302000005")["rows"][0]
    assert row["outcome"] == "BREAK"
    (item,) = row["breaks"]
    assert item["code"] == "MISSING_IN_CHANNEL"
    nearest = item["nearest"]
    assert nearest["side"] == "CHANNEL"
    by_name = {gate["gate"]: gate for gate in nearest["gates"]}
    assert not by_name["order_id"]["holds"]
    assert by_name["amount_minor"]["by"] == nearest["amount_minor"] - row["amount_minor"]


def test_dispute_id_and_break_id_name_one_case(recon, workspace):
    """A dispute and its break lead to the same rows; the dispute brings action and deadline."""
    run = Workspace(workspace).resolve(None)
    cases = read_table(run.folder, "disputes").filter(pl.col("code") == "DUPLICATE_CHARGE")
    ident = cases["dispute_id"][0]
    by_dispute, by_break = explained(recon, ident), explained(recon, f"B{ident[1:]}")
    assert by_dispute["read_as"] == ["dispute"]
    assert by_dispute["case"]["dispute"]["suggested_action"]
    ids = [row["txn_id"] for row in by_dispute["rows"]]
    assert ids == [row["txn_id"] for row in by_break["rows"]]
    assert len(ids) == 3


def test_a_dispute_tells_what_card_schemes_call_it(recon, workspace):
    """The scheme's own code stands beside the action, for whoever files it there."""
    run = Workspace(workspace).resolve(None)
    cases = read_table(run.folder, "disputes").filter(pl.col("code") == "DUPLICATE_CHARGE")
    told = recon("explain", cases["dispute_id"][0], "--lang", "en").output
    assert "among card schemes: UnionPay 4512, UnionPay 4514, Visa 12.6, Mastercard 4834" in told
    facts = explained(recon, cases["dispute_id"][0])
    for day, words in (("2026-05-01", "takes it until"), ("2026-02-01", "took it until")):
        facts["case"]["dispute"]["scheme_limit_at"] = day
        told = explanation_text(facts, "en", code_words())
        assert f"its card scheme {words} {day}" in told


@pytest.mark.parametrize("ident", ["420302000001" + "0", "K0302", "B260302"])
def test_every_reference_is_an_id(recon, ident):
    """A channel, bank or batch reference is found as it stands in a file."""
    assert explained(recon, ident)["rows_found"] >= 1


def test_row_id_is_an_id(recon):
    """A txn_id from a query leads back to its row."""
    txn_id = explained(recon, "K0302")["rows"][0]["txn_id"]
    facts = explained(recon, str(txn_id))
    assert facts["read_as"] == ["txn_id"]
    assert facts["rows"][0]["bank_ref"] == "K0302"


def test_unknown_id_is_refused_with_the_fix(recon):
    """An id that no night holds is an error that says where it was sought."""
    with pytest.raises(UsageError, match="no published night holds") as error:
        recon("explain", "nothing-like-it")
    assert "original_ref" in error.value.where


@pytest.mark.parametrize(
    ("language", "word"), [("en", "nearest candidate"), ("zh", "最接近的候选")]
)
def test_text_is_in_the_language_asked_for(recon, language, word):
    """The text says the same in English and in Chinese."""
    output = recon("explain", "O0302000005", "--lang", language).output
    assert word in output
    assert "orders-2026-03-02.csv" in output


def test_as_of_an_earlier_night_knows_nothing_of_later_ones(recon):
    """`--run` shows a row as that night left it."""
    arguments = ("explain", "O0302000001", "--run", "2026-03-02", "--json")
    channel = json.loads(recon(*arguments).output)["rows"][1]
    assert [link["leg"] for link in channel["links"]] == ["merchant-channel"]
    assert channel["outcome"] == "CARRIED"


@given(st.text("01A", max_size=8), st.text("01A", max_size=8))
def test_edit_distance_is_a_distance(one, other):
    """Nought for equal references only, symmetric, never above the longer length."""
    distance = differing_characters(one, other)
    assert (distance == 0) == (one == other)
    assert distance == differing_characters(other, one)
    assert abs(len(one) - len(other)) <= distance <= max(len(one), len(other))


def test_a_bank_line_is_compared_with_the_net_amount(recon):
    """Between bank and channel the amount gate compares what should reach the bank."""
    channel = explained(recon, "O0302000001")["rows"][1]
    bank = {**channel, "side": "BANK", "amount_minor": channel["net_minor"]}
    names = ("bank_ref", "merchant_id", "terminal_id")
    rows = [{**row, "occurred_at": None, **dict.fromkeys(names)} for row in (bank, channel)]
    for row in rows:
        row.update(due_date=None, value_date=None, clearing_date=None)
    found = {gate["gate"]: gate for gate in gates(rows[0], rows[1], bank["amount_minor"])}
    assert found["amount_minor"]["holds"]


def test_a_batch_paid_a_night_later_is_told_whole(tmp_path):
    """Orders met the channel the night before: they belong to the payout's group as well."""
    world = NightWorld(tmp_path)
    world.day(
        "2026-11-09",
        orders=["A1 10.00", "A2 20.00"],
        psp=["A1 10.00 fee=0.06", "A2 20.00 fee=0.12"],
    )
    world.run("2026-11-09")
    world.day("2026-11-10", bank=["29.82 memo=PAYOUT_8001_20261109"])
    night = world.run("2026-11-10")
    place = ["--workspace", str(tmp_path / "workspace"), "--json"]
    answer = CliRunner().invoke(group, ["explain", "8001-20261109", *place])
    rows = json.loads(answer.output)["rows"]
    wholes = [row["group"]["whole"] for row in rows if row["group"]]
    assert len(wholes) == 3
    assert all(whole == wholes[0] for whole in wholes)
    assert wholes[0]["complete"]
    told = [(part["side"], part["rows"], part["amount_minor"]) for part in wholes[0]["sides"]]
    assert told == [("BANK", 1, 2982), ("CHANNEL", 2, 3000), ("MERCHANT", 2, 3000)]
    assert read_table(night.folder, "groups")["merchant_rows"].to_list() == [0]


def test_a_place_in_a_file_is_an_id(recon):
    """Record 3 of the orders, by whole path and by its end; a record that is none is refused."""
    for place in ("in/orders-2026-03-02.csv#3", "orders-2026-03-02.csv#3"):
        facts = explained(recon, place)
        assert facts["read_as"] == ["file"]
        assert [row["order_id"] for row in facts["rows"]] == ["O0302000001"]
    assert "FILE#RECORD" in str(recon_refused("orders-2026-03-02.csv#30000", recon))


def recon_refused(ident, recon):
    with pytest.raises(UsageError) as refused:
        recon("explain", ident)
    return refused.value


def test_what_stays_open_is_told_once_with_its_nights(recon):
    """A pair whose state differs is linked anew each night: one line; its break in full once."""
    text = recon("explain", "O0302000008", "--lang", "en").output
    linked = [line for line in text.splitlines() if "pass order" in line]
    assert all("each of 5 nights from 2026-03-02 to 2026-03-06" in line for line in linked)
    assert text.count("pass order") == 2
    assert text.count("(as above)") == 1
    assert text.count("difference") == 1


BAND = 'method = "band"\ntolerance_minor = 20'
GATES = [
    # the leg's pass, the credit, the day that shows it, what is said after the amount
    ('method = "exact"\nkeys = ["batch_id"]', "10.50", 10, "key missing (batch_id)"),
    (
        'method = "unique"\nkeys = ["value_date=value_date"]',
        "10.50",
        10,
        "key missing (value_date) and amount 0.50 CNY off, none allowed",
    ),
    ('method = "window"\ndays_after = 2', "10.50", 10, "amount 0.50 CNY off, none allowed"),
    (
        'method = "window"\ndays_after = 1',
        "10.00",
        13,
        "2 days too late (from 0 before the day due to 1 after the day due)",
    ),
    (
        'method = "window"\nuntil_due = true',
        "10.00",
        12,
        "2 days too late (from 0 before its own day to 0 after the day due)",
    ),
    (
        'method = "window"\nminutes_before = 5',
        "10.00",
        13,
        "time unknown",  # a bank tells days
    ),
    (BAND, "10.50", 10, "amount 0.30 CNY beyond 0.20 CNY"),
    (
        f"{BAND}\ndays_after = 1\nbusiness_days = true",
        "10.21",
        16,
        (
            "amount 0.01 CNY beyond 0.20 CNY and "
            "3 working days too late (from 0 before the day due to 1 after the day due)"
        ),
    ),
    (
        f'{BAND}\ntolerance_percent = 3\ntolerance_cap_minor = 25\ntolerance_base = "right"',
        "10.50",
        10,
        "amount 0.25 CNY beyond 0.20 CNY or 3 % of the bank up to 0.25 CNY",
    ),
    (
        f'{BAND}\ntolerance_sign = "above"',
        "9.95",
        10,
        "amount 0.05 CNY beyond 0.20 CNY (only bank above channel)",
    ),
    ('method = "score"', "10.50", 10, "amount 0.50 CNY beyond 0.00 CNY"),
    ('method = "subset"', "10.50", 10, "amount 0.50 CNY beyond 0.00 CNY by itself"),
    ('method = "group"\nkeys = ["batch_id"]', "10.50", 10, "key missing (batch_id)"),
]


@pytest.mark.many_cases
@pytest.mark.parametrize(("bank_pass", "credit", "day", "failed"), GATES)
def test_every_gate_of_every_method_is_named_with_how_far(tmp_path, bank_pass, credit, day, failed):
    """A sale of 10.00 due on Tuesday and a credit that no pass takes: which gate, by how much."""
    passes = f'[[leg.pass]]\nname = "payouts"\n{bank_pass}\n'
    world = NightWorld(tmp_path, bank_passes=passes)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00"])
    world.run("2026-11-09")
    world.day(f"2026-11-{day}", bank=[f"{credit} memo=PAYOUT"])
    night = world.run(f"2026-11-{day}")
    breaks = world.table(night, "breaks").filter(pl.col("code") == "UNKNOWN_CREDIT")
    assert [text.partition("; ")[2] for text in breaks["failed_gate"]] == [
        f"pass payouts fails on {failed}"
    ]
    assert breaks["nearest_txn_id"].null_count() == 0
    assert known(breaks["failed_gate"].item())


def test_a_row_that_bears_the_key_is_nearer_than_an_equal_amount(tmp_path):
    """Under an order number and a window: the same order late before a stranger of that amount."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    keyed = 'name = "order number"\nmethod = "window"'
    world.config.write_text(text.replace('name = "order number"', keyed), "utf-8")
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 12.00", "B7 10.00"])
    breaks = world.table(world.run("2026-11-09"), "breaks")
    lone = breaks.filter(pl.col("code") == "MISSING_IN_CHANNEL")
    told = "amount off by 2.00 CNY, 0 min apart; pass order number fails on amount 2.00 CNY off"
    assert lone["failed_gate"].item().startswith(told)


def test_a_window_of_minutes_parts_equal_sales_of_one_till(tmp_path):
    """Three equal sales an hour apart: two meet their charges, the third came too late."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8")
    keyed = 'name = "order number"\nkeys = ["order_id"]'
    clocked = 'name = "clock"\nmethod = "unique"\nminutes_before = 1\nminutes_after = 5\n'
    assert text.count(keyed) == 1
    text = text.replace(keyed, clocked + 'keys = ["amount_minor"]')
    world.config.write_text(text, "utf-8")
    orders = ["A1 20.00 10:00", "A2 20.00 11:00", "A3 20.00 12:00"]
    world.day(
        "2026-11-09", orders=orders, psp=["X1 20.00 12:06", "X2 20.00 11:05", "X3 20.00 09:59"]
    )
    night = world.run("2026-11-09")
    found = world.table(night, "breaks").filter(pl.col("code") == "MISSING_IN_CHANNEL")
    assert world.table(night, "links").filter(pl.col("leg") != "channel_bank").height == 2
    told = found["failed_gate"].item()
    assert told.endswith("fails on 1 min 0 s too late (from 1 minutes before to 5 after)")
    assert known(told)
    assert "过晚 1 分 0 秒（前 1 分钟至后 5 分钟）" in in_chinese(told)


def test_what_is_not_near_is_no_candidate(tmp_path):
    """An order of 10.00 and a lone charge of 950.00: none is named, how far it lies is said."""
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["B7 950.00"])
    breaks = world.table(world.run("2026-11-09"), "breaks")
    breaks = breaks.filter(pl.col("code").cast(pl.String).str.starts_with("MISSING_IN_"))
    told = "none near: the nearest unmatched amount is 940.00 CNY off"
    assert breaks["failed_gate"].to_list() == [told, told]
    assert breaks["nearest_txn_id"].null_count() == breaks.height
    assert known(told)
