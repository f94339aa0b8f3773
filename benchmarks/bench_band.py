"""Amount within 5 minor units and 0 to 3 days later: every candidate pair, against DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from benchmarks.race import arguments, race
from recon.core.arrays.parallel import run_all
from recon.core.codes import Side as Party
from recon.core.passes.band import Side, join, sort_side
from recon.core.passes.contract import Work
from recon.core.plan import Leg, Method, Pass

TOLERANCE, LATEST = 5, 3
PLAIN = f"""
select l.row, r.row from l join r
on r.amount between l.amount - {TOLERANCE} and l.amount + {TOLERANCE}
and r.day between l.day and l.day + {LATEST}"""
EXPERT = f"""
with spread as (
  select l.row, l.amount, l.day + lag as day, l.amount // 11 + step as bucket
  from l, (select unnest(range({LATEST + 1})) as lag), (select unnest([-1, 0, 1]) as step)
)
select s.row, r.row from spread s join (select *, amount // 11 as bucket from r) r
on s.day = r.day and s.bucket = r.bucket
where r.amount between s.amount - {TOLERANCE} and s.amount + {TOLERANCE}"""


def world(rows: int, seed: int = 4) -> tuple[np.ndarray, ...]:
    """Return amounts and days of two sides, a little apart, shuffled."""
    rng = np.random.default_rng(seed)
    amount = rng.integers(100, max(1_000, 2 * rows), rows)
    day = rng.integers(20_000, 20_030, rows)
    order = rng.permutation(rows)
    other = (amount + rng.integers(-TOLERANCE, TOLERANCE + 1, rows))[order]
    return amount, day, other, (day + rng.integers(0, LATEST + 1, rows))[order]


def duckdb_pairs(query: str, sides: tuple[np.ndarray, ...], threads: int) -> tuple:
    """Return the pairs that a query lists."""
    number = np.arange(sides[0].size)
    with duckdb.connect(config={"threads": threads}) as connection:
        for name, amount, day in (("l", *sides[:2]), ("r", *sides[2:])):
            frame = pl.DataFrame({"row": number, "amount": amount, "day": day})
            connection.register(name, frame.to_arrow())
        return tuple(connection.execute(query).fetchnumpy().values())


def side(amount: np.ndarray, day: np.ndarray) -> Side:
    """Return one side sorted and cut, all rows in one group."""
    rows = np.arange(amount.size)
    return sort_side(rows, np.zeros(amount.size, np.int32), day, amount)


def ours(sides: tuple[np.ndarray, ...], threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every candidate pair by the band join."""
    step = Pass("band", Method.BAND, (), (), tolerance_minor=TOLERANCE, days_after=LATEST)
    leg = Leg("leg", Party.CHANNEL, Party.BANK, (step,))
    work = Work(None, leg, step, np.empty(0, np.bool_), threads)
    left, right = run_all(side, [sides[:2], sides[2:]], threads)
    band = (left.amount - TOLERANCE, left.amount + TOLERANCE)
    edges = join(work, left, right, band, (0, LATEST))
    return left.rows[edges.row], right.rows[edges.column]


def agree(answers: dict) -> str:
    """Assert that all contestants list the same pairs."""
    first, *others = [
        np.sort((a[0].astype(np.int64) << 32) | a[1].astype(np.int64)) for a in answers.values()
    ]
    assert all(np.array_equal(first, other) for other in others)
    return f"{first.size:,} equal pairs"


def main() -> None:
    """Run the two rows of the table; the plain query is given a tenth of the rows."""
    options = arguments(main.__doc__ or "", 1_000_000)
    few = max(1_000, options.rows // 10)
    ours(world(2_000), options.threads)
    for rows, label, query, goal in (
        (options.rows, "expert buckets", EXPERT, 2),
        (few, "range join", PLAIN, 1000),
    ):
        sides = world(rows)
        race(
            f"amount and lag band, {label}",
            {
                f"duckdb {label}": lambda q=query, s=sides: duckdb_pairs(q, s, options.threads),
                "recon": lambda s=sides: ours(s, options.threads),
            },
            agree,
            goal=goal,
            repeats=options.repeats,
            size=f"{rows:,} x {rows:,}",
            slow={"duckdb range join": 1},
        )


if __name__ == "__main__":
    main()
