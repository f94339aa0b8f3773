"""Fees of text rows by a contract, against the same contract in DuckDB SQL and Polars expressions.

Two contracts: ten lines by terminal, merchant, card type, category and amount band, with floors,
caps, bands and surcharges; and a price list of a rate and a cap a terminal. DuckDB reads a table of
its own that is filled before the clock starts; each way returns the column of fees in row order.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl

from benchmarks.race import arguments, race
from recon.rules.prices.contract import Compiled, FeeContract

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
    return Compiled(FeeContract.model_validate({"name": "bench", "line": lines}))


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


TERMINALS = 2_000
PRICE_LIST_SQL = """
SELECT CASE WHEN p.terminal_id IS NULL THEN (amount_minor * 6000 + 500000) // 1000000
  ELSE least(p.cap, (amount_minor * p.rate + 500000) // 1000000) END AS fee
FROM rows LEFT JOIN prices p USING (terminal_id) ORDER BY row
"""


def price_list() -> tuple[Compiled, pl.DataFrame]:
    """Return a contract of a rate and a cap a terminal, and the same as a table (ppm, fen)."""
    generator = np.random.default_rng(12)
    prices = pl.DataFrame(
        {
            "terminal_id": [f"T{number}" for number in range(TERMINALS)],
            "rate": generator.integers(18, 60, TERMINALS) * 100,
            "cap": generator.integers(10, 80, TERMINALS) * 100,
        }
    )
    lines: list[dict[str, object]] = [{"name": "others", "formula": "0.6%"}]
    for terminal, rate, cap in prices.iter_rows():
        formula = f"MIN({cap // 100},AMT*{rate // 100 / 10_000:.4f})"
        lines.append({"name": terminal, "formula": formula, "when": {"terminal_id": terminal}})
    model = FeeContract.model_validate({"name": "price list", "line": lines})
    return Compiled(model), prices


def price_list_polars(frame: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Return the fees of the price list by a join and an expression."""
    amount = pl.col("amount_minor")
    joined = frame.join(prices, on="terminal_id", how="left", maintain_order="left")
    listed = pl.min_horizontal((amount * pl.col("rate") + 500_000) // 1_000_000, "cap")
    others = (amount * 6000 + 500_000) // 1_000_000
    return joined.select(fee=pl.when(pl.col("rate").is_null()).then(others).otherwise(listed))


def agree(answers: dict[str, np.ndarray]) -> str:
    """Assert that every way gives the same fees."""
    *others, ours = answers.values()
    assert all(np.array_equal(other, ours) for other in others)
    return f"{ours.size:,} equal fees"


def tell_speed(rows: int, result: dict[str, Any]) -> None:
    """Print how many rows each way prices in a second of processor time."""
    for label, used in result["cpu_seconds"].items():
        print(f"  {label}: {rows / used:,.0f} rows a second of processor time")


def few_lines(rows: int, threads: int, repeats: int) -> None:
    """Race a contract of ten lines with floors, caps, bands and surcharges."""
    compiled, frame = contract(), world(rows)
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute("CREATE TABLE rows AS SELECT * FROM frame")
    compiled.price_rows(frame.head(10), threads)

    def polars_case() -> np.ndarray:
        return frame.select(polars_fees())["fee"].to_numpy()

    result = race(
        "fees by a contract of 10 lines",
        {
            "duckdb CASE": lambda: connection.sql(SQL).fetchnumpy()["fee"],
            "polars when/then": polars_case,
            "recon": lambda: compiled.price_rows(frame, threads)[0],
        },
        agree,
        goal=1.5,
        repeats=repeats,
        size=f"{rows:,} rows",
    )
    tell_speed(rows, result)


def many_lines(rows: int, threads: int, repeats: int) -> None:
    """Race a price list of a line a terminal."""
    compiled, prices = price_list()
    generator = np.random.default_rng(13)
    frame = world(rows).with_columns(
        pl.Series("terminal_id", [f"T{number}" for number in range(TERMINALS + 500)]).gather(
            generator.integers(0, TERMINALS + 500, rows)
        ),
        row=pl.int_range(rows),
    )
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute("CREATE TABLE rows AS SELECT * FROM frame")
    connection.execute("CREATE TABLE prices AS SELECT * FROM prices")
    compiled.price_rows(frame.head(10), threads)

    def polars_join() -> np.ndarray:
        return price_list_polars(frame, prices)["fee"].to_numpy()

    result = race(
        f"fees by a price list of {TERMINALS:,} terminals",
        {
            "duckdb join": lambda: connection.sql(PRICE_LIST_SQL).fetchnumpy()["fee"],
            "polars join": polars_join,
            "recon": lambda: compiled.price_rows(frame, threads)[0],
        },
        agree,
        goal=1.5,
        repeats=repeats,
        size=f"{rows:,} rows",
    )
    tell_speed(rows, result)


def main() -> None:
    """Run both rows of the table."""
    options = arguments(main.__doc__ or "", 5_000_000)
    few_lines(options.rows, options.threads, options.repeats)
    many_lines(options.rows, options.threads, options.repeats)


if __name__ == "__main__":
    main()
