# ruff: noqa: E501  a line of a sample is a line of a file
from __future__ import annotations

from pathlib import Path

from recon.io.formats.providers.paypal_subscriptions import FORMAT
from tests.io.formats.examine import claimed_elsewhere, corpus_folder, read_bytes, read_path

REPORT = """\
"RH",2026/01/07 02:05:05 -0800,"A","ACCOUNT1",009
"FH",01
"SH",2026/01/06 00:00:00 -0800,2026/01/06 23:59:59 -0800,"ACCOUNT1",""
"CH","Subscription ID","Subscription Action Type","Subscription Currency","Subscription Creation Date","Subscription Period 1","Period 1 Amount","Subscription Period 2","Period 2 Amount","Subscription Period 3","Period 3 Amount","Subscription Description","Subscription Custom Field"
"SB","S-1","S0000","EUR",2026/01/06 01:00:00 -0800,"","","","","1 M","300","Monthly, small","ORDER-1"
"SB","S-2","S0200","JPY",2026/01/06 02:00:00 -0800,"1 M","50000","","","","","","ORDER-2"
"SC",2
"RC",2
"FF",2
"""


def test_agreements_are_rows_that_move_no_money(tmp_path: Path) -> None:
    """The regular period's amount, yen in hundredths, own numbers, UTC times, agreed counts."""
    outcome = read_bytes(FORMAT, REPORT.encode(), tmp_path)
    assert outcome.verdict == "agreed"
    columns = ("kind", "channel_ref", "product", "order_id", "amount_minor", "currency")
    assert outcome.frame.select(columns).rows() == [
        ("OTHER", "S-1", "S0000", "ORDER-1", 300, "EUR"),
        ("OTHER", "S-2", "S0200", "ORDER-2", 500, "JPY"),
    ]
    assert str(outcome.frame["occurred_at"][0]) == "2026-01-06 09:00:00"
    assert outcome.frame["memo"].to_list() == ["Monthly, small", None]


def test_a_lost_row_disagrees_with_the_counts(tmp_path: Path) -> None:
    """A missing agreement is seen by the footers, a bad one is a reject."""
    lines = REPORT.splitlines()
    assert (
        read_bytes(FORMAT, "\n".join([*lines[:4], *lines[5:]]).encode(), tmp_path).verdict == "held"
    )
    bad = read_bytes(FORMAT, REPORT.replace('"300"', '"3.00"').encode(), tmp_path)
    assert "not unsigned hundredths" in bad.rejects[0].reasons[0]


def test_a_report_without_its_end_is_cut(tmp_path: Path) -> None:
    """As of the other reports: a head (RH) and neither RF nor RC."""
    cut = REPORT[: REPORT.index('"RC"')]
    assert "it is cut" in read_bytes(FORMAT, cut.encode(), tmp_path).verdict
    headless = cut[cut.index('"SH"') :]  # some deliver sections alone: nothing says they go on
    assert read_bytes(FORMAT, headless.encode(), tmp_path).verdict == "agreed"


def test_the_public_sample_gives_the_numbers_seen_in_it() -> None:
    """One agreement of three euros a month, no footer."""
    (path,) = corpus_folder("paypal_sar").iterdir()
    outcome = read_path(FORMAT, path)
    assert outcome.verdict == "unproved"
    assert outcome.frame.select("channel_ref", "amount_minor", "currency").rows() == [
        ("S-7J123456DS987654B", 300, "EUR")
    ]
    assert claimed_elsewhere(FORMAT, {"paypal_sar"}) == []
