"""Equal account, amount within 1, at most 2 days apart, one to one: against DuckDB.

The peer lists the candidates by a range join and then repeats: every row proposes to its best free
candidate, mutual proposals are links, until nothing moves. That is what a careful user writes; it
is greedy, so it may find fewer pairs than there are. Ours is an optimal assignment.
"""

from __future__ import annotations

import argparse
from threading import Timer

import duckdb
import numpy as np
import polars as pl

from benchmarks.race import race
from recon.core.arrays.parallel import run_all
from recon.core.codes import Side as Party
from recon.core.passes.band import Side, assign, gains, join, prices, sort_side
from recon.core.passes.contract import Work
from recon.core.plan import Leg, Method, Pass

TOLERANCE, DAYS = 1, 2
PAIRS = f"""
create table pairs as
select l.row as a, r.row as b, abs(r.amount - l.amount) * 10 + abs(r.day - l.day) as cost
from l join r on l.account = r.account
and r.amount between l.amount - {TOLERANCE} and l.amount + {TOLERANCE}
and r.day between l.day - {DAYS} and l.day + {DAYS}"""
MUTUAL = """
with best_a as (select a, arg_min(b, (cost, b)) as b from pairs group by a),
best_b as (select b, arg_min(a, (cost, a)) as a from pairs group by b)
select a, b from best_a join best_b using (a, b)"""


def world(rows: int, accounts: int, seed: int = 9) -> tuple[np.ndarray, ...]:
    """Return account, amount and day of two sides, a little apart, shuffled."""
    rng = np.random.default_rng(seed)
    account = rng.integers(0, accounts, rows)
    amount = rng.integers(100, 1_000_000, rows)
    day = rng.integers(20_000, 20_030, rows)
    order = rng.permutation(rows)
    other = (amount + rng.integers(-TOLERANCE, TOLERANCE + 1, rows))[order]
    late = (day + rng.integers(-DAYS, DAYS + 1, rows))[order]
    return account, amount, day, account[order], other, late


def duckdb_links(
    sides: tuple[np.ndarray, ...], threads: int, seconds: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return links by range join and iterated mutual best; None when stopped after `seconds`."""
    with duckdb.connect(config={"threads": threads}) as connection:
        watch = Timer(seconds, connection.interrupt)
        watch.start()
        try:
            return mutual_best(connection, sides)
        except duckdb.InterruptException:
            return None
        finally:
            watch.cancel()


def mutual_best(
    connection: duckdb.DuckDBPyConnection, sides: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the links that the peer's SQL finds."""
    number = np.arange(sides[0].size)
    found = []
    for name, (account, amount, day) in (("l", sides[:3]), ("r", sides[3:])):
        frame = pl.DataFrame({"row": number, "account": account, "amount": amount, "day": day})
        connection.register(name, frame.to_arrow())
    connection.execute(PAIRS)
    while True:
        connection.execute(f"create or replace temp table mutual as {MUTUAL}")
        part = connection.execute("select a, b from mutual").fetchnumpy()
        if part["a"].size == 0:
            break
        found.append(part)
        connection.execute("delete from pairs where a in (select a from mutual)")
        connection.execute("delete from pairs where b in (select b from mutual)")
    return tuple(np.concatenate([part[name] for part in found]) for name in ("a", "b"))


def side(account: np.ndarray, amount: np.ndarray, day: np.ndarray) -> Side:
    """Return one side sorted and cut, accounts as groups."""
    return sort_side(np.arange(amount.size), account.astype(np.int32), day, amount)


def ours(sides: tuple[np.ndarray, ...], threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the links of an optimal assignment."""
    step = Pass("band", Method.BAND, ("account",), ("account",), tolerance_minor=TOLERANCE)
    work = Work(
        None, Leg("leg", Party.CHANNEL, Party.BANK, (step,)), step, np.empty(0, np.bool_), threads
    )
    left, right = run_all(side, [sides[:3], sides[3:]], threads)
    band = (left.amount - TOLERANCE, left.amount + TOLERANCE)
    edges = join(work, left, right, band, (-DAYS, DAYS))
    solved = assign(edges, lambda rest, kept: gains(rest, *prices(left, right, edges.take(kept))))
    found = np.flatnonzero(solved.row_partner >= 0)
    return left.rows[found], right.rows[solved.row_partner[found]]


def agree(sides: tuple[np.ndarray, ...], answers: dict) -> str:
    """Assert that both answers are admissible and exclusive, and that ours has no fewer pairs."""
    finished = {label: found for label, found in answers.items() if found is not None}
    for left, right in finished.values():
        assert np.unique(left).size == left.size == np.unique(right).size
        assert np.array_equal(sides[0][left], sides[3][right])
        assert (np.abs(sides[1][left] - sides[4][right]) <= TOLERANCE).all()
        assert (np.abs(sides[2][left] - sides[5][right]) <= DAYS).all()
    if len(finished) < len(answers):
        return (
            f"{answers['recon'][0].size:,} pairs; mutual best was stopped, its time is a least one"
        )
    greedy, optimal = (left.size for left, _ in answers.values())
    assert optimal >= greedy
    return f"{optimal:,} pairs, the most there are; mutual best finds {greedy:,}"


def run(options: argparse.Namespace, accounts: int, goal: float) -> None:
    """Run one row of the table."""
    rows, threads = options.rows, options.threads
    sides = world(rows, accounts)
    race(
        f"account and band one to one, {accounts} accounts",
        {
            "duckdb mutual best": lambda: duckdb_links(sides, threads, options.seconds),
            "recon": lambda: ours(sides, threads),
        },
        lambda answers: agree(sides, answers),
        goal=goal,
        repeats=options.repeats,
        size=f"{rows:,} x {rows:,}",
        slow={"duckdb mutual best": 1},
    )


def main() -> None:
    """Run the two rows of the table; `--seconds` is how long the peer may take."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--accounts", type=int, action="append")
    options = parser.parse_args()
    ours(world(2_000, 5), options.threads)
    for accounts, goal in ((2_000, 30), (100, 100)):
        if accounts in (options.accounts or (2_000, 100)):
            run(options, accounts, goal)


if __name__ == "__main__":
    main()
