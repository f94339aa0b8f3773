"""`recon explain` on a reconciled week."""

from __future__ import annotations

import json

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from recon.cli import group
from recon.errors import UsageError
from recon.report.explanation import differing_characters, gates
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


@pytest.mark.parametrize(
    ("bank_pass", "asked"),
    [
        (
            'method = "window"\ndays_after = 2',
            "takes equal amounts from 0 days before to 2 days after",
        ),
        ('method = "score"', "takes pairs of at least 95 %"),
        ('method = "subset"', "takes rows that add up"),
    ],
)
def test_a_pass_without_a_key_says_what_it_asks(tmp_path, bank_pass, asked):
    """A credit of 10.50 beside a sale of 10.00: the amount, and what the leg's pass would take."""
    passes = f'[[leg.pass]]\nname = "payouts"\n{bank_pass}\n'
    world = NightWorld(tmp_path, bank_passes=passes)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00"])
    world.run("2026-11-09")
    world.day("2026-11-10", bank=["10.50 memo=PAYOUT"])
    night = world.run("2026-11-10")
    breaks = world.table(night, "breaks").filter(pl.col("code") == "UNKNOWN_CREDIT")
    assert breaks["failed_gate"].to_list() == [f"amount off by -0.50 CNY; pass payouts {asked}"]


@pytest.mark.parametrize(
    ("bank_pass", "day", "gate"),
    [
        (
            'method = "window"\ndays_after = 1',
            "2026-11-13",
            "3 d after the day due; pass payouts takes equal amounts from 0 days before to 1 days",
        ),
        (
            'method = "band"\ntolerance_minor = 20\ndays_after = 1\nbusiness_days = true',
            "2026-11-12",
            "2 d after the day due; pass payouts takes amounts within 0.20 CNY from 0 working days",
        ),
    ],
)
def test_a_window_that_failed_says_by_how_many_days(tmp_path, bank_pass, day, gate):
    """A sale due on Tuesday, its money later than the pass allows: both cases name the days."""
    passes = f'[[leg.pass]]\nname = "payouts"\n{bank_pass}\n'
    world = NightWorld(tmp_path, bank_passes=passes)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00"])
    world.run("2026-11-09")
    world.day(day, bank=["10.00 memo=PAYOUT"])
    breaks = world.table(world.run(day), "breaks").filter(pl.col("failed_gate").is_not_null())
    told = breaks.filter(pl.col("code") == "UNKNOWN_CREDIT")["failed_gate"].to_list()
    assert [text.startswith(f"amount equal, {gate}") for text in told] == [True]
