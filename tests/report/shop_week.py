"""A shop's week for the tests of reports: three parties' files with planted breaks, reconciled."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.report.pack import Pack
from recon.rules.rule_file.rule_file import read_rules

FIRST = date(2026, 3, 2)
LINK = '=HYPERLINK("http://x")'  # an order number that a spreadsheet would run
RULES = """version = 1
name = "shop"
language = "zh"
opening_date = 2026-03-02

[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "in/orders-{date}.csv"
merchant_id = "M1001"
[source.columns]
order_id = "order"
amount = "amount"
occurred_at = "time"
kind = "kind"
state = "state"
original_ref = "original"
terminal_id = "terminal"
[source.kinds]
sale = "payment"
refund = "refund"
[source.states]
paid = "success"
open = "pending"

[[source]]
name = "wallet"
side = "channel"
format = "delimited"
path = "in/wallet-{date}.csv"
[source.columns]
channel_ref = "ref"
order_id = "order"
amount = "amount"
fee = "fee"
occurred_at = "time"
clearing_date = "clearing"
kind = "kind"
state = "state"
batch_id = "batch"
merchant_id = "merchant"
terminal_id = "terminal"
original_ref = "original"
card = "card"
[source.kinds]
sale = "payment"
refund = "refund"
[source.states]
ok = "success"

[[source]]
name = "bank"
side = "bank"
format = "delimited"
path = "in/bank-{date}.csv"
expected = "working_days"
[source.columns]
bank_ref = "ref"
amount = "amount"
value_date = "day"
memo = "memo"
kind = "kind"
[source.kinds]
credit = "credit"
[source.extract.batch_id]
column = "memo"
pattern = "(B[0-9]+)"

[[leg]]
name = "merchant-channel"
left = "merchant"
right = "channel"
[[leg.pass]]
name = "order"
keys = ["order_id"]

[[leg]]
name = "channel-bank"
left = "channel"
right = "bank"
[[leg.pass]]
name = "batch"
method = "group"
keys = ["batch_id"]
"""


@dataclass
class Day:
    """The lines of one day's three files and what the channel owes for it."""

    day: date
    orders: list[str] = field(default_factory=list)
    wallet: list[str] = field(default_factory=list)
    net: int = 0


def yuan(minor: int) -> str:
    """Return minor units as the files write them."""
    sign, whole = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def fee_of(minor: int) -> int:
    """Return 0.38 %, halves up."""
    return (minor * 38 + 5000) // 10000


def trade(today: Day, number: int, amount: int, broken_terminal: str) -> None:
    """Write one order and what the wallet says of it; some numbers carry a planted break."""
    order, terminal = f"O{today.day:%m%d}{number:06d}", f"T{number % 20:03d}"
    moment = datetime.combine(today.day, datetime.min.time()) + timedelta(
        hours=8, seconds=number * 40
    )
    state = "open" if number == 8 else "paid"
    today.orders.append(f"{order},{yuan(amount)},{moment},sale,{state},,{terminal}")
    charged = amount + 10 * (number == 3) - 30 * (terminal == broken_terminal)
    times = {5: 0, 9: 2}.get(number, 1)  # 5 never reaches the wallet, 9 is charged twice
    for again in range(times):
        charge(today, order, number, charged, moment, terminal, again)
    if number == 11:
        part, fee = amount // 2, fee_of(amount // 2)
        today.orders.append(f"R{order},{yuan(-part)},{moment},refund,paid,{order},{terminal}")
        today.wallet.append(
            f"R42{order[1:]},R{order},{yuan(-part)},{yuan(-fee)},{moment},{today.day},refund,ok,"
            f"B{today.day:%y%m%d},M1001,{terminal},{order},622202******{number:04d}"
        )
        today.net += fee - part
    if number == 14:
        charge(today, f"X{order}", number, 7700, moment, terminal, 0)
    if number == 12:
        quoted = LINK.replace('"', '""')
        today.orders.append(f'"{quoted}{order}",{yuan(amount)},{moment},sale,paid,,{terminal}')


def charge(
    today: Day, order: str, number: int, amount: int, moment: datetime, terminal: str, again: int
) -> None:
    """Write one charge of the wallet."""
    fee = fee_of(amount)
    today.wallet.append(
        f"42{order.replace('O', '')}{again},{order},{yuan(amount)},{yuan(fee)},{moment},"
        f"{today.day},sale,ok,B{today.day:%y%m%d},M1001,{terminal},,622202******{number:04d}"
    )
    today.net += amount - fee


def write_inputs(root: Path, nights: int, orders: int, broken_terminal: str = "none") -> Path:
    """Write the rule file and the inputs of consecutive nights; return the rule file's path.

    Planted every day: amounts differ (3), missing in the channel (5, and a formula-like order),
    paid but still open at the merchant (8), charged twice (9), unknown to the shop (14). Day 2
    is paid one yuan short, day 3 never, day 4 brings a credit that nobody knows.
    """
    (root / "in").mkdir(parents=True, exist_ok=True)
    rules = root / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    chance = random.Random(7)  # noqa: S311 - made-up amounts
    owed: list[Day] = []
    for number in range(nights):
        today = Day(FIRST + timedelta(days=number))
        for order in range(orders):
            trade(today, order, chance.randrange(500, 60000), broken_terminal)
        _write(
            root / f"in/orders-{today.day}.csv",
            "order,amount,time,kind,state,original,terminal",
            today.orders,
        )
        _write(
            root / f"in/wallet-{today.day}.csv",
            "ref,order,amount,fee,time,clearing,kind,state,batch,merchant,terminal,original,card",
            today.wallet,
        )
        _write(root / f"in/bank-{today.day}.csv", "ref,amount,day,memo,kind", _credits(today, owed))
        owed.append(today)
    return rules


def _credits(today: Day, owed: list[Day]) -> list[str]:
    """Return the bank's lines: yesterday's batch, as planted, and a credit nobody knows."""
    lines = []
    if owed and len(owed) != 3:
        due = owed[-1]
        paid = due.net - 100 * (len(owed) == 2)
        lines.append(
            f"K{due.day:%m%d},{yuan(paid)},{today.day},wallet settlement B{due.day:%y%m%d},credit"
        )
    if len(owed) == 3:
        lines.append(f"K9{today.day:%m%d},55.00,{today.day},unknown payer,credit")
    return lines


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def reconcile_week(
    root: Path, nights: int = 5, orders: int = 40, broken_terminal: str = "none"
) -> Path:
    """Write and reconcile the nights; return the workspace."""
    rules = read_rules(
        write_inputs(root, nights, orders, broken_terminal), tuple(item.name for item in FORMATS)
    )
    for number in range(nights):
        run_night(rules, FIRST + timedelta(days=number))
    return root / "workspace"


def with_tables(pack: Pack, tables: Mapping[str, pl.DataFrame]) -> Pack:
    """Return the pack with other tables."""
    kept = {item.name: getattr(pack, item.name) for item in fields(pack) if item.init}
    return Pack(**{**kept, "tables": tables})
