"""The three-way job as a Polars user writes it: read, join, classify, write. Prints counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl


def main() -> None:
    """Run the script over a folder and print breaks by code as JSON."""
    folder, out = (Path(name) for name in sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    money = pl.Decimal(18, 2)
    orders = pl.read_csv(folder / "orders.csv", schema_overrides={"amount": money})
    channel = pl.read_csv(
        folder / "channel.csv",
        schema_overrides={"amount": money, "fee": money, "transaction_id": pl.String},
    )
    bank = pl.read_csv(folder / "bank.csv", schema_overrides={"amount": money})
    ranked = channel.sort("paid_at", "transaction_id").with_columns(
        nth=pl.int_range(pl.len()).over("order_id")
    )
    paired = orders.join(ranked, on="order_id", how="full", suffix="_channel")
    settled = channel.join(bank, left_on="payout_ref", right_on="reference", how="full")
    paid = pl.col("status") == "PAID"
    first = pl.col("nth") == 0
    found = {
        "DUPLICATE_CHARGE": paired.filter((pl.col("nth") > 0) & pl.col("order_id").is_not_null()),
        "MISSING_IN_CHANNEL": paired.filter(pl.col("order_id_channel").is_null() & paid),
        "MISSING_IN_MERCHANT": paired.filter(pl.col("order_id").is_null()),
        "CHANNEL_PAID_MERCHANT_NOT": paired.filter(first & ~paid),
        "AMOUNT_MISMATCH": paired.filter(
            first & paid & (pl.col("amount") != pl.col("amount_channel"))
        ),
        "MISSING_SETTLEMENT": settled.filter(pl.col("reference").is_null()),
        "UNKNOWN_CREDIT": settled.filter(pl.col("payout_ref").is_null()),
        "NET_MISMATCH": settled.filter(pl.col("amount") - pl.col("fee") != pl.col("amount_right")),
    }
    for code, rows in found.items():
        rows.write_parquet(out / f"{code}.parquet")
    paired.write_parquet(out / "paired.parquet")
    settled.write_parquet(out / "settled.parquet")
    print(json.dumps({code: rows.height for code, rows in found.items() if rows.height}))


main()
