"""Three CSV files of any size with known breaks: orders, channel and bank, one row a payment.

Plants per million rows: 50 duplicate charges, 30 orders missing in the channel, 40 channel rows
without an order, 60 wrong amounts, 20 dropped orders, 50 missing settlements, 10 unknown credits.
"""

from __future__ import annotations

from dataclasses import dataclass
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


def make_world(folder: Path, rows: int, seed: int = 7) -> World:
    """Write the three files and the rule file; return what was planted."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    planted = {code: max(2, rate * rows // 1_000_000) for code, rate in PLANTS.items()}
    # Plants take distinct payments, so that each one has exactly one consequence.
    chosen = iter(random.permutation(rows)[: sum(planted.values())])
    picks = {code: np.array([next(chosen) for _ in range(n)]) for code, n in planted.items()}
    fen = random.integers(100, 200_000, rows)
    base = pl.DataFrame(
        {"n": np.arange(rows), "fen": fen, "second": np.sort(random.integers(600, 80_000, rows))}
    )
    _orders(base, picks).sample(fraction=1, shuffle=True, seed=seed).write_csv(
        folder / "orders.csv"
    )
    channel = _channel(base, picks)
    channel.sample(fraction=1, shuffle=True, seed=seed + 1).select(
        "order_id", "transaction_id", "payout_ref", "amount", "fee", "paid_at"
    ).write_csv(folder / "channel.csv")
    _bank(channel, picks).sample(fraction=1, shuffle=True, seed=seed + 2).write_csv(
        folder / "bank.csv"
    )
    (folder / "recon.toml").write_text(RULES, encoding="utf-8")
    return World(folder, rows, planted)


def _yuan(fen: str) -> pl.Expr:
    column = pl.col(fen)
    cents = (column % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}.{}", column // 100, cents)


def _moment(shift: int) -> pl.Expr:
    start = pl.datetime(2026, 11, 9)
    return (start + pl.duration(seconds=pl.col("second") + shift)).dt.strftime("%Y-%m-%d %H:%M:%S")


def _order_id() -> pl.Expr:
    return pl.format("ORD20261109{}", pl.col("n").cast(pl.String).str.zfill(11))


def _orders(base: pl.DataFrame, picks: dict[str, np.ndarray]) -> pl.DataFrame:
    kept = base.filter(~pl.col("n").is_in(picks["MISSING_IN_MERCHANT"].tolist()))
    dropped = pl.col("n").is_in(picks["CHANNEL_PAID_MERCHANT_NOT"].tolist())
    return kept.select(
        _order_id().alias("order_id"),
        _yuan("fen").alias("amount"),
        _moment(0).alias("created_at"),
        pl.when(dropped).then(pl.lit("CLOSED")).otherwise(pl.lit("PAID")).alias("status"),
        pl.format("shop {}", pl.col("n") % 97).alias("shop"),
    ).drop("shop")


def _channel(base: pl.DataFrame, picks: dict[str, np.ndarray]) -> pl.DataFrame:
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
    return both.select(
        _order_id().alias("order_id"),
        pl.format("4200002026110900{}", number).alias("transaction_id"),
        pl.format("PO{}", number).alias("payout_ref"),
        _yuan("fen").alias("amount"),
        _yuan("fee").alias("fee"),
        _moment(9).alias("paid_at"),
        (pl.col("fen") - pl.col("fee")).alias("net"),
        "n",
        "copy",
    )


def _bank(channel: pl.DataFrame, picks: dict[str, np.ndarray]) -> pl.DataFrame:
    lost = pl.col("n").is_in(picks["MISSING_SETTLEMENT"].tolist()) & (pl.col("copy") == 0)
    paid = channel.filter(~lost).select("payout_ref", "net")
    count = len(picks["UNKNOWN_CREDIT"])
    odd = pl.DataFrame(
        {
            "payout_ref": [f"XX{number:012d}" for number in range(count)],
            "net": np.arange(count, dtype=np.int64) + 12_345,
        }
    )
    return pl.concat([paid, odd]).select(
        pl.col("payout_ref").alias("reference"),
        _yuan("net").alias("amount"),
        pl.lit("2026-11-09").alias("value_date"),
        pl.lit("payout").alias("memo"),
    )
