"""Prices rows with one fee contract three ways: the fee kernel, DuckDB SQL, Polars expressions.

    python benchmarks/bench_fees.py [ROWS]

The contract has lines by terminal, merchant, card type, category and amount band, with floors,
caps, bands and surcharges. The three answers are compared before anything is timed. DuckDB reads a
table of its own that is filled before the clock starts; each way returns the column of fees.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import date

import duckdb
import numpy as np
import polars as pl

from recon.core.pricing import price
from recon.rules.fee_contract import Compiled, FeeContract, compile_contract

LINES = (
    # name, conditions, amount band in yuan, formula
    ("terminal 3", {"terminal_id": "T3"}, None, "0.28%"),
    ("terminal 5", {"terminal_id": "T5"}, None, "MIN(25,0.35%)"),
    ("merchant 7", {"merchant_id": "M7"}, None, "0.55% + 1"),
    ("merchant 9, small", {"merchant_id": "M9"}, (0, 1000), "MAX(0.2,0.38%)"),
    ("merchant 9, large", {"merchant_id": "M9"}, (1000, None), "0.52%"),
    ("debit, shop", {"card_type": "debit", "mcc": "5999"}, None, "MTM(0.5,20,0.5%)"),
    ("debit, food", {"card_type": "debit", "mcc": "5411"}, None, "MIN(18,0.38%)"),
    ("credit, food", {"card_type": "credit", "mcc": "5411"}, None, "0.38%"),
    ("credit, shop", {"card_type": "credit", "mcc": "5999"}, None, "0.6%"),
    ("anything", {}, None, "FLO(500,0.008,5000,0.006,0.005)"),
)


def contract() -> Compiled:
    """Return the contract."""
    lines = [
        {
            "name": name,
            "formula": formula,
            "when": when,
            "amount_from": band[0] if band else 0,
            "amount_below": band[1] if band else None,
        }
        for name, when, band, formula in LINES
    ]
    return compile_contract(FeeContract.model_validate({"name": "bench", "line": lines}))


def world(rows: int) -> pl.DataFrame:
    """Return rows of 50 merchants with ten terminals each."""
    generator = np.random.default_rng(11)

    def words(values: list[str]) -> pl.Series:
        return pl.Series(values).gather(generator.integers(0, len(values), rows))

    return pl.DataFrame(
        {
            "merchant_id": words([f"M{number}" for number in range(50)]),
            "terminal_id": words([f"T{number}" for number in range(10)]),
            "card_type": words(["debit", "credit", "credit", "prepaid"]),
            "mcc": words(["5999", "5999", "5411", "7011"]),
            "amount_minor": generator.integers(1, 2_000_000, rows),
        }
    ).with_columns(clearing_date=pl.lit(date(2026, 3, 2)))


SQL = """
SELECT CASE
  WHEN terminal_id = 'T3' THEN (amount_minor * 2800 + 500000) // 1000000
  WHEN terminal_id = 'T5' THEN least(2500, (amount_minor * 3500 + 500000) // 1000000)
  WHEN merchant_id = 'M7' THEN (amount_minor * 5500 + 500000) // 1000000 + 100
  WHEN merchant_id = 'M9' AND amount_minor < 100000
    THEN greatest(20, (amount_minor * 3800 + 500000) // 1000000)
  WHEN merchant_id = 'M9' THEN (amount_minor * 5200 + 500000) // 1000000
  WHEN card_type = 'debit' AND mcc = '5999'
    THEN least(2000, greatest(50, (amount_minor * 5000 + 500000) // 1000000))
  WHEN card_type = 'debit' AND mcc = '5411'
    THEN least(1800, (amount_minor * 3800 + 500000) // 1000000)
  WHEN card_type = 'credit' AND mcc = '5411' THEN (amount_minor * 3800 + 500000) // 1000000
  WHEN card_type = 'credit' AND mcc = '5999' THEN (amount_minor * 6000 + 500000) // 1000000
  WHEN amount_minor < 50000 THEN (amount_minor * 8000 + 500000) // 1000000
  WHEN amount_minor < 500000 THEN (amount_minor * 6000 + 500000) // 1000000
  ELSE (amount_minor * 5000 + 500000) // 1000000
END AS fee FROM rows
"""


def polars_fees() -> pl.Expr:
    """Return the contract as one expression."""
    amount = pl.col("amount_minor")

    def rated(ppm: int) -> pl.Expr:
        return (amount * ppm + 500_000) // 1_000_000

    merchant, terminal = pl.col("merchant_id"), pl.col("terminal_id")
    debit, credit = pl.col("card_type") == "debit", pl.col("card_type") == "credit"
    shop, food = pl.col("mcc") == "5999", pl.col("mcc") == "5411"
    return (
        pl.when(terminal == "T3")
        .then(rated(2800))
        .when(terminal == "T5")
        .then(rated(3500).clip(upper_bound=2500))
        .when(merchant == "M7")
        .then(rated(5500) + 100)
        .when((merchant == "M9") & (amount < 100_000))
        .then(rated(3800).clip(lower_bound=20))
        .when(merchant == "M9")
        .then(rated(5200))
        .when(debit & shop)
        .then(rated(5000).clip(50, 2000))
        .when(debit & food)
        .then(rated(3800).clip(upper_bound=1800))
        .when(credit & food)
        .then(rated(3800))
        .when(credit & shop)
        .then(rated(6000))
        .when(amount < 50_000)
        .then(rated(8000))
        .when(amount < 500_000)
        .then(rated(6000))
        .otherwise(rated(5000))
        .alias("fee")
    )


def best_of(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of several timings, seconds."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    """Compare, then time, then print rows per second."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    compiled, frame, threads = contract(), world(rows), os.cpu_count() or 1
    connection = duckdb.connect()
    connection.execute("CREATE TABLE rows AS SELECT * FROM frame")
    profile, profiles = compiled.profile_rows(frame)
    amount = frame["amount_minor"].to_numpy()
    day = frame["clearing_date"].cast(pl.Int32).cast(pl.Int64).to_numpy()

    def kernel_alone() -> object:
        return price(compiled.tariff, profiles, amount, day, profile, threads)

    ways: dict[str, Callable[[], object]] = {
        "recon fee kernel, rows profiled": kernel_alone,
        "recon, from text columns": lambda: compiled.price_rows(frame, threads),
        "DuckDB SQL (CASE)": lambda: connection.sql(SQL).fetchnumpy(),
        "Polars expressions": lambda: frame.select(polars_fees()),
    }
    ours, line = compiled.price_rows(frame)
    assert (line >= 0).all()
    assert (connection.sql(SQL).fetchnumpy()["fee"] == ours).all(), "DuckDB disagrees"
    assert (frame.select(polars_fees())["fee"].to_numpy() == ours).all(), "Polars disagrees"
    print(f"{rows:,} rows, {len(LINES)} lines, {os.cpu_count()} cores; the three answers are equal")
    for name, work in ways.items():
        seconds = best_of(work)
        print(f"{name:34} {seconds:8.3f} s {rows / seconds / 1e6:8.1f} M rows/s")


if __name__ == "__main__":
    main()
