"""A merchant's list of refunds in a file of its own, unsigned and without a column for the kind."""

from __future__ import annotations

from datetime import date

import recon

RULES = """version = 1
name = "shop"
workspace = "work"

[[source]]
name = "refunds"
side = "merchant"
format = "delimited"
path = "refunds.csv"
kind = "refund"
symbols = ["¥"]
[source.columns]
order_id = "退款单号"
original_ref = "订单号"
amount = "退款金额"
occurred_at = "退款时间"

[[source]]
name = "wechat"
side = "channel"
format = "delimited"
path = "channel.csv"
[source.columns]
order_id = "no"
amount = "amt"
occurred_at = "at"

[[leg]]
name = "refunds"
left = "merchant"
right = "channel"

[[leg.pass]]
name = "number"
keys = ["order_id"]
"""


def test_unsigned_refunds_are_money_out_and_meet_the_channels(tmp_path):
    """The rule file says what every row is; amounts get the sign of it."""
    (tmp_path / "recon.toml").write_text(RULES, "utf-8")
    (tmp_path / "refunds.csv").write_text(
        "退款单号,订单号,退款金额,退款时间\nR1,O1,¥40.00,2026-03-10 10:00:00\n", "utf-8"
    )
    (tmp_path / "channel.csv").write_text("no,amt,at\nR1,-40.00,2026-03-10 10:00:03\n", "utf-8")
    night = recon.reconcile(tmp_path / "recon.toml", date(2026, 3, 10))
    rows = night.table("transactions").sort("source")
    assert rows.select("kind", "amount_minor").rows() == [("REFUND", -4000), ("REFUND", -4000)]
    assert night.table("links").height == 1
