"""`recon trace` on a reconciled week: where the money is."""

from __future__ import annotations

import json

import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.commands.explain import in_language
from recon.core.schema import BREAKS, TRANSACTIONS
from recon.errors import UsageError
from recon.report.explain.identify import find
from tests.night_world import NightWorld
from tests.report.shop_week import reconcile_week


def traced(recon, ident, *more):
    return json.loads(recon("trace", ident, "--json", *more).output)


def test_settled_order_is_followed_to_the_bank(recon):
    """An order is followed over the channel to the bank line that paid it, batch and fee named."""
    facts = traced(recon, "O0302000001")
    assert [event["what"] for event in facts["timeline"]] == [
        "row", "row", "linked", "waits", "row", "linked",
    ]  # fmt: skip
    (now,) = facts["now"]
    assert (now["place"], now["holder"], now["since"]) == ("settled", "MERCHANT", "2026-03-03")
    assert now["net_minor"] < now["amount_minor"]
    assert facts["timeline"][4]["side"] == "BANK"
    assert "channel rows" in facts["timeline"][4]["text_en"]


def test_refund_is_followed_with_its_original(recon):
    """Either id of a refund and its payment leads to both, and says who has which money."""
    by_refund, by_order = traced(recon, "RO0302000011"), traced(recon, "O0302000011")
    assert {row["txn_id"] for row in by_refund["rows"]} == {
        row["txn_id"] for row in by_order["rows"]
    }
    holders = {item["kind"]: item["holder"] for item in by_refund["now"]}
    assert holders == {"PAYMENT": "MERCHANT", "REFUND": "PAYER"}


def test_unpaid_batch_says_due_and_overdue(recon):
    """An order of the batch that was never paid is with the channel, overdue, dispute named."""
    (now,) = traced(recon, "O0304000002")["now"]
    assert (now["place"], now["holder"]) == ("with_channel", "CHANNEL")
    assert (now["due"], now["overdue"]) == ("2026-03-05", True)
    assert now["open_breaks"][0]["code"] == "MISSING_SETTLEMENT"


def test_before_the_due_day_nothing_is_overdue(recon):
    """As of the night of the sale the same order waits in time."""
    (now,) = traced(recon, "O0304000002", "--run", "2026-03-04")["now"]
    assert (now["place"], now["overdue"], now["open_breaks"]) == ("with_channel", False, [])


def test_order_that_the_channel_never_saw(recon):
    """An order missing in the channel is booked by the merchant and due at the channel."""
    (now,) = traced(recon, "O0302000005")["now"]
    assert now["place"] == "not_in_channel"
    assert now["open_breaks"][0]["code"] == "MISSING_IN_CHANNEL"


def test_double_charge_shows_both_charges(recon):
    """Two charges of one order are two answers, both with the break."""
    now = traced(recon, "O0302000009")["now"]
    assert [item["open_breaks"][0]["code"] for item in now] == ["DUPLICATE_CHARGE"] * 2


def test_batch_is_counted_not_listed(recon):
    """A batch is answered by sums, and a bank line by the rows that it settles."""
    batch = traced(recon, "B260302")
    assert sum(item["rows"] for item in batch["now"]) == batch["rows_found"] - 1
    (line,) = traced(recon, "K0302")["now"]
    assert line["place"] == "bank_line"


@pytest.mark.parametrize(
    ("language", "word"), [("en", "where the money is now"), ("zh", "资金现在")]
)
def test_text_is_in_the_language_asked_for(recon, language, word):
    """The text ends with where the money is, in either language."""
    assert word in recon("trace", "O0302000001", "--lang", language).output


def test_breaks_of_a_large_batch_are_counted(tmp_path):
    """A batch of more rows than a person reads tells its breaks by code, not one by one."""
    own = reconcile_week(tmp_path, nights=1, orders=120, broken_terminal="T013")
    options = ["--json", "--workspace", str(own)]
    result = CliRunner().invoke(group, ["trace", "B260302", *options], catch_exceptions=False)
    events = json.loads(result.output)["timeline"]
    (counted,) = [event for event in events if event.get("code") == "AMOUNT_MISMATCH"]
    assert counted["breaks"] == 7
    assert "7" in counted["text_zh"]


def test_a_bounced_payout_is_not_with_the_merchant(tmp_path):
    """Paid, taken back, paid again: the money is the merchant's, the channel's, the merchant's."""
    world = NightWorld(tmp_path)
    paid = "PAYOUT_8001_20261109"
    world.day("2026-11-09", orders=["A1 100.00"], psp=["A1 100.00 fee=1.00"])
    world.day("2026-11-10", bank=[f"99.00 memo={paid}"])
    world.day("2026-11-11", bank=[f"-99.00 memo={paid}"])
    world.day("2026-11-12", bank=[f"99.00 memo={paid}"])
    places = []
    for day in ("2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12"):
        world.run(day)
        call = ["trace", "A1", "--workspace", str(tmp_path / "workspace"), "--json"]
        facts = json.loads(CliRunner().invoke(group, call).stdout)
        (now,) = facts["now"]
        places.append((now["place"], now["holder"]))
    assert places == [
        ("with_channel", "CHANNEL"),
        ("settled", "MERCHANT"),
        ("bounced", "CHANNEL"),
        ("settled", "MERCHANT"),
    ]
    assert any(row["side"] == "BANK" and row["amount_minor"] < 0 for row in facts["rows"])


def test_causes_are_told_in_chinese_and_kept_as_found_in_json():
    """A named cause and a failed gate read in the language of the text, at any depth."""
    facts = {"rows": [{"breaks": [{"cause": "cap not applied", "failed_gate": None}]}]}
    assert in_language(facts, "zh")["rows"][0]["breaks"][0]["cause"] == "未封顶"
    assert in_language(facts, "en") is facts


def test_an_order_that_nobody_paid_has_moved_no_money(tmp_path):
    """A closed order waits for nothing; a pending one is not yet known to the channel."""
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=["A1 10.00 state=CLOSED", "A2 10.00 state=PENDING"])
    world.run("2026-11-09")
    options = ["--workspace", str(tmp_path / "workspace"), "--lang", "en"]
    told = {
        order: CliRunner().invoke(group, ["trace", order, *options]).output
        for order in ("A1", "A2")
    }
    assert "A1: one row, followed up" in told["A1"]
    assert "payment 10.00 CNY: closed at the merchant; no money moved" in told["A1"]
    assert "pending at the merchant, and the channel shows nothing of it" in told["A2"]


def _freezing(folder):
    """Return a world of which a night froze 30.00 of a payment, and one refused an order."""
    world = NightWorld(folder)
    text = world.config.read_text("utf-8")
    world.config.write_text(text.replace('void = "void"', 'void = "void"\nfreeze = "freeze"'))
    freeze = "Z1 -30.00 12:00 kind=freeze original=A1"
    world.day("2026-11-09", orders=["A1 100.00", "A9 x1.00"], psp=["A1 100.00", freeze])
    world.run("2026-11-09")
    return world


def _told(folder, ident):
    options = ["--workspace", str(folder / "workspace"), "--lang", "en"]
    return CliRunner().invoke(group, ["trace", ident, *options], catch_exceptions=False).output


def test_frozen_money_is_with_the_channel(tmp_path):
    """Asked by the freeze, its order or its file, the answer says who holds it since when."""
    world = _freezing(tmp_path)
    for ident in ("Z1", "RZ1", "A1", "psp_20261109.csv#3"):
        assert (
            "freeze -30.00 CNY: held back by the channel psp since 2026-11-09; open: Funds"
            in _told(tmp_path, ident)
        )
    world.day("2026-11-10", bank=["70.00 memo=PAYOUT_8001_20261109"])
    night = world.run("2026-11-10")
    world.day("2026-11-11")
    world.run("2026-11-11")
    credit = world.table(night, "transactions").filter(pl.col("side") == "BANK")["txn_id"][0]
    assert "it settles 1 rows of the channel" in _told(tmp_path, str(credit))


def test_what_is_not_found_says_what_was_searched(tmp_path):
    """The columns and the nights; a refused line that tells of the id is named."""
    _freezing(tmp_path)
    with pytest.raises(UsageError, match="auth_code, stan of 1 nights, 2026-11-09 to 2026-11-09"):
        _told(tmp_path, "NOPE")
    with pytest.raises(UsageError) as error:
        _told(tmp_path, "A9")
    assert "refused lines name it: orders, record 3, night of 2026-11-09" in str(error.value)
    assert "deliver it again" in str(error.value.fix)


def test_a_case_about_a_file_has_no_money_to_follow(tmp_path):
    """Its id is answered with what it is about, not with an empty page."""
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=None)
    (case,) = world.table(world.run("2026-11-09"), "breaks")["break_id"]
    with pytest.raises(UsageError, match=r"FILE_MISSING.*source orders"):
        _told(tmp_path, case)


@pytest.mark.parametrize("column", ["auth_code", "stan"])
def test_what_a_slip_shows_is_an_id_where_no_reference_is(column):
    """An order of that number is meant first; without one the code of the slip finds the row."""
    row = {"txn_id": 1, "order_id": "A1", "auth_code": "004711", "stan": "000815"}
    rows = pl.DataFrame([row, {**row, "txn_id": 2, "order_id": "B1", column: "1"}])
    empty = TRANSACTIONS.empty()
    full = pl.concat([empty, rows.cast({"txn_id": pl.Int64})], how="diagonal").with_columns(
        night=pl.lit("2026-11-09")
    )
    breaks = BREAKS.empty()

    def fetch(name, test):
        return full.filter(test) if name == "transactions" else breaks.filter(test)

    found = find(fetch, row[column])
    assert found.read_as == (column,)
    assert found.rows["txn_id"].to_list() == [1]
