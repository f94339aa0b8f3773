"""Three CSV files of any size with known breaks: orders, channel and bank, one row a payment.

The files are written a stretch at a time, in an order of their own: any size fits the memory.
Plants per million rows: 50 duplicate charges, 30 orders missing in the channel, 40 channel rows
without an order, 60 wrong amounts, 20 dropped orders, 50 missing settlements, 10 unknown credits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import polars as pl

PLANTS = {
    "DUPLICATE_CHARGE": 50,
    "MISSING_IN_CHANNEL": 30,
    "MISSING_IN_MERCHANT": 40,
    "AMOUNT_MISMATCH": 60,
    "CHANNEL_PAID_MERCHANT_NOT": 20,
    "MISSING_SETTLEMENT": 50,
    "UNKNOWN_CREDIT": 10,
}

RULES = """version = 1
name = "three_way"
opening_date = 2026-11-01

[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "orders.csv"
[source.columns]
order_id = "order_id"
amount = "amount"
occurred_at = "created_at"
state = "status"
[source.states]
PAID = "success"
CLOSED = "closed"

[[source]]
name = "channel"
side = "channel"
format = "delimited"
path = "channel.csv"
[source.columns]
order_id = "order_id"
channel_ref = "transaction_id"
bank_ref = "payout_ref"
amount = "amount"
fee = "fee"
occurred_at = "paid_at"
[source.settlement]
cycle = "D+0"

[[source]]
name = "bank"
side = "bank"
format = "delimited"
path = "bank.csv"
[source.columns]
bank_ref = "reference"
amount = "amount"
value_date = "value_date"
memo = "memo"

[[leg]]
name = "order-channel"
left = "merchant"
right = "channel"
[[leg.pass]]
name = "order number"
keys = ["order_id"]

[[leg]]
name = "channel-bank"
left = "channel"
right = "bank"
[[leg.pass]]
name = "payout reference"
keys = ["bank_ref"]
"""


@dataclass(frozen=True)
class World:
    """Where the files lie and how many of each break were planted."""

    folder: Path
    rows: int
    planted: dict[str, int]


STRETCH = 1 << 20  # payments written at a time
Picks = dict[str, np.ndarray]


def make_world(folder: Path, rows: int, seed: int = 7) -> World:
    """Write the three files and the rule file; return what was planted."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    planted = {code: max(2, rate * rows // 1_000_000) for code, rate in PLANTS.items()}
    # Plants take distinct payments, so that each one has exactly one consequence.
    chosen = iter(random.choice(rows, sum(planted.values()), replace=False))
    picks = {code: np.array([next(chosen) for _ in range(n)]) for code, n in planted.items()}
    for name, make, stride in (
        ("orders", _orders, 7_368_787),
        ("channel", _channel, 15_485_863),
        ("bank", _bank, 32_452_843),
    ):
        _write(folder / f"{name}.csv", rows, stride, lambda base, make=make: make(base, picks))
    with (folder / "bank.csv").open("ab") as file:
        _unknown(len(picks["UNKNOWN_CREDIT"])).write_csv(file, include_header=False)
    (folder / "recon.toml").write_text(RULES, encoding="utf-8")
    return World(folder, rows, planted)


def _write(
    path: Path, rows: int, stride: int, make: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    """Write a file of all payments in strides: an order that looks like none."""
    assert gcd(stride, rows) == 1, "a stride that meets every payment once"
    with path.open("wb") as file:
        for start in range(0, rows, STRETCH):
            place = np.arange(start, min(start + STRETCH, rows), dtype=np.int64)
            make(_payments(place * stride % rows, rows)).write_csv(file, include_header=start == 0)


def _payments(number: np.ndarray, rows: int) -> pl.DataFrame:
    """Return payments by number: the same amount and second wherever they are asked for."""
    mixed = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    fen = (mixed >> np.uint64(33)) % np.uint64(199_900) + np.uint64(100)
    second = 600 + number * 79_400 // rows
    return pl.DataFrame({"n": number, "fen": fen.astype(np.int64), "second": second})


def _yuan(fen: str) -> pl.Expr:
    column = pl.col(fen)
    cents = (column % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}.{}", column // 100, cents)


def _moment(shift: int) -> pl.Expr:
    start = pl.datetime(2026, 11, 9)
    return (start + pl.duration(seconds=pl.col("second") + shift)).dt.strftime("%Y-%m-%d %H:%M:%S")


def _order_id() -> pl.Expr:
    return pl.format("ORD20261109{}", pl.col("n").cast(pl.String).str.zfill(11))


def _orders(base: pl.DataFrame, picks: Picks) -> pl.DataFrame:
    kept = base.filter(~pl.col("n").is_in(picks["MISSING_IN_MERCHANT"].tolist()))
    dropped = pl.col("n").is_in(picks["CHANNEL_PAID_MERCHANT_NOT"].tolist())
    return kept.select(
        _order_id().alias("order_id"),
        _yuan("fen").alias("amount"),
        _moment(0).alias("created_at"),
        pl.when(dropped).then(pl.lit("CLOSED")).otherwise(pl.lit("PAID")).alias("status"),
        pl.format("shop {}", pl.col("n") % 97).alias("shop"),
    ).drop("shop")


def _charges(base: pl.DataFrame, picks: Picks) -> pl.DataFrame:
    kept = base.filter(~pl.col("n").is_in(picks["MISSING_IN_CHANNEL"].tolist()))
    wrong = pl.col("n").is_in(picks["AMOUNT_MISMATCH"].tolist())
    kept = kept.with_columns(
        fen=pl.when(wrong).then(pl.col("fen") + 100).otherwise("fen"), copy=pl.lit(0)
    )
    extra = kept.filter(pl.col("n").is_in(picks["DUPLICATE_CHARGE"].tolist())).with_columns(
        copy=pl.lit(1), second=pl.col("second") + 40
    )
    both = pl.concat([kept, extra]).with_columns(
        fee=(pl.col("fen") * 38 + 5_000) // 10_000  # 0.38 %, half up
    )
    number = pl.format("{}{}", "copy", pl.col("n").cast(pl.String).str.zfill(11))
    return both.with_columns(
        payout_ref=pl.format("PO{}", number),
        transaction_id=pl.format("4200002026110900{}", number),
    )


def _channel(base: pl.DataFrame, picks: Picks) -> pl.DataFrame:
    return _charges(base, picks).select(
        _order_id().alias("order_id"),
        "transaction_id",
        "payout_ref",
        _yuan("fen").alias("amount"),
        _yuan("fee").alias("fee"),
        _moment(9).alias("paid_at"),
    )


def _bank(base: pl.DataFrame, picks: Picks) -> pl.DataFrame:
    charges = _charges(base, picks)
    lost = pl.col("n").is_in(picks["MISSING_SETTLEMENT"].tolist()) & (pl.col("copy") == 0)
    return _credits(charges.filter(~lost).select("payout_ref", net=pl.col("fen") - pl.col("fee")))


def _unknown(count: int) -> pl.DataFrame:
    names = [f"XX{number:012d}" for number in range(count)]
    net = np.arange(count, dtype=np.int64) + 12_345
    return _credits(pl.DataFrame({"payout_ref": names, "net": net}))


def _credits(paid: pl.DataFrame) -> pl.DataFrame:
    return paid.select(
        pl.col("payout_ref").alias("reference"),
        _yuan("net").alias("amount"),
        pl.lit("2026-11-09").alias("value_date"),
        pl.lit("payout").alias("memo"),
    )
